"""The better sentiment model: MiniLM-L6 fine-tuned, int8; a few milliseconds a text.

It reads and answers as the small one does (``sentiment_convolution.py``); its windows stand between [CLS] and [SEP].
"""

from __future__ import annotations

from pathlib import Path

from services.language.engines.sentiment_convolution import ConvolutionSentimentEngine
from shared.models.catalog import CatalogEntry


class EncoderSentimentEngine(ConvolutionSentimentEngine):
    """Implements ``SentimentClassifier``."""

    #: One window a run: the int8 activations are scaled by all that is in a run, so company would change answers.
    run_pieces = 1

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.first = (self._pieces.piece("[CLS]"),)
        self.last = (self._pieces.piece("[SEP]"),)


def load(entry: CatalogEntry, directory: Path, device: str) -> EncoderSentimentEngine:
    """Read ``model.onnx``, ``tokenizer.json`` and ``settings.json``."""
    return EncoderSentimentEngine(directory)
