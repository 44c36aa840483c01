"""A small Transformer (Vaswani and others, 2017; pre-norm as Xiong and others, 2020) with one shared vocabulary.

Deep encoder, shallow decoder (Kasai and others, 2021): translating spends its time in the decoder, token by token.
The layout follows what CTranslate2's ``TransformerSpec`` takes, so that ``export.py`` only has to copy weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

MAX_POSITIONS = 256


def sinusoids(positions: int, width: int) -> Tensor:
    """``(positions, width)`` fixed position encodings: sines in the first half, cosines in the second."""
    half = width // 2
    rates = torch.exp(torch.arange(half).float() * -(math.log(10000.0) / (half - 1)))
    angles = torch.arange(positions).float()[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Attention(nn.Module):
    """Multi-head attention; ``memory`` is None for self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, states: Tensor, memory: Tensor | None, mask: Tensor | None, causal: bool) -> Tensor:
        rows, length, width = states.shape
        other = states if memory is None else memory
        size = width // self.heads
        query = self.query(states).view(rows, length, self.heads, size).transpose(1, 2)
        keys, values = self.key_value(other).view(rows, other.shape[1], 2, self.heads, size).permute(2, 0, 3, 1, 4)
        # Written out: for short sentences the fused kernel's backward pass took a third of each step on the processor.
        scores = torch.matmul(query * size**-0.5, keys.transpose(2, 3))
        if causal:
            scores = scores + torch.full((length, length), -1e4, dtype=scores.dtype).triu(1)
        elif mask is not None:
            scores = scores + mask.to(scores.dtype)
        mixed = torch.matmul(functional.softmax(scores, dim=-1, dtype=scores.dtype), values)
        return self.out(mixed.transpose(1, 2).reshape(rows, length, width))


class FeedForward(nn.Module):
    """Two linear layers with a rectifier between them."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.grow = nn.Linear(width, inner)
        self.shrink = nn.Linear(inner, width)

    def forward(self, states: Tensor) -> Tensor:
        return self.shrink(functional.relu(self.grow(states)))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised before and added after."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.norm_self, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.feed = Attention(width, heads), FeedForward(width, inner)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        states = states + self.attend(self.norm_self(states), None, mask, False)
        return states + self.feed(self.norm_feed(states))


class DecoderLayer(nn.Module):
    """Causal self-attention, attention over the source, feed-forward."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.norm_self, self.norm_source, self.norm_feed = (nn.LayerNorm(width) for _ in range(3))
        self.attend, self.look, self.feed = Attention(width, heads), Attention(width, heads), FeedForward(width, inner)

    def forward(self, states: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        states = states + self.attend(self.norm_self(states), None, None, True)
        states = states + self.look(self.norm_source(states), memory, mask, False)
        return states + self.feed(self.norm_feed(states))


class Network(nn.Module):
    """Source ids ``(rows, S)`` and shifted target ids ``(rows, T)`` to scores ``(rows, T, vocabulary)``.

    Id 0 is padding.
    """

    def __init__(
        self, vocabulary: int, width: int = 256, heads: int = 4, inner: int = 1024, encoders: int = 6, decoders: int = 2
    ) -> None:
        super().__init__()
        self.shape = {
            "vocabulary": vocabulary,
            "width": width,
            "heads": heads,
            "inner": inner,
            "encoders": encoders,
            "decoders": decoders,
        }
        self.width = width
        self.embed = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        self.encoder = nn.ModuleList(EncoderLayer(width, heads, inner) for _ in range(encoders))
        self.decoder = nn.ModuleList(DecoderLayer(width, heads, inner) for _ in range(decoders))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.register_buffer("positions", sinusoids(MAX_POSITIONS, width), persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim == 2 and not name.startswith("embed"):
                nn.init.xavier_uniform_(weight, gain=0.5 if name.endswith(("out.weight", "shrink.weight")) else 1.0)
            elif name.endswith(".bias"):
                nn.init.zeros_(weight)
        # The embedding is also the output layer: at full size each token would at first predict itself.
        nn.init.constant_(self.decoder_norm.weight, 0.3)

    def _embedded(self, ids: Tensor) -> Tensor:
        return self.embed(ids) * math.sqrt(self.width) + self.positions[: ids.shape[1]]

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's states and what is added to the attention scores of padding."""
        mask = (source == 0)[:, None, None, :].to(self.bias.dtype) * -1e4
        states = self._embedded(source)
        for layer in self.encoder:
            states = layer(states, mask)
        return self.encoder_norm(states), mask

    def decode(self, target: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """States ``(rows, T, width)`` behind the last decoder layer."""
        states = self._embedded(target)
        for layer in self.decoder:
            states = layer(states, memory, mask)
        return self.decoder_norm(states)

    def scores(self, states: Tensor) -> Tensor:
        """Scores over the vocabulary (the embedding, used again)."""
        return functional.linear(states, self.embed.weight, self.bias)

    @torch.no_grad()
    def greedy(self, source: Tensor, begin: int, end: int, limit: int = 60) -> list[list[int]]:
        """The most probable token at each step, for the scores on the dev set while training."""
        memory, mask = self.encode(source)
        ids = torch.full((source.shape[0], 1), begin)
        done = torch.zeros(source.shape[0], dtype=torch.bool)
        for _ in range(limit):
            best = self.scores(self.decode(ids, memory, mask)[:, -1]).argmax(-1)
            best[done] = 0
            ids = torch.cat([ids, best[:, None]], dim=1)
            done |= best == end
            if bool(done.all()):
                break
        return [[token for token in row[1:].tolist() if token not in (0, end)] for row in ids]
