"""The types of states, one module each or a few small ones together."""

from __future__ import annotations

from collections.abc import Mapping

from services.orchestration.interpreter.states.choice import ChoiceStep
from services.orchestration.interpreter.states.map import MapStep
from services.orchestration.interpreter.states.parallel import ParallelStep
from services.orchestration.interpreter.states.simple import FailStep, PassStep, SucceedStep
from services.orchestration.interpreter.states.step import Step
from services.orchestration.interpreter.states.task import TaskStep
from services.orchestration.interpreter.states.wait import WaitStep

STEPS: Mapping[str, Step] = {
    "Choice": ChoiceStep(),
    "Fail": FailStep(),
    "Map": MapStep(),
    "Parallel": ParallelStep(),
    "Pass": PassStep(),
    "Succeed": SucceedStep(),
    "Task": TaskStep(),
    "Wait": WaitStep(),
}
