"""TestState: one state alone, really run or with a mocked result, and every value on its way."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

from services.orchestration.http_traces import TracedHttpCalls
from services.orchestration.interpreter.effects import RunTask
from services.orchestration.interpreter.frames import Phase
from services.orchestration.interpreter.outcomes import Answered, Failed
from services.orchestration.language.errors import TIMEOUT
from services.orchestration.language.jsonata import Jsonata
from services.orchestration.map_items.batches import batches
from services.orchestration.state_trials import Trial, TrialResult
from services.orchestration.tasks.registry import TaskRegistry
from services.orchestration.tasks.task import Task, TaskFailed
from services.orchestration.test_state_requests import StateTest, prepare
from shared.settings import Settings

HTTP_TASK = "http:invoke"
#: A test takes no longer; AWS has the same limit.
LONGEST_SECONDS = 300.0


class StateTests:
    """Runs tests of states. ``tasks`` are called by Task states without a mock, ``settings`` are for HTTP tasks."""

    def __init__(self, jsonata: Jsonata, tasks: TaskRegistry, settings: Settings) -> None:
        self._jsonata = jsonata
        self._tasks = tasks
        self._settings = settings

    async def run(self, test: StateTest) -> TrialResult:
        """Try a state.

        Raises:
            InvalidArgument: InvalidDefinition, InvalidExecutionInput, InvalidArn, ValidationException.
        """
        prepared = await asyncio.to_thread(prepare, test)
        trial = Trial(
            prepared.setting,
            prepared.definition,
            prepared.level,
            prepared.state.name,
            prepared.input,
            self._jsonata,
        )
        await asyncio.to_thread(trial.begin, prepared.mock)
        if trial.result is None and trial.frame.phase is Phase.WAIT:
            await self._wait(trial)
        elif trial.result is None and (task := trial.task) is not None:
            outcome = await self._call(test, task, trial)
            await asyncio.to_thread(trial.finish, outcome)
        if trial.result is None:
            raise RuntimeError(f"the test of a {prepared.state.type} state has no result")
        if trial.batcher is not None:
            made = [batch.input async for batch in batches(trial.batcher, _each(trial.iterations))]
            trial.result.inspection["afterItemBatcher"] = made
        return trial.result

    @staticmethod
    async def _wait(trial: Trial) -> None:
        seconds = (trial.frame.wake_at or 0.0) - time.time()
        await asyncio.sleep(min(max(seconds, 0.0), LONGEST_SECONDS))
        if seconds > LONGEST_SECONDS:
            trial.result = TrialResult("FAILED", error=TIMEOUT, inspection=trial.inspection)
            return
        await asyncio.to_thread(trial.wake)

    async def _call(self, test: StateTest, effect: RunTask, trial: Trial) -> Answered | Failed:
        timeout_at = trial.frame.timeout_at
        seconds = LONGEST_SECONDS if timeout_at is None else min(timeout_at - time.time(), LONGEST_SECONDS)
        try:
            integration, resource, pattern = self._tasks.find(effect.resource)
            task = Task(
                resource=resource,
                pattern=pattern,
                parameters=effect.parameters,
                idempotency_key=str(uuid.uuid4()),
                account=test.account,
                region=test.region,
                execution_arn="",
                state_name=effect.state,
            )
            async with asyncio.timeout(seconds):
                if test.traces and resource == HTTP_TASK:
                    return Answered(await self._traced(test, task, trial))
                return Answered(await integration.invoke(task))
        except TaskFailed as failure:
            return Failed(failure.error, failure.cause)
        except TimeoutError:
            return Failed(TIMEOUT, None)

    async def _traced(self, test: StateTest, task: Task, trial: Trial) -> Any:
        calls = TracedHttpCalls(self._settings)
        try:
            return await calls.invoke(task)
        finally:
            trial.note(calls.inspection(task.parameters, reveal_secrets=test.reveal_secrets))
            await calls.close()


async def _each(items: Sequence[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item
