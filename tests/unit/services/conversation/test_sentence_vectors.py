"""Sentences share runs by their pieces, and every one gets its own vector back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.sentence_vectors import _LONGER, _MOST_PIECES, _MOST_SENTENCES, _runs_of, vectors_of
from shared.rpc.call import Priority


class Lease:
    """An encoder whose pieces of a text are its code points and whose vector is their sum and count."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, ...]] = []

    async def __aenter__(self) -> Lease:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def run(self, items: Sequence[Any], priority: Priority) -> list[Any]:
        return [self._answer(item) for item in items]

    def _answer(self, item: Any) -> Any:
        if isinstance(item, tuple):
            return [np.array([ord(c) for c in text], np.int64) for text in item]
        ids = np.array([[ord(c) for c in item]]) if isinstance(item, str) else item
        self.runs.append(ids.shape)
        vectors = np.stack([ids.sum(axis=1), (ids != 0).sum(axis=1)], axis=1).astype(np.float32)
        return vectors[0] if isinstance(item, str) else vectors


class OneLease:
    def __init__(self) -> None:
        self.lease_of_all = Lease()

    async def lease(self, task: str) -> Lease:
        return self.lease_of_all


async def test_each_sentence_has_its_own_vector_in_its_place() -> None:
    runtime: Any = OneLease()
    sentences = ["ab" * (number % 37 + 1) + "xyz"[number % 3] for number in range(700)]
    rows = await vectors_of(runtime, Priority.BATCH)(sentences)
    assert np.array_equal(rows, [[sum(map(ord, text)), len(text)] for text in sentences])
    assert len(runtime.lease_of_all.runs) < 70  # 37 lengths, 512 pieces a run


async def test_few_sentences_go_one_by_one() -> None:
    runtime: Any = OneLease()
    assert (await vectors_of(runtime, Priority.BATCH)(["a", "bcd"])).tolist() == [[97, 1], [297, 3]]
    assert runtime.lease_of_all.runs == [(1, 1), (1, 3)]


@given(st.lists(st.integers(2, 256), max_size=300))
def test_runs_are_short_and_hold_little_padding(lengths: list[int]) -> None:
    runs = _runs_of(lengths)
    assert sorted(i for run in runs for i in run) == list(range(len(lengths)))
    for run in runs:
        longest, shortest = max(lengths[i] for i in run), min(lengths[i] for i in run)
        assert len(run) <= _MOST_SENTENCES
        assert len(run) * longest <= _MOST_PIECES
        assert longest <= _LONGER * shortest
