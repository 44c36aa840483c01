"""Text as words with their places."""

from __future__ import annotations

from dataclasses import dataclass

import regex

#: Letters (with inner apostrophes), digits, or one mark.
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*(?:['\u2019]\p{L}+)*|\p{N}+|[^\s\p{L}\p{N}]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or mark: ``begin`` and ``end`` are code points of the text; ``lower`` is how it is compared."""

    begin: int
    end: int
    text: str
    lower: str


def words_of(text: str) -> list[Word]:
    """The words and marks of ``text``, in order. "U-Bahn 4th" -> U, -, Bahn, 4, th."""
    return [Word(m.start(), m.end(), m[0], m[0].lower().replace("\u2019", "'")) for m in _WORD.finditer(text)]


def compared(text: str) -> str:
    """How two phrases are compared: words in lower case, without marks, one space between."""
    return " ".join(w.lower for w in words_of(text) if w.lower[0].isalnum())
