"""Punctuation and capitals by linear models over hashed features (see ``punctuation.py``)."""

from __future__ import annotations

from pathlib import Path

from services.transcription.punctuation import LinearPunctuator
from shared.models.catalog import CatalogEntry


def load(entry: CatalogEntry, directory: Path, device: str) -> LinearPunctuator:
    """Read ``settings.json`` and ``weights.npz``."""
    return LinearPunctuator.read(directory)
