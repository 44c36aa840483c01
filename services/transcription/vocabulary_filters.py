"""Vocabulary filters: words of a request or a file, and what is done to them in a transcript."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.transcription.recognition import Alternative, Item, Segment
from shared import errors

MAX_BYTES = 50 * 1024
MAX_CHARACTERS = 256
MASK = "***"

Method = Literal["remove", "mask", "tag"]


@dataclass(frozen=True, slots=True)
class VocabularyFilter:
    """Words, folded as ``folded`` does, and what is done to them."""

    words: frozenset[str]
    method: Method

    def matches(self, item: Item) -> bool:
        """Whether the item is one of the words: the whole word, whatever its case."""
        return item.kind == "pronunciation" and folded(item.content) in self.words

    def apply(self, segment: Segment) -> Segment | None:
        """The segment with its words removed or masked; None when nothing is left. Tagged ones stay as they are."""
        if self.method == "tag":
            return segment
        readings = tuple(Alternative.of(self._items(one.items), one.confidence) for one in segment.alternatives)
        if not readings[0].items:
            return None
        return replace(segment, alternatives=tuple(one for one in readings if one.items))

    def _items(self, items: Sequence[Item]) -> tuple[Item, ...]:
        kept: list[Item] = []
        for item in items:
            if not self.matches(item):
                # A mark that follows a removed word belongs to the one before it, if there is one without a mark.
                if item.kind == "pronunciation" or (kept and kept[-1].kind == "pronunciation"):
                    kept.append(item)
            elif self.method == "mask":
                kept.append(replace(item, content=MASK))
        return tuple(kept)


def folded(word: str) -> str:
    """A word as filters compare it: without case and in one Unicode spelling."""
    return unicodedata.normalize("NFC", word).casefold().replace("’", "'")


def checked_words(words: Collection[str]) -> list[str]:
    """The words of a request, if they can be filtered. Raises ``InvalidArgument``."""
    if sum(len(word.encode()) + 1 for word in words) > MAX_BYTES:
        raise _invalid(f"It is larger than {MAX_BYTES} bytes.")
    for number, word in enumerate(words, start=1):
        if not word.strip():
            raise _invalid(f"Word {number} is empty.")
        if len(word) > MAX_CHARACTERS:
            raise _invalid(f"Word {number} has more than {MAX_CHARACTERS} characters.")
        if any(character.isspace() for character in word) or not word.isprintable():
            raise _invalid(f"Word {number} has a space: a filter takes single words.")
    if not words:
        raise _invalid("It has no words.")
    return list(words)


def words_of_file(data: bytes) -> list[str]:
    """The words of a file, one a line. Raises ``InvalidArgument``."""
    if len(data) > MAX_BYTES:
        raise _invalid(f"It is larger than {MAX_BYTES} bytes.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid("The file is not UTF-8.") from None
    return checked_words([line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line])


def _invalid(reason: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(f"The vocabulary filter cannot be used. {reason}", aws_code="BadRequestException")
