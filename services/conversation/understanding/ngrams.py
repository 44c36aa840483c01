"""Words, pairs of words and letter n-grams of a text as one dense row (feature hashing, Weinberger et al. 2009)."""

from __future__ import annotations

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
        counts: Counter[int] = Counter()
        for of_text in hashed:
            counts.update(key for key, _ in of_text)
        return cls({key: math.log((1 + len(hashed)) / (1 + count)) + 1 for key, count in counts.items()})

    def rows(self, texts: Sequence[str]) -> Rows:
        """Unit rows (texts, ``COLUMNS``); a zero row where nothing is known."""
        return self.rows_of([hashes(text) for text in texts])

    def rows_of(self, hashed: Sequence[Hashes]) -> Rows:
        """``rows`` of texts of which only the hashes are kept."""
        rows = np.zeros((len(hashed), COLUMNS), np.float32)
        for row, of_text in zip(rows, hashed, strict=True):
            for key, weight in of_text:
                rarity = self.rarity.get(key)
                if rarity is not None:
                    row[key % COLUMNS] += weight * rarity if key & _SIGN else -weight * rarity
            length = float(np.linalg.norm(row))
            if length > 0:
                row /= length
        return rows


def hashes(text: str) -> Hashes:
    """Of words and pairs of words weight 1, of letter n-grams half of it."""
    words = [w.lower[:_LONGEST_WORD] for w in words_of(text)]
    seen = {zlib.crc32(f"1{word}".encode("utf-8", "replace")) for word in words}
    seen |= {
        zlib.crc32(f"2{a} {b}".encode("utf-8", "replace")) for a, b in zip(["^", *words], [*words, "$"], strict=True)
    }
    letters = set()
    for word in set(words):
        framed = f"<{word}>"
        for begin in range(len(framed) - _LETTERS + 1):
            letters.add(zlib.crc32(f"4{framed[begin : begin + _LETTERS]}".encode("utf-8", "replace")))
    # Sorted: sums of floats depend on their order, and sets have none.
    return [*((key, 1.0) for key in sorted(seen)), *((key, LETTER_WEIGHT) for key in sorted(letters))]
