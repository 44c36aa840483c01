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
from encoder import Batch, Tagger
from export import export_onnx, prune_vocabulary
from medical_corpora import HEADS, labelled
from medical_scores import calibrate, evaluate
from notes import Maker
from torch import nn

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
    model = Tagger(options.checkpoint, kept, HEADS).train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=options.rate, weight_decay=0.01, fused=True)
    step, steps = 0, None
    for epoch in range(options.epochs):
        maker = Maker(epoch, names["PROBLEM"], names["DRUG"])
        made = [labelled(maker.make(), open_types=False) for _ in range(options.limit or NOTES)]
        items = [*sentences, *made]
        items.sort(key=lambda s: len(s.words) + generator.random() * 6)
        batches = [items[i : i + 24] for i in range(0, len(items), 24)]
        generator.shuffle(batches)
        steps = steps or options.epochs * len(batches)
        began, total = time.time(), 0.0
        for rows in batches:
            batch = Batch(rows, pieces, HEADS)
            rate = options.rate * min(1.0, (step + 1) / 100) * max(0.02, 1 - step / (steps * 1.02))
            for group in optimiser.param_groups:
                group["lr"] = rate
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bfloat16):
                outputs = model(batch.ids, batch.shapes)
            loss = batch.loss(outputs, HEADS)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            step += 1
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total / len(batches):.4f}, {time.time() - began:.0f} s", flush=True)
        torch.save(model.state_dict(), options.out.parent / "tagger.pt")
    export_onnx(model.eval(), options.out, list(HEADS))
    calibrate(options.out, held)
    scores = evaluate(options.out, options.data)
    (options.out.parent / "scores.json").write_text(json.dumps(scores, indent=1))
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
