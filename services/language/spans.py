"""From class probabilities of words to labelled spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class WordSpan:
    """Words [first, last) of one type; ``score`` in 0..1 is the mean probability of that type over the words."""

    first: int
    last: int
    type: str
    score: float


def decode_spans(probabilities: npt.NDArray[np.float32], classes: Sequence[str]) -> list[WordSpan]:
    """Spans from probabilities (words, classes) over BIO classes (``O``, ``B-X``, ``I-X``; plain ``B``/``I`` too).

    A word belongs to the type with the largest sum of its B and I probabilities, if that exceeds O's. It begins a
    span when the word before is of another type, or when B is likelier than I.
    """
    types = list(dict.fromkeys(c[2:] for c in classes if c != "O"))
    begin = [classes.index(f"B-{t}" if t else "B") for t in types]
    inside = [classes.index(f"I-{t}" if t else "I") for t in types]
    outside = classes.index("O")
    mass = probabilities[:, begin] + probabilities[:, inside]
    best = mass.argmax(axis=1) if len(mass) else np.zeros(0, np.int64)
    spans: list[WordSpan] = []
    start = -1
    for i in range(len(probabilities) + 1):
        taken = i < len(probabilities) and mass[i, best[i]] > probabilities[i, outside]
        if start >= 0:
            continues = (
                taken
                and best[i] == best[start]
                and probabilities[i, inside[best[i]]] >= probabilities[i, begin[best[i]]]
            )
            if continues:
                continue
            kind = int(best[start])
            spans.append(WordSpan(start, i, types[kind], float(mass[start:i, kind].mean())))
            start = -1
        if taken:
            start = i
    return spans
