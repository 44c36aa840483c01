"""ItemBatcher: several items as the input of one child execution."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

#: What an execution's input may have, in bytes of UTF-8.
MAX_INPUT_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Batch:
    """Some items in a row. ``first``: the number of the first one among all items."""

    first: int
    items: list[Any]
    input: dict[str, Any]

    @property
    def count(self) -> int:
        return len(self.items)


async def batches(batcher: Mapping[str, Any], items: AsyncIterator[Any], *, start: int = 0) -> AsyncIterator[Batch]:
    """Fill batches in order, each with as many items as its limits let in, and at least one.

    ``batcher``: the state's ItemBatcher, evaluated: MaxItemsPerBatch, MaxInputBytesPerBatch (of the whole input), or
    both; BatchInput goes into every batch. ``start``: the number of the first of ``items``, when earlier ones are done.
    """
    most = int(batcher.get("MaxItemsPerBatch") or 0)
    limit = min(int(batcher.get("MaxInputBytesPerBatch") or MAX_INPUT_BYTES), MAX_INPUT_BYTES)
    shared = {"BatchInput": batcher["BatchInput"]} if "BatchInput" in batcher else {}
    frame = _size({**shared, "Items": []})
    held: list[Any] = []
    size, first = frame, start
    async for item in items:
        added = _size(item) + (1 if held else 0)  # a comma
        if held and (size + added > limit or len(held) == most):
            yield Batch(first, held, {**shared, "Items": held})
            first += len(held)
            held, size, added = [], frame, _size(item)
        held.append(item)
        size += added
    if held:
        yield Batch(first, held, {**shared, "Items": held})


def _size(value: Any) -> int:
    """Bytes of the value as compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
