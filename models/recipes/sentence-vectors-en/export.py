"""Export all-MiniLM-L6-v2 as one ONNX file below 20 MB: piece vectors and matrices as int8, the vocabulary cut.

    python export.py --checkpoint <all-MiniLM-L6-v2> --out <model folder>

Nothing is trained. Left out are pieces that English text does not need: [unused...], those with characters beyond
ASCII (the tokeniser strips accents), and the rarest whole words (the vocabulary is in order of frequency), which are
then spelt by smaller pieces.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn
from transformers import BertConfig, BertModel

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PIECES = 22_000
POSITIONS = 256  # what the authors trained and evaluated with


class SentenceVectors(nn.Module):
    """(batch, length) piece ids, 0 = padding -> (batch, 384) unit vectors: the mean over the pieces."""

    def __init__(self, checkpoint: Path, kept: list[int]) -> None:
        super().__init__()
        config = BertConfig.from_pretrained(checkpoint, attn_implementation="eager")
        self.encoder = BertModel.from_pretrained(checkpoint, config=config, add_pooling_layer=False)
        embeddings = self.encoder.embeddings
        table = embeddings.word_embeddings.weight.detach()[kept]
        embeddings.word_embeddings = nn.Embedding(1, config.hidden_size)  # replaced by the table below
        scale = table.abs().amax(1, keepdim=True).clamp(min=1e-6) / 127
        self.register_buffer("table", (table / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)
        embeddings.position_embeddings = nn.Embedding.from_pretrained(
            embeddings.position_embeddings.weight.detach()[:POSITIONS].clone()
        )
        embeddings.position_ids = embeddings.position_ids[:, :POSITIONS]
        embeddings.token_type_ids = embeddings.token_type_ids[:, :POSITIONS]

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        words = self.table[ids].float() * self.scale[ids]
        mask = (ids != 0).float()
        hidden = self.encoder(inputs_embeds=words, attention_mask=mask).last_hidden_state
        mean = (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return mean / mean.norm(dim=1, keepdim=True)


def prune_vocabulary(checkpoint: Path, out: Path) -> list[int]:
    """Write ``tokenizer.json`` with the kept pieces; returns the old id of each new one."""
    document: dict[str, Any] = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    document["truncation"] = document["padding"] = None
    vocabulary: dict[str, int] = document["model"]["vocab"]
    special = {token["content"] for token in document["added_tokens"]}
    plain = [(i, p) for p, i in vocabulary.items() if p.isascii() and not p.startswith("[unused") and p not in special]
    short = [i for i, p in plain if p.startswith("##") or len(p) == 1]
    words = sorted(i for i, p in plain if not p.startswith("##") and len(p) > 1)
    first = [vocabulary[p] for p in special]
    kept = sorted([*first, *short, *words[: PIECES - len(short) - len(first)]])
    by_id = {i: p for p, i in vocabulary.items()}
    document["model"]["vocab"] = {by_id[old]: new for new, old in enumerate(kept)}
    for token in document["added_tokens"]:
        token["id"] = document["model"]["vocab"][token["content"]]
    for token in document["post_processor"]["special_tokens"].values():
        token["ids"] = [document["model"]["vocab"][t] for t in token["tokens"]]
    (out / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    print(f"vocabulary {len(vocabulary)} -> {len(kept)}", flush=True)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = hashlib.sha256((options.checkpoint / "model.safetensors").read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{options.checkpoint}: not the official weights ({found})")
    options.out.mkdir(parents=True, exist_ok=True)
    model = SentenceVectors(options.checkpoint, prune_vocabulary(options.checkpoint, options.out)).eval()
    plain = options.out / "plain.onnx"
    torch.onnx.export(
        model, (torch.randint(5, 1000, (2, 12)),), str(plain), input_names=["ids"], output_names=["vectors"],
        dynamic_axes={"ids": {0: "batch", 1: "length"}, "vectors": {0: "batch"}}, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(
        plain,
        options.out / "model.onnx",
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul"],
    )
    plain.unlink()


if __name__ == "__main__":
    main()
