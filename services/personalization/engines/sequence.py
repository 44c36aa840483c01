"""Serving a sequential model: the encoder that sasrec.py trained runs in ONNX Runtime, items are compared by numpy.

score(user, j) = encoder(items[history] * sqrt(d) + positions) . items[j]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from services.personalization.engines.scorer import (
    INDEXED_ITEMS,
    Candidates,
    History,
    Ints,
    Vectors,
    best,
    index_of,
    nearest,
)

SASREC = "sasrec"


class SequenceModel:
    """``vectors`` [items, d]; ``positions`` [length, d]; ``encoder``: an ONNX graph (tasks.py). A ``Scorer``.

    A history's order counts, its weights do not.
    """

    engine = SASREC

    def __init__(self, vectors: Vectors, positions: Vectors, encoder: bytes) -> None:
        self._vectors = vectors
        self._positions = positions
        self._encoder = encoder
        options = onnxruntime.SessionOptions()
        # One history is too little to share; requests come side by side.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(encoder, options, providers=["CPUExecutionProvider"])

    @cached_property
    def _index(self) -> Any:
        """Made when it is first needed: training asks for no candidates."""
        return index_of(self._vectors)

    @property
    def items(self) -> int:
        return len(self._vectors)

    @property
    def indexed(self) -> bool:
        """Whether candidates come out of an index, because there are too many items to score all."""
        return len(self._vectors) >= INDEXED_ITEMS

    def _user(self, history: History) -> Vectors:
        """The vector of a history of one item at least [d]."""
        length = len(self._positions)
        items = history.items[-length:]
        padding = length - len(items)
        scale = np.float32(self._vectors.shape[1] ** 0.5)
        window = self._positions.copy()
        window[padding:] += self._vectors[items] * scale
        (user,) = self._session.run(None, {"vectors": window[None], "barred": self._barred(padding)})
        vector: Vectors = user[0]
        return vector

    def _barred(self, padding: int) -> npt.NDArray[np.bool_]:
        """Where a place may not look [length, length]: ahead, and at padding other than itself."""
        places = np.arange(len(self._positions))
        ahead_or_padding = (places[None] > places[:, None]) | (places[None] < padding)
        barred: npt.NDArray[np.bool_] = ahead_or_padding & (places[None] != places[:, None])
        return barred

    def scores(self, histories: Sequence[History]) -> Vectors:
        """Scores of all items [histories, items]; zeros for an empty history."""
        users = [
            self._user(history) if len(history.items) else np.zeros(self._vectors.shape[1], np.float32)
            for history in histories
        ]
        scores: Vectors = np.stack(users) @ self._vectors.T
        return scores

    def scores_of(self, history: History, items: Ints) -> Vectors:
        """Scores of some items [items]."""
        scores: Vectors = self._vectors[items] @ self._user(history)
        return scores

    def candidates(self, history: History, count: int) -> Candidates:
        """The ``count`` best items, or nearly: out of the index where there are many items."""
        user = self._user(history)
        if not self.indexed:
            return best(np.arange(self.items), self._vectors @ user, count)
        return nearest(self._index, user, min(count, self.items))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What a file keeps of it."""
        return {
            "vectors": self._vectors,
            "positions": self._positions,
            "encoder": np.frombuffer(self._encoder, np.uint8),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> SequenceModel:
        """Read what ``arrays`` gave."""
        model = cls(arrays["vectors"], arrays["positions"], arrays["encoder"].tobytes())
        if model.indexed:
            _ = model._index  # as linear.py has it
        return model
