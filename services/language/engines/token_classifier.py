"""The ONNX token classifier behind syntax, key phrases, entities and personal data: one encoder, several heads.

The four tasks share one loaded model: whichever is leased first loads it, and it is freed with the last.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.language.wordpieces import Pieces, WordPieces

Probabilities = npt.NDArray[np.float32]
_LONGEST_WINDOW = 384  # pieces; the encoder has positions for 512
#: A text of fewer windows is read by the caller's thread alone: another one would cost more than it gives.
_WINDOWS_TO_SHARE = 4
_loaded: weakref.WeakValueDictionary[Path, TokenClassifier] = weakref.WeakValueDictionary()
_loading = threading.Lock()


class TokenClassifier:
    """Word windows in, class probabilities for each word out."""

    def __init__(self, directory: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # callers and the windows of long texts are the parallelism
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
        return [answer for (answer,) in self.classify_heads(windows, [head])]

    def classify_heads(self, windows: Sequence[Sequence[str]], heads: Sequence[str]) -> Iterator[list[Probabilities]]:
        """For each window of words the probabilities of each of ``heads``, (words, classes), from one reading.

        The windows of a long text are read on all processors, those behind while the caller works at the first ones;
        each is a run of its own, so threads change no answer.
        """
        read = functools.partial(self._classify_window, heads=heads)
        if len(windows) < _WINDOWS_TO_SHARE or _processors() == 1:
            return map(read, windows)
        return _readers().map(read, windows)

    def _classify_window(self, words: Sequence[str], heads: Sequence[str]) -> list[Probabilities]:
        """One window a run: the int8 activations are scaled by all that is in a run, company would change answers."""
        if not words:
            return [np.zeros((0, len(self.heads[head])), np.float32) for head in heads]
        pieces = self._encode(words)
        inputs = {"ids": np.array([pieces.ids], np.int64), "shapes": np.array([pieces.shapes], np.int64)}
        answers = self._session.run(list(heads), inputs)
        return [
            _softmax(logits[0, pieces.starts] / self._temperatures[head])
            for head, logits in zip(heads, answers, strict=True)
        ]

    def _encode(self, words: Sequence[str]) -> Pieces:
        pieces = self._pieces.encode(words)
        if len(pieces.ids) <= _LONGEST_WINDOW:
            return pieces
        # Words of many pieces each (digits, foreign scripts): keep the first pieces of every word only.
        return self._pieces.encode(words, most_pieces=max(1, (_LONGEST_WINDOW - 2) // len(words)))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _readers() -> ThreadPoolExecutor:
    """Threads that read windows, one a processor, for all classifiers of the process."""
    return ThreadPoolExecutor(_processors(), thread_name_prefix="windows")


def _softmax(logits: Probabilities) -> Probabilities:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Probabilities = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result
