"""Checkpoints of the transformers library as CTranslate2 models with int8 weights.

Runs in the engine environment ``translation-converters``, which has torch and transformers, when somebody adds a model:
``nonet models add`` with the template marian or nllb.
"""

from __future__ import annotations

import shutil
from pathlib import Path


def marian(source: Path, target: Path) -> None:
    """A Marian checkpoint (OPUS-MT): the model, and the SentencePiece model of either side."""
    _convert(source, target, ("source.spm", "target.spm"))


def nllb(source: Path, target: Path) -> None:
    """An NLLB checkpoint: the model, and its SentencePiece model."""
    _convert(source, target, ("sentencepiece.bpe.model",))


def _convert(source: Path, target: Path, subwords: tuple[str, ...]) -> None:
    from ctranslate2.converters import (  # type: ignore[import-untyped, unused-ignore]
        TransformersConverter,
    )

    TransformersConverter(str(source)).convert(str(target), quantization="int8", force=True)
    for name in subwords:
        shutil.copyfile(source / name, target / name)
