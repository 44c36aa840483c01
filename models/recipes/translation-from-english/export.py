"""The average of the last checkpoints as a CTranslate2 model with int8 weights, beside its vocabulary."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import ctranslate2
import torch
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.common_spec import Activation, LayerNormSpec, LinearSpec
from network import sinusoids

#: Longest sequence that the exported model can position.
POSITIONS = 512


def averaged(paths: list[Path]) -> tuple[dict[str, torch.Tensor], dict[str, int]]:
    """The mean of the checkpoints' weights, and the network's shape."""
    checkpoints = [torch.load(path, weights_only=True) for path in paths]
    names = checkpoints[0]["model"]
    return {name: sum(one["model"][name] for one in checkpoints) / len(checkpoints) for name in names}, checkpoints[0][
        "shape"
    ]


def linear(
    spec: LinearSpec, weights: dict[str, torch.Tensor], name: str, rows: slice = slice(None), scale: float = 1.0
) -> None:
    spec.weight = (weights[f"{name}.weight"][rows] * scale).numpy()
    spec.bias = (weights[f"{name}.bias"][rows] * scale).numpy()


def norm(spec: LayerNormSpec, weights: dict[str, torch.Tensor], name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"].numpy(), weights[f"{name}.bias"].numpy()


def joined(spec: LinearSpec, weights: dict[str, torch.Tensor], names: list[str]) -> None:
    """Several layers with the same input as one."""
    spec.weight = torch.cat([weights[f"{name}.weight"] for name in names]).numpy()
    spec.bias = torch.cat([weights[f"{name}.bias"] for name in names]).numpy()


def transformer(weights: dict[str, torch.Tensor], shape: dict[str, int]) -> TransformerSpec:
    """The network as CTranslate2 describes one."""
    spec = TransformerSpec.from_config(
        (shape["encoders"], shape["decoders"]), shape["heads"], pre_norm=True, activation=Activation.RELU
    )
    positions = sinusoids(POSITIONS, shape["width"]).numpy()
    for side, embeddings in ((spec.encoder, spec.encoder.embeddings[0]), (spec.decoder, spec.decoder.embeddings)):
        embeddings.weight = weights["embed.weight"].numpy()
        side.scale_embeddings = True
        side.position_encodings.encodings = positions
    spec.decoder.projection.weight = weights["embed.weight"].numpy()
    spec.decoder.projection.bias = weights["bias"].numpy()
    for number, layer in enumerate(spec.encoder.layer):
        name = f"encoder.{number}"
        joined(layer.self_attention.linear[0], weights, [f"{name}.attend.query", f"{name}.attend.key_value"])
        linear(layer.self_attention.linear[1], weights, f"{name}.attend.out")
        norm(layer.self_attention.layer_norm, weights, f"{name}.norm_self")
        feed(layer.ffn, weights, name)
    for number, layer in enumerate(spec.decoder.layer):
        name = f"decoder.{number}"
        joined(layer.self_attention.linear[0], weights, [f"{name}.attend.query", f"{name}.attend.key_value"])
        linear(layer.self_attention.linear[1], weights, f"{name}.attend.out")
        norm(layer.self_attention.layer_norm, weights, f"{name}.norm_self")
        linear(layer.attention.linear[0], weights, f"{name}.look.query")
        linear(layer.attention.linear[1], weights, f"{name}.look.key_value")
        linear(layer.attention.linear[2], weights, f"{name}.look.out")
        norm(layer.attention.layer_norm, weights, f"{name}.norm_source")
        feed(layer.ffn, weights, name)
    norm(spec.encoder.layer_norm, weights, "encoder_norm")
    norm(spec.decoder.layer_norm, weights, "decoder_norm")
    return spec


def feed(spec: object, weights: dict[str, torch.Tensor], name: str) -> None:
    linear(spec.linear_0, weights, f"{name}.feed.grow")  # type: ignore[attr-defined]
    linear(spec.linear_1, weights, f"{name}.feed.shrink")  # type: ignore[attr-defined]
    norm(spec.layer_norm, weights, f"{name}.norm_feed")  # type: ignore[attr-defined]


def main() -> None:
    import sentencepiece

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.model of prepare.py")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    weights, shape = averaged(arguments.checkpoints)
    spec = transformer(weights, shape)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(arguments.vocabulary))
    tokens = [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<s>", "</s>", "<unk>"
    spec.config.decoder_start_token = "<s>"
    spec.config.add_source_bos = spec.config.add_source_eos = False
    spec.validate()
    spec.optimize(quantization="int8")
    with tempfile.TemporaryDirectory() as folder:
        spec.save(folder)
        arguments.output.mkdir(parents=True, exist_ok=True)
        for path in Path(folder).iterdir():
            shutil.copy(path, arguments.output / path.name)
    shutil.copy(arguments.vocabulary, arguments.output / "vocabulary.model")
    ctranslate2.Translator(str(arguments.output), device="cpu")  # it loads


if __name__ == "__main__":
    main()
