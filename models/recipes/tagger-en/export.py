"""Shrinking: the vocabulary to the pieces in use, the weights to int8."""

from __future__ import annotations

import collections
import json
import zipfile
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer


def prune_vocabulary(
    checkpoint: Path, data: Path, words: collections.Counter[str], out: Path, least: int = 1
) -> list[int]:
    """Write ``tokenizer.json`` with the pieces that the corpora use; returns the old id of each new one.

    Kept are the special pieces, every single character (so that any word still can be spelt), and what the training
    words seen ``least`` times and Tatoeba's English sentences use.
    """
    document: dict[str, Any] = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    document["truncation"] = document["padding"] = document["post_processor"] = None
    tokenizer = Tokenizer.from_str(json.dumps(document))
    seen: collections.Counter[int] = collections.Counter()
    for word, count in words.items():
        if count >= least:
            seen.update(tokenizer.encode(word, add_special_tokens=False).ids)
    with zipfile.ZipFile(data / "translation/tatoeba/deu-eng.zip") as archive:
        everyday = archive.read("deu.txt").decode("utf-8").splitlines()
    for encoding in tokenizer.encode_batch(
        sorted({line.split("\t")[0] for line in everyday}), add_special_tokens=False
    ):
        seen.update(encoding.ids)
    vocabulary: dict[str, int] = document["model"]["vocab"]
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    kept = sorted(i for p, i in vocabulary.items() if p in special or len(p.removeprefix("##")) == 1 or i in seen)
    by_id = {i: p for p, i in vocabulary.items()}
    document["model"]["vocab"] = {by_id[old]: new for new, old in enumerate(kept)}
    for token in document["added_tokens"]:
        token["id"] = document["model"]["vocab"][token["content"]]
    (out / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    print(f"vocabulary {len(vocabulary)} -> {len(kept)}", flush=True)
    return kept


def export_onnx(model: torch.nn.Module, out: Path, heads: list[str]) -> None:
    """``model.onnx`` with int8 matrices (dynamic activations), one output a head."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain = out / "plain.onnx"
    ids = torch.randint(5, 1000, (2, 12))
    axes = {name: {0: "batch", 1: "length"} for name in ("ids", "shapes", *heads)}
    torch.onnx.export(
        model, (ids, torch.ones_like(ids)), str(plain), input_names=["ids", "shapes"], output_names=heads,
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(
        plain, out / "model.onnx", weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"]
    )
    plain.unlink()
