"""The network of our English taggers: MiniLM-L6 with frozen int8 piece vectors, letter shapes and linear heads."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from corpora import Sentence
from torch import nn
from transformers import BertConfig, BertModel

from services.language.wordpieces import SHAPES, WordPieces

#: Sentences of a batch.
BATCH = 24
#: Head -> its classes.
Heads = Mapping[str, Sequence[str]]


class Tagger(nn.Module):
    """(batch, length) piece ids and shapes -> per head (batch, length, classes) logits."""

    def __init__(self, checkpoint: Path, kept: list[int], heads: Heads) -> None:
        super().__init__()
        config = BertConfig.from_pretrained(
            checkpoint, attn_implementation="eager", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        self.encoder = BertModel.from_pretrained(checkpoint, config=config, add_pooling_layer=False)
        table = self.encoder.embeddings.word_embeddings.weight.detach()[kept]
        self.encoder.embeddings.word_embeddings = nn.Embedding(1, config.hidden_size)  # replaced by the table below
        # Rows as int8 with a scale each: a quarter of the size, and training sees the same rounding as serving.
        scale = table.abs().amax(1, keepdim=True).clamp(min=1e-6) / 127
        self.register_buffer("table", (table / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)
        self.encoder.embeddings.requires_grad_(False)
        self.shapes = nn.Embedding(SHAPES, config.hidden_size)
        nn.init.zeros_(self.shapes.weight)
        self.dropout = nn.Dropout(0.1)
        self.heads = nn.ModuleDict({name: nn.Linear(config.hidden_size, len(names)) for name, names in heads.items()})

    def forward(self, ids: torch.Tensor, shapes: torch.Tensor) -> tuple[torch.Tensor, ...]:
        words = self.table[ids].float() * self.scale[ids] + self.shapes(shapes)
        hidden = self.encoder(inputs_embeds=words, attention_mask=(ids != 0).long()).last_hidden_state
        hidden = self.dropout(hidden)
        return tuple(head(hidden) for head in self.heads.values())


class Batch:
    """Sentences as tensors: ids and shapes (b, length), and per head the mask of allowed classes (words, classes)."""

    def __init__(self, sentences: list[Sentence], pieces: WordPieces, heads: Heads) -> None:
        coded = [pieces.encode(s.words) for s in sentences]
        width = max(len(c.ids) for c in coded)
        self.ids = torch.zeros(len(coded), width, dtype=torch.long)
        self.shapes = torch.zeros(len(coded), width, dtype=torch.long)
        for row, c in enumerate(coded):
            self.ids[row, : len(c.ids)] = torch.tensor(c.ids)
            self.shapes[row, : len(c.ids)] = torch.tensor(c.shapes)
        self.masks: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        for head, names in heads.items():
            where, masks = [], []
            for row, (sentence, c) in enumerate(zip(sentences, coded, strict=True)):
                for start, allowed in zip(c.starts, sentence.labels.get(head, ()), strict=False):
                    if allowed is not None:
                        mask = np.zeros(len(names), np.float32)
                        mask[list(allowed)] = 1
                        where.append(row * width + start)
                        masks.append(mask)
            if where:
                self.masks[head] = (torch.tensor(where), torch.from_numpy(np.stack(masks)))

    def loss(self, outputs: tuple[torch.Tensor, ...], heads: Heads) -> torch.Tensor:
        """Mean over heads and words of -log(probability of the allowed classes)."""
        total = torch.zeros(())
        for head, logits in zip(heads, outputs, strict=True):
            if head in self.masks:
                where, mask = self.masks[head]
                rows = logits.float().flatten(0, 1)[where]
                total = total + (rows.logsumexp(-1) - (rows + (mask - 1) * 1e4).logsumexp(-1)).mean()
        return total


class Training:
    """AdamW over batches of like length; the rate rises for ``warm_up`` steps and falls in a line over ``epochs``.

    ``bfloat16``: faster on processors that have it, many times slower on others.
    """

    def __init__(
        self,
        model: Tagger,
        pieces: WordPieces,
        heads: Heads,
        generator: random.Random,
        *,
        rate: float,
        warm_up: int,
        epochs: int,
        bfloat16: bool,
        batch: type[Batch] = Batch,
    ) -> None:
        self._model, self._pieces, self._heads, self._generator = model, pieces, heads, generator
        self._rate, self._warm_up, self._epochs, self._bfloat16 = rate, warm_up, epochs, bfloat16
        self._batch = batch
        self._trained = [p for p in model.parameters() if p.requires_grad]
        self._optimiser = torch.optim.AdamW(self._trained, lr=rate, weight_decay=0.01, fused=True)
        self._step, self._steps = 0, 0

    def epoch(self, sentences: list[Sentence]) -> float:
        """Train on each sentence once; the mean loss of the batches."""
        ordered = sorted(sentences, key=lambda s: len(s.words) + self._generator.random() * 6)
        batches = [ordered[i : i + BATCH] for i in range(0, len(ordered), BATCH)]
        self._generator.shuffle(batches)
        self._steps = self._steps or self._epochs * len(batches)
        return sum(self._learn(self._batch(rows, self._pieces, self._heads)) for rows in batches) / len(batches)

    def _learn(self, batch: Batch) -> float:
        rising, falling = (self._step + 1) / self._warm_up, 1 - self._step / (self._steps * 1.02)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * min(1.0, rising) * max(0.02, falling)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16):
            outputs = self._model(batch.ids, batch.shapes)
        loss = batch.loss(outputs, self._heads)
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimiser.step()
        self._step += 1
        return float(loss.detach())
