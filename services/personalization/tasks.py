"""What the engines that train in an environment of their own take and give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

#: The tasks' names in the catalog.
FACTORIZE = "train-item-factors"
TRAIN_SEQUENCES = "train-item-sequences"


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


@dataclass(frozen=True, slots=True)
class Sequences:
    """Users' distinct items to foretell each from those before it: of user u ``items[offsets[u]:offsets[u + 1]]``.

    ``length``: items that the model looks back at. ``epochs``: passes over the data, None = until the newest items of
    some users, kept apart for that, are foretold no better.
    """

    offsets: npt.NDArray[Any]
    items: npt.NDArray[Any]
    item_count: int
    dimension: int
    length: int
    epochs: int | None


@dataclass(frozen=True, slots=True)
class TrainedSequences:
    """``items`` [items, d] and ``positions`` [length, d], float32, the last for the newest item.

    ``encoder``: an ONNX graph from ``vectors``, items and positions added up [1, length, d], and ``barred``, where a
    place may not look [length, length], to the user's vector [1, d]. ``epochs``: how many passes it took.
    """

    items: npt.NDArray[Any]
    positions: npt.NDArray[Any]
    encoder: bytes
    epochs: int


class Factorizer(Protocol):
    """An engine of ``FACTORIZE``."""

    def run(self, items: Sequence[Factorization]) -> Sequence[ItemFactors]: ...
    def close(self) -> None: ...


class SequenceTrainer(Protocol):
    """An engine of ``TRAIN_SEQUENCES``."""

    def run(self, items: Sequence[Sequences]) -> Sequence[TrainedSequences]: ...
    def close(self) -> None: ...
