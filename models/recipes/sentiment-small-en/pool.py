"""Step 2: the pool of texts that the student learns from, and the teachers' opinions of them.

python pool.py --data <shared>/data --checkpoint <all-MiniLM-L6-v2> --out <work folder> --folds 0 1 2 3
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from corpora import sst2, tatoeba_english, tweets_three_classes, unlabelled
from teacher import Teacher, predict

_MAX_CHARACTERS = 400


def _part(text: str, generator: random.Random, longest: int) -> str:
    """A run of words out of a text: phrases teach a small model how single words count (Socher et al. 2013)."""
    words = text.split()
    length = min(len(words), generator.randint(2, longest))
    start = generator.randint(0, len(words) - length)
    return " ".join(words[start : start + length])


def build(root: Path, tatoeba: Path) -> list[str]:
    """About 93,000 different texts; the labelled tweets among them, without labels, but none of SST-2's dev part."""
    generator = random.Random(7)
    reviews = [e.text for e in sst2(root, "train")]
    tweets = [e.text for e in tweets_three_classes(root)]
    web, everyday = list(unlabelled(root)), tatoeba_english(tatoeba)
    pool = [*reviews, *tweets, *generator.sample(web, min(len(web), 34000)), *generator.sample(everyday, 14000)]
    for text in reviews:
        pool += [_part(text, generator, 14) for _ in range(4)]
        other = generator.choice(reviews).split()
        own = text.split()
        pool.append(" ".join(own[: len(own) // 2] + other[len(other) // 2 :]))
    pool += [_part(t, generator, 14) for t in generator.choices(web, k=9000)]
    return list(dict.fromkeys(t[:_MAX_CHARACTERS] for t in pool if t.strip()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3])
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = build(options.data / "text", options.data / "translation" / "tatoeba")
    (options.out / "pool.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    print(len(texts), "texts", flush=True)
    for fold in options.folds:
        while not (options.out / f"teacher{fold}.json").exists():  # train_teachers.py may still be at it
            time.sleep(5)
        model = Teacher(options.checkpoint).eval()
        model.load_state_dict(torch.load(options.out / f"teacher{fold}.pt"))
        began = time.time()
        np.save(options.out / f"pool{fold}.npy", predict(model, options.checkpoint, texts))
        print(f"fold {fold}: {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
