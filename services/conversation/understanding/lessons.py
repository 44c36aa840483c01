"""What the engines that fine-tune an encoder take and give: lessons, in slices, and questions about what was learnt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Name of the task in the catalog.
FINE_TUNING = "fine-tune-encoder"

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Chosen = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Begin to learn; answered as a ``Slice``.

    ``labels``: each text's class, 0..classes - 1. ``aside``: which texts are told before they are learnt (n,).
    """

    name: str
    texts: Sequence[str]
    labels: Labels
    classes: int
    aside: Chosen


@dataclass(frozen=True, slots=True)
class Slice:
    """Go on for some tenths of a second with the lesson of that name: the share that is done, 0..1, or ``Learnt``."""

    name: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """``weights``: what a ``Question`` is answered by, as safetensors.

    ``told``: probabilities (aside, classes) of the texts that were aside, by what was learnt without them.
    """

    weights: bytes
    told: Matrix


@dataclass(frozen=True, slots=True)
class Question:
    """What a text means to a build: probabilities (classes,); None if the engine has to be given the weights."""

    build: str
    text: str
    weights: bytes | None = None


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What a build learnt of an encoder. ``model``: the encoder's id."""

    model: str
    learnt: Learnt


#: Texts, their labels, the number of classes, and which texts are aside.
FineTune = Callable[[Sequence[str], Labels, int, Chosen], Awaitable[FineTuned]]
#: An encoder's id and a text: the text's probabilities (classes,).
Tell = Callable[[str, str], Awaitable[Matrix]]
