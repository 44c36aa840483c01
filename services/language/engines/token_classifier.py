"""The ONNX token classifier behind syntax, key phrases, entities and personal data: one encoder, several heads.

The four tasks share one loaded model: whichever is leased first loads it, and it is freed with the last.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.language.wordpieces import Pieces, WordPieces

Probabilities = npt.NDArray[np.float32]
_LARGEST_BATCH_PIECES = 2048  # a batch's padded size: bounds memory, whatever comes in
_LONGEST_WINDOW = 384  # pieces; the encoder has positions for 512
_loaded: weakref.WeakValueDictionary[Path, TokenClassifier] = weakref.WeakValueDictionary()
_loading = threading.Lock()


class TokenClassifier:
    """Word windows in, class probabilities for each word out."""

    def __init__(self, directory: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the runtime's batches are the parallelism
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._pieces = WordPieces.from_file(directory / "tokenizer.json")
        settings = json.loads((directory / "heads.json").read_text(encoding="utf-8"))
        #: Class names of each head.
        self.heads: dict[str, list[str]] = settings["heads"]
        #: Softmax temperature of each head, fitted on held-out data so that a probability is one.
        self._temperatures: dict[str, float] = settings["temperatures"]

    @classmethod
    def shared(cls, directory: Path) -> TokenClassifier:
        """The classifier of this folder, loaded once a process."""
        key = directory.resolve()
        with _loading:
            found = _loaded.get(key)
            if found is None:
                found = cls(key)
                _loaded[key] = found
            return found

    def classify(self, windows: Sequence[Sequence[str]], head: str) -> list[Probabilities]:
        """For each window of words the head's probabilities, (words, classes)."""
        coded = [self._encode(words) for words in windows]
        answers: list[Probabilities] = [np.zeros((0, len(self.heads[head])), np.float32)] * len(windows)
        order = sorted((i for i in range(len(coded)) if windows[i]), key=lambda i: len(coded[i].ids))
        for rows in _batches(order, coded):
            width = len(coded[rows[-1]].ids)
            ids = np.zeros((len(rows), width), np.int64)
            shapes = np.zeros((len(rows), width), np.int64)
            for row, i in enumerate(rows):
                ids[row, : len(coded[i].ids)] = coded[i].ids
                shapes[row, : len(coded[i].shapes)] = coded[i].shapes
            (logits,) = self._session.run([head], {"ids": ids, "shapes": shapes})
            for row, i in enumerate(rows):
                answers[i] = _softmax(logits[row, coded[i].starts] / self._temperatures[head])
        return answers

    def _encode(self, words: Sequence[str]) -> Pieces:
        pieces = self._pieces.encode(words)
        if len(pieces.ids) <= _LONGEST_WINDOW:
            return pieces
        # Words of many pieces each (digits, foreign scripts): keep the first pieces of every word only.
        return self._pieces.encode(words, most_pieces=max(1, (_LONGEST_WINDOW - 2) // len(words)))


def _batches(order: Sequence[int], coded: Sequence[Pieces]) -> Iterator[list[int]]:
    """Rows of similar length (``order`` ascends), none larger than the memory bound."""
    batch: list[int] = []
    for i in order:
        if batch and (len(batch) + 1) * len(coded[i].ids) > _LARGEST_BATCH_PIECES:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _softmax(logits: Probabilities) -> Probabilities:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Probabilities = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result
