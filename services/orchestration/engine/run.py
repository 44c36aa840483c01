"""One execution while it is loaded: steps of its machine, each on disk before anything follows from it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from services.orchestration.engine import messages as mail
from services.orchestration.engine import metrics
from services.orchestration.engine.journals import Journal
from services.orchestration.engine.store import Message, NewExecution, Step, Token
from services.orchestration.interpreter.effects import Effect, Forget, OfferToken, RunMap, RunTask
from services.orchestration.interpreter.machine import Machine, Progress
from services.orchestration.interpreter.outcomes import Outcome

if TYPE_CHECKING:
    from services.orchestration.engine.beginnings import Parent
    from services.orchestration.engine.engine import ExecutionEngine

_SLOW_SECONDS = 0.25

#: Something that happened, to be told to the machine in its thread.
News = Callable[[Machine], None]


class Run:
    """Drives one execution until it ends, parks, or is lost to another process."""

    def __init__(
        self,
        engine: ExecutionEngine,
        execution: int,
        epoch: int,
        machine: Machine,
        journal: Journal,
        *,
        stays: bool,
        parent: Parent | None = None,
    ) -> None:
        """``stays``: it cannot be put down and taken up again, because its steps are not written."""
        self.execution = execution
        self.epoch = epoch
        self.machine = machine
        self.parent = parent
        self.map_run_arn: str | None = None
        #: Processes that ended since the last step that was written.
        self.crashes = 0
        #: Whether its last step took long; its next one must not keep the quick ones of others waiting.
        self.is_slow = False
        self._journal = journal
        self._stays = stays
        self._engine = engine
        self._news: list[News] = []
        self._something = asyncio.Event()
        # What was just written down has none, unless ``look_at_messages`` says otherwise.
        self._has_messages = bool(machine.frames)
        self._calls: dict[tuple[int, int], asyncio.Task[None]] = {}
        # What a call raised that is no outcome: the database does not answer, or a defect.
        self._failure: BaseException | None = None
        self._begun: tuple[Progress, bool] | None = None
        #: Whether ``begin`` was all that there is to do for now.
        self.is_over = False

    def post(self, frame: int, attempt: int, outcome: Outcome) -> None:
        """Tell the machine of an outcome."""
        self._news.append(lambda machine: machine.deliver(frame, attempt, outcome))
        self._something.set()

    def look_at_messages(self) -> None:
        """There may be new ones in the database."""
        self._has_messages = True
        self._something.set()

    @property
    def wants_attention(self) -> bool:
        return self._has_messages or bool(self._news) or self._failure is not None

    async def begin(self, new: NewExecution) -> None:
        """Take the first step and write it down together with the execution itself, in one transaction.

        Raises:
            AlreadyExists: there is an execution of that ARN or origin.
        """
        progress, more = await self._engine.in_thread(self, self._advance, True, [], [])
        step = self._step(progress, more, [])
        step.removed = ()  # nothing of it was ever written
        self.execution = await self._journal.begin(new, step)
        self._begun = (progress, more)
        self.is_over = step.parks or progress.ending is not None
        if progress.ending is not None:
            metrics.ENDED.labels(progress.ending.status).inc()

    async def drive(self) -> None:
        """Run. A cancellation leaves the execution as its last step wrote it."""
        try:
            await self._drive()
        finally:
            for call in self._calls.values():
                call.cancel()

    async def _drive(self) -> None:
        fresh = self.machine.next_event == 1
        if self._begun is not None:
            progress, more = self._begun
            self._follow_up(progress.effects)
            if not more:
                await self._wait()
        elif not fresh:
            self._follow_up(self.machine.effects_under_way())
        while True:
            if self._failure is not None:
                raise self._failure
            messages = await self._take_messages()
            news, self._news = self._news, []
            self._something.clear()
            progress, more = await self._engine.in_thread(self, self._advance, fresh, messages, news)
            fresh = False
            step = self._step(progress, more, messages)
            if progress or step.parks or messages:
                written = await self._journal.write(step)
                if written is False:
                    return
                self._follow_up(progress.effects)
                if progress.ending is not None:
                    metrics.ENDED.labels(progress.ending.status).inc()
                    return
                if step.parks:
                    self._has_messages = written is None or self._has_messages
                    return
            if self._engine.draining and not self._calls and not self._news:
                return
            if not more:
                await self._wait()

    def _advance(self, fresh: bool, messages: list[Message], news: list[News]) -> tuple[Progress, bool]:
        machine = self.machine
        began = time.perf_counter()
        if fresh:
            machine.start()
        for message in messages:
            mail.deliver(machine, message.content)
        for tell in news:
            tell(machine)
        machine.tick()
        more = machine.run()
        self.is_slow = time.perf_counter() - began > _SLOW_SECONDS
        return machine.take(), more

    async def _take_messages(self) -> list[Message]:
        if not self._has_messages:
            return []
        self._has_messages = False
        return list(await self._journal.unread(self.execution))

    def _step(self, progress: Progress, more: bool, messages: list[Message]) -> Step:
        machine = self.machine
        forgotten = [effect for effect in progress.effects if isinstance(effect, Forget)]
        calls = any(self._needs_us(effect) for effect in progress.effects)
        running = bool(self._calls.keys() - {(effect.frame, effect.attempt) for effect in forgotten})
        parks = not (self._stays or more or calls or running or self.wants_attention or progress.ending)
        return Step(
            execution=self.execution,
            epoch=self.epoch,
            next_event=machine.next_event,
            next_frame=machine.next_frame,
            events=progress.events,
            frames=() if progress.ending and progress.ending.status == "SUCCEEDED" else progress.changed,
            removed=progress.removed,
            tokens=[
                Token(effect.token, effect.frame, effect.attempt, effect.activity, effect.input)
                for effect in progress.effects
                if isinstance(effect, OfferToken)
            ],
            closed=[effect for effect in forgotten if effect.has_token],
            abandoned=[effect.frame for effect in forgotten if not effect.ended],
            taken_messages=[message.id for message in messages],
            ending=progress.ending,
            parks=parks,
            wake_at=machine.deadline if parks else None,
            parent_message=self._engine.end_message(self, progress.ending),
        )

    def _needs_us(self, effect: Effect) -> bool:
        if isinstance(effect, RunTask):
            return not self._engine.attempts.is_awaited_elsewhere(effect)
        return isinstance(effect, RunMap)

    def _follow_up(self, effects: list[Effect]) -> None:
        for effect in effects:
            if self._engine.draining and not isinstance(effect, Forget):
                continue  # whoever takes the execution up begins it
            if isinstance(effect, Forget):
                call = self._calls.pop((effect.frame, effect.attempt), None)
                if call is not None:
                    call.cancel()
            elif isinstance(effect, RunTask) and self._needs_us(effect):
                self._call(effect, self._engine.attempts.run(self, effect))
            elif isinstance(effect, RunMap):
                self._call(effect, self._engine.map_runs.run(self, effect))

    def _call(self, effect: RunTask | RunMap, work: Coroutine[Any, Any, Outcome | None]) -> None:
        key = (effect.frame, effect.attempt)

        async def call() -> None:
            outcome = await work
            self._calls.pop(key, None)
            if outcome is not None:
                self.post(*key, outcome)
            else:
                self._something.set()

        if key in self._calls:
            self._calls[key].cancel()
        self._calls[key] = task = asyncio.create_task(call())
        task.add_done_callback(self._call_ended)

    def _call_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
            self._something.set()

    async def _wait(self) -> None:
        if self.wants_attention:
            return
        deadline = self.machine.deadline
        seconds = None if deadline is None else max(0.0, deadline - self.machine.clock())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()
