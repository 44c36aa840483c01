"""Whisper models of a few hundred kilobytes with random weights, in the formats that the real loaders read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDTH, LAYERS, HEADS = 32, 2, 2
#: Numbers of a multilingual model: its words, and the first of its signs.
VOCABULARY, FIRST_SIGN = 51865, 50257
LANGUAGES = ("en", "es", "de")


def write_ctranslate2(directory: Path) -> None:
    """A model in CTranslate2's format, made through its own specification: without torch."""
    import ctranslate2

    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> Any:
        return (rng.standard_normal(shape) * 0.2).astype(np.float32)

    def norm(spec: Any) -> None:
        spec.gamma, spec.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(spec: Any, rows: int, columns: int = WIDTH) -> None:
        spec.weight, spec.bias = numbers(rows, columns), np.zeros(rows, np.float32)

    def feed_forward(spec: Any) -> None:
        norm(spec.layer_norm)
        linear(spec.linear_0, 4 * WIDTH)
        linear(spec.linear_1, WIDTH, 4 * WIDTH)

    def own_attention(spec: Any) -> None:
        norm(spec.layer_norm)
        linear(spec.linear[0], 3 * WIDTH)
        linear(spec.linear[1], WIDTH)

    spec = ctranslate2.specs.WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    spec.encoder.conv1.weight, spec.encoder.conv1.bias = numbers(WIDTH, 80, 3), np.zeros(WIDTH, np.float32)
    spec.encoder.conv2.weight, spec.encoder.conv2.bias = numbers(WIDTH, WIDTH, 3), np.zeros(WIDTH, np.float32)
    spec.encoder.position_encodings.encodings = numbers(1500, WIDTH)
    norm(spec.encoder.layer_norm)
    for layer in spec.encoder.layer:
        own_attention(layer.self_attention)
        feed_forward(layer.ffn)
    spec.decoder.embeddings.weight = numbers(VOCABULARY, WIDTH)
    spec.decoder.position_encodings.encodings = numbers(448, WIDTH)
    norm(spec.decoder.layer_norm)
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    for layer in spec.decoder.layer:
        own_attention(layer.self_attention)
        norm(layer.attention.layer_norm)
        linear(layer.attention.linear[0], WIDTH)
        linear(layer.attention.linear[1], 2 * WIDTH)
        linear(layer.attention.linear[2], WIDTH)
        feed_forward(layer.ffn)
    words = vocabulary()
    spec.register_vocabulary(words)
    number = {word: index for index, word in enumerate(words)}
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [number["<|endoftext|>"]]
    spec.config.lang_ids = [number[f"<|{language}|>"] for language in LANGUAGES]
    spec.config.alignment_heads = [(0, 0), (1, 1)]
    spec.validate()
    spec.optimize(quantization="int8")
    directory.mkdir(parents=True, exist_ok=True)
    spec.save(str(directory))
    write_tokenizer(directory / "tokenizer.json", words)


def vocabulary() -> list[str]:
    """Bytes, then words nobody says, then the signs that Whisper's decoding is steered by."""
    letters = list(byte_letters().values())
    words = letters + [f"w{number}" for number in range(FIRST_SIGN - len(letters))]
    words += ["<|endoftext|>", "<|startoftranscript|>"]
    # The libraries know some signs by their numbers: places of languages that are not there are kept.
    words += [f"<|{language}|>" for language in LANGUAGES] + [f"v{number}" for number in range(99 - len(LANGUAGES))]
    words += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    words += [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    assert len(words) == VOCABULARY
    return words


def byte_letters() -> dict[int, str]:
    """The letters by which byte-level tokenizers write the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        table.setdefault(byte, chr(256 + len(table) - len(plain)))
    return dict(sorted(table.items()))


def write_tokenizer(path: Path, words: list[str]) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(word, special=True) for word in words if word.startswith("<|")])
    tokenizer.save(str(path))
    assert tokenizer.token_to_id("<|endoftext|>") == FIRST_SIGN


def write_openai(path: Path) -> None:
    """A checkpoint as OpenAI writes it."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    dimensions = {
        "n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": WIDTH, "n_audio_head": HEADS, "n_audio_layer": LAYERS,
        "n_vocab": VOCABULARY, "n_text_ctx": 448, "n_text_state": WIDTH, "n_text_head": HEADS, "n_text_layer": LAYERS,
    }  # fmt: skip
    model = Whisper(ModelDimensions(**dimensions))
    with torch.no_grad():
        for weights in model.parameters():  # some of them are not initialised by the library
            weights.normal_(std=0.2)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"dims": dimensions, "model_state_dict": model.state_dict()}, path)
