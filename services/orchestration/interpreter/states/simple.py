"""Pass, Succeed and Fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.orchestration.interpreter.data_flow import DataFlow
from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.states.step import Step
from services.orchestration.language.definition import State
from services.orchestration.language.errors import QUERY_EVALUATION_ERROR, RUNTIME, QueryError, StateError

if TYPE_CHECKING:
    from services.orchestration.interpreter.machine import Machine


class PassStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        effective = flow.effective_input()
        if state.uses_jsonata:
            output, assigned = flow.pass_through(effective)
        else:
            arguments = flow.arguments(effective)
            output, assigned = flow.finish(state.fields.get("Result", arguments))
        machine.leave(frame, state, output, assigned, state.next)


class SucceedStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        output, assigned = flow.pass_through(flow.effective_input())
        machine.leave(frame, state, output, assigned, None)


class FailStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        effective = flow.effective_input()
        raise StateError(_text(state, flow, effective, "Error"), _text(state, flow, effective, "Cause"))


def _text(state: State, flow: DataFlow, effective: Any, name: str) -> str | None:
    value = flow.field(name, effective)
    if value is None or isinstance(value, str):
        return value
    error = QUERY_EVALUATION_ERROR if state.uses_jsonata else RUNTIME
    raise QueryError(error, f"The {name} of the state '{state.name}' is not a string.", name)
