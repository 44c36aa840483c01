"""Trains letters-to-sounds-en on a pronouncing dictionary: aligns letters with phonemes, then softmax regression."""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import torch

from services.transcription.letters_to_sounds import LettersToSounds, features

BUCKETS = 1 << 15
MOST_PHONEMES = 3
ROUNDS = 6
EPOCHS = 5
SEED = 0

Entry = tuple[str, tuple[str, ...]]


def read_dictionary(path: Path) -> list[Entry]:
    """Words of plain letters with their first pronunciation."""
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phonemes = line.split()
        if re.fullmatch(r"[a-z]+", word) and 0 < len(phonemes) <= 3 * len(word):
            entries.append((word, tuple(phonemes)))
    return entries


def align(entries: list[Entry]) -> list[tuple[str, list[str]]]:
    """Chunks of phonemes for each letter, by hard EM over monotone alignments."""
    costs: dict[str, dict[str, float]] = defaultdict(dict)
    for turn in range(ROUNDS + 1):
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        aligned = []
        for word, phonemes in entries:
            chunks = _best(word, phonemes, costs if turn else None)
            if chunks is None:
                continue
            aligned.append((word, chunks))
            for letter, chunk in zip(word, chunks, strict=True):
                counts[letter][chunk] += 1
        for letter, counter in counts.items():
            total = sum(counter.values())
            costs[letter] = {chunk: -math.log(count / total) for chunk, count in counter.items()}
    return aligned


def _best(word: str, phonemes: tuple[str, ...], costs: dict[str, dict[str, float]] | None) -> list[str] | None:
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for letter in word:
        following: dict[int, tuple[float, int]] = {}
        for done, (cost, _) in best[-1].items():
            for width in range(min(MOST_PHONEMES, len(phonemes) - done) + 1):
                chunk = " ".join(phonemes[done : done + width])
                # At first one phoneme a letter is likeliest, in the order in which they come.
                step = abs(width - 1) + 0.01 * width if costs is None else costs[letter].get(chunk, 12.0 + 3 * width)
                if done + width not in following or cost + step < following[done + width][0]:
                    following[done + width] = (cost + step, done)
        best.append(following)
    if len(phonemes) not in best[-1]:
        return None
    chunks, done = [], len(phonemes)
    for column in reversed(best[1:]):
        before = column[done][1]
        chunks.append(" ".join(phonemes[before:done]))
        done = before
    return chunks[::-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dictionary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    entries = read_dictionary(arguments.dictionary)
    random.shuffle(entries)
    held_back, entries = entries[:5000], entries[5000:]
    aligned = align(entries)
    frequent = Counter(chunk for _, chunks in aligned for chunk in chunks)
    chunks = sorted(chunk for chunk, count in frequent.items() if count >= 20)
    number = {chunk: index for index, chunk in enumerate(chunks)}
    rows, targets = [], []
    for word, parts in aligned:
        if all(part in number for part in parts):
            for position, part in enumerate(parts):
                before = parts[position - 1] if position else ""
                rows.append(features(word, position, before, parts[position - 2] if position > 1 else "", BUCKETS))
                targets.append(number[part])
    print(len(aligned), "words", len(chunks), "chunks", len(rows), "letters", flush=True)
    inputs, labels = torch.tensor(rows, dtype=torch.int32), torch.tensor(targets)
    table = torch.nn.EmbeddingBag(BUCKETS, len(chunks), mode="sum")
    torch.nn.init.zeros_(table.weight)
    optimizer = torch.optim.Adam(table.parameters(), lr=0.02)
    batch = 4096
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * (1 - epoch / EPOCHS)
        total = 0.0
        order = torch.randperm(len(inputs))
        for begin in range(0, len(order), batch):
            chosen = order[begin : begin + batch]
            loss = torch.nn.functional.cross_entropy(table(inputs[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        print("epoch", epoch, "loss", total / len(inputs), flush=True)
    weights = table.weight.detach().numpy()
    scale = float(np.percentile(np.abs(weights), 99.99)) / 127
    packed = np.clip(np.round(weights / scale), -127, 127).astype(np.int8)
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out / "weights.npz", weights=packed)
    settings = {"scale": scale, "chunks": chunks}
    (arguments.out / "settings.json").write_text(json.dumps(settings) + "\n", encoding="utf-8")

    model = LettersToSounds.read(arguments.out)
    right = among = errors = sounds = 0
    for word, phonemes in held_back:
        found = [pronunciation for pronunciation, _ in model.pronounce(word)]
        right += found[:1] == [phonemes]
        among += phonemes in found
        errors += distance(phonemes, found[0] if found else ())
        sounds += len(phonemes)
    share = 100 * errors / sounds
    print(f"words right {right / 50:.1f} %, among three {among / 50:.1f} %, phoneme errors {share:.1f} %")


def distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


if __name__ == "__main__":
    main()
