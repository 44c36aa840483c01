"""Words, pairs of words and letter n-grams of a text as one dense row (feature hashing, Weinberger et al. 2009)."""

from __future__ import annotations

import functools
import itertools
import math
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.conversation.understanding.words import words_of

COLUMNS = 1024
_LETTERS = 4
LETTER_WEIGHT = 0.5
_LONGEST_WORD = 24
_SIGN = 0x80000000
_TOGETHER = 2048  # texts whose rows are made at once

Rows = npt.NDArray[np.float32]
#: Hash and weight of each n-gram of a text, each once.
Hashes = Sequence[tuple[int, float]]


class Ngrams:
    """Which n-grams a bot's utterances have and how rare each is; the others of a text are not looked at."""

    def __init__(self, rarity: dict[int, float]) -> None:
        #: Hash of an n-gram -> its weight, by inverse document frequency.
        self.rarity = rarity

    @classmethod
    def learn(cls, hashed: Sequence[Hashes]) -> Ngrams:
        """From the ``hashes`` of each text."""
        counts = Counter(key for of_text in hashed for key, _ in of_text)
        return cls({key: math.log((1 + len(hashed)) / (1 + count)) + 1 for key, count in counts.items()})

    def rows(self, texts: Sequence[str]) -> Rows:
        """Unit rows (texts, ``COLUMNS``); a zero row where nothing is known."""
        return self.rows_of([hashes(text) for text in texts])

    def rows_of(self, hashed: Sequence[Hashes]) -> Rows:
        """``rows`` of texts of which only the hashes are kept."""
        rows = np.zeros((len(hashed), COLUMNS), np.float32)
        for begin in range(0, len(hashed), _TOGETHER):
            self._fill(rows[begin : begin + _TOGETHER], hashed[begin : begin + _TOGETHER])
        return rows

    def _fill(self, rows: Rows, hashed: Sequence[Hashes]) -> None:
        keys = np.array([key for of_text in hashed for key, _ in of_text], np.int64)
        weights = [weight * self.rarity.get(key, 0.0) for of_text in hashed for key, weight in of_text]
        signed = np.where(keys & _SIGN, 1, -1) * np.array(weights, np.float32)
        of_row = np.repeat(np.arange(len(hashed)), [len(of_text) for of_text in hashed])
        np.add.at(rows, (of_row, keys % COLUMNS), signed)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, lengths, out=rows, where=lengths > 0)


def hashes(text: str) -> Hashes:
    """Of words and pairs of words weight 1, of letter n-grams half of it."""
    words = [w.lower[:_LONGEST_WORD] for w in words_of(text)]
    seen = {_hash(f"2{a} {b}") for a, b in zip(["^", *words], [*words, "$"], strict=True)}
    letters: set[int] = set()
    for word in set(words):
        whole, of_letters = _of_word(word)
        seen.add(whole)
        letters |= of_letters
    # Sorted: sums of floats depend on their order, and sets have none.
    return [*zip(sorted(seen), itertools.repeat(1.0)), *zip(sorted(letters), itertools.repeat(LETTER_WEIGHT))]


@functools.lru_cache(maxsize=8192)
def _of_word(word: str) -> tuple[int, frozenset[int]]:
    """The hash of a word and those of its letter n-grams; a bot's utterances repeat their words."""
    framed = f"<{word}>"
    spelt = (framed[begin : begin + _LETTERS] for begin in range(len(framed) - _LETTERS + 1))
    return _hash(f"1{word}"), frozenset(_hash(f"4{letters}") for letters in spelt)


def _hash(ngram: str) -> int:
    return zlib.crc32(ngram.encode("utf-8", "replace"))
