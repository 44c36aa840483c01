"""Trains one of the two translation models on the token ids of ``prepare.py``; stops when its minutes are used up.

Label smoothing 0.1 (Szegedy and others, 2016), Muon for the matrices (Jordan and others, 2024) and AdamW for the rest;
warm-up, constant rate, linear decay over the last three fifths (Haegele and others, 2024). The schedule follows the
clock, so the same command uses whatever processor it is given; the exact step count is in the checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy
import sacrebleu
import sentencepiece
import torch
from network import Network

BEGIN, END = 2, 3
SHARES = (1.0, 0.5, 0.15)  # of the Tatoeba pairs, the messages and the unconfirmed synthetic pairs, in each epoch
Batch = tuple[torch.Tensor, torch.Tensor]


class Pairs:
    """The token ids of all pairs, dealt out in batches of like length."""

    def __init__(self, path: Path, seed: int, tokens: int) -> None:
        data = numpy.load(path)
        self.tokens, self.bounds, self.language = data["tokens"].astype("int64"), data["bounds"], data["language"]
        self.share = numpy.array(SHARES)[data["kind"]] if "kind" in data else numpy.ones(len(self.language))
        self.lengths = numpy.diff(self.bounds).reshape(-1, 2)
        self.rng, self.budget = random.Random(seed), tokens

    def side(self, index: int, side: int) -> list[int]:
        """Ids of pair ``index``: 0 the source, 1 the target."""
        start, stop = self.bounds[2 * index + side], self.bounds[2 * index + side + 1]
        return self.tokens[start:stop].tolist()

    def joined(self, index: int, other: int) -> tuple[list[int], list[int]]:
        """Two pairs one behind the other; the tags in front of the second source are dropped."""
        source, target = self.side(index, 0)[:-1], self.side(index, 1)[:-1]
        second = self.side(other, 0)
        while 4 <= second[0] <= 7:
            second = second[1:]
        return source + second, target + self.side(other, 1)

    def epoch(self) -> Iterator[Batch]:
        """Every pair with the probability of its kind, in batches of like length.

        One in twelve grows by a second pair of its language, so that longer inputs are seen.
        """
        numbers = numpy.random.default_rng(self.rng.randrange(1 << 30))
        order = numbers.permutation(len(self.lengths))
        order = order[numbers.random(len(order)) < self.share[order]]
        order = order[self.lengths[order].max(1) <= 100]
        by_language = [order[self.language[order] == language] for language in range(3)]
        for start in range(0, len(order), 60_000):
            rows = []
            for index in order[start : start + 60_000]:
                if self.rng.random() < 1 / 12:
                    pool = by_language[self.language[index]]
                    rows.append(self.joined(int(index), int(pool[self.rng.randrange(len(pool))])))
                else:
                    rows.append((self.side(index, 0), self.side(index, 1)))
            rows.sort(key=lambda row: (max(len(row[0]), len(row[1])) + self.rng.random() * 2, len(row[0])))
            batches: list[list[tuple[list[int], list[int]]]] = [[]]
            longest = 0
            for row in rows:
                longest = max(longest, len(row[0]), len(row[1]))
                if batches[-1] and longest * (len(batches[-1]) + 1) > self.budget:
                    batches.append([])
                    longest = max(len(row[0]), len(row[1]))
                batches[-1].append(row)
            self.rng.shuffle(batches)
            for batch in batches:
                yield padded([row[0] for row in batch]), padded([row[1] for row in batch])


def padded(rows: list[list[int]]) -> torch.Tensor:
    """Rows of ids filled up with 0."""
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


class SmoothedLoss(torch.autograd.Function):
    """Mean smoothed cross-entropy of ``states @ embedding.T + bias``, a slice of the rows at a time.

    The scores of all tokens over the vocabulary are by far the largest thing of a step; in slices they stay in the
    processor's cache, and their gradient is made at once, since nothing else depends on them.
    """

    ROWS = 384

    @staticmethod
    def forward(context, states, embedding, bias, targets, smoothing):  # type: ignore[no-untyped-def]
        count, size = targets.numel(), embedding.shape[0]
        low = embedding.to(torch.bfloat16)
        states_gradient, bias_gradient = torch.empty_like(states), torch.zeros_like(bias)
        embedding_gradient = torch.zeros_like(embedding)
        total = 0.0
        for start in range(0, count, SmoothedLoss.ROWS):
            rows = states[start : start + SmoothedLoss.ROWS].to(torch.bfloat16)
            wanted = targets[start : start + SmoothedLoss.ROWS, None]
            logs = torch.log_softmax((rows @ low.T).float().add_(bias), dim=-1)
            total -= (1 - smoothing) * logs.gather(1, wanted).sum().item() + smoothing / size * logs.sum().item()
            gradient = logs.exp_().sub_(smoothing / size)
            gradient.scatter_add_(1, wanted, torch.full_like(wanted, smoothing - 1, dtype=gradient.dtype))
            gradient.div_(count)
            bias_gradient += gradient.sum(0)
            gradient = gradient.to(torch.bfloat16)
            states_gradient[start : start + SmoothedLoss.ROWS] = gradient @ low
            embedding_gradient += gradient.T @ rows
        context.save_for_backward(states_gradient, embedding_gradient, bias_gradient)
        return states.new_tensor(total / count)

    @staticmethod
    def backward(context, outer):  # type: ignore[no-untyped-def]
        states, embedding, bias = context.saved_tensors
        return states * outer, embedding * outer, bias * outer, None, None


def loss_of(model: Network, source: torch.Tensor, target: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Mean smoothed cross-entropy of the target tokens; padding is left out before the large product."""
    shifted = torch.cat([torch.full((target.shape[0], 1), BEGIN), target[:, :-1]], dim=1)
    with torch.autocast("cpu", torch.bfloat16):
        memory, mask = model.encode(source)
        keep = target != 0
        states = model.decode(shifted, memory, mask)[keep]
    loss: torch.Tensor = SmoothedLoss.apply(states.float(), model.embed.weight, model.bias, target[keep], smoothing)
    return loss


class Dev:
    """The dev slices; ``bleu`` translates a part of each greedily."""

    def __init__(self, work: Path, direction: str, pieces: sentencepiece.SentencePieceProcessor, rows: int) -> None:
        self.pieces = pieces
        self.sets: dict[str, tuple[list[list[int]], list[str]]] = {}
        for name in ("de", "fr", "messages.es"):
            pairs = [line.rstrip("\n").split("\t") for line in (work / f"dev.{name}.tsv").open(encoding="utf-8")][:rows]
            english, foreign = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            tag = [pieces.piece_to_id(f"<2{name[-2:]}>")] if direction == "from-english" else []
            sources, references = (english, foreign) if direction == "from-english" else (foreign, english)
            self.sets[name] = ([[*tag, *pieces.encode(text)[:100], END] for text in sources], references)

    def bleu(self, model: Network) -> dict[str, float]:
        """BLEU of the greedy translations, one figure for each slice."""
        model.eval()
        result = {}
        for name, (sources, references) in self.sets.items():
            with torch.autocast("cpu", torch.bfloat16):
                out = model.greedy(padded(sources), BEGIN, END)
            result[name] = round(sacrebleu.corpus_bleu([self.pieces.decode(row) for row in out], [references]).score, 1)
        model.train()
        return result


def rate(progress: float, step: int) -> float:
    """Factor of the learning rate at ``progress`` 0..1 of the time."""
    return min(1.0, step / 150) * min(1.0, max(0.0, (1 - progress) / 0.6))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("direction", choices=("from-english", "to-english"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="time of all runs together")
    parser.add_argument("--tokens", type=int, default=3072)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--encoders", type=int, default=4)
    parser.add_argument("--optimizer", default="muon")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    work, direction = arguments.work, arguments.direction
    folder = work / (arguments.name or direction)
    folder.mkdir(exist_ok=True)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(work / "vocabulary.model"))
    pairs = Pairs(work / f"{direction}.npz", arguments.seed, arguments.tokens)
    model = Network(
        pieces.get_piece_size(),
        width=arguments.width,
        heads=arguments.width // 64,
        inner=4 * arguments.width,
        encoders=arguments.encoders,
    )
    matrices = [
        weight for name, weight in model.named_parameters() if weight.ndim == 2 and not name.startswith("embed")
    ]
    rest = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or name.startswith("embed")]
    if arguments.optimizer == "muon":
        optimizers = [
            torch.optim.Muon(matrices, lr=arguments.rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=arguments.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
        ]
    else:
        optimizers = [
            torch.optim.AdamW(matrices + rest, lr=arguments.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        ]
    bases = [arguments.rate] * len(optimizers)
    step, used, epoch = 0, 0.0, 0
    state = folder / "state.pt"
    if state.exists():
        saved = torch.load(state, weights_only=True)
        model.load_state_dict(saved["model"])
        for optimizer, content in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(content)
        step, used, epoch = saved["step"], saved["used"], saved["epoch"]
        pairs.rng.seed(arguments.seed + epoch + 1000 + step)
    print(json.dumps({"parameters": sum(weight.numel() for weight in model.parameters()), "step": step}), flush=True)
    dev = Dev(work, direction, pieces, 150)
    total, began, last, seen, average = arguments.minutes * 60, time.monotonic(), time.monotonic(), 0, 0.0
    offset, checkpoints = used, 0
    next_dev, next_save = used + 420.0, used + 240.0
    while used < total:
        for source, target in pairs.epoch():
            factor = rate(used / total, step)
            for optimizer, base in zip(optimizers, bases, strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = base * factor
            loss = loss_of(model, source, target, 0.1)
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
            step += 1
            seen += int((target != 0).sum())
            average = loss.item() if average == 0 else 0.98 * average + 0.02 * loss.item()
            if not math.isfinite(average):
                raise SystemExit("the loss is no number any more")
            used = offset + time.monotonic() - began
            if step % 50 == 0:
                now = time.monotonic()
                print(
                    json.dumps(
                        {
                            "step": step,
                            "epoch": epoch,
                            "loss": round(average, 3),
                            "seconds": round(used),
                            "rate": round(factor, 3),
                            "target tokens/s": round(seen / (now - last)),
                        }
                    ),
                    flush=True,
                )
                last, seen = now, 0
            if used > next_dev:
                print(json.dumps({"dev": dev.bleu(model), "step": step, "seconds": round(used)}), flush=True)
                next_dev = used + 420
            if used > next_save or used >= total:
                content = {
                    "model": model.state_dict(),
                    "shape": model.shape,
                    "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                    "step": step,
                    "used": used,
                    "epoch": epoch,
                }
                torch.save(content, folder / "state.tmp")
                (folder / "state.tmp").rename(state)
                if used / total > 0.9:
                    checkpoints += 1
                    torch.save(
                        {"model": model.state_dict(), "shape": model.shape, "step": step},
                        folder / f"late-{checkpoints % 5}.pt",
                    )
                next_save = used + (240 if used / total < 0.85 else 60)
            if used >= total:
                break
        epoch += 1
    print(json.dumps({"dev": dev.bleu(model), "step": step, "epoch": epoch, "seconds": round(used)}), flush=True)


if __name__ == "__main__":
    main()
