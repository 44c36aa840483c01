"""Pass, Succeed and Fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.states.step import Step
from services.orchestration.language.definition import State
from services.orchestration.language.errors import StateError

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
        raise StateError(flow.field("Error", effective), flow.field("Cause", effective))
