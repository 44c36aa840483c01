"""Text and bytes that arrive in pieces of any length."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any

from hypothesis import strategies as st

#: Lengths of pieces, over and over.
lengths = st.lists(st.integers(1, 9), min_size=1, max_size=5)


async def in_pieces(value: Any, lengths: Sequence[int]) -> AsyncIterator[Any]:
    """``value`` (text or bytes) cut into pieces of ``lengths``, over and over."""
    at, turn = 0, 0
    while at < len(value):
        length = lengths[turn % len(lengths)]
        yield value[at : at + length]
        at, turn = at + length, turn + 1


async def collect(values: AsyncIterable[Any]) -> list[Any]:
    return [value async for value in values]
