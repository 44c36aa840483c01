"""The teacher: MiniLM-L6 fine-tuned to the four sentiment classes, one model a fold of the labelled tweets."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from corpora import ALL, MIXED, Example
from tokenizers import Tokenizer
from torch import nn
from transformers import BertConfig, BertModel

from services.language.sentiment_text import spell_emoji


class Teacher(nn.Module):
    """MiniLM, mean pooling, one linear layer: (batch, length) ids -> (batch, 4) logits."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__()
        # Plain matrix products: the fused attention's backward pass is three times slower on a CPU at these lengths,
        # and so is the random generator behind dropout inside the layers.
        config = BertConfig.from_pretrained(
            checkpoint, attn_implementation="eager", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        self.encoder = BertModel.from_pretrained(checkpoint, config=config, add_pooling_layer=False)
        self.encoder.embeddings.requires_grad_(False)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(config.hidden_size, len(ALL))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        mask = (ids != 0).long()
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        logits: torch.Tensor = self.head(self.dropout(mean))
        return logits


def load_tokenizer(checkpoint: Path, length: int) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.enable_truncation(length)
    tokenizer.no_padding()
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return [e.ids for e in tokenizer.encode_batch([spell_emoji(t) for t in texts])]


def pad(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *([0] * (width - len(row)))] for row in rows])


def partial_loss(logits: torch.Tensor, examples: Sequence[Example]) -> torch.Tensor:
    """Cross-entropy among the classes that each label chose from; MIXED is kept low where nothing speaks for it."""
    allowed = torch.full_like(logits, -1e4)
    for row, example in enumerate(examples):
        allowed[row, list(example.among)] = 0.0
    labels = torch.tensor([e.label for e in examples])
    weights = torch.tensor([e.weight for e in examples])
    loss = nn.functional.cross_entropy(logits + allowed, labels, reduction="none", label_smoothing=0.0)
    unmixed = torch.tensor([float(MIXED not in e.among) for e in examples])
    not_mixed = -torch.log1p(-logits.softmax(-1)[:, MIXED].clamp(max=0.999))
    return ((loss + 0.15 * unmixed * not_mixed) * weights).sum() / weights.sum()


def train_teacher(checkpoint: Path, examples: Sequence[Example], *, epochs: int, rate: float, seed: int) -> Teacher:
    """Fine-tune in bfloat16, batches of 32 of similar length, linear decay after a tenth of warm-up."""
    torch.manual_seed(seed)
    generator = random.Random(seed)
    model = Teacher(checkpoint).train()
    tokenizer = load_tokenizer(checkpoint, 96)
    rows = encode(tokenizer, [e.text for e in examples])
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=0.01, fused=True)
    steps = epochs * math.ceil(len(rows) / 32)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / (0.1 * steps)) * max(0.0, 1 - s / steps)
    )
    for epoch in range(epochs):
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]) + generator.random() * 6)
        batches = [order[i : i + 32] for i in range(0, len(order), 32)]
        generator.shuffle(batches)
        total = 0.0
        for batch in batches:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(pad([rows[i] for i in batch]))
            loss = partial_loss(logits.float(), [examples[i] for i in batch])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"  epoch {epoch + 1}: loss {total / len(batches):.4f}", flush=True)
    return model.eval()


@torch.inference_mode()
def predict(model: Teacher, checkpoint: Path, texts: Sequence[str]) -> np.ndarray:
    """Logits, (texts, 4), float32."""
    rows = encode(load_tokenizer(checkpoint, 128), texts)
    out = np.zeros((len(rows), len(ALL)), np.float32)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    for start in range(0, len(order), 64):
        batch = order[start : start + 64]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out[batch] = model(pad([rows[i] for i in batch])).float().numpy()
    return out
