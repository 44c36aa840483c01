"""Sentence vectors from the runtime, as understanding asks for them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.conversation.understanding.meanings import SENTENCE_VECTORS
from services.conversation.understanding.training import Vectors
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime

#: Fewer sentences than this go one by one, so that company changes no answer.
_FEW = 16
#: Sentences that are cut into pieces as one item.
_CUT_TOGETHER = 512
#: Sentences, and pieces with padding, of one run: a tenth of a second, for others wait that long.
_MOST_SENTENCES, _MOST_PIECES = 32, 512
#: How much longer than the shortest sentence of its run another may be.
_LONGER = 1.25
#: Runs that are asked for at once: an instance of the engine that is done waits for the others only at the end.
_MOST_RUNS = 512

Pieces = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]


def vectors_of(runtime: Runtime, priority: Priority) -> Vectors:
    """What turns sentences into unit vectors, one row each, by the best installed model."""

    async def vectors(sentences: Sequence[str]) -> Matrix:
        async with await runtime.lease(SENTENCE_VECTORS) as lease:
            if len(sentences) < _FEW:
                return np.asarray(await lease.run(list(sentences), priority), np.float32)
            cuts = range(0, len(sentences), _CUT_TOGETHER)
            cut = await lease.run([tuple(sentences[begin : begin + _CUT_TOGETHER]) for begin in cuts], priority)
            pieces: list[Pieces] = list(itertools.chain.from_iterable(cut))
            runs = _runs_of([len(of_one) for of_one in pieces])
            rows: list[Matrix] = []
            for begin in range(0, len(runs), _MOST_RUNS):
                some = [_stacked([pieces[i] for i in run]) for run in runs[begin : begin + _MOST_RUNS]]
                rows += await lease.run(some, priority)
        result = np.empty((len(sentences), rows[0].shape[1]), np.float32)
        result[np.concatenate(runs)] = np.concatenate(rows)
        return result

    return vectors


def _runs_of(lengths: Sequence[int]) -> list[list[int]]:
    """Which sentences share a run: those of as many pieces, as padding costs as much as pieces do."""
    runs: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not runs or not _fits(lengths[i], len(runs[-1]), lengths[runs[-1][0]]):
            runs.append([])
        runs[-1].append(i)
    return runs


def _fits(length: int, sentences: int, shortest: int) -> bool:
    """Whether a sentence may join a run of so many, none of which is longer."""
    return sentences < _MOST_SENTENCES and (sentences + 1) * length <= _MOST_PIECES and length <= _LONGER * shortest


def _stacked(pieces: Sequence[Pieces]) -> Pieces:
    """Ids (sentences, length); 0 is padding."""
    ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
    for row, of_one in zip(ids, pieces, strict=True):
        row[: len(of_one)] = of_one
    return ids
