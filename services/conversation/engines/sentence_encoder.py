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
_TOGETHER = 16  # texts of a tuple that share a run

Vectors = npt.NDArray[np.float32]


class SentenceEncoder:
    """A text in, a unit vector (384,) float32 out; or a tuple of texts in, their vectors (texts, 384) out."""

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

    def run(self, items: Sequence[str | tuple[str, ...]]) -> list[Vectors]:
        """One item a run: the int8 activations are scaled by all that is in a run, company would change answers.

        The texts of a tuple do share runs: nearly twice as fast, and what they share depends on their caller alone.
        """
        return [self._run(self._pieces((item,)))[0] if isinstance(item, str) else self._vectors(item) for item in items]

    def close(self) -> None:
        self._session = None

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        # The tokeniser refuses half characters.
        return [self._tokenizer.encode(t[:_LONGEST_TEXT].encode("utf-8", "replace").decode()).ids for t in texts]

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        pieces = self._pieces(texts)
        # Texts of as many pieces together: padding costs as much as pieces do.
        order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
        runs = [order[begin : begin + _TOGETHER] for begin in range(0, len(order), _TOGETHER)]
        rows = np.concatenate([self._run([pieces[i] for i in some]) for some in runs])
        vectors: Vectors = np.empty_like(rows)
        vectors[order] = rows
        return vectors

    def _run(self, pieces: Sequence[Sequence[int]]) -> Vectors:
        ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)  # 0 is padding
        for row, found in zip(ids, pieces, strict=True):
            row[: len(found)] = found
        vectors: Vectors = self._session.run(None, {"ids": ids})[0]
        return vectors


def load(entry: CatalogEntry, directory: Path, device: str) -> SentenceEncoder:
    """Read ``model.onnx`` and ``tokenizer.json``."""
    return SentenceEncoder(directory)
