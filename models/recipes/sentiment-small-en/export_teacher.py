"""Step 4: one teacher as a model of its own (``sentiment-base-en``): slower, better; int8, smaller vocabulary.

    python export_teacher.py --data <shared>/data --checkpoint <all-MiniLM-L6-v2> --out <work folder> \\
        --model <model folder> --fold 1
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calibrate import calibration_error, negative_log_likelihood
from corpora import MIXED, POSITIVE, mixtures, sst2, tweets_three_classes
from teacher import Teacher
from torch import nn
from train_student import small_tokenizer
from train_teachers import FOLDS

from services.language.engines.sentiment_encoder import EncoderSentimentEngine
from services.language.tasks import Document


class Servable(nn.Module):
    """A teacher whose piece vectors are int8 rows with a scale each."""

    def __init__(self, teacher: Teacher, kept: list[int]) -> None:
        super().__init__()
        table = teacher.encoder.embeddings.word_embeddings.weight.detach()[kept]
        scale = table.abs().amax(1, keepdim=True).clamp(min=1e-6) / 127
        self.register_buffer("table", (table / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)
        teacher.encoder.embeddings.word_embeddings = nn.Embedding(1, table.shape[1])
        self.teacher = teacher

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        mask = (ids != 0).long()
        words = self.table[ids].float() * self.scale[ids]
        hidden = self.teacher.encoder(inputs_embeds=words, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        logits: torch.Tensor = self.teacher.head(mean)
        return logits


def main() -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    parser = argparse.ArgumentParser()
    for name in ("data", "checkpoint", "out", "model"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--fold", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = json.loads((options.out / "pool.json").read_text(encoding="utf-8"))
    kept = small_tokenizer(options.checkpoint, texts, options.model, least=2)
    teacher = Teacher(options.checkpoint).eval()
    teacher.load_state_dict(torch.load(options.out / f"teacher{options.fold}.pt"))
    plain = options.model / "plain.onnx"
    torch.onnx.export(
        Servable(teacher, kept), (torch.randint(5, 900, (2, 12)),), str(plain), input_names=["ids"],
        output_names=["logits"], dynamic_axes={"ids": {0: "batch", 1: "length"}, "logits": {0: "batch"}},
        opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(
        plain, options.model / "model.onnx", weight_type=QuantType.QInt8, per_channel=True,
        op_types_to_quantize=["MatMul"],
    )  # fmt: skip
    plain.unlink()
    settings: dict[str, Any] = {"classes": ["NEGATIVE", "NEUTRAL", "POSITIVE", "MIXED"], "temperature": 1.0}
    (options.model / "settings.json").write_text(json.dumps(settings))
    engine = EncoderSentimentEngine(options.model)
    root = options.data / "text"
    dev = sst2(root, "dev")
    answers = engine.run([Document(e.text, "en") for e in dev])
    pairs = zip(answers, dev, strict=True)
    scores = {"sst2_dev_accuracy": sum((a.positive > a.negative) == (e.label == POSITIVE) for a, e in pairs) / len(dev)}
    held = [e for i, e in enumerate(tweets_three_classes(root)) if i % FOLDS == options.fold]
    hits: dict[int, list[bool]] = {}
    for a, e in zip(engine.run([Document(e.text, "en") for e in held]), held, strict=True):
        three = (a.negative, a.neutral, a.positive)
        hits.setdefault(e.label, []).append(three.index(max(three)) == e.label)
    scores["tweets_macro_recall"] = sum(sum(h) / len(h) for h in hits.values()) / 3
    made = mixtures(dev, 1000, seed=99)
    answers = engine.run([Document(e.text, "en") for e in made])
    said = [(a.label == "MIXED") == (e.label == MIXED) for a, e in zip(answers, made, strict=True)]
    scores["mixed_accuracy"] = sum(said) / len(said)
    answers = engine.run([Document(e.text, "en") for e in held])
    logits = np.log(np.array([(a.negative, a.neutral, a.positive, a.mixed) for a in answers]) + 1e-12)
    labels = np.array([e.label for e in held])
    settings["temperature"] = min(
        (round(float(t), 2) for t in np.arange(0.8, 8.01, 0.05)),
        key=lambda t: negative_log_likelihood(logits, labels, t),
    )
    scores["calibration_error"] = calibration_error(logits, labels, settings["temperature"])
    (options.model / "settings.json").write_text(json.dumps(settings))
    (options.model.parent / "scores.json").write_text(json.dumps(scores, indent=1))
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
