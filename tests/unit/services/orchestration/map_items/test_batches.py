"""Batches of items."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.map_items.batches import MAX_INPUT_BYTES, Batch, batches


async def _each(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def batches_of(items: list[Any], batcher: dict[str, Any], start: int = 0) -> list[Batch]:
    async def main() -> list[Batch]:
        return [batch async for batch in batches(batcher, _each(items), start=start)]

    return asyncio.run(main())


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@given(
    st.lists(st.text(max_size=20) | st.integers(), max_size=30),
    st.integers(0, 7),
    st.just(0) | st.integers(13, 80),
    st.sampled_from([{}, {"BatchInput": {"ü": 1}}]),
)
def test_batches(items: list[Any], most: int, limit: int, more: dict[str, Any]) -> None:
    batcher = {"MaxItemsPerBatch": most, "MaxInputBytesPerBatch": limit, **more}
    found = batches_of(items, batcher)
    assert [item for batch in found for item in batch.items] == items
    for batch, following in itertools.zip_longest(found, found[1:]):
        assert batch.items == batch.input["Items"]
        assert batch.input == {**more, "Items": batch.items}
        assert batch.count >= 1
        assert not most or batch.count <= most
        assert not limit or batch.count == 1 or size(batch.input) <= limit
        if following is not None:
            assert following.first == batch.first + batch.count
            # No batch is smaller than it has to be.
            fuller = {**more, "Items": [*batch.items, following.items[0]]}
            assert batch.count == most or size(fuller) > (limit or MAX_INPUT_BYTES)


def test_commas_count() -> None:
    # {"Items":[1,1]} has 15 bytes, one more item makes 17.
    assert [batch.count for batch in batches_of([1] * 4, {"MaxInputBytesPerBatch": 16})] == [2, 2]


def test_a_run_that_goes_on() -> None:
    assert [batch.first for batch in batches_of([1, 2, 3], {"MaxItemsPerBatch": 2}, start=10)] == [10, 12]


@pytest.mark.parametrize("batcher", [{}, {"MaxInputBytesPerBatch": 10**9}])
def test_no_input_is_larger_than_an_execution_takes(batcher: dict[str, Any]) -> None:
    found = batches_of(["x" * 100_000] * 5, batcher)
    assert [batch.count for batch in found] == [2, 2, 1]
