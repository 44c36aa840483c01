"""Sentences as unit vectors, by an ONNX encoder (Reimers and Gurevych 2019: the mean over the pieces' states)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.models.catalog import CatalogEntry

_LONGEST = 256  # pieces that are read: the encoder has no more positions
_LONGEST_TEXT = 4096  # characters that are tokenised at all

Pieces = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


class SentenceEncoder:
    """A text in, a unit vector (384,) float32 out. For many, in two steps: a tuple of texts in, a list of their pieces'
    ids (length,) out; ids (texts, length) in, 0 where a text has fewer, their vectors (texts, 384) out.
    """

    def __init__(self, directory: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # callers are the parallelism
        options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.enable_truncation(_LONGEST)

    def run(self, items: Sequence[str | tuple[str, ...] | Pieces]) -> list[Vectors | list[Pieces]]:
        """One item a run: the int8 activations are scaled by all that is in a run, company would change answers.

        The rows of ids do share a run: nearly twice as fast, and what they share depends on their caller alone.
        """
        return [self._answer(item) for item in items]

    def close(self) -> None:
        self._session = None

    def _answer(self, item: str | tuple[str, ...] | Pieces) -> Vectors | list[Pieces]:
        if isinstance(item, str):
            vector: Vectors = self._vectors(self._pieces(item)[None])[0]
            return vector
        if isinstance(item, tuple):
            return [self._pieces(text) for text in item]
        return self._vectors(item)

    def _pieces(self, text: str) -> Pieces:
        # The tokeniser refuses half characters.
        legible = text[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
        return np.array(self._tokenizer.encode(legible).ids, np.int64)

    def _vectors(self, ids: Pieces) -> Vectors:
        vectors: Vectors = self._session.run(None, {"ids": ids})[0]
        return vectors


def load(entry: CatalogEntry, directory: Path, device: str) -> SentenceEncoder:
    """Read ``model.onnx`` and ``tokenizer.json``."""
    return SentenceEncoder(directory)
