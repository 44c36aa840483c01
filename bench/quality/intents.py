"""Intents: CLINC150 with its out-of-scope questions, and the three corpora of Braun et al. 2017.

    NONET_SHARED=<shared folder> python -m bench.quality.intents [--only clinc|braun|few] [--json FILE]

Bots are built and asked through the product's own code and runtime. The threshold is the product's: learnt from the
bot's own training utterances and everyday sentences, as no bot has samples of what it does not understand. Neither
CLINC's out-of-scope training sentences nor its validation split are used for it; validation and test are printed.

CLINC: accuracy is the share of in-scope questions with the right intent and a score at the threshold or above; recall
is the share of out-of-scope questions below it. Braun: the train and test split of the files; "None" of two corpora is
what falls below the threshold, and its few training utterances are not used. F1 is the micro average over all test
questions, with "None" as an intent among the others. Few: bots of some of CLINC's intents with few utterances each.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.conversation.sentence_vectors import vectors_of
from services.conversation.understanding.interpreter import Interpreter
from services.conversation.understanding.meanings import IntentDefinition, LocaleDefinition
from services.conversation.understanding.training import Vectors, train
from shared.models.catalog import REPOSITORY_ROOT, Catalog
from shared.models.store import ModelStore
from shared.rpc.call import Priority
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime

CATALOG = REPOSITORY_ROOT / "services" / "conversation" / "catalog.toml"
NOW = datetime.datetime(2026, 1, 5, 12, 0)
BRAUN = ("ChatbotCorpus", "AskUbuntuCorpus", "WebApplicationsCorpus")
NONE = "None"
#: Thresholds that are printed beside the product's.
OTHERS = (0.2, 0.3, 0.5)

Pairs = Sequence[tuple[str, str]]


def definition_of(pairs: Pairs) -> LocaleDefinition:
    utterances: dict[str, list[str]] = defaultdict(list)
    for text, intent in pairs:
        utterances[intent].append(text.replace("{", "(").replace("}", ")"))
    return LocaleDefinition("en_US", {name: IntentDefinition(said) for name, said in sorted(utterances.items())})


async def build(pairs: Pairs, vectors: Vectors) -> tuple[Interpreter, float]:
    definition = definition_of(pairs)
    begin = time.perf_counter()
    model = await train(definition, vectors)
    seconds = time.perf_counter() - begin
    return Interpreter.load(definition, model), seconds


async def ask(interpreter: Interpreter, texts: Sequence[str], vectors: Vectors) -> tuple[list[str], Any, list[float]]:
    """Best intents, their scores, and milliseconds a question."""
    intents, scores, milliseconds = [], [], []
    for text in texts:
        begin = time.perf_counter()
        found = await interpreter.interpret(text, vectors, NOW)
        milliseconds.append((time.perf_counter() - begin) * 1000)
        intents.append(found[0].intent if found else NONE)
        scores.append(found[0].score if found else 0.0)
    return intents, np.array(scores), milliseconds


async def clinc(folder: Path, vectors: Vectors) -> dict[str, Any]:
    data = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    interpreter, seconds = await build(data["train"], vectors)
    result: dict[str, Any] = {"build seconds": seconds, "threshold": interpreter.threshold}
    for split in ("val", "test"):
        intents, scores, milliseconds = await ask(interpreter, [t for t, _ in data[split]], vectors)
        right = np.array([i == truth for i, (_, truth) in zip(intents, data[split], strict=True)])
        _, outside, _ = await ask(interpreter, [t for t, _ in data[f"oos_{split}"]], vectors)
        for threshold in (interpreter.threshold, *OTHERS):
            result[f"{split} at {threshold:.2f}"] = {
                "in-scope accuracy": float((right & (scores >= threshold)).mean()),
                "out-of-scope recall": float((outside < threshold).mean()),
            }
        result[f"{split}, no threshold"] = float(right.mean())
        result[f"{split}, ms p50"] = statistics.median(milliseconds)
    return result


async def braun(folder: Path, vectors: Vectors) -> dict[str, Any]:
    result: dict[str, Any] = {}
    right_of_all, all_questions = 0, 0
    for corpus in BRAUN:
        data = json.loads((folder / "braun2017" / f"{corpus}.json").read_text(encoding="utf-8"))
        pairs = [(s["text"], s["intent"]) for s in data["sentences"] if s["training"] and s["intent"] != NONE]
        asked = [(s["text"], s["intent"]) for s in data["sentences"] if not s["training"]]
        interpreter, _ = await build(pairs, vectors)
        intents, scores, _ = await ask(interpreter, [t for t, _ in asked], vectors)
        told = [i if s >= interpreter.threshold else NONE for i, s in zip(intents, scores, strict=True)]
        right = sum(t == truth for t, (_, truth) in zip(told, asked, strict=True))
        result[corpus] = {"F1": right / len(asked), "questions": len(asked), "threshold": interpreter.threshold}
        right_of_all, all_questions = right_of_all + right, all_questions + len(asked)
    result["F1 of all questions"] = right_of_all / all_questions
    result["mean F1"] = statistics.mean(result[corpus]["F1"] for corpus in BRAUN)
    return result


async def few(folder: Path, vectors: Vectors) -> dict[str, Any]:
    """Bots of 3, 10 and 30 of CLINC's intents with 5 or 10 utterances each; five draws of each."""
    data = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    names = sorted({intent for _, intent in data["train"]})
    result = {}
    for intents, utterances in ((3, 5), (3, 10), (10, 5), (10, 10), (30, 10)):
        rows = []
        for run in range(5):
            draw = random.Random(run)
            chosen = draw.sample(names, intents)
            pairs = [p for n in chosen for p in draw.sample([q for q in data["train"] if q[1] == n], utterances)]
            interpreter, seconds = await build(pairs, vectors)
            inside = [p for p in data["test"] if p[1] in chosen]
            told, scores, _ = await ask(interpreter, [t for t, _ in inside], vectors)
            right = np.array([i == truth for i, (_, truth) in zip(told, inside, strict=True)])
            _, outside, _ = await ask(interpreter, [t for t, _ in data["oos_test"][::5]], vectors)
            rows.append(
                (
                    right.mean(),
                    (right & (scores >= interpreter.threshold)).mean(),
                    (outside < interpreter.threshold).mean(),
                    interpreter.threshold,
                    seconds,
                )
            )
        means = np.mean(rows, axis=0).tolist()
        keys = ("no threshold", "in-scope accuracy", "out-of-scope recall", "threshold", "build seconds")
        result[f"{intents} intents x {utterances}"] = dict(zip(keys, means, strict=True))
    return result


async def measure(folder: Path, only: str | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as data:
        runtime = Runtime(Catalog.load([CATALOG]), ModelStore(Path(data)), [Device("cpu", 2 << 30)])
        vectors = vectors_of(runtime, Priority.INTERACTIVE)
        try:
            await vectors(["warm up"])
            suites = {"clinc": clinc, "braun": braun, "few": few}
            return {name: await suite(folder, vectors) for name, suite in suites.items() if only in (None, name)}
        finally:
            await runtime.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=("clinc", "braun", "few"), default=None)
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    shared = os.environ.get("NONET_SHARED", "")
    folder = Path(shared) / "data" / "dialog"
    if not shared or not folder.is_dir():
        sys.exit("NONET_SHARED has to name the shared folder, with data/dialog in it")
    result = asyncio.run(measure(folder, options.only))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
