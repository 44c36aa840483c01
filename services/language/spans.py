"""From class probabilities of words to labelled spans."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.language.tasks import TextSpan
from services.language.tokens import CLOSED_CLASS


@dataclass(frozen=True, slots=True)
class WordSpan:
    """Words [first, last) of one type; ``score`` in 0..1 is the mean probability of that type over the words."""

    first: int
    last: int
    type: str
    score: float


class Stretches:
    """Stretches [begin, end) of a text that do not overlap, kept in order: look-ups take logarithmic time."""

    def __init__(self, stretches: Iterable[tuple[int, int]] = ()) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        for begin, end in stretches:
            self.add(begin, end)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._begins, self._ends, strict=True)

    def touching(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Those that share a character with [begin, end), in order."""
        first, last = bisect_right(self._ends, begin), bisect_left(self._begins, end)
        return list(zip(self._begins[first:last], self._ends[first:last], strict=True))

    def add(self, begin: int, end: int) -> bool:
        """Keep [begin, end) and say so, unless it is empty or overlaps one that is kept."""
        place = bisect_right(self._ends, begin)
        if begin >= end or (place < len(self._begins) and self._begins[place] < end):
            return False
        self._begins.insert(place, begin)
        self._ends.insert(place, end)
        return True


def unsurpassed(spans: Iterable[TextSpan], others: Sequence[TextSpan]) -> list[TextSpan]:
    """The spans that none of ``others`` touches with a higher score; ``others`` are in order."""
    kept = []
    for span in spans:
        first = bisect_right(others, span.begin, key=lambda other: other.end)
        last = bisect_left(others, span.end, key=lambda other: other.begin)
        if not any(other.score > span.score for other in others[first:last]):
            kept.append(span)
    return kept


#: What ends a word before a name ("Potter's Stone"), and may end one ("McDonald's").
_CLITICS = frozenset(("'s", "\u2019s"))


def trimmed(words: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Words [first, last) without those of closed classes at the ends, nor a clitic at the beginning; may be empty."""
    while first < last and (words[first] in CLOSED_CLASS or words[first] in _CLITICS):
        first += 1
    while first < last and words[last - 1] in CLOSED_CLASS:
        last -= 1
    return first, last


def decode_spans(
    probabilities: npt.NDArray[np.float32], classes: Sequence[str], names: Sequence[str] | None = None
) -> list[WordSpan]:
    """Spans from probabilities (words, classes) over BIO classes (``O``, ``B-X``, ``I-X``; plain ``B``/``I`` too).

    A word belongs to the type with the largest sum of its B and I probabilities, if that exceeds O's. It begins a
    span when the word before is of another type, or when B is likelier than I. ``names`` are the words where the spans
    are names: then no span begins or ends with a word of a closed class, and none of the score comes from such words.
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
            first, last = (start, i) if names is None else trimmed(names, start, i)
            if first < last:
                spans.append(WordSpan(first, last, types[kind], float(mass[first:last, kind].mean())))
            start = -1
        if taken:
            start = i
    return spans
