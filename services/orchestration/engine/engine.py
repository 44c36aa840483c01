"""The engine: starts executions, wakes those that are due, and hands what happens to whoever runs them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from services.orchestration.engine import metrics, nested
from services.orchestration.engine.attempts import Attempts
from services.orchestration.engine.beginnings import (
    Beginning,
    Parent,
    execution_arn,
    machine_from,
    machine_of,
    new_execution,
)
from services.orchestration.engine.journals import ExpressJournal, Journal, NoJournal
from services.orchestration.engine.map_runs import MapRuns
from services.orchestration.engine.nested import NestedExecutions, NestedStart
from services.orchestration.engine.ownership import BEAT_SECONDS, Ownership
from services.orchestration.engine.queries import ExecutionQueries
from services.orchestration.engine.run import Run
from services.orchestration.engine.store import CHANNEL, ExecutionStore, Loaded, Step
from services.orchestration.interpreter.effects import Ending
from services.orchestration.interpreter.history import Event
from services.orchestration.interpreter.machine import Machine
from services.orchestration.language.errors import RUNTIME
from services.orchestration.language.jsonata import Jsonata
from services.orchestration.resource_names import check_name
from services.orchestration.state_machines import EXPRESS, StateMachines
from services.orchestration.tasks.registry import TaskRegistry
from shared import errors
from shared.platform import SECONDS_A_DAY, Platform
from shared.storage.replicas import new_replica

logger = logging.getLogger("nonet.orchestration")

Value = TypeVar("Value")

#: Executions that one process holds in memory; those that only wait are not among them.
_MOST_LOADED = 1_000
_CLAIMED_AT_ONCE = 50
#: How often a process looks for work that no notification told it of.
_POLL_SECONDS = 5.0
_THREADS = 2
_RETRY_SECONDS = 0.5
#: Processes that may end while they run one step of an execution, before it is taken for the cause.
_MOST_CRASHES = 10
_SWEEP_SECONDS = 3600.0
_DRAIN_LOOK_SECONDS = 0.05


class ExecutionEngine:
    """The executions of this process. ``start_work`` begins; ``close`` lets go of all, to be taken up anew."""

    def __init__(self, platform: Platform, machines: StateMachines) -> None:
        self.replica = new_replica()
        self.database = platform.database
        self.objects = platform.objects
        self.store = ExecutionStore(platform.database, self.replica, self.nudge)
        self.queries = ExecutionQueries(platform.database)
        # One for each thread that may ask.
        self.jsonata = Jsonata(children=_THREADS + 1)
        self.attempts = Attempts(TaskRegistry(platform), NestedExecutions(self._start_nested))
        self.map_runs = MapRuns(self)
        self._machines = machines
        self._retention_seconds = platform.settings.execution_retention_days * SECONDS_A_DAY
        self._ownership = Ownership(platform.database, self.replica)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="interpreter")
        self._jsonata_threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="interpreter-jsonata")
        self._slow_threads = ThreadPoolExecutor(1, thread_name_prefix="interpreter-slow")
        self._runs: dict[int, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._first_beat = asyncio.Lock()
        self._alive = False
        #: Whether runs stop at their next step instead of beginning anything new.
        self.draining = False
        self._drain_seconds = platform.settings.drain_seconds
        self._sleeps_until = math.inf
        self._starting = 0
        self._told_while_starting: set[int] = set()

    # -- life

    def start_work(self) -> None:
        """Take up what earlier processes left, and whatever comes."""
        for work in (self._claim_work(), self._keep_alive(), self._listen(), self._forget_old()):
            self._spawn(work)

    async def close(self) -> None:
        """Let calls that are under way end, for a while, then let go of every execution where it stands.

        Another process, or the next start of this one, takes them up; what was not written down is done again there.
        """
        self.draining = True
        for run in self._runs.values():
            run.look_at_messages()
        deadline = time.monotonic() + self._drain_seconds
        while self._runs and time.monotonic() < deadline:
            await asyncio.sleep(_DRAIN_LOOK_SECONDS)
        held = [(run.execution, run.epoch) for run in self._runs.values()]
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.store.release(held)
        await self._ownership.end()
        await self.attempts.close()
        self._threads.shutdown()
        self._jsonata_threads.shutdown()
        self._slow_threads.shutdown()
        self.jsonata.close()

    async def in_thread(self, run: Run, function: Callable[..., Value], *args: Any) -> Value:
        """Run interpreter code of ``run`` where it cannot hold up the event loop.

        JSONata has threads of its own, because an expression may take seconds; and so have executions that were slow.
        """
        threads = self._threads
        if run.machine.definition.uses_jsonata:
            threads = self._slow_threads if run.is_slow else self._jsonata_threads
        return await asyncio.get_running_loop().run_in_executor(threads, function, *args)

    # -- executions

    async def start(self, beginning: Beginning) -> None:
        """Write an execution down and run it. It is on disk when this returns.

        Raises:
            AlreadyExists: an execution has its ARN or its origin.
        """
        new = new_execution(beginning)
        metrics.STARTED.labels(beginning.type).inc()
        if len(self._runs) >= _MOST_LOADED:
            await self.store.insert([new], owned=False)
            return
        await self._be_alive()
        run = self._run(0, 1, machine_of(beginning, self.jsonata), beginning.type, beginning.parent)
        self._starting += 1
        try:
            if beginning.definition.uses_jsonata:
                # Expressions may take their time; whoever starts the execution need not wait for that.
                (run.execution,) = await self.store.insert([new], owned=True)
            else:
                await run.begin(new)
        finally:
            self._starting -= 1
        if run.is_over:
            self._look_at(run.machine.deadline)
        else:
            self._adopt(run)

    async def run_synchronously(self, beginning: Beginning) -> Ending:
        """Run an express execution in memory and give its end."""
        machine = machine_of(beginning, self.jsonata)
        # Numbers below zero are no rows of the table.
        run = Run(self, -secrets.randbits(48), 0, machine, NoJournal(), stays=True)
        await run.drive()
        if machine.ending is None:
            raise errors.Cancelled("The execution was interrupted: try again.")
        return machine.ending

    async def _start_nested(self, start: NestedStart) -> tuple[str, float]:
        again = await self.queries.by_origin(start.origin)
        if again is not None:
            return again.arn, again.started_at
        name = start.origin if start.name is None else start.name
        check_name(name)
        machine = await self._machines.resolve(start.account, start.machine_arn)
        beginning = Beginning(
            account=start.account,
            region=start.region,
            machine=machine,
            arn=execution_arn(machine, name),
            name=name,
            input=start.input,
            started_at=time.time(),
            trace_header=start.trace_header,
            origin=start.origin,
            parent=start.parent,
        )
        try:
            await self.start(beginning)
        except errors.AlreadyExists:
            raise errors.AlreadyExists(
                f"Execution Already Exists: '{beginning.arn}'", aws_code="ExecutionAlreadyExists"
            ) from None
        return beginning.arn, beginning.started_at

    def nudge(self, execution: int) -> None:
        """There is a message for an execution."""
        run = self._runs.get(execution)
        if run is not None:
            run.look_at_messages()
        elif self._starting:
            # It may be one whose row was committed a moment ago.
            self._told_while_starting.add(execution)
            self._wake.set()
        else:
            self._wake.set()

    def look_for_work(self) -> None:
        """Executions were written down that nobody owns."""
        self._wake.set()

    # -- runs

    def _run(self, number: int, epoch: int, machine: Machine, machine_type: str, parent: Parent | None) -> Run:
        express = machine_type == EXPRESS
        journal: Journal = ExpressJournal(self.store) if express else self.store
        return Run(self, number, epoch, machine, journal, stays=express, parent=parent)

    def _adopt(self, run: Run) -> None:
        self._runs[run.execution] = run
        metrics.LOADED.set(len(self._runs))
        if run.execution in self._told_while_starting:
            run.look_at_messages()
        if not self._starting:
            self._told_while_starting.clear()
        self._spawn(self._drive(run))

    async def _drive(self, run: Run) -> None:
        try:
            if run.crashes >= _MOST_CRASHES:
                await self._give_up(run, f"{run.crashes} processes ended while they ran its next step.")
                return
            await run.drive()
        except errors.Unavailable as failure:
            # The database did not answer; what was not written is done again by whoever takes it up next.
            logger.warning("execution %s let go: %s", run.execution, failure.message)
            self._spawn(self._let_go(run))
        except Exception:
            # A defect must not leave an execution without an end. The log has the traceback.
            logger.exception("defect while running execution %s", run.execution)
            await self._give_up(run, "Internal error; the server's log tells more.")
        else:
            if self.draining:
                await self.store.release([(run.execution, run.epoch)])
        finally:
            if self._runs.get(run.execution) is run:
                del self._runs[run.execution]
                metrics.LOADED.set(len(self._runs))
            if run.map_run_arn is not None:
                self.map_runs.child_ended(run.map_run_arn)
            if run.wants_attention or len(self._runs) >= _MOST_LOADED - 1:
                self._wake.set()
            elif run.machine.ending is None:
                self._look_at(run.machine.deadline)

    async def _give_up(self, run: Run, cause: str) -> None:
        ending = Ending("FAILED", error=RUNTIME, cause=cause)
        row = (await self.store.load(run.execution)).row
        details = {"error": ending.error, "cause": ending.cause}
        last = Event(row.next_event, row.next_event - 1, "ExecutionFailed", time.time(), details)
        await self.store.write(
            Step(
                execution=run.execution,
                epoch=run.epoch,
                next_event=row.next_event + 1,
                next_frame=row.next_frame,
                events=[last] if row.type != EXPRESS else [],
                ending=ending,
                parent_message=self.end_message(run, ending),
            )
        )

    def _look_at(self, moment: float | None) -> None:
        """An execution that nobody owns is due at ``moment`` (Unix seconds)."""
        if moment is not None and moment < self._sleeps_until:
            self._wake.set()

    async def _let_go(self, run: Run) -> None:
        while True:
            await asyncio.sleep(_RETRY_SECONDS)
            with contextlib.suppress(errors.Unavailable):
                await self.store.release([(run.execution, run.epoch)])
                self._wake.set()
                return

    def _take_up(self, loaded: Loaded) -> None:
        row = loaded.row
        parent = Parent(row.parent, row.parent_frame, row.parent_attempt) if row.parent is not None else None
        run = self._run(int(row.id), int(row.epoch), machine_from(loaded, self.jsonata), row.type, parent)
        run.map_run_arn = row.map_run_arn
        run.crashes = int(row.crashes)
        self._adopt(run)

    def end_message(self, run: Run, ending: Ending | None) -> dict[str, Any] | None:
        """What the execution that waits for the end of ``run`` is told."""
        if ending is None or run.parent is None:
            return None
        return nested.end_message(run.machine.facts, ending, time.time(), run.parent.frame, run.parent.attempt)

    # -- background

    async def _claim_work(self) -> None:
        while True:
            self._wake.clear()
            # Until it is known how long to sleep, whatever falls due is worth a look.
            self._sleeps_until = math.inf
            try:
                if await self._claim_some():
                    continue
                due = await self.store.next_wake()
            except errors.Unavailable as failure:
                logger.warning("cannot look for executions: %s", failure.message)
                due = _RETRY_SECONDS
            seconds = _POLL_SECONDS if due is None else min(max(due, 0.0), _POLL_SECONDS)
            if len(self._runs) >= _MOST_LOADED:
                seconds = _POLL_SECONDS
            self._sleeps_until = time.time() + seconds
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()

    async def _claim_some(self) -> bool:
        if self.draining:
            return False
        room = min(_MOST_LOADED - len(self._runs), _CLAIMED_AT_ONCE)
        if room <= 0:
            return False
        due = await self.store.next_wake()
        if due is None or due > 0:
            return False
        await self._be_alive()
        claimed = await self.store.claim(room)
        for loaded in claimed:
            self._take_up(loaded)
        # Claimed work gets its turn before more is claimed.
        await asyncio.sleep(0)
        return bool(claimed)

    async def _be_alive(self) -> None:
        if self._alive:
            return
        async with self._first_beat:
            if not self._alive:
                await self._ownership.beat()
                self._alive = True

    async def _keep_alive(self) -> None:
        while True:
            try:
                # Whoever owns nothing need not say that it lives; before it owns something again, it does.
                self._alive = self._alive and bool(self._runs)
                if self._alive:
                    await self._ownership.beat()
                if await self._ownership.free_executions_of_the_dead():
                    self._wake.set()
            except errors.Unavailable as failure:
                logger.warning("the heartbeat of %s failed: %s", self.replica, failure.message)
            await asyncio.sleep(BEAT_SECONDS)

    async def _forget_old(self) -> None:
        """Delete executions whose time is over, a few at a time."""
        while True:
            try:
                while await self.queries.sweep(time.time() - self._retention_seconds):
                    await asyncio.sleep(0)
            except errors.Unavailable as failure:
                logger.warning("cannot forget old executions: %s", failure.message)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _listen(self) -> None:
        async for payload in self.database.listen(CHANNEL):
            if payload.isdigit():
                self.nudge(int(payload))
            elif payload.startswith("arn:"):
                self.map_runs.child_ended(payload)
            else:
                self._wake.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget_task)

    def _forget_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            logger.error("defect in the engine's background work", exc_info=defect)
