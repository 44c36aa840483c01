"""An execution's history as lines for people, and as what a drawing needs of it."""

from __future__ import annotations

import datetime
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from nonet import Nonet
from nonet.orchestration.v1 import orchestration_pb2 as pb
from services.orchestration.rendering.layout import shorten
from services.orchestration.rendering.progress import HistoryEvent

POLL_SECONDS = 0.3
_PAGE = 1000
#: Members of an event's details that are told, in this order; what is large comes last.
_TOLD = (
    "name", "state", "resource", "index", "length", "worker_name", "location", "error", "cause", "parameters", "input",
    "output",
)  # fmt: skip
_WORST = ("Failed", "TimedOut", "Aborted")
_RED, _GREEN, _PLAIN = "\033[31m", "\033[32m", "\033[0m"


def events_of(client: Nonet, arn: str, *, follow: bool) -> Iterator[pb.HistoryEvent]:
    """Every event in its order; with ``follow`` until the execution has ended."""
    seen = 0
    while True:
        # Asked before the history: of an execution that has ended, the history is then whole.
        ended = client.orchestration.describe_execution(execution_arn=arn).status not in ("RUNNING", "PENDING_REDRIVE")
        # Newest first, so that what was seen before is not fetched again.
        new: list[pb.HistoryEvent] = []
        for page in client.pages(
            client.orchestration.get_execution_history, execution_arn=arn, max_results=_PAGE, reverse_order=True
        ):
            new += [event for event in page.events if event.id > seen]
            if len(new) < _PAGE or not page.events or page.events[-1].id <= seen:
                break
        new.reverse()
        yield from new
        if new:
            seen = new[-1].id
        if not follow or ended:
            return
        if not new:
            time.sleep(POLL_SECONDS)


def line(event: pb.HistoryEvent, began: float) -> str:
    """An event on one line: its time, the seconds since the execution began, its number, type and details."""
    at = event.timestamp.ToNanoseconds() / 1e9
    clock = datetime.datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S.%f")[:-3]
    text = f"{clock} {at - began:+9.3f}s {event.id:>5}  {event.type:<24}  {details_text(event)}"
    if not sys.stdout.isatty():
        return text.rstrip()
    text = shorten_line(text.rstrip(), shutil.get_terminal_size((120, 24)).columns)
    if event.type.endswith(_WORST):
        return f"{_RED}{text}{_PLAIN}"
    return f"{_GREEN}{text}{_PLAIN}" if event.type.endswith("Succeeded") else text


def shorten_line(text: str, columns: int) -> str:
    return text if len(text) <= columns else text[: columns - 1] + "…"


def details_text(event: pb.HistoryEvent) -> str:
    """What an event's details say: the name bare, everything else named."""
    details = _details(event)
    if details is None:
        return ""
    names = {field.name for field, _ in details.ListFields()}
    parts = []
    for name in _TOLD:
        if name in names:
            value = shorten(str(getattr(details, name)), 2_000)
            parts.append(value if name in ("name", "state") else f"{name}={value}")
    return "  ".join(parts)


def drawn(event: pb.HistoryEvent) -> HistoryEvent:
    """What a drawing needs of an event."""
    details: Any = _details(event)
    named = event.type.endswith(("StateEntered", "StateExited")) and details is not None
    at = event.timestamp.ToNanoseconds() / 1e9
    return HistoryEvent(event.id, event.previous_event_id, event.type, at, details.name if named else "")


def _details(event: pb.HistoryEvent) -> Message | None:
    for field, value in event.ListFields():
        if field.name.endswith("event_details"):
            found: Message = value
            return found
    return None
