"""The ONNX token classifier behind syntax, key phrases, entities and personal data: one encoder, several heads.

The four tasks share one loaded model: whichever is leased first loads it, and it is freed with the last.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.language.wordpieces import Pieces, WordPieces

Probabilities = npt.NDArray[np.float32]
_LONGEST_WINDOW = 384  # pieces; the encoder has positions for 512
_loaded: weakref.WeakValueDictionary[Path, TokenClassifier] = weakref.WeakValueDictionary()
_loading = threading.Lock()


class TokenClassifier:
    """Word windows in, class probabilities for each word out."""

    def __init__(self, directory: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # callers are the parallelism
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
        return [self._classify_window(words, head) for words in windows]

    def _classify_window(self, words: Sequence[str], head: str) -> Probabilities:
        """One window a run: the int8 activations are scaled by all that is in a run, company would change answers."""
        if not words:
            return np.zeros((0, len(self.heads[head])), np.float32)
        pieces = self._encode(words)
        inputs = {"ids": np.array([pieces.ids], np.int64), "shapes": np.array([pieces.shapes], np.int64)}
        (logits,) = self._session.run([head], inputs)
        return _softmax(logits[0, pieces.starts] / self._temperatures[head])

    def _encode(self, words: Sequence[str]) -> Pieces:
        pieces = self._pieces.encode(words)
        if len(pieces.ids) <= _LONGEST_WINDOW:
            return pieces
        # Words of many pieces each (digits, foreign scripts): keep the first pieces of every word only.
        return self._pieces.encode(words, most_pieces=max(1, (_LONGEST_WINDOW - 2) // len(words)))


def _softmax(logits: Probabilities) -> Probabilities:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Probabilities = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result
