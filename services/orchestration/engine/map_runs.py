"""Distributed maps: the items of a Map state as executions of their own, a window of them at a time.

The row of a map run says how many items were taken from the source, so a restart goes on behind them; the executions
themselves say how they ended. Neither items nor results are ever all in memory, unless the state's output has to hold
them (AWS's limit for that is 256 KiB).
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.orchestration.engine.beginnings import Beginning, Item, new_execution
from services.orchestration.engine.map_run_store import RESULT_COLUMNS, Counts, MapRun, MapRunStore
from services.orchestration.interpreter.effects import RunMap
from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.machine import MOST_PAYLOAD_BYTES
from services.orchestration.interpreter.outcomes import Completed, Failed, Outcome
from services.orchestration.interpreter.states.map import item_input
from services.orchestration.language import json_text
from services.orchestration.language.errors import (
    DATA_LIMIT_EXCEEDED,
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    StateError,
)
from services.orchestration.map_items.batches import batches
from services.orchestration.map_items.readers import read
from services.orchestration.map_items.writers import ChildResult, write
from services.orchestration.state_machines import EXPRESS, STANDARD, ExecutableMachine

if TYPE_CHECKING:
    from services.orchestration.engine.engine import ExecutionEngine
    from services.orchestration.engine.run import Run

#: Executions of one map run that wait or run at once, where MaxConcurrency does not say less; AWS: 10,000.
_WINDOW = 200
#: Executions that are written down in one transaction.
_STARTED_AT_ONCE = 50
#: How often the counts are read where no notification tells of an end.
_POLL_SECONDS = 1.0
_CAUSE = "The specified tolerated failure threshold was exceeded"


@dataclass(frozen=True, slots=True)
class _Child:
    """The input of one execution, and the items that it stands for."""

    index: int
    count: int
    input: str


class MapRuns:
    """Runs the map runs that the executions of this process are in."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine
        self.store = MapRunStore(engine.database)
        self._ends: dict[str, asyncio.Event] = {}

    def child_ended(self, arn: str) -> None:
        """An execution of the map run ``arn`` ended."""
        event = self._ends.get(arn)
        if event is not None:
            event.set()

    async def run(self, run: Run, effect: RunMap) -> Outcome | None:
        """Run the map that ``effect`` asks for, from where it stands. None: somebody stopped it."""
        frame = run.machine.frames[effect.frame]
        arn = frame.work["arn"]
        self._ends[arn] = asyncio.Event()
        try:
            map_run = await self.store.open(run.machine.facts.account, run.execution, frame)
            if frame.work.get("redrives", 0) > map_run.redrive_count:
                map_run = await self.store.reopen(map_run, frame.work["redrives"], self._engine.store)
                self._engine.look_for_work()
            if map_run.status == "SUCCEEDED":
                return await self._result(run, frame, map_run)
            await self._start_children(run, frame, map_run)
            outcome = await self._await_end(arn)
            return await self._result(run, frame, map_run) if outcome is None else outcome
        except StateError as failure:
            await self.store.end(arn, "FAILED")
            return Failed(failure.error, failure.cause)
        finally:
            del self._ends[arn]

    # -- the items

    async def _start_children(self, run: Run, frame: Frame, map_run: MapRun) -> None:
        """Write down an execution for each item, never more ahead than the window allows."""
        if map_run.exhausted:
            return
        ahead: list[_Child] = []
        async for child in self._children(run, frame, map_run):
            ahead.append(child)
            if len(ahead) >= _STARTED_AT_ONCE:
                if not await self._write_down(run, frame, ahead):
                    return
                ahead = []
        if ahead and not await self._write_down(run, frame, ahead):
            return
        await self.store.exhaust(map_run.arn)

    async def _children(self, run: Run, frame: Frame, map_run: MapRun) -> AsyncIterator[_Child]:
        work = frame.work
        index = map_run.children
        if work["batcher"] is None:
            number = map_run.items_taken
            async for item in self._items(run, frame, map_run.items_taken):
                yield _Child(index, 1, await self._input(run, frame, number, item))
                index, number = index + 1, number + 1
            return
        selected = self._selected(run, frame, map_run.items_taken)
        async for batch in batches(work["batcher"], selected, start=map_run.items_taken):
            yield _Child(index, batch.count, json_text.dumps(batch.input))
            index += 1

    async def _items(self, run: Run, frame: Frame, start: int) -> AsyncIterator[Any]:
        reader = frame.work["reader"]
        if reader is None:
            for item in (frame.items or [])[start:]:
                yield item
            return
        account, most = run.machine.facts.account, frame.work["most_items"]
        async for item in read(reader, self._engine.objects, account, start=start, most=most):
            yield item

    async def _selected(self, run: Run, frame: Frame, start: int) -> AsyncIterator[Any]:
        number = start
        async for item in self._items(run, frame, start):
            yield json_text.loads_trusted(await self._input(run, frame, number, item))
            number += 1

    async def _input(self, run: Run, frame: Frame, number: int, item: Any) -> str:
        value = await self._engine.in_thread(run, item_input, run.machine, frame, number, item)
        return run.machine.checked(run.machine.state_of(frame), value)

    async def _write_down(self, run: Run, frame: Frame, children: list[_Child]) -> bool:
        """Start ``children`` as the window opens. False: the map run is over already."""
        arn = frame.work["arn"]
        while children:
            counts = await self._counts(arn)
            if counts.is_over:
                return False
            room = min(_window(counts.max_concurrency) - counts.open, len(children))
            if room <= 0:
                await self._an_end(arn)
                continue
            new = [self._beginning(run, frame, child) for child in children[:room]]
            items = sum(child.count for child in children[:room])
            await self.store.add_children(arn, self._engine.store, [new_execution(one) for one in new], items)
            self._engine.look_for_work()
            children = children[room:]
        return True

    def _beginning(self, run: Run, frame: Frame, child: _Child) -> Beginning:
        facts, arn = run.machine.facts, frame.work["arn"]
        state = run.machine.state_of(frame)
        express = state.processor.get("ProcessorConfig", {}).get("ExecutionType", STANDARD) == EXPRESS
        label = arn.rpartition(":mapRun:")[2].rpartition(":")[0]
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}/{child.index}"))
        prefix = f"arn:aws:states:{facts.region}:{facts.account}"
        machine = ExecutableMachine(
            arn=f"{prefix}:stateMachine:{label}",
            name=label,
            type=EXPRESS if express else STANDARD,
            definition_text=run.machine.definition.text,
            role_arn=facts.role_arn,
            revision_id="",
        )
        return Beginning(
            account=facts.account,
            region=facts.region,
            machine=machine,
            arn=f"{prefix}:{'express' if express else 'execution'}:{label}:{name}",
            name=name,
            input=child.input,
            started_at=time.time(),
            item=Item(arn, child.index, child.count, (*frame.level, frame.state)),
        )

    # -- their ends

    async def _await_end(self, arn: str) -> Outcome | None:
        """Wait until no execution of the map run is left; a Failed, if too many of them failed."""
        while True:
            counts = await self._counts(arn)
            if counts.fails:
                await self.store.stop_children(arn, self._engine.store)
                await self.store.end(arn, "FAILED")
                return Failed(EXCEED_TOLERATED_FAILURE_THRESHOLD, _CAUSE)
            if counts.exhausted and not counts.open:
                return None
            await self._an_end(arn)

    async def _counts(self, arn: str) -> Counts:
        self._ends[arn].clear()
        return await self.store.counts(arn)

    async def _an_end(self, arn: str) -> None:
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._ends[arn].wait()
        except TimeoutError:
            return

    async def _result(self, run: Run, frame: Frame, map_run: MapRun) -> Outcome:
        arn, writer = frame.work["arn"], frame.work["writer"]
        if writer is None:
            result = await self._collected(arn, run.machine.state_of(frame).name)
        else:
            account = run.machine.facts.account
            result = await write(writer, self._engine.objects, account, arn, self._results(arn))
        await self.store.end(arn, "SUCCEEDED")
        return Completed(result)

    async def _collected(self, arn: str, state: str) -> list[Any]:
        outputs, size = [], 0
        async for child in self._results(arn):
            if child.status != "SUCCEEDED":
                continue
            text = child.output or "null"
            size += len(text) + 1
            if size > MOST_PAYLOAD_BYTES:
                raise StateError(
                    DATA_LIMIT_EXCEEDED,
                    f"The state/task '{state}' returned a result with a size exceeding the maximum number of bytes "
                    "service limit. A ResultWriter keeps results of any size in a bucket.",
                )
            outputs.append(json_text.loads_trusted(text))
        return outputs

    async def _results(self, arn: str) -> AsyncIterator[ChildResult]:
        async for row in self.store.children(arn):
            yield ChildResult(**{name: getattr(row, name) for name in RESULT_COLUMNS})


def _window(max_concurrency: int) -> int:
    """How many executions of a map run may be open at once."""
    return min(max_concurrency, _WINDOW) if max_concurrency else _WINDOW
