"""Parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.orchestration.interpreter.frames import Frame, Phase
from services.orchestration.interpreter.states.step import Step
from services.orchestration.language.definition import State

if TYPE_CHECKING:
    from services.orchestration.interpreter.machine import Machine


class ParallelStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        arguments = flow.arguments(flow.effective_input())
        machine.checked(state, arguments)
        machine.add_event(frame, "ParallelStateStarted")
        frame.phase = Phase.CHILDREN
        for number in range(len(state.fields["Branches"])):
            machine.add_frame(frame, number, (*frame.level, state.name, number), arguments)

    def child_done(self, machine: Machine, frame: Frame, state: State, child: Frame) -> None:
        children = machine.children(frame)
        machine.touch(frame)
        machine.touch(child)
        if any(other.phase is not Phase.DONE for other in children):
            return
        result = [branch.output for branch in sorted(children, key=lambda branch: branch.index)]
        machine.remove_children(frame)
        output, assigned = machine.flow(frame, state).finish(result)
        machine.leave(frame, state, output, assigned, state.next)

    def child_failed(self, machine: Machine, frame: Frame, state: State, child: Frame) -> None:
        machine.abort_children(frame)
        self.failed(machine, frame, state)

    def failed(self, machine: Machine, frame: Frame, state: State) -> None:
        machine.add_event(frame, "ParallelStateFailed")
