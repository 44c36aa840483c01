"""Runs the attempts of Task states: what the interpreter asks for, handed to the integrations."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from services.orchestration.engine import metrics
from services.orchestration.engine.beginnings import Parent
from services.orchestration.engine.nested import NestedExecutions, is_nested
from services.orchestration.interpreter.effects import RunTask
from services.orchestration.interpreter.outcomes import Answered, Completed, Failed, Outcome
from services.orchestration.tasks.registry import TaskRegistry
from services.orchestration.tasks.task import Task, TaskFailed

if TYPE_CHECKING:
    from services.orchestration.engine.run import Run

#: Calls that one process has under way at once; the others wait their turn.
_MOST_CALLS = 256
#: The contract's limit for a cause; a function may send a document of megabytes.
_MOST_CAUSE_CHARACTERS = 32_768


class Attempts:
    """Calls integrations and tells how it went. An attempt has the same idempotency key however often it is run."""

    def __init__(self, registry: TaskRegistry, nested: NestedExecutions) -> None:
        self._registry = registry
        self._nested = nested
        self._turns = asyncio.Semaphore(_MOST_CALLS)

    @staticmethod
    def is_awaited_elsewhere(effect: RunTask) -> bool:
        """Whether nothing has to run here: the end of a nested execution comes as a message."""
        return effect.submitted is not None and is_nested(effect.resource)

    async def run(self, run: Run, effect: RunTask) -> Outcome:
        """Run the attempt that ``effect`` asks for."""
        outcome = await self._outcome(run, effect)
        metrics.TASKS.labels(type(outcome).__name__.lower()).inc()
        return outcome

    async def _outcome(self, run: Run, effect: RunTask) -> Outcome:
        try:
            if is_nested(effect.resource):
                task = _task(run, effect, *self._nested.parse(effect.resource))
                parent = Parent(run.execution, effect.frame, effect.attempt)
                return Answered(await self._nested.invoke(task, parent))
            integration, resource, pattern = self._registry.find(effect.resource)
            task = _task(run, effect, resource, pattern)
            if effect.submitted is not None:
                return Completed(await integration.completion(task, effect.submitted[0]))
            async with self._turns:
                return Answered(await integration.invoke(task))
        except TaskFailed as failure:
            cause = failure.cause
            return Failed(failure.error, cause if cause is None else cause[:_MOST_CAUSE_CHARACTERS])

    async def close(self) -> None:
        await self._registry.close()


def _task(run: Run, effect: RunTask, resource: str, pattern: str) -> Task:
    facts = run.machine.facts
    # The entry makes the key differ between two passes through one state, the attempt between two tries.
    place = f"{facts.arn}/{effect.frame}/{effect.entered}/{effect.attempt}"
    return Task(
        resource=resource,
        pattern=pattern,
        parameters=effect.parameters,
        idempotency_key=hashlib.sha256(place.encode()).hexdigest()[:36],
        account=facts.account,
        region=facts.region,
        execution_arn=facts.arn,
        state_name=effect.state,
    )
