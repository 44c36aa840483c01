"""SASRec: a transformer that foretells a user's next item, trained with torch in an environment of its own.

Wang-Cheng Kang, Julian McAuley: Self-Attentive Sequential Recommendation, ICDM 2018, with the softmax over all items in
place of one negative a step (Klenitskiy, Vasilev: Turning Dross Into Gold Loss, RecSys 2023), or over a few thousand
drawn evenly where the catalogue is large. The layers are torch.nn's.
"""

from __future__ import annotations

import copy
import importlib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.personalization.tasks import Sequences, TrainedSequences
from shared.models.catalog import CatalogEntry

_SEED = 1
_LAYERS, _HEADS, _DROPOUT = 2, 2, 0.3
_BATCH, _RATE, _DECAY = 64, 1e-3, 1e-4
#: Items up to which the softmax is over all; how many are drawn for each batch otherwise.
_WHOLE, _DRAWN = 4_000, 1_024
_MOST_EPOCHS, _PATIENCE = 40, 3
#: Users kept apart to tell when to stop.
_APART = 0.1
_OPSET = 18


class SasRecEngine:
    """Implements ``SequenceTrainer``."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def run(self, items: Sequence[Sequences]) -> list[TrainedSequences]:
        """Train one model an item."""
        return [_Training(self._torch, item).run() for item in items]

    def close(self) -> None:
        """Nothing is held between two trainings."""


class _Training:
    """One model on its way. Items are numbered from 1 here: 0 is the padding."""

    def __init__(self, torch: Any, work: Sequences) -> None:
        self._torch = torch
        self._work = work
        torch.manual_seed(_SEED)
        self._random = np.random.default_rng(_SEED)
        nn = torch.nn
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        layer = nn.TransformerEncoderLayer(
            work.dimension, _HEADS, 2 * work.dimension, _DROPOUT, "gelu", batch_first=True, norm_first=True
        )
        self._parts = nn.ModuleDict(
            {
                "item_table": nn.Embedding(work.item_count + 1, work.dimension, padding_idx=0),
                "position_table": nn.Embedding(work.length, work.dimension),
                "encoder": nn.TransformerEncoder(
                    layer, _LAYERS, nn.LayerNorm(work.dimension), enable_nested_tensor=False
                ),
                "dropout": nn.Dropout(_DROPOUT),
            }
        )
        for name in ("item_table", "position_table"):
            nn.init.normal_(self._parts[name].weight, std=work.dimension**-0.5)
        self._parts.to(self._device)

    def run(self) -> TrainedSequences:
        """Train as long as it helps, or as long as was asked for."""
        torch, work = self._torch, self._work
        users = np.flatnonzero(np.diff(work.offsets) >= 2)
        apart = np.zeros(0, np.int64)
        if work.epochs is None:
            apart = self._random.permutation(users)[: max(1, round(len(users) * _APART))]
        windows = self._windows(users, set(apart.tolist()))
        optimizer = torch.optim.AdamW(self._parts.parameters(), lr=_RATE, weight_decay=_DECAY)
        best, best_epoch, kept = np.inf, work.epochs or 1, None
        for epoch in range(1, (work.epochs or _MOST_EPOCHS) + 1):
            self._epoch(windows, optimizer)
            if work.epochs is None:
                loss = self._loss_apart(apart)
                if loss < best:
                    best, best_epoch, kept = loss, epoch, copy.deepcopy(self._parts.state_dict())
                elif epoch - best_epoch >= _PATIENCE:
                    break
        if kept is not None:
            self._parts.load_state_dict(kept)
        self._parts.eval().to("cpu")
        arrays = [
            np.ascontiguousarray(self._parts[name].weight.detach().numpy(), np.float32)
            for name in ("item_table", "position_table")
        ]
        return TrainedSequences(arrays[0][1:].copy(), arrays[1], self._exported(), best_epoch)

    def _windows(self, users: Any, apart: set[int]) -> Any:
        """Windows of ``length`` + 1 items [windows, length + 1], those before the first padded by 0."""
        work, rows = self._work, []
        width = work.length + 1
        for user in users.tolist():
            codes = work.items[work.offsets[user] : work.offsets[user + 1]] + 1
            if user in apart:
                codes = codes[:-1]
            # Each window begins with the item that the one before ends with: every item is foretold once.
            for end in range(len(codes), 1, -work.length):
                row = np.zeros(width, np.int64)
                part = codes[max(0, end - width) : end]
                row[width - len(part) :] = part
                rows.append(row)
        return np.array(rows, np.int64).reshape(-1, width)

    def _epoch(self, windows: Any, optimizer: Any) -> None:
        self._parts.train()
        order = self._random.permutation(len(windows))
        for begin in range(0, len(order), _BATCH):
            batch = self._torch.from_numpy(windows[order[begin : begin + _BATCH]]).to(self._device)
            loss = self._loss(batch[:, :-1], batch[:, 1:])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def _loss(self, sources: Any, targets: Any) -> Any:
        """Mean cross-entropy over the places that are no padding."""
        torch = self._torch
        wanted = (targets > 0) & (sources > 0)
        vectors = self._encoded(sources)[wanted]
        goals = targets[wanted]
        table = self._parts["item_table"].weight
        if self._work.item_count <= _WHOLE:
            return torch.nn.functional.cross_entropy(vectors @ table[1:].T, goals - 1)
        drawn = torch.randint(1, self._work.item_count + 1, (_DRAWN,), device=self._device)
        others = vectors @ table[drawn].T
        # A drawn item that is the wanted one must not count against itself.
        others = others.masked_fill(drawn[None] == goals[:, None], -1e9)
        own = (vectors * table[goals]).sum(-1, keepdim=True)
        zeros = torch.zeros(len(goals), dtype=torch.long, device=self._device)
        return torch.nn.functional.cross_entropy(torch.cat([own, others], 1), zeros)

    def _encoded(self, sources: Any) -> Any:
        torch, length = self._torch, sources.shape[1]
        places = torch.arange(self._work.length - length, self._work.length, device=sources.device)
        vectors = self._parts["item_table"](sources) * self._work.dimension**0.5 + self._parts["position_table"](places)
        # Padding stands at the left: only it would look at padding alone, so it may look at itself.
        barred = torch.ones(length, length, dtype=torch.bool, device=sources.device).triu(1)[None]
        barred = barred | (sources == 0)[:, None, :]
        barred = barred & ~torch.eye(length, dtype=torch.bool, device=sources.device)[None]
        return self._parts["encoder"](self._parts["dropout"](vectors), mask=barred.repeat_interleave(_HEADS, dim=0))

    def _loss_apart(self, apart: Any) -> float:
        """How unlikely the newest items of the users kept apart are."""
        torch, work = self._torch, self._work
        self._parts.eval()
        total = 0.0
        with torch.no_grad():
            for begin in range(0, len(apart), _BATCH):
                users = apart[begin : begin + _BATCH]
                sources = np.zeros((len(users), work.length), np.int64)
                goals = np.zeros(len(users), np.int64)
                for row, user in enumerate(users.tolist()):
                    codes = work.items[work.offsets[user] : work.offsets[user + 1]] + 1
                    part = codes[:-1][-work.length :]
                    sources[row, work.length - len(part) :] = part
                    goals[row] = codes[-1]
                vectors = self._encoded(torch.from_numpy(sources).to(self._device))[:, -1]
                logits = vectors @ self._parts["item_table"].weight[1:].T
                wanted = torch.from_numpy(goals - 1).to(self._device)
                total += float(torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"))
        return total / max(1, len(apart))

    def _exported(self) -> bytes:
        """The encoder of one history in a window of full length, for the exporter knows no other lengths."""
        torch, encoder, length = self._torch, self._parts["encoder"], self._work.length

        class Newest(torch.nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.encoder = encoder

            def forward(self, vectors: Any, barred: Any) -> Any:
                return self.encoder(vectors, mask=barred)[:, -1]

        file = io.BytesIO()
        example = torch.zeros(1, length, self._work.dimension), torch.zeros(length, length, dtype=torch.bool)
        # In evaluation mode torch would take a fused kernel that no exporter knows.
        torch.backends.mha.set_fastpath_enabled(False)
        torch.onnx.export(
            Newest().eval(), example, file, input_names=["vectors", "barred"], output_names=["user"],
            opset_version=_OPSET, dynamo=False,
        )  # fmt: skip
        torch.backends.mha.set_fastpath_enabled(True)
        return file.getvalue()


def load(entry: CatalogEntry, directory: Path, device: str) -> SasRecEngine:
    """Import torch; as many threads as there are processors."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(max(1, os.cpu_count() or 1))
    return SasRecEngine(torch)
