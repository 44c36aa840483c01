"""What the engines of this service take and give: a sentence in pieces of text and placeholders, and the same back.

A placeholder stands for something that must come through untouched (a customer's term, a tag, a link). Which one it is
is a number; how an engine writes it for its model is the engine's affair.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

#: The task's name in the catalog.
TRANSLATE = "translate-text"
#: Placeholders that one sentence may have.
MAX_PLACEHOLDERS = 8

#: One character six times, or a sequence of characters thrice.
_STUTTER = re.compile(r"(\w)\1{5,}|([^\s\d]{3,24}?)\2{2,}")

#: Words of a sequence that may stand twice in a row by chance, and of one that may not.
_SHORT, _LONG = range(1, 3), range(3, 9)

#: Text, and the numbers of placeholders, in order.
Parts = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence to translate, 1 to some 600 characters; languages are two-letter codes."""

    parts: Parts
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence's translation. ``complete``: it has each of the sentence's placeholders once, and repeats nothing
    endlessly; if not, the engine has tried all that it can."""

    parts: Parts
    complete: bool


class Translator(Protocol):
    """An engine of this task."""

    def run(self, items: Sequence[Sentence]) -> Sequence[Translation]: ...
    def close(self) -> None: ...


def placeholders(parts: Parts) -> Counter[int]:
    """The placeholders of a sentence, and how often each stands there."""
    return Counter(part for part in parts if isinstance(part, int))


def text_of(parts: Parts) -> str:
    """The text without its placeholders."""
    return "".join(part for part in parts if isinstance(part, str))


def endless(source: str, text: str) -> bool:
    """Whether a translation has got caught in a loop.

    One or two words thrice in a row, or three to eight twice, that the source does not have so; or far more text than
    the source can account for.
    """
    if len(text) > 40 + 3 * len(source) or (_STUTTER.search(text) and not _STUTTER.search(source)):
        return True
    return any(
        _longest_run(text, sizes) > max(most, _longest_run(source, sizes)) for sizes, most in ((_SHORT, 2), (_LONG, 1))
    )


def _longest_run(text: str, sizes: range) -> int:
    """How often in a row the most repeated sequence of so many words stands there."""
    words = _words(text)
    longest = 1
    for size in sizes:
        run = 1
        position = size
        while position + size <= len(words):
            if words[position : position + size] == words[position - size : position]:
                run += 1
                longest = max(longest, run)
                position += size
            else:
                run = 1
                position += 1
    return longest


def _words(text: str) -> list[str]:
    return [word.strip(".,;:!?…\"'").lower() for word in text.split()]


def without_repeats(text: str) -> str:
    """The text with every sequence of one to eight words that follows itself written once."""
    kept: list[str] = []
    for word in _STUTTER.sub(r"\1\2", text).split():
        kept.append(word)
        plain = _words(" ".join(kept[-2 * _LONG[-1] :]))
        for size in range(1, _LONG[-1] + 1):
            if len(plain) >= 2 * size and plain[-size:] == plain[-2 * size : -size]:
                del kept[-2 * size : -size]  # the later one has the sentence's final mark
                break
    return " ".join(kept)
