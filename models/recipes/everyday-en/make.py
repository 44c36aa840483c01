"""Draw the everyday sentences that stand for what a bot is not about; keep their vectors and hashed n-grams only.

PYTHONPATH=<repository> python make.py --tatoeba <shared>/data/translation/tatoeba/deu-eng.zip --out <model folder>
"""

from __future__ import annotations

import argparse
import random
import zipfile
from pathlib import Path

import numpy as np

from services.conversation.engines.sentence_encoder import SentenceEncoder
from services.conversation.understanding.everyday import PROBE
from services.conversation.understanding.ngrams import LETTER_WEIGHT, hashes
from shared.models.catalog import REPOSITORY_ROOT

COUNT, SEED = 1200, 20
SHORTEST, LONGEST = 3, 12  # words


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tatoeba", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with zipfile.ZipFile(options.tatoeba) as archive:
        lines = archive.read("deu.txt").decode("utf-8").splitlines()
    sentences = sorted({line.split("\t")[0] for line in lines})
    fitting = [s for s in sentences if s.isascii() and SHORTEST <= len(s.split()) <= LONGEST]
    # Half of them questions and requests: what a bot hears is seldom a statement.
    generator = random.Random(SEED)
    asked = generator.sample([s for s in fitting if s.endswith("?")], COUNT // 2)
    told = generator.sample([s for s in fitting if not s.endswith("?")], COUNT // 2)
    chosen = sorted([*asked, *told])
    encoder = SentenceEncoder(REPOSITORY_ROOT / "models" / "sentence-vectors-en" / "1")
    vectors = np.stack(encoder.run([PROBE, *chosen]))
    options.out.mkdir(parents=True, exist_ok=True)
    of_each = [hashes(sentence) for sentence in chosen]
    np.savez_compressed(
        options.out / "ngrams.npz",
        keys=np.array([key for of_one in of_each for key, _ in of_one], np.uint32),
        of_letters=np.array([weight == LETTER_WEIGHT for of_one in of_each for _, weight in of_one]),
        ends=np.cumsum([len(of_one) for of_one in of_each]).astype(np.uint32),
    )
    np.save(options.out / "vectors.npy", np.round(vectors * 127 / 0.35).clip(-127, 127).astype(np.int8))


if __name__ == "__main__":
    main()
