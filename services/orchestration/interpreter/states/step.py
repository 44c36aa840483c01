"""What the machine asks of each type of state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.orchestration.interpreter.effects import Effect
from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.outcomes import Outcome
from services.orchestration.language.definition import State

if TYPE_CHECKING:
    from services.orchestration.interpreter.machine import Machine


class Step:
    """One type of state. Methods may raise StateError: the state failed."""

    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        """The state was entered, or is to be tried again."""
        raise NotImplementedError

    def outcome(self, machine: Machine, frame: Frame, state: State, outcome: Outcome) -> None:
        """Something happened to the attempt under way."""

    def due(self, machine: Machine, frame: Frame, state: State, now: float) -> None:
        """A deadline of the frame has come."""

    def child_done(self, machine: Machine, frame: Frame, state: State, child: Frame) -> None:
        """A branch or iteration ended well."""

    def child_failed(self, machine: Machine, frame: Frame, state: State, child: Frame) -> None:
        """A branch or iteration failed, and the state will fail of it: tell so, and end the others."""

    def failed(self, machine: Machine, frame: Frame, state: State) -> None:
        """An expression of the state failed: what the history tells beside that."""

    def redrive(self, machine: Machine, frame: Frame) -> bool:
        """Go on with what the failed state had begun. False: there is nothing to go on with, it begins anew."""
        return False

    def effects(self, machine: Machine, frame: Frame, state: State) -> Sequence[Effect]:
        """What has to run for a frame that is in the midst of this state."""
        return ()
