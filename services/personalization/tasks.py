"""What the engines that train in an environment of their own take and give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

#: The task's name in the catalog.
FACTORIZE = "train-item-factors"


@dataclass(frozen=True, slots=True)
class Factorization:
    """Distinct interactions to factorize: of user u ``items[offsets[u]:offsets[u + 1]]``.

    ``confidence``: what an interaction weighs beside the 1 of every other cell (c of Hu, Koren, Volinsky 2008).
    """

    offsets: npt.NDArray[Any]
    items: npt.NDArray[Any]
    item_count: int
    factors: int
    regularization: float
    confidence: float
    iterations: int


@dataclass(frozen=True, slots=True)
class ItemFactors:
    """``items`` [items, factors], float32."""

    items: npt.NDArray[Any]


class Factorizer(Protocol):
    """An engine of this task."""

    def run(self, items: Sequence[Factorization]) -> Sequence[ItemFactors]: ...
    def close(self) -> None: ...
