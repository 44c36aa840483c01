"""Sentence vectors from the runtime, as understanding asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.conversation.understanding.meanings import SENTENCE_VECTORS
from services.conversation.understanding.training import Vectors
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime

#: Fewer sentences than this go one by one, so that company changes no answer.
_FEW = 16
#: Sentences that the engine is given as one item: a quarter of a second at most, for others wait that long.
_TOGETHER = 64
#: Sentences that are asked for at once: an instance of the engine that is done waits for the others only at the end.
_BATCH = 8192


def vectors_of(runtime: Runtime, priority: Priority) -> Vectors:
    """What turns sentences into unit vectors, one row each, by the best installed model."""

    async def vectors(sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        async with await runtime.lease(SENTENCE_VECTORS) as lease:
            if len(sentences) < _FEW:
                return np.asarray(await lease.run(list(sentences), priority), np.float32)
            # Sentences of like length together: the engine finds those of as many pieces among them.
            order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
            packs = [order[begin : begin + _TOGETHER] for begin in range(0, len(order), _TOGETHER)]
            rows: list[npt.NDArray[np.float32]] = []
            for begin in range(0, len(packs), _BATCH // _TOGETHER):
                some = packs[begin : begin + _BATCH // _TOGETHER]
                rows += await lease.run([tuple(sentences[i] for i in pack) for pack in some], priority)
        result = np.empty((len(sentences), rows[0].shape[1]), np.float32)
        result[order] = np.concatenate(rows)
        return result

    return vectors
