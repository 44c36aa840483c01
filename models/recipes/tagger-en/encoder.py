"""The network of our English taggers: MiniLM-L6 with frozen int8 piece vectors, letter shapes and linear heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from corpora import Sentence
from torch import nn
from transformers import BertConfig, BertModel

from services.language.wordpieces import SHAPES, WordPieces

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
