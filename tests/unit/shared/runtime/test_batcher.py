"""The batcher: company, order, bounds, and one bad item among good ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import errors
from shared.rpc.call import Priority
from shared.runtime.batcher import Batcher, BatchPolicy


class Recorder:
    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.batches: list[list[Any]] = []
        self._gate = gate

    async def __call__(self, items: Sequence[Any]) -> list[Any]:
        self.batches.append(list(items))
        if self._gate is not None:
            await self._gate.wait()
        await asyncio.sleep(0)
        if "poison" in items:
            raise ValueError("poison")
        return [errors.InvalidArgument("bad item") if item == "bad" else f"<{item}>" for item in items]


async def test_items_of_many_callers_run_together() -> None:
    run = Recorder()
    batcher = Batcher("m", BatchPolicy(preferred_batch_size=8, max_batch_size=8, max_queue_delay_us=50_000), run)
    answers = await asyncio.gather(*(batcher.submit([i]) for i in range(8)))
    assert [answer for (answer,) in answers] == [f"<{i}>" for i in range(8)]
    assert run.batches == [list(range(8))]


async def test_a_lonely_item_waits_no_longer_than_the_delay() -> None:
    run = Recorder()
    batcher = Batcher("m", BatchPolicy(preferred_batch_size=8, max_batch_size=8, max_queue_delay_us=1000), run)
    assert await asyncio.wait_for(batcher.submit(["a"]), 5) == ["<a>"]
    assert await asyncio.wait_for(batcher.submit(["b"]), 5) == ["<b>"]


async def test_without_a_delay_company_comes_from_those_who_wait() -> None:
    gate = asyncio.Event()
    run = Recorder(gate)
    batcher = Batcher("m", BatchPolicy(preferred_batch_size=4, max_batch_size=4), run)
    calls = [asyncio.ensure_future(batcher.submit([i])) for i in range(6)]
    await asyncio.sleep(0.01)
    gate.set()
    await asyncio.gather(*calls)
    assert run.batches == [[0], [1, 2, 3, 4], [5]]


async def test_interactive_items_overtake_batch_items() -> None:
    gate = asyncio.Event()
    run = Recorder(gate)
    batcher = Batcher("m", BatchPolicy(), run)
    first = asyncio.ensure_future(batcher.submit(["first"]))
    slow = asyncio.ensure_future(batcher.submit(["job"], Priority.BATCH))
    quick = asyncio.ensure_future(batcher.submit(["person"]))
    await asyncio.sleep(0.01)
    gate.set()
    await asyncio.gather(first, slow, quick)
    assert run.batches == [["first"], ["person"], ["job"]]


async def test_a_full_queue_refuses_at_once_and_loses_nothing() -> None:
    gate = asyncio.Event()
    batcher = Batcher("m", BatchPolicy(max_queue_size=3), Recorder(gate))
    calls = [asyncio.ensure_future(batcher.submit([i])) for i in range(4)]  # one runs, three wait
    await asyncio.sleep(0.01)
    with pytest.raises(errors.ResourceExhausted):
        await batcher.submit(["one too many"])
    assert batcher.waiting == 3
    gate.set()
    assert [answer for (answer,) in await asyncio.gather(*calls)] == [f"<{i}>" for i in range(4)]


async def test_a_bad_item_fails_its_own_caller_alone() -> None:
    gate = asyncio.Event()
    batcher = Batcher("m", BatchPolicy(preferred_batch_size=4, max_batch_size=4), Recorder(gate))
    calls = [asyncio.ensure_future(batcher.submit([item])) for item in ("warm", "a", "bad", "poison", "b")]
    await asyncio.sleep(0.01)
    gate.set()
    warm, a, bad, poison, b = await asyncio.gather(*calls, return_exceptions=True)
    assert (warm, a, b) == (["<warm>"], ["<a>"], ["<b>"])
    assert isinstance(bad, errors.InvalidArgument)
    assert isinstance(poison, ValueError)


async def test_a_caller_who_left_is_not_served() -> None:
    gate = asyncio.Event()
    run = Recorder(gate)
    batcher = Batcher("m", BatchPolicy(), run)
    first = asyncio.ensure_future(batcher.submit(["first"]))
    gone = asyncio.ensure_future(batcher.submit(["gone"]))
    await asyncio.sleep(0.01)
    gone.cancel()
    gate.set()
    await first
    assert await batcher.submit(["next"]) == ["<next>"]
    assert ["gone"] not in run.batches


async def test_closing_fails_what_waits_and_finishes_what_runs() -> None:
    gate = asyncio.Event()
    batcher = Batcher("m", BatchPolicy(), Recorder(gate))
    running = asyncio.ensure_future(batcher.submit(["running"]))
    waiting = asyncio.ensure_future(batcher.submit(["waiting"]))
    await asyncio.sleep(0.01)
    closing = asyncio.ensure_future(batcher.close())
    await asyncio.sleep(0.01)
    gate.set()
    await closing
    assert await running == ["<running>"]
    with pytest.raises(errors.ShuttingDown):
        await waiting


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=12),
    preferred=st.integers(1, 5),
    extra=st.integers(0, 5),
    delay=st.sampled_from([0, 200]),
    instances=st.integers(1, 3),
)
def test_everybody_gets_their_own_answers_in_order(sizes, preferred, extra, delay, instances) -> None:
    async def scenario() -> None:
        run = Recorder()
        policy = BatchPolicy(preferred, preferred + extra, delay, 1000, instances)
        batcher = Batcher("m", policy, run)
        calls = [batcher.submit([(call, i) for i in range(size)]) for call, size in enumerate(sizes)]
        answers = await asyncio.wait_for(asyncio.gather(*calls), 10)
        assert answers == [[f"<{(call, i)}>" for i in range(size)] for call, size in enumerate(sizes)]
        assert max(map(len, run.batches)) <= preferred + extra
        assert batcher.waiting == 0

    asyncio.run(scenario())
