"""The dynamic batcher: items of many callers run together. The words and their meaning are Triton's.

``max_queue_delay_us`` is how long the first item of a batch waits for company once ``preferred_batch_size`` is not
reached; the queue holds at most ``max_queue_size`` items and refuses more at the door.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared import errors
from shared.rpc.call import Priority

#: Runs one batch: as many results as items. A result that is a NonetError belongs to its item's caller alone.
RunBatch = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]


@dataclass(slots=True)
class BatchPolicy:
    """How items are gathered."""

    preferred_batch_size: int = 1
    max_batch_size: int = 1
    max_queue_delay_us: int = 0
    max_queue_size: int = 256
    #: Batches that may run at once.
    instances: int = 1


@dataclass(slots=True)
class _Entry:
    item: Any
    future: asyncio.Future[Any]


class Batcher:
    """One model's queue. Interactive items go before batch items; within a priority the order is kept."""

    def __init__(
        self,
        name: str,
        policy: BatchPolicy,
        run: RunBatch,
        on_batch: Callable[[int], None] | None = None,
        on_refused: Callable[[int], None] | None = None,
    ) -> None:
        self._name = name
        self._policy = policy
        self._run = run
        self._on_batch = on_batch
        self._on_refused = on_refused
        self._queues: dict[Priority, collections.deque[_Entry]] = {
            priority: collections.deque() for priority in Priority
        }
        self._waiting = 0
        self._running = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_fired = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items that are not running yet."""
        return self._waiting

    async def submit(self, items: Sequence[Any], priority: Priority = Priority.INTERACTIVE) -> list[Any]:
        """Run items, in one batch or several, together with those of others.

        Raises:
            ResourceExhausted: the queue is full; nothing was queued.
            NonetError: the first error among the items.
        """
        if self._closed:
            raise errors.ShuttingDown("The model is being unloaded.")
        # A call with more items than the queue holds is let in when it is alone: it could never run otherwise.
        if self._waiting and self._waiting + len(items) > self._policy.max_queue_size:
            if self._on_refused is not None:
                self._on_refused(len(items))
            raise errors.ResourceExhausted(
                f"{self._waiting} items wait for {self._name} already: try again, a little slower."
            )
        loop = asyncio.get_running_loop()
        entries = [_Entry(item, loop.create_future()) for item in items]
        self._queues[priority].extend(entries)
        self._waiting += len(entries)
        self._dispatch()
        try:
            if len(entries) == 1:
                return [await entries[0].future]
            return list(await asyncio.gather(*(entry.future for entry in entries)))
        except BaseException:
            # The caller gave up, or one item failed: what has not started yet need not run.
            for entry in entries:
                entry.future.cancel()
            raise

    async def close(self) -> None:
        """Fail what waits, and wait for what runs."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for queue in self._queues.values():
            for entry in queue:
                if not entry.future.done():
                    entry.future.set_exception(errors.ShuttingDown("The model is being unloaded."))
            queue.clear()
        self._waiting = 0
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _dispatch(self) -> None:
        """Start batches as far as instances are free and the policy says it is time."""
        policy = self._policy
        while self._waiting and self._running < policy.instances:
            full = self._waiting >= policy.preferred_batch_size
            if not full and policy.max_queue_delay_us and not self._timer_fired:
                if self._timer is None:
                    loop = asyncio.get_running_loop()
                    self._timer = loop.call_later(policy.max_queue_delay_us / 1e6, self._delay_over)
                return
            self._timer_fired = False
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            batch = self._take(policy.max_batch_size)
            if batch:
                self._running += 1
                task = asyncio.get_running_loop().create_task(self._run_batch(batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _delay_over(self) -> None:
        self._timer = None
        self._timer_fired = True
        self._dispatch()

    def _take(self, limit: int) -> list[_Entry]:
        batch: list[_Entry] = []
        for priority in Priority:
            queue = self._queues[priority]
            while queue and len(batch) < limit:
                entry = queue.popleft()
                self._waiting -= 1
                if not entry.future.done():  # its caller may have gone
                    batch.append(entry)
        return batch

    async def _run_batch(self, batch: list[_Entry]) -> None:
        if self._on_batch is not None:
            self._on_batch(len(batch))
        try:
            try:
                results = await self._results(batch)
            except Exception as failure:
                # Whatever it was, it belongs to those who wait; the host's boundary logs and names it.
                if len(batch) > 1:
                    await self._run_alone(batch)
                else:
                    _settle(batch[0], failure)
                return
            for entry, result in zip(batch, results, strict=True):
                _settle(entry, result)
        finally:
            self._running -= 1
            self._dispatch()

    async def _results(self, batch: list[_Entry]) -> Sequence[Any]:
        results = await self._run([entry.item for entry in batch])
        if len(results) != len(batch):
            raise errors.Internal(f"{self._name} gave {len(results)} results for {len(batch)} items.")
        return results

    async def _run_alone(self, batch: list[_Entry]) -> None:
        """One bad item must not fail its neighbours: run each by itself."""
        for entry in batch:
            try:
                (result,) = await self._results([entry])
            except Exception as failure:
                result = failure
            _settle(entry, result)


def _settle(entry: _Entry, result: Any) -> None:
    if entry.future.done():
        return
    if isinstance(result, Exception):
        entry.future.set_exception(result)
    else:
        entry.future.set_result(result)
