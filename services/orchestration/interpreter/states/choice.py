"""Choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.states.step import Step
from services.orchestration.language.definition import State
from services.orchestration.language.errors import NO_CHOICE_MATCHED, QueryError

if TYPE_CHECKING:
    from services.orchestration.interpreter.machine import Machine


class ChoiceStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        effective = flow.effective_input()
        for number, rule in enumerate(state.fields["Choices"]):
            if flow.matches(rule, effective, f"Choices[{number}]"):
                output, assigned = flow.pass_through(effective, rule=rule)
                machine.leave(frame, state, output, assigned, rule["Next"])
                return
        if "Default" not in state.fields:
            raise QueryError(
                NO_CHOICE_MATCHED,
                f"Failed to transition out of the state '{state.name}'. The state does not point to a next state.",
            )
        output, assigned = flow.pass_through(effective)
        machine.leave(frame, state, output, assigned, state.fields["Default"])
