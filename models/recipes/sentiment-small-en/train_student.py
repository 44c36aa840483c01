"""Step 3: distil the teachers into the student, score it out of fold, export it.

    python train_student.py --data <shared>/data --checkpoint <all-MiniLM-L6-v2> --out <work folder> \\
        --model <model folder>

For each fold a student is trained from that fold's teacher alone, which has not seen the fold's tweets, and scored on
them; the student that is kept learns from the mean of all teachers. SST-2's dev sentences are never trained on.
"""

from __future__ import annotations

import argparse
import collections
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from corpora import MIXED, NEGATIVE, POLES, POSITIVE, Example, mixtures, sst2, tweets_emotion, tweets_three_classes
from everyday import sentences
from safetensors.numpy import load_file
from student import Student, initial_table, predict, train_student
from tokenizers import Tokenizer
from train_teachers import FOLDS

from services.language.sentiment_text import SentimentPieces


def small_tokenizer(checkpoint: Path, texts: Sequence[str], out: Path, least: int) -> list[int]:
    """Write ``tokenizer.json`` with the pieces seen ``least`` times, [PAD] = 0; returns the old ids in order."""
    document: dict[str, Any] = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    document["truncation"] = document["padding"] = document["post_processor"] = None
    pieces = SentimentPieces(Tokenizer.from_str(json.dumps(document)))
    seen = collections.Counter(i for text in texts for i in pieces.ids(text))
    vocabulary: dict[str, int] = document["model"]["vocab"]
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    letters = {p for p in vocabulary if len(p.removeprefix("##")) == 1 and p.removeprefix("##").isascii()}
    kept = sorted(i for p, i in vocabulary.items() if p in special or p in letters or seen[i] >= least)
    names = {i: p for p, i in vocabulary.items()}
    document["model"]["vocab"] = {names[old]: new for new, old in enumerate(kept)}
    for token in document["added_tokens"]:
        token["id"] = document["model"]["vocab"][token["content"]]
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return kept


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    result: np.ndarray = shifted / shifted.sum(1, keepdims=True)
    return result


def targets_of(
    texts: Sequence[str], logits: np.ndarray, gold: Sequence[Example]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Pool texts with the teachers' probabilities, and labelled texts with half the teacher's weight on the label."""
    probabilities = softmax(logits)
    known = {text: row for text, row in zip(texts, probabilities, strict=True)}
    rows = list(texts), [*probabilities], [1.0] * len(texts)
    for example in gold:
        hard = np.zeros(4, np.float32)
        hard[example.label] = 1
        soft = known.get(example.text)
        rows[0].append(example.text)
        rows[1].append(hard if soft is None else (hard + soft) / 2)
        rows[2].append(1.0)
    return rows[0], np.stack(rows[1]).astype(np.float32), np.array(rows[2], np.float32)


def confident(texts: Sequence[str], probabilities: np.ndarray) -> list[Example]:
    """Short texts of the pool that the teachers are sure to be good or bad: of more subjects than films."""
    return [
        Example(text, pole, POLES)
        for text, row in zip(texts, probabilities, strict=True)
        for pole in POLES
        if row[pole] > 0.9 and len(text.split()) <= 12
    ]


def report(model: Student, pieces: SentimentPieces, root: Path, held: Sequence[Example]) -> dict[str, float]:
    dev = sst2(root, "dev")
    scores: dict[str, float] = {}
    logits = predict(model, [pieces.ids(e.text) for e in dev])
    scores["sst2_dev_accuracy"] = float(
        np.mean([(r[POSITIVE] > r[NEGATIVE]) == (e.label == POSITIVE) for r, e in zip(logits, dev, strict=True)])
    )
    mixed = mixtures(dev, 1000, seed=99)
    logits = predict(model, [pieces.ids(e.text) for e in mixed])
    truth = np.array([e.label for e in mixed])
    scores["mixed_accuracy"] = float(((logits.argmax(1) == MIXED) == (truth == MIXED)).mean())
    own = sentences(3000, seed=98, held=True)
    logits = predict(model, [pieces.ids(e.text) for e in own])
    scores["everyday_held_out_accuracy"] = float(np.mean(logits.argmax(1) == np.array([e.label for e in own])))
    if held:
        logits = predict(model, [pieces.ids(e.text) for e in held])
        truth = np.array([e.label for e in held])
        guess = logits[:, :3].argmax(1)
        scores["tweets_macro_recall"] = float(np.mean([(guess[truth == c] == c).mean() for c in range(3)]))
        scores["tweets_macro_recall_with_mixed"] = float(
            np.mean([(logits.argmax(1)[truth == c] == c).mean() for c in range(3)])
        )
    return scores


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--folds", type=int, nargs="*", default=list(range(FOLDS)), help="folds to score; none = skip")
    parser.add_argument(
        "--teachers", type=int, nargs="*", default=list(range(FOLDS)), help="teachers of the kept student"
    )
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--everyday", type=int, default=12000, help="draws of made everyday sentences")
    parser.add_argument("--resume", type=Path, default=None, help="student.pt of an earlier run to go on from")
    options = parser.parse_args()
    torch.set_num_threads(1)
    root = options.data / "text"
    texts: list[str] = json.loads((options.out / "pool.json").read_text(encoding="utf-8"))
    kept = small_tokenizer(options.checkpoint, texts, options.model, least=3)
    pieces = SentimentPieces.from_file(options.model / "tokenizer.json")
    embeddings = load_file(options.checkpoint / "model.safetensors")["embeddings.word_embeddings.weight"][kept]
    table = initial_table(embeddings, options.width)
    poles, tweets = sst2(root, "train"), tweets_three_classes(root)
    print(f"{len(kept)} pieces", flush=True)

    def train(teachers: Sequence[int], without: int | None, seed: int) -> Student:
        logits = np.mean([np.load(options.out / f"pool{t}.npy") for t in teachers], axis=0)
        labelled = [e for i, e in enumerate(tweets) if without is None or i % FOLDS != without]
        sure = confident(texts, softmax(logits))
        made = [*mixtures([*poles, *tweets_emotion(root)[:2000]], 6000, seed), *mixtures(sure, 9000, seed + 1)]
        gold = [*poles, *labelled, *labelled, *made, *sentences(options.everyday, seed + 2)]
        learnt, targets, weights = targets_of(texts, logits, gold)
        rows = [pieces.ids(t)[:160] for t in learnt]
        return train_student(
            table, rows, targets, weights, blocks=options.blocks, epochs=options.epochs, rate=options.rate, seed=seed,
            unknown=pieces.unknown, start=torch.load(options.resume) if options.resume else None,
        )  # fmt: skip

    outcome: dict[str, Any] = {"folds": {}}
    saved = []
    for fold in options.folds:
        model = train([fold], fold, seed=fold)
        held = [e for i, e in enumerate(tweets) if i % FOLDS == fold]
        outcome["folds"][fold] = report(model, pieces, root, held)
        print(fold, outcome["folds"][fold], flush=True)
        saved.append((predict(model, [pieces.ids(e.text) for e in held]), [e.label for e in held]))
    if saved:
        logits, labels = np.concatenate([s[0] for s in saved]), np.concatenate([s[1] for s in saved])
        np.savez(options.out / "out_of_fold.npz", logits=logits, labels=labels)
    if options.teachers:
        model = train(options.teachers, None, seed=100)
        outcome["kept"] = report(model, pieces, root, [])
        torch.save(model.state_dict(), options.out / "student.pt")
        torch.onnx.export(
            model, (torch.ones(2, 9, dtype=torch.long),), str(options.model / "model.onnx"), input_names=["ids"],
            output_names=["logits"], dynamic_axes={"ids": {0: "batch", 1: "length"}, "logits": {0: "batch"}},
            opset_version=17, dynamo=False,
        )  # fmt: skip
        settings = {"classes": ["NEGATIVE", "NEUTRAL", "POSITIVE", "MIXED"], "temperature": 1.0}
        (options.model / "settings.json").write_text(json.dumps(settings))
    (options.out / "scores.json").write_text(json.dumps(outcome, indent=1))
    print(json.dumps(outcome, indent=1))


if __name__ == "__main__":
    main()
