"""Step 1: one teacher a fold of the labelled tweets, each scored on the tweets it has not seen.

python train_teachers.py --data <shared>/data --checkpoint <folder of all-MiniLM-L6-v2> --out <work folder>
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from corpora import (
    MIXED,
    NEGATIVE,
    NEUTRAL,
    PLAIN,
    POSITIVE,
    Example,
    mixtures,
    sst2,
    tweets_emotion,
    tweets_three_classes,
    wikipedia,
)
from teacher import predict, train_teacher

FOLDS = 4


def examples_without(root: Path, fold: int) -> list[Example]:
    """The training set of one fold: everything but that fold's tweets."""
    tweets = [e for i, e in enumerate(tweets_three_classes(root)) if i % FOLDS != fold]
    poles = sst2(root, "train")
    neutral = [Example(t, NEUTRAL, PLAIN, 0.3) for t in wikipedia(root)[:800]]
    return [*poles, *tweets, *tweets, *tweets_emotion(root), *mixtures(poles, 2500, seed=fold), *neutral]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--folds", type=int, nargs="*", default=list(range(FOLDS)))
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    root = options.data / "text"
    dev, tweets = sst2(root, "dev"), tweets_three_classes(root)
    mixed = mixtures(dev, 500, seed=99)
    for fold in options.folds:
        model = train_teacher(options.checkpoint, examples_without(root, fold), epochs=3, rate=1e-4, seed=fold)
        torch.save(model.state_dict(), options.out / f"teacher{fold}.pt")
        held = [e for i, e in enumerate(tweets) if i % FOLDS == fold]
        logits = predict(model, options.checkpoint, [e.text for e in dev])
        scores = {
            "sst2_dev_accuracy": float(
                np.mean(
                    [(r[POSITIVE] > r[NEGATIVE]) == (e.label == POSITIVE) for r, e in zip(logits, dev, strict=True)]
                )
            )
        }
        logits = predict(model, options.checkpoint, [e.text for e in held])
        guess, truth = logits[:, :3].argmax(1), np.array([e.label for e in held])
        scores["tweets_macro_recall"] = float(np.mean([(guess[truth == c] == c).mean() for c in range(3)]))
        logits = predict(model, options.checkpoint, [e.text for e in mixed])
        said = (logits.argmax(1) == MIXED) == np.array([e.label == MIXED for e in mixed])
        scores["mixed_accuracy"] = float(said.mean())
        (options.out / f"teacher{fold}.json").write_text(json.dumps(scores, indent=1))
        print(fold, scores, flush=True)


if __name__ == "__main__":
    main()
