"""Train the clinical tagger: MiniLM-L6 with one head for concepts, exported to ONNX with int8 weights.

PYTHONPATH=<repository>:../tagger-en python train.py --data <shared>/data --checkpoint <all-MiniLM-L6-v2> --out <folder>
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import time
from pathlib import Path

import torch
from encoder import Tagger, Training
from export import export_onnx, prune_vocabulary
from medical_corpora import CONCEPT_HEAD, labelled
from medical_scores import calibrate, evaluate
from notes import Maker

from bench.quality import bc5cdr
from services.language.wordpieces import WordPieces

NOTES = 2500


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bfloat16", action="store_true", help="faster on processors that have it, slower on others")
    parser.add_argument("--limit", type=int, default=None, help="sentences, to try the program out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    generator = random.Random(0)
    articles = list(bc5cdr.sentences(options.data / "text/medical_ner/BC5CDR-IOB/train.tsv"))[: options.limit]
    # The last twentieth calibrates; the development set only scores.
    held = articles[len(articles) * 19 // 20 :]
    articles = articles[: len(articles) * 19 // 20]
    names: dict[str, list[str]] = {"DRUG": [], "PROBLEM": []}
    for article in articles:
        for begin, end, kind in article.spans:
            names[kind].append(article.text[begin:end])
    sentences = [labelled(a, open_types=True) for a in articles]
    options.out.mkdir(parents=True, exist_ok=True)
    counts = collections.Counter(w for s in sentences for w in s.words)
    maker = Maker(99, names["PROBLEM"], names["DRUG"])
    counts.update(w for _ in range(8000) for w in labelled(maker.make(), open_types=False).words)
    kept = prune_vocabulary(options.checkpoint, options.data, counts, options.out)
    pieces = WordPieces.from_file(options.out / "tokenizer.json")
    model = Tagger(options.checkpoint, kept, CONCEPT_HEAD).train()
    training = Training(
        model, pieces, CONCEPT_HEAD, generator,
        rate=options.rate, warm_up=100, epochs=options.epochs, bfloat16=options.bfloat16,
    )  # fmt: skip
    for epoch in range(options.epochs):
        maker = Maker(epoch, names["PROBLEM"], names["DRUG"])
        made = [labelled(maker.make(), open_types=False) for _ in range(options.limit or NOTES)]
        began = time.time()
        loss = training.epoch([*sentences, *made])
        print(f"epoch {epoch + 1}: loss {loss:.4f}, {time.time() - began:.0f} s", flush=True)
        torch.save(model.state_dict(), options.out.parent / "tagger.pt")
    export_onnx(model.eval(), options.out, list(CONCEPT_HEAD))
    calibrate(options.out, held)
    scores = evaluate(options.out, options.data)
    (options.out.parent / "scores.json").write_text(json.dumps(scores, indent=1))
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
