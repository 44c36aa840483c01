"""A tiny CTranslate2 model, made without torch: real files for the real loader. Its weights are random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import sentencepiece
from ctranslate2.specs import TransformerSpec

from services.translation.tasks import MAX_PLACEHOLDERS
from shared.models.catalog import CatalogEntry, Tier

TEXT = [
    "where is the train station",
    "wo ist der bahnhof",
    "où est la gare",
    "dónde está la estación",
    "good morning my friend",
]
SYMBOLS = ["<2de>", "<2fr>", "<2es>", "<syn>", *(f"<t{number}>" for number in range(MAX_PLACEHOLDERS))]


def entry(**options: Any) -> CatalogEntry:
    """A catalog entry of such a model."""
    return CatalogEntry(
        id="tiny", task="translate-text", engine="services.translation.engines.ctranslate2:load", tier=Tier.HEAVY,
        licence="none", description="built by a test", memory_bytes=1, options=options,
    )  # fmt: skip


def pieces(folder: Path, name: str = "vocabulary", symbols: list[str] | None = None) -> list[str]:
    """Train a SentencePiece model in ``folder`` and give its pieces."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT * 20), model_prefix=str(folder / name), vocab_size=90, hard_vocab_limit=False,
        character_coverage=1.0, pad_id=0, unk_id=1, bos_id=2, eos_id=3, minloglevel=2,
        user_defined_symbols=SYMBOLS if symbols is None else symbols,
    )  # fmt: skip
    (folder / f"{name}.vocab").unlink()
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.model"))
    return [model.id_to_piece(number) for number in range(model.get_piece_size())]


def model(folder: Path, tokens: list[str], width: int = 16) -> Path:
    """Write a model of one layer a side over ``tokens``."""
    random = np.random.default_rng(7)
    spec = TransformerSpec.from_config((1, 1), 2, pre_norm=True)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight = random.normal(0, 0.3, (outputs, inputs)).astype(np.float32)
        layer.bias = np.zeros(outputs, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    table = random.normal(0, 1, (len(tokens), width)).astype(np.float32)
    spec.encoder.embeddings[0].weight = spec.decoder.embeddings.weight = table
    linear(spec.decoder.projection, len(tokens), width)
    for side in (spec.encoder, spec.decoder):
        side.scale_embeddings = True
        norm(side.layer_norm)
        for layer in side.layer:
            linear(layer.self_attention.linear[0], 3 * width, width)
            linear(layer.self_attention.linear[1], width, width)
            norm(layer.self_attention.layer_norm)
            linear(layer.ffn.linear_0, 32, width)
            linear(layer.ffn.linear_1, width, 32)
            norm(layer.ffn.layer_norm)
    for layer in spec.decoder.layer:
        for number, outputs in enumerate((width, 2 * width, width)):
            linear(layer.attention.linear[number], outputs, width)
        norm(layer.attention.layer_norm)
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.decoder_start_token = "<s>"
    spec.config.add_source_bos = spec.config.add_source_eos = False
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    assert ctranslate2.contains_model(str(folder))
    return folder
