"""English spelling to phonemes, for words that no dictionary has.

Each letter gives a chunk of zero to three phonemes. Softmax regression over hashed features of the letters around it
and of the chunks before it; a beam search keeps the most probable pronunciations. The idea is Bisani and Ney's (2008)
joint sequence, the classifier in its place a linear one. Phonemes are ARPAbet without stress, as in the CMU dictionary.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Letters on each side that are looked at.
CONTEXT = 4
_EDGE = "#"
_BEAM = 8


def features(word: str, position: int, before: str, before_that: str, buckets: int) -> list[int]:
    """Rows of the table of weights for the letter at ``position``; ``before``: the chunks already chosen."""
    padded = _EDGE * CONTEXT + word + _EDGE * CONTEXT
    here = position + CONTEXT
    names = [f"{offset}{padded[here + offset]}" for offset in range(-CONTEXT, CONTEXT + 1)]
    for left in range(CONTEXT + 1):
        for right in range(CONTEXT + 1):
            if 1 <= left + right <= 5:
                names.append(f"{left}|{padded[here - left : here + right + 1]}")
    # Without a common name with the letters' own: "b" is a letter, "<B" a chunk.
    names.append(f"<{before}{padded[here]}")
    names.append(f"<{before}{padded[here : here + 2]}")
    names.append(f"<{before}{padded[here : here + 3]}")
    names.append(f"<<{before_that} {before}{padded[here]}")
    return [_bucket(name) % buckets for name in names]


@lru_cache(maxsize=1 << 18)
def _bucket(name: str) -> int:
    return zlib.crc32(name.encode())


@dataclass(frozen=True, slots=True)
class _Path:
    score: float
    chunks: tuple[str, ...]


class LettersToSounds:
    """Weights (buckets, chunks) as int8 with one scale."""

    def __init__(self, weights: NDArray[np.int8], scale: float, chunks: Sequence[str]) -> None:
        self._weights = weights
        self._scale = scale
        self._chunks = list(chunks)

    @classmethod
    def read(cls, directory: Path) -> LettersToSounds:
        """Read ``settings.json`` and ``weights.npz``."""
        settings = json.loads((directory / "settings.json").read_text(encoding="utf-8"))
        with np.load(directory / "weights.npz", allow_pickle=False) as archive:
            return cls(archive["weights"], settings["scale"], settings["chunks"])

    def pronounce(self, word: str, most: int = 3) -> list[tuple[tuple[str, ...], float]]:
        """Up to ``most`` pronunciations with their probabilities, the most probable first. Only letters a-z count."""
        letters = "".join(letter for letter in word.lower() if "a" <= letter <= "z")
        if not letters:
            return []
        paths = [_Path(0.0, ("", ""))]
        for position in range(len(letters)):
            longer: list[_Path] = []
            for path in paths:
                rows = features(letters, position, path.chunks[-1], path.chunks[-2], len(self._weights))
                logits = self._weights[rows].sum(axis=0, dtype=np.int32) * self._scale
                logits = logits - logits.max()
                logits = logits - math.log(float(np.exp(logits).sum()))
                for chunk in np.argsort(-logits)[:_BEAM].tolist():
                    longer.append(_Path(path.score + float(logits[chunk]), (*path.chunks, self._chunks[chunk])))
            paths = sorted(longer, key=lambda path: -path.score)[:_BEAM]
        found: dict[tuple[str, ...], float] = {}
        for path in paths:
            phonemes = tuple(" ".join(path.chunks).split())
            if phonemes:
                found[phonemes] = found.get(phonemes, 0.0) + math.exp(path.score)
        return sorted(found.items(), key=lambda item: -item[1])[:most]
