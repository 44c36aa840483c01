"""Models in which a user is the sum of what the user did: EASE and matrix factorization give one of these.

    score(user, j) = vector(history) . outputs[j] - weight(j) * own[j]

A new interaction is one more summand, so it counts at the next request, without training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

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

#: Rows up to which BLAS multiplies a matrix by itself on the thread that asks.
_ALONE = 100


class LinearModel:
    """``inputs`` [items, d]; ``outputs`` [items, d], None = the identity; ``own`` [items], None = zeros.

    ``gram`` [d, d] with ``confidence`` and ``regularization``: the user's vector is not the plain sum but the least
    squares solution for the history (Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, 2008,
    equation 4), with the history's weights in place of the preferences 1.
    """

    def __init__(
        self,
        engine: str,
        inputs: Vectors,
        outputs: Vectors | None = None,
        own: Vectors | None = None,
        gram: Vectors | None = None,
        confidence: float = 0.0,
    ) -> None:
        self.engine = engine
        self.inputs = inputs
        self.outputs = outputs
        self.own = own
        self.gram = gram
        self.confidence = confidence

    @cached_property
    def _index(self) -> Any:
        """Made when it is first needed: training compares many models, and asks none for candidates."""
        assert self.outputs is not None
        assert self.outputs is not None
        return index_of(self.outputs)

    @property
    def items(self) -> int:
        return len(self.inputs)

    @property
    def indexed(self) -> bool:
        """Whether candidates come out of an index, because there are too many items to score all."""
        return self.outputs is not None and len(self.outputs) >= INDEXED_ITEMS

    def vectors(self, histories: Sequence[History]) -> Vectors:
        """One vector a history [histories, d]."""
        return np.stack([self._vector(one) for one in histories])

    def _vector(self, history: History) -> Vectors:
        rows = self.inputs[history.items]
        if self.gram is None:
            summed: Vectors = history.weights @ rows
            return summed
        # The library's confidence is that of an interaction, beside 1 of everything else; weights are preferences.
        left = self.gram + (self.confidence - 1) * _products(rows)
        solution: Vectors = np.linalg.solve(left, self.confidence * (history.weights @ rows)).astype(np.float32)
        return solution

    def scores(self, histories: Sequence[History]) -> Vectors:
        """Scores of all items [histories, items]."""
        vectors = self.vectors(histories)
        scores = vectors if self.outputs is None else vectors @ self.outputs.T
        if self.own is not None:
            for row, history in zip(scores, histories, strict=True):
                row[history.items] -= history.weights * self.own[history.items]
        return scores

    def scores_of(self, history: History, items: Ints) -> Vectors:
        """Scores of some items [items]."""
        vector = self._vector(history)
        scores: Vectors = vector[items] if self.outputs is None else self.outputs[items] @ vector
        return self._without_own(history, items, scores)

    def candidates(self, history: History, count: int) -> Candidates:
        """The ``count`` best items, or nearly: out of the index where there are many items."""
        if not self.indexed:
            return best(np.arange(self.items), self.scores([history])[0], count)
        found = nearest(self._index, self._vector(history), min(count, self.items))
        if self.own is None:
            return found
        return best(found.items, self._without_own(history, found.items, found.scores), count)

    def _without_own(self, history: History, items: Ints, scores: Vectors) -> Vectors:
        """Scores without what an item of the history says for itself."""
        if self.own is None:
            return scores
        own = dict(zip(history.items.tolist(), (history.weights * self.own[history.items]).tolist(), strict=True))
        return scores - np.array([own.get(int(item), 0.0) for item in items], np.float32)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What a file keeps of it."""
        named = {"inputs": self.inputs, "outputs": self.outputs, "own": self.own, "gram": self.gram}
        # Where they are one array, it is written once.
        same = self.outputs is self.inputs
        kept = {name: array for name, array in named.items() if array is not None and not (same and name == "outputs")}
        return kept | {"same": np.array(same), "confidence": np.array(self.confidence)}

    @classmethod
    def of_arrays(cls, engine: str, arrays: Mapping[str, npt.NDArray[Any]]) -> LinearModel:
        """Read what ``arrays`` gave."""
        outputs = arrays["inputs"] if bool(arrays["same"]) else arrays.get("outputs")
        model = cls(
            engine, arrays["inputs"], outputs, arrays.get("own"), arrays.get("gram"), float(arrays["confidence"])
        )
        if model.indexed:
            _ = model._index  # whoever reads a file is about to answer by it, and the first to ask should not wait
        return model


def _products(rows: Vectors) -> Vectors:
    """rows' rows, in pieces that are each done on this thread.

    From some more rows on BLAS shares the work with its own threads. These have to be given a processor first, which
    takes far longer than the work where others want it, too.
    """
    products: Vectors = rows[:_ALONE].T @ rows[:_ALONE]
    for begin in range(_ALONE, len(rows), _ALONE):
        part = rows[begin : begin + _ALONE]
        products += part.T @ part
    return products
