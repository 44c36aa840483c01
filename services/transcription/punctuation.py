"""Punctuation and capitals for words as they are said: two softmax regressions over hashed features, left to right.

The features of a word are the words around it, their endings, and the beginning of its sentence, which is known by
then: "do you" at the beginning makes a question mark at the end likely. Pauses count beside the words, not as features,
for the text that the weights were trained on has none.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from services.transcription.tasks import Casing, SpokenWords, Style

MARKS = ("", ",", ".", "?")
CASINGS: tuple[Casing, ...] = get_args(Casing)
_ENDS = (".", "?")
_NOTHING = "#"

#: Added to the log-odds of a mark after a word, by the pause that follows: (at least so many seconds, comma, end).
#: Read speech: bench/recognition.py.
_PAUSES = ((0.45, 1.5, 2.5), (0.2, 1.0, 0.5), (0.08, -0.5, -1.5), (0.0, -1.5, -3.0))


def mark_features(words: Sequence[str], at: int, sentence: int) -> list[str]:
    """Names of the features of the mark after ``words[at]``, of a sentence that begins at ``sentence``."""
    near = {offset: _word(words, at + offset) for offset in range(-2, 4)}
    length = at - sentence
    first = f"{_word(words, sentence)}" if length >= 0 else _NOTHING
    second = _word(words, sentence + 1) if length >= 1 else _NOTHING
    names = [f"{offset}={word}" for offset, word in near.items()]
    names += [f"{offset}~{near[offset][-3:]}" for offset in (-1, 0, 1, 2)]
    names += [
        f"-1,0={near[-1]} {near[0]}",
        f"0,1={near[0]} {near[1]}",
        f"1,2={near[1]} {near[2]}",
        f"2,3={near[2]} {near[3]}",
        f"0,1,2={near[0]} {near[1]} {near[2]}",
        f"-1,0,1={near[-1]} {near[0]} {near[1]}",
        f"1,2,3={near[1]} {near[2]} {near[3]}",
        f"~0,1={near[0][-3:]} {near[1]}",
        f"length={min(length, 12)}",
        f"first={first}",
        f"first,second={first} {second}",
        f"first,1={first} {near[1]}",
        f"first,second,length={first} {second} {min(length, 4)}",
        "bias",
    ]
    return names


def casing_features(words: Sequence[str], at: int) -> list[str]:
    """Names of the features of how ``words[at]`` is written in the middle of a sentence."""
    near = {offset: _word(words, at + offset) for offset in range(-2, 3)}
    return [
        *(f"{offset}={near[offset]}" for offset in (-1, 0, 1)),
        f"-1,0={near[-1]} {near[0]}",
        f"0,1={near[0]} {near[1]}",
        f"-2,-1,0={near[-2]} {near[-1]} {near[0]}",
        f"0,1,2={near[0]} {near[1]} {near[2]}",
        f"~0={near[0][-3:]}",
        f"~0={near[0][-2:]}",
        f"0~={near[0][:3]}",
        f"long={min(len(near[0]), 8)}",
        "bias",
    ]


def rows(names: Sequence[str], buckets: int) -> list[int]:
    """Rows of a table of weights for feature names."""
    return [_hash(name) % buckets for name in names]


@lru_cache(maxsize=1 << 16)
def _hash(name: str) -> int:
    return zlib.crc32(name.encode())


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else _NOTHING


class LinearPunctuator:
    """Weights (buckets, marks) and (buckets, casings) as int8, each with one scale. Implements ``Punctuator``."""

    def __init__(
        self, marks: NDArray[np.int8], casings: NDArray[np.int8], mark_scale: float, casing_scale: float
    ) -> None:
        self._marks = marks
        self._casings = casings
        self._mark_scale = mark_scale
        self._casing_scale = casing_scale

    @classmethod
    def read(cls, directory: Path) -> LinearPunctuator:
        """Read ``settings.json`` and ``weights.npz``."""
        settings = json.loads((directory / "settings.json").read_text(encoding="utf-8"))
        with np.load(directory / "weights.npz", allow_pickle=False) as archive:
            return cls(archive["marks"], archive["casings"], settings["mark_scale"], settings["casing_scale"])

    def run(self, items: Sequence[SpokenWords]) -> list[list[Style]]:
        return [self.styles(item) for item in items]

    def close(self) -> None:
        """There is nothing to free."""

    def styles(self, item: SpokenWords, *, hear_pauses: bool = True) -> list[Style]:
        """How each word is written, and the mark after it. Words that have capitals already keep them."""
        words = [word.lower() for word in item.words]
        styles: list[Style] = []
        sentence = 0
        begins = item.begins
        for at, word in enumerate(item.words):
            logits = self._marks[rows(mark_features(words, at, sentence), len(self._marks))].sum(axis=0, dtype=np.int32)
            scores = logits * self._mark_scale
            if hear_pauses:
                scores = scores + _pause_scores(item.pauses[at])
            mark = MARKS[int(scores.argmax())]
            casing = self._casing(words, at)
            if begins and casing == "lower":
                casing = "capital"
            styles.append(Style("lower" if word != words[at] else casing, mark))
            begins = mark in _ENDS
            if begins:
                sentence = at + 1
        return styles

    def _casing(self, words: Sequence[str], at: int) -> Casing:
        chosen = self._casings[rows(casing_features(words, at), len(self._casings))]
        return CASINGS[int(chosen.sum(axis=0, dtype=np.int32).argmax())]


def _pause_scores(seconds: float) -> NDArray[np.float64]:
    _, comma, end = next(row for row in _PAUSES if seconds >= row[0] or row[0] == 0.0)
    return np.array([0.0, comma, end, end])
