"""The small sentiment model: word-piece vectors and convolutions (Kim 2014), distilled from MiniLM; ONNX."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.language.sentiment_text import SentimentPieces
from services.language.tasks import Document, Sentiment
from shared.models.catalog import CatalogEntry

_WINDOW_PIECES = 160  # longer texts are read in windows of this size
_NEGATIVE, _NEUTRAL, _POSITIVE, _MIXED = range(4)

Probabilities = npt.NDArray[np.float64]


class ConvolutionSentimentEngine:
    """Implements ``SentimentClassifier``."""

    #: Pieces that stand around every window.
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    #: Padded size of one run: bounds memory.
    run_pieces = 4096

    def __init__(self, directory: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a text is too small to share
        options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._pieces = SentimentPieces.from_file(directory / "tokenizer.json")
        settings = json.loads((directory / "settings.json").read_text(encoding="utf-8"))
        self._temperature = float(settings["temperature"])

    def run(self, items: Sequence[Document]) -> list[Sentiment]:
        windows: list[list[int]] = []
        owners: list[range] = []
        for item in items:
            cut = [[*self.first, *ids, *self.last] for ids in _windows(self._pieces.ids(item.text))]
            owners.append(range(len(windows), len(windows) + len(cut)))
            windows.extend(cut)
        probabilities = self._classify(windows)
        return [
            _sentiment(probabilities[owned.start])
            if len(owned) == 1
            else _sentiment(combine(probabilities[owned.start : owned.stop], [len(windows[i]) for i in owned]))
            for owned in owners
        ]

    def close(self) -> None:
        self._session = None

    def _classify(self, windows: Sequence[Sequence[int]]) -> Probabilities:
        """Calibrated probabilities, (windows, 4)."""
        logits = np.empty((len(windows), 4))
        order = sorted(range(len(windows)), key=lambda i: len(windows[i]))
        for rows in _batches(order, windows, self.run_pieces):
            width = max(3, len(windows[rows[-1]]))
            ids = np.zeros((len(rows), width), np.int64)
            for row, i in enumerate(rows):
                ids[row, : len(windows[i])] = windows[i]
            logits[rows] = self._session.run(None, {"ids": ids})[0]
        logits /= self._temperature
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: Probabilities = shifted / shifted.sum(axis=1, keepdims=True)
        return result


def combine(probabilities: Probabilities, lengths: Sequence[int]) -> Probabilities:
    """The sentiment of a text from that of its windows (windows, 4): the mean, weighted by length.

    Where some windows praise and others blame, the text as a whole is mixed: what the poles have in common beyond
    what they have in common inside each window moves to MIXED, in equal parts from both.
    """
    weights = np.asarray(lengths, np.float64) / sum(lengths)
    mean: Probabilities = weights @ probabilities
    inside = float(weights @ np.minimum(probabilities[:, _POSITIVE], probabilities[:, _NEGATIVE]))
    across = max(0.0, float(min(mean[_POSITIVE], mean[_NEGATIVE])) - inside)
    mean[[_POSITIVE, _NEGATIVE]] -= across
    mean[_MIXED] += 2 * across
    return mean


def _sentiment(row: Probabilities) -> Sentiment:
    return Sentiment(
        positive=float(row[_POSITIVE]),
        negative=float(row[_NEGATIVE]),
        neutral=float(row[_NEUTRAL]),
        mixed=float(row[_MIXED]),
    )


def _windows(ids: list[int]) -> list[list[int]]:
    """Windows of nearly equal size, none above ``_WINDOW_PIECES``."""
    if len(ids) <= _WINDOW_PIECES:
        return [ids]
    count = -(-len(ids) // _WINDOW_PIECES)
    size = -(-len(ids) // count)
    return [ids[i : i + size] for i in range(0, len(ids), size)]


def _batches(order: Sequence[int], windows: Sequence[Sequence[int]], most: int) -> Iterator[list[int]]:
    """Rows of similar length (``order`` ascends): little padding, bounded memory."""
    batch: list[int] = []
    for i in order:
        length = len(windows[i])
        if batch and ((len(batch) + 1) * length > most or length > 2 * len(windows[batch[0]]) + 12):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def load(entry: CatalogEntry, directory: Path, device: str) -> ConvolutionSentimentEngine:
    """Read ``model.onnx``, ``tokenizer.json`` and ``settings.json``."""
    return ConvolutionSentimentEngine(directory)
