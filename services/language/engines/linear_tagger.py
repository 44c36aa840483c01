"""Parts of speech by a linear model over hashed features (see ``hashed_features.py``): small, for several languages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.language.hashed_features import hashed_features
from services.language.sentences import split_sentences
from services.language.tasks import Document, TaggedToken
from services.language.tokens import Token, tokenise
from shared.models.catalog import CatalogEntry

_TOLD_AS = {"X": "O"}


class LinearTagger:
    """Implements ``SyntaxTagger``. One table of weights a language, (buckets, tags) as int8 with one scale."""

    def __init__(self, directory: Path) -> None:
        settings = json.loads((directory / "settings.json").read_text(encoding="utf-8"))
        self._tags: list[str] = settings["tags"]
        self._scales: dict[str, float] = settings["scales"]
        with np.load(directory / "weights.npz", allow_pickle=False) as archive:
            self._tables: dict[str, npt.NDArray[np.int8]] = {name: archive[name] for name in self._scales}

    def close(self) -> None:
        self._tables = {}

    def run(self, items: Sequence[Document]) -> list[list[TaggedToken]]:
        return [self._tag(item) for item in items]

    def probabilities(self, words: Sequence[str], language: str) -> npt.NDArray[np.float64]:
        """Probabilities (words, tags) of one sentence."""
        table = self._tables[language]
        rows = hashed_features(words, len(table))
        logits = table[rows].sum(axis=1, dtype=np.int32) * self._scales[language]
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: npt.NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
        return result

    def _tag(self, item: Document) -> list[TaggedToken]:
        tokens = tokenise(item.text, item.language)
        tagged: list[TaggedToken] = []
        for first, last in split_sentences(item.text, tokens):
            tagged.extend(self._tag_sentence(tokens[first:last], item.language))
        return tagged

    def _tag_sentence(self, tokens: Sequence[Token], language: str) -> list[TaggedToken]:
        probabilities = self.probabilities([t.text for t in tokens], language)
        best = probabilities.argmax(axis=1)
        return [
            TaggedToken(token, _TOLD_AS.get(self._tags[tag], self._tags[tag]), float(row[tag]))
            for token, tag, row in zip(tokens, best, probabilities, strict=True)
        ]


def load(entry: CatalogEntry, directory: Path, device: str) -> LinearTagger:
    """Read ``settings.json`` and ``weights.npz``."""
    return LinearTagger(directory)
