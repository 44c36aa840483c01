"""How far an execution got, state by state, read from its history."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Status(enum.StrEnum):
    """What became of a state; of several entries, the first of these that any had."""

    FAILED = "failed"
    RUNNING = "running"
    ABORTED = "aborted"
    CAUGHT = "caught"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """What of an event a drawing needs. ``state``: the name in the details of entered and exited events."""

    id: int
    previous: int
    type: str
    #: Unix seconds.
    at: float
    state: str = ""


@dataclass(slots=True)
class StateProgress:
    """All entries of one state together. ``seconds``: between its first entry and its last exit."""

    status: Status
    entries: int = 0
    retries: int = 0
    first_entered: float = 0.0
    last_exited: float = 0.0

    @property
    def seconds(self) -> float:
        return max(0.0, self.last_exited - self.first_entered)


@dataclass(slots=True)
class _Entry:
    """One stay in a state. ``around``: the entry whose branch or iteration it is in."""

    state: str
    at: float
    around: int
    attempts: int = 0
    left_at: float | None = None
    status: Status = Status.RUNNING


_FAILURES = ("Failed", "TimedOut", "Aborted")
#: One for each attempt of a state; of the types that can be retried.
_ATTEMPTS = frozenset(
    {"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled", "MapStateStarted", "ParallelStateStarted"}
)
_ENDINGS = {
    "ExecutionFailed": Status.FAILED,
    "ExecutionTimedOut": Status.ABORTED,
    "ExecutionAborted": Status.ABORTED,
}


def progress_of(events: Iterable[HistoryEvent]) -> Mapping[str, StateProgress]:
    """By name of state; states that were not reached are absent. ``events`` are in the order of their ids."""
    entries: dict[int, _Entry] = {}
    #: The entry that each event belongs to, by the event's id; 0 for the execution itself.
    owners: dict[int, int] = {0: 0}
    types: dict[int, str] = {0: ""}
    now = 0.0
    for event in events:
        now = event.at
        types[event.id] = event.type
        owner = owners.get(event.previous, 0)
        if event.type.endswith("StateEntered"):
            entries[event.id] = _Entry(event.state, event.at, owner)
            owners[event.id] = event.id
            continue
        if event.type.endswith("StateExited"):
            while owner and entries[owner].state != event.state:
                owner = entries[owner].around
            if owner:
                entry = entries[owner]
                entry.left_at = event.at
                failed = types.get(event.previous, "").endswith(_FAILURES)
                entry.status = Status.CAUGHT if failed else Status.SUCCEEDED
                owner = entry.around
        elif owner and event.type in _ATTEMPTS:
            entries[owner].attempts += 1
        elif event.type in _ENDINGS:
            _end(entries, owner, event)
        owners[event.id] = owner
    return _by_state(entries, now)


def _end(entries: Mapping[int, _Entry], culprit: int, event: HistoryEvent) -> None:
    """The execution is over: whatever has not been left is where it ended."""
    failed = set()
    while culprit and event.type == "ExecutionFailed":
        failed.add(culprit)
        culprit = entries[culprit].around
    for number, entry in entries.items():
        if entry.left_at is None:
            entry.left_at = event.at
            entry.status = Status.FAILED if number in failed else Status.ABORTED


def _by_state(entries: Mapping[int, _Entry], now: float) -> Mapping[str, StateProgress]:
    order = list(Status)
    found: dict[str, StateProgress] = {}
    for entry in entries.values():
        state = found.setdefault(entry.state, StateProgress(entry.status, first_entered=entry.at))
        state.entries += 1
        state.retries += max(0, entry.attempts - 1)
        state.status = min(state.status, entry.status, key=order.index)
        state.last_exited = max(state.last_exited, now if entry.left_at is None else entry.left_at)
    return found
