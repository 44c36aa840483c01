"""A search for the codes of a table that a phrase may name, for tables of tens of thousands of names.

It is lexical: the cosine of inverse-document-frequency weights (Sparck Jones 1972; Salton and Buckley 1988) between the
phrase and each name, by an inverted index.
"""

from __future__ import annotations

import collections
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:[.,]\d+)*")
#: Words that no name is told apart by.
_STOP = frozenset((
    "a", "an", "and", "at", "by", "for", "from", "in", "into", "is", "nos", "not", "of", "on", "or", "other", "the",
    "to", "with", "elsewhere", "classified", "due", "her", "his",
))  # fmt: skip
#: Names that are ranked for each code that is asked for: one code has many.
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a table and its title."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Name:
    """One of the names that lead to a code."""

    code: Code
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """A code and the cosine, 0..1, between the phrase and the code's nearest name."""

    code: Code
    cosine: float


class NameIndex:
    """Finds codes by name, in memory.

    ``unsaid``: words of titles for what a note leaves unsaid; they count a quarter of what others do. ``places``: words
    for where something is. A name that has words beside these two kinds is found only by one of them. ``rarity``: what
    a code's cosine is discounted by in the order of codes.
    """

    def __init__(
        self,
        names: Sequence[Name],
        unsaid: frozenset[str] = frozenset(),
        places: frozenset[str] = frozenset(),
        rarity: Callable[[Code], float] = lambda code: 0.0,
    ) -> None:
        self._names, self._unsaid, self._rarity = names, unsaid, rarity
        self._untelling = unsaid | places
        documents = [set(tokens(name.text)) for name in names]
        self._untold = np.array([document <= self._untelling for document in documents])
        frequency = collections.Counter(token for document in documents for token in document)
        self._weights = {token: math.log(1 + len(names) / count) for token, count in frequency.items()}
        postings: dict[str, list[int]] = collections.defaultdict(list)
        lengths = np.zeros(len(names))
        for row, document in enumerate(documents):
            for token in document:
                postings[token].append(row)
                lengths[row] += self._weight(token) ** 2
        self._postings = {token: np.array(rows, np.int32) for token, rows in postings.items()}
        self._lengths: npt.NDArray[np.float64] = np.sqrt(np.maximum(lengths, 1e-9))

    def _weight(self, token: str) -> float:
        weight = self._weights.get(token, 0.0)
        return weight / 4 if token in self._unsaid else weight

    def search(self, phrase: str, most: int = 5) -> list[Match]:
        """The ``most`` likeliest codes, best first."""
        wanted = set(tokens(phrase))
        known = [token for token in wanted if token in self._postings]
        if not known:
            return []
        scores = np.zeros(len(self._names))
        for token in known:
            scores[self._postings[token]] += self._weight(token) ** 2
        named = self._untold.copy()
        for token in known:
            if token not in self._untelling:
                named[self._postings[token]] = True
        scores[~named] = 0
        # A word that the table does not have could be any rare one.
        unknown = math.log(1 + len(self._names)) ** 2 * (len(wanted) - len(known))
        own = math.sqrt(sum(self._weight(token) ** 2 for token in known) + unknown)
        cosines = scores / (self._lengths * max(own, 1e-9))
        found: dict[str, Match] = {}
        for row in np.argsort(-cosines, kind="stable")[: most * _DEPTH]:
            name = self._names[row]
            if cosines[row] <= 0:
                break
            found.setdefault(name.code.code, Match(name.code, min(1.0, float(cosines[row]))))
        return sorted(found.values(), key=lambda match: self._rarity(match.code) - match.cosine)[:most]


def tokens(text: str) -> list[str]:
    """The words of a name that count, without plural and possessive endings."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP]


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
