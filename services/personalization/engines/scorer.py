"""What every trained engine of this folder can be asked: scores of items for a history, and the best items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import faiss
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

#: From so many items on candidates come out of an index.
INDEXED_ITEMS = 20_000
#: Lists of the index that a search reads: a share of the lists that measured over 0.95 recall (README.md).
_PROBES = 32


@dataclass(frozen=True, slots=True)
class History:
    """Distinct items, and how much each counts (0..1]."""

    items: Ints
    weights: Vectors


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items and their scores, best first."""

    items: Ints
    scores: Vectors


class Scorer(Protocol):
    """A trained engine. ``engine``: its name in a model's file; ``items``: how many it knows.

    ``indexed``: candidates come out of an index, because there are too many items to score all.
    """

    engine: str

    @property
    def items(self) -> int: ...
    @property
    def indexed(self) -> bool: ...

    def scores(self, histories: Sequence[History]) -> Vectors:
        """Scores of all items [histories, items]."""

    def scores_of(self, history: History, items: Ints) -> Vectors:
        """Scores of some items [items]."""

    def candidates(self, history: History, count: int) -> Candidates:
        """The ``count`` best items, or nearly."""

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What a file keeps of it."""


def best(items: Ints, scores: Vectors, count: int) -> Candidates:
    """The ``count`` best of some items."""
    if count < len(scores):
        top = np.argpartition(-scores, count)[:count]
        items, scores = items[top], scores[top]
    order = np.argsort(-scores, kind="stable")
    return Candidates(items[order].astype(np.int64), scores[order])


def nearest(index: Any, user: Vectors, count: int) -> Candidates:
    """The ``count`` items that go best with a user's vector [d], or nearly, by an index of ``index_of``."""
    (scores,), (items,) = index.search(user[None], count)
    # Best first already; fewer than asked for come with -1 at the end.
    there = len(items) if items[-1] >= 0 else int((items >= 0).sum())
    return Candidates(items[:there], scores[:there])


def among(items: Ints, some: Ints) -> npt.NDArray[np.bool_]:
    """Which of ``items`` are among ``some``: numpy's isin takes five times as long for as few as a history has."""
    if not len(some):
        return np.zeros(len(items), bool)
    ordered = np.sort(some)
    found: npt.NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, items), len(ordered) - 1)] == items
    return found


def index_of(outputs: Vectors) -> Any:
    """Lists around k-means centres (Jegou, Douze, Schmid: Product Quantization, 2011, without the quantization)."""
    lists = int(4 * len(outputs) ** 0.5)
    dimension = outputs.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = 1
    index.cp.max_points_per_centroid = 64
    index.cp.niter = 8
    contiguous = np.ascontiguousarray(outputs)
    index.train(contiguous)
    index.add(contiguous)
    index.nprobe = _PROBES
    return index
