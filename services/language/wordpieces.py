"""Words as the tagger's encoder reads them: WordPiece ids, and the letter shape that an uncased vocabulary forgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NEWLINE = "\n"
SHAPES = 14
_PAD, _LOWER, _TITLE, _UPPER, _INITIAL, _MIXED, _DIGITS, _CODE, _MARK, _NEWLINE, _MENTION, _HASHTAG, _LINK, _CALLED = (
    range(SHAPES)
)
_LONGEST_WORD = 64  # characters of a word that are read; nobody's name is longer
_MOST_PIECES = 8
_CACHED_WORDS = 50_000


def shape_of(word: str) -> int:
    """Which of the ``SHAPES`` classes the letters of a word fall into."""
    first = word[0]
    if word == NEWLINE:
        return _NEWLINE
    if first == "@" and len(word) > 1:
        return _MENTION
    if first == "#" and len(word) > 1:
        return _HASHTAG
    if "://" in word or word.startswith("www.") or ("@" in word and "." in word):
        return _LINK
    if word.isdigit():
        return _DIGITS
    if word.islower():
        return _LOWER if not any(c.isdigit() for c in word) else _CODE
    if any(c.isdigit() for c in word):
        return _CODE
    if word.isupper():
        return _INITIAL if len(word.rstrip(".")) == 1 else _UPPER
    if first.isupper():
        return _TITLE if word[1:].islower() else _MIXED
    if any(c.isalpha() for c in word):
        return _MIXED if any(c.isupper() for c in word) else _CALLED
    return _MARK


@dataclass(frozen=True, slots=True)
class Pieces:
    """A window of words in the encoder's terms; ``starts[i]`` is the row of word i's first piece."""

    ids: list[int]
    shapes: list[int]
    starts: list[int]


class WordPieces:
    """Turns words into ``Pieces``; remembers the words it has seen (bounded)."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        first, last, unknown = (tokenizer.token_to_id(piece) for piece in ("[CLS]", "[SEP]", "[UNK]"))
        assert first is not None and last is not None and unknown is not None
        self._cls, self._sep, self._unknown = first, last, unknown
        self._known: dict[str, tuple[list[int], int]] = {}

    @classmethod
    def from_file(cls, path: Path) -> WordPieces:
        """Read a ``tokenizer.json``."""
        from tokenizers import Tokenizer  # compiled; loaded with the first engine that needs it

        return cls(Tokenizer.from_file(str(path)))

    def _word(self, word: str) -> tuple[list[int], int]:
        found = self._known.get(word)
        if found is None:
            # Half of a surrogate pair is no character: the tokeniser would refuse it.
            legible = word[:_LONGEST_WORD].encode("utf-8", "replace").decode()
            ids = self._tokenizer.encode(legible, add_special_tokens=False).ids[:_MOST_PIECES]
            found = (ids or [self._unknown], shape_of(word))
            if len(self._known) >= _CACHED_WORDS:
                self._known.clear()
            self._known[word] = found
        return found

    def encode(self, words: Sequence[str], most_pieces: int = _MOST_PIECES) -> Pieces:
        """The pieces of a window, between [CLS] and [SEP]; of each word at most ``most_pieces``."""
        ids, shapes, starts = [self._cls], [_PAD], []
        for word in words:
            pieces, shape = self._word(word)
            pieces = pieces[:most_pieces]
            starts.append(len(ids))
            ids.extend(pieces)
            shapes.extend([shape] * len(pieces))
        return Pieces([*ids, self._sep], [*shapes, _PAD], starts)
