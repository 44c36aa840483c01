"""Train the linear part-of-speech taggers for Spanish, German and French on the first four fifths of UD dev files.

    PYTHONPATH=<repository> python train.py --data <shared>/data --out <model folder>

Only the dev files lie in the data folder. The last fifth of each is held out for the scores; contractions that UD
writes as ranges (``del`` = ``de`` + ``el``) are one word with the first part's tag, as the service's tokeniser gives
them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from services.language.hashed_features import hashed_features

TAGS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()  # noqa: SIM905
BUCKETS = 1 << 17
Sentence = list[tuple[str, str]]


def read(path: Path) -> list[Sentence]:
    """Sentences of (word, tag)."""
    sentences: list[Sentence] = []
    words: Sentence = []
    surface, until = "", 0
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if line.startswith("#"):
            continue
        if len(fields) < 4:
            if words:
                sentences.append(words)
            words, until = [], 0
        elif "-" in fields[0]:
            surface, until = fields[1], int(fields[0].split("-")[1])
        elif fields[0].isdigit():
            if int(fields[0]) > until:
                words.append((fields[1], fields[3]))
            elif surface:
                words.append((surface, fields[3]))
                surface = ""
    return [*sentences, *([words] if words else [])]


def train(sentences: list[Sentence], seed: int, epochs: int = 12) -> np.ndarray:
    """Softmax regression by Adagrad on shuffled batches of 256 words; one feature in ten is dropped."""
    torch.manual_seed(seed)
    rows = torch.from_numpy(np.concatenate([hashed_features([w for w, _ in s], BUCKETS) for s in sentences]))
    tags = torch.tensor([TAGS.index(t) if t in TAGS else TAGS.index("X") for s in sentences for _, t in s])
    weights = nn.Parameter(torch.zeros(BUCKETS, len(TAGS)))
    optimiser = torch.optim.Adagrad([weights], lr=0.2)
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(tags)).split(256):
            keep = (torch.rand(len(batch), rows.shape[1]) > 0.1).float()
            gathered = weights[rows[batch]]
            logits = (gathered * keep[..., None]).sum(1) / 0.9
            loss = nn.functional.cross_entropy(logits, tags[batch], label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(batch)
        print(f"  epoch {epoch + 1}: {total / len(tags):.4f}", flush=True)
    result: np.ndarray = weights.detach().numpy()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    tables, scales, scores = {}, {}, {}
    for seed, language in enumerate(("de", "es", "fr")):
        sentences = read(options.data / f"text/ud/{language}_gsd/{language}_gsd-ud-dev.conllu")
        cut = len(sentences) * 4 // 5
        weights = train(sentences[:cut], seed)
        scale = float(np.abs(weights).max()) / 127
        tables[language], scales[language] = np.round(weights / scale).astype(np.int8), scale
        right = total = 0
        for sentence in sentences[cut:]:
            logits = tables[language][hashed_features([w for w, _ in sentence], BUCKETS)].sum(1, dtype=np.int32)
            guesses = [TAGS[i] for i in logits.argmax(1)]
            right += sum(g == t for g, (_, t) in zip(guesses, sentence, strict=True))
            total += len(sentence)
        scores[language] = {"upos_accuracy": right / total, "words": total}
        print(language, scores[language], flush=True)
    np.savez_compressed(options.out / "weights.npz", **tables)
    (options.out / "settings.json").write_text(json.dumps({"tags": TAGS, "scales": scales}))
    (options.out.parent / "scores.json").write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
