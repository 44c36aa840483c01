"""How the small sentiment model reads a text: lower-case words and marks, emoji by their names, as piece ids."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_WORD = re.compile(r"@user|https?(?=\b)|[^\W_]+|[^\w\s]|_")
_MENTION = re.compile(r"@\w+")
_LINK = re.compile(r"https?://\S+|www\.\S+")
_LONGEST_WORD = 40
_MOST_PIECES = 6
_CACHED_WORDS = 60_000


def spell_emoji(text: str) -> str:
    """Pictures as the words of their Unicode names (``smiling face with sunglasses``): a model of words reads them."""
    if text.isascii():
        return text
    out = []
    for character in text:
        if ord(character) < 0x2190:
            out.append(character)
        elif unicodedata.category(character) == "So":
            out.append(f" {unicodedata.name(character, '').lower().replace('-', ' ')} ")
        elif unicodedata.category(character) not in ("Mn", "Cf", "Sk"):
            out.append(character)
    return "".join(out)


class SentimentPieces:
    """Text -> piece ids; remembers the words it has seen (bounded): mostly a word costs one dictionary look-up."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, tuple[int, ...]] = {}
        self.unknown = self.piece("[UNK]")

    @classmethod
    def from_file(cls, path: Path) -> SentimentPieces:
        """Read a ``tokenizer.json``."""
        from tokenizers import Tokenizer  # compiled; loaded with the engine

        return cls(Tokenizer.from_file(str(path)))

    def piece(self, name: str) -> int:
        """The id of a special piece."""
        found = self._tokenizer.token_to_id(name)
        assert found is not None, name
        return found

    def ids(self, text: str) -> list[int]:
        """Piece ids of ``text``; people's handles and links count as ``@user`` and ``http``. Never empty."""
        if "@" in text:
            text = _MENTION.sub("@user", text)
        if "http" in text or "www." in text:
            text = _LINK.sub("http", text)
        known = self._known
        out: list[int] = []
        for word in _WORD.findall(spell_emoji(text).lower()):
            pieces = known.get(word)
            if pieces is None:
                pieces = self._remember(word)
            out.extend(pieces)
        return out or [self.unknown]

    def _remember(self, word: str) -> tuple[int, ...]:
        legible = word[:_LONGEST_WORD].encode("utf-8", "replace").decode()  # the tokeniser refuses half characters
        found = self._tokenizer.encode(legible, add_special_tokens=False).ids[:_MOST_PIECES]
        pieces = tuple(found) or (self.unknown,)
        if len(self._known) >= _CACHED_WORDS:
            self._known.clear()
        self._known[word] = pieces
        return pieces
