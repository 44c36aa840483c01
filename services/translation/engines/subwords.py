"""How models write sentences: SentencePiece pieces, and where they want languages and placeholders to stand."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from services.translation.tasks import MAX_PLACEHOLDERS, Parts, Sentence
from shared import errors
from shared.models.catalog import CatalogEntry

_END = "</s>"
#: SentencePiece's sign for a space.
_SPACE = "\u2581"
#: What a vocabulary may lack, and the sign that says the same.
_ALIKE = dict(zip("”‟‛‚‹›‐‑‒―", "\"\"''«»---—", strict=True))


class Subwords(Protocol):
    """The text side of a model."""

    def encode(self, sentence: Sentence) -> list[str]:
        """The model's input."""

    def prefix(self, sentence: Sentence) -> list[str]:
        """What the translation must begin with; left out of ``decode``."""

    def decode(self, tokens: Sequence[str], sentence: Sentence) -> Parts:
        """Text and placeholders of the model's output."""


class SharedSubwords:
    """One vocabulary for all languages, with signs for the target language and for placeholders: our own models."""

    def __init__(self, directory: Path, tag: str) -> None:
        self._pieces = _sentencepiece(directory / "vocabulary.model")
        self._tag = tag
        self._written = functools.lru_cache(maxsize=8192)(self._known)

    def encode(self, sentence: Sentence) -> list[str]:
        text = "".join(part if isinstance(part, str) else f"<t{part}>" for part in sentence.parts)
        if not text.isascii():
            text = "".join(map(self._written, text))
        tag = [self._tag.format(target=sentence.target)] if self._tag else []
        return [*tag, *self._pieces.encode(text, out_type=str), _END]

    def prefix(self, sentence: Sentence) -> list[str]:
        return []

    def decode(self, tokens: Sequence[str], sentence: Sentence) -> Parts:
        return _parts(self._pieces.decode(list(tokens)), re.compile(rf"<t([0-{MAX_PLACEHOLDERS - 1}])>"))

    def _known(self, character: str) -> str:
        """The character; where the vocabulary lacks it, one that says the same and that it has: ” is ", Î is î."""
        unknown = self._pieces.unk_id()
        alike = (character, _ALIKE.get(character, character.lower()))
        return next((one for one in alike if unknown not in self._pieces.encode(one)), character)


class _Spelled:
    """Placeholders for models that know none: a made-up word that most models copy. What comes back is checked."""

    word = "QX{number}"
    pattern = re.compile(rf"QX\s?([0-{MAX_PLACEHOLDERS - 1}])(?!\d)")

    @classmethod
    def text(cls, parts: Parts) -> str:
        return "".join(part if isinstance(part, str) else cls.word.format(number=part) for part in parts)


class MarianSubwords:
    """Marian checkpoints of the OPUS-MT kind: pieces for each side, ``>>fra<<`` where there are several targets."""

    def __init__(self, directory: Path, tags: Mapping[str, str]) -> None:
        self._source = _sentencepiece(directory / "source.spm")
        self._target = _sentencepiece(directory / "target.spm")
        self._tags = tags

    def encode(self, sentence: Sentence) -> list[str]:
        tag = [self._tags[sentence.target]] if sentence.target in self._tags else []
        return [*tag, *self._source.encode(_Spelled.text(sentence.parts), out_type=str), _END]

    def prefix(self, sentence: Sentence) -> list[str]:
        return []

    def decode(self, tokens: Sequence[str], sentence: Sentence) -> Parts:
        return _parts(self._target.decode(list(tokens)), _Spelled.pattern)


class NllbSubwords:
    """NLLB checkpoints: one model, and a code such as ``fra_Latn`` before either side."""

    def __init__(self, directory: Path, codes: Mapping[str, str]) -> None:
        self._pieces = _sentencepiece(directory / "sentencepiece.bpe.model")
        self._codes = codes

    def encode(self, sentence: Sentence) -> list[str]:
        text = _Spelled.text(sentence.parts)
        return [self._codes[sentence.source], *self._pieces.encode(text, out_type=str), _END]

    def prefix(self, sentence: Sentence) -> list[str]:
        return [self._codes[sentence.target]]

    def decode(self, tokens: Sequence[str], sentence: Sentence) -> Parts:
        known = set(self._codes.values())
        return _parts(self._pieces.decode([token for token in tokens if token not in known]), _Spelled.pattern)


def open_subwords(entry: CatalogEntry, directory: Path) -> Subwords:
    """The text side that the entry's option ``subwords`` names: shared, marian or nllb.

    Raises:
        FailedPrecondition: there is no such kind, or a file of it is not there.
    """
    kind = entry.options.get("subwords", "shared")
    if kind == "shared":
        return SharedSubwords(directory, str(entry.options.get("target_tag", "")))
    codes = dict(_assignment(row) for row in _rows(entry, "codes"))
    if kind == "marian":
        return MarianSubwords(directory, codes)
    if kind == "nllb":
        return NllbSubwords(directory, codes)
    raise errors.FailedPrecondition(f"{entry.id}: there are no subwords of the kind {kind}.")


def _rows(entry: CatalogEntry, option: str) -> list[str]:
    value = entry.options.get(option, [])
    return value if isinstance(value, list) else str(value).split(",")


def _assignment(row: str) -> tuple[str, str]:
    name, _, value = row.partition("=")
    return name.strip(), value.strip()


def _sentencepiece(path: Path) -> Any:
    import sentencepiece

    if not path.is_file():
        raise errors.FailedPrecondition(f"The model's folder has no {path.name}.")
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def _parts(text: str, placeholder: re.Pattern[str]) -> Parts:
    """A decoded text taken apart at its placeholders."""
    text = text.replace(_SPACE, " ").strip()  # left where a piece is the other side's alone
    parts: list[str | int] = []
    position = 0
    for found in placeholder.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        parts.append(int(found[1]))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)
