"""The student: word-piece vectors, a few convolutions, two poolings. Small enough for thousands of texts a second."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import numpy as np
import torch
from corpora import ALL
from torch import nn


class Block(nn.Module):
    """A convolution over three neighbours with a residual, written as one product: faster on a CPU than Conv1d."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(3 * width, width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        padded = nn.functional.pad(x, (0, 0, 1, 1))
        neighbours = torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], dim=2)
        return (x + torch.relu(self.mix(neighbours))) * mask


class Student(nn.Module):
    """ids (batch, length), 0 = padding -> logits (batch, 4)."""

    def __init__(self, table: torch.Tensor, blocks: int) -> None:
        super().__init__()
        width = table.shape[1]
        self.words = nn.Embedding.from_pretrained(table.clone(), freeze=False)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.attention = nn.Linear(width, 1)
        self.dropout = nn.Dropout(0.2)
        self.hidden = nn.Linear(3 * width, width)
        self.head = nn.Linear(width, len(ALL))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        mask = (ids > 0).to(torch.float32).unsqueeze(2)
        words = self.words(ids) * mask
        x = self.dropout(words)
        for block in self.blocks:
            x = block(x, mask)
        gates = torch.softmax(self.attention(x) + (mask - 1) * 1e4, dim=1)
        pooled = torch.cat([(x * gates).sum(1), (x + (mask - 1) * 1e4).amax(1), (words * gates).sum(1)], dim=1)
        logits: torch.Tensor = self.head(self.dropout(torch.relu(self.hidden(pooled))))
        return logits


def initial_table(embeddings: np.ndarray, width: int) -> torch.Tensor:
    """The teacher's piece vectors on their first ``width`` principal axes, unit variance; row 0 (padding) is zero."""
    centred = embeddings - embeddings.mean(0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :width]
    table = centred @ axes
    table /= table.std()
    table[0] = 0
    return torch.tensor(table, dtype=torch.float32)


def _pad(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    width = max(3, max(len(row) for row in rows))
    return torch.tensor([[*row, *([0] * (width - len(row)))] for row in rows])


def train_student(
    table: torch.Tensor, rows: Sequence[Sequence[int]], targets: np.ndarray, weights: np.ndarray,
    *, blocks: int, epochs: int, rate: float, seed: int, unknown: int,
    start: dict[str, torch.Tensor] | None = None,
) -> Student:  # fmt: skip
    """Learn the teachers' probabilities ``targets`` (texts, 4): cross-entropy, i.e. distillation (Hinton et al. 2015).

    One word in twelve is hidden, so that no single word decides. ``start`` are weights of an
    earlier run to go on from.
    """
    torch.manual_seed(seed)
    generator = random.Random(seed)
    model = Student(table, blocks).train()
    if start is not None:
        model.load_state_dict(start)
    optimiser = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    size = 64
    steps, step, began = epochs * (len(rows) // size + 1), 0, time.time()
    aims, importance = torch.tensor(targets), torch.tensor(weights)
    for epoch in range(epochs):
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]) + generator.random() * 4)
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        generator.shuffle(batches)
        total = 0.0
        for batch in batches:
            ids = _pad([rows[i] for i in batch])
            hidden = (torch.rand(ids.shape) < 1 / 12) & (ids > 0)
            ids = ids.masked_fill(hidden, unknown)
            logits = model(ids).log_softmax(-1)
            loss = (-(aims[batch] * logits).sum(-1) * importance[batch]).sum() / importance[batch].sum()
            for group in optimiser.param_groups:
                group["lr"] = rate * max(0.02, 1 - step / steps)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            total += float(loss.detach())
        print(f"    epoch {epoch + 1}: {total / len(batches):.4f} ({time.time() - began:.0f} s)", flush=True)
    return model.eval()


@torch.inference_mode()
def predict(model: Student, rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Logits (texts, 4)."""
    out = np.zeros((len(rows), len(ALL)), np.float32)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    for start in range(0, len(order), 64):
        batch = order[start : start + 64]
        out[batch] = model(_pad([rows[i] for i in batch])).numpy()
    return out
