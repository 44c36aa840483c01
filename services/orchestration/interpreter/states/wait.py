"""Wait: for seconds, or until a moment."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

from services.orchestration.interpreter.data_flow import DataFlow
from services.orchestration.interpreter.frames import Frame, Phase
from services.orchestration.interpreter.states.step import Step
from services.orchestration.language import json_text
from services.orchestration.language.definition import State
from services.orchestration.language.errors import QUERY_EVALUATION_ERROR, RUNTIME, QueryError

if TYPE_CHECKING:
    from services.orchestration.interpreter.machine import Machine

#: AWS's limit for Seconds.
_LONGEST_SECONDS = 99_999_999
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})")
#: datetime keeps six digits of a second.
_MORE_THAN_MICROSECONDS = re.compile(r"(\.\d{6})\d+")


class WaitStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        effective = flow.effective_input()
        now = machine.clock()
        until = wait_until(state, flow, effective, now)
        if until <= now:
            self._over(machine, frame, state)
            return
        frame.phase, frame.wake_at = Phase.WAIT, until
        machine.touch(frame)

    def due(self, machine: Machine, frame: Frame, state: State, now: float) -> None:
        self._over(machine, frame, state)

    @staticmethod
    def _over(machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        output, assigned = flow.pass_through(flow.effective_input())
        machine.leave(frame, state, output, assigned, state.next)


def wait_until(state: State, flow: DataFlow, effective: Any, now: float) -> float:
    """The moment until which ``state`` waits, in Unix seconds.

    Raises:
        QueryError: a field gives no number of seconds, or no timestamp.
    """
    fields = state.fields
    if "Seconds" in fields or "SecondsPath" in fields:
        seconds = flow.field("Seconds", effective)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds != int(seconds):
            raise _bad(state, "Seconds", seconds, "does not reference a valid number of seconds", "number")
        if not 0 <= seconds <= _LONGEST_SECONDS:
            raise _bad(state, "Seconds", seconds, f"must be from 0 to {_LONGEST_SECONDS}", "number")
        return now + seconds
    moment = flow.field("Timestamp", effective)
    if not isinstance(moment, str) or (parsed := parse_timestamp(moment)) is None:
        raise _bad(
            state,
            "Timestamp",
            moment,
            "does not reference a valid ISO-8601 extended offset date-time format string",
            "timestamp",
        )
    return parsed


def parse_timestamp(text: str) -> float | None:
    """Unix seconds of an RFC 3339 timestamp with a zone; None for anything else."""
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.datetime.fromisoformat(_MORE_THAN_MICROSECONDS.sub(r"\1", text)).timestamp()
    except (ValueError, OverflowError):
        return None


def _bad(state: State, field: str, value: Any, complaint: str, expected: str) -> QueryError:
    shown = value if isinstance(value, str) else json_text.dumps(value)
    if state.uses_jsonata:
        expression = str(state.fields[field]).removeprefix("{%").removesuffix("%}").strip()
        return QueryError(
            QUERY_EVALUATION_ERROR,
            f"The JSONata expression '{expression}' specified for the field '{field}' {complaint}: {shown}",
            field,
        )
    name = f"{field}Path" if f"{field}Path" in state.fields else field
    source = f"{state.fields[name]} == " if name.endswith("Path") else ""
    return QueryError(RUNTIME, f"The {name} parameter {complaint}: {source}{shown}", name)
