"""Intents: CLINC150 with its out-of-scope questions, and the three corpora of Braun et al. 2017.

    NONET_SHARED=<shared folder> python -m bench.quality.intents [--only clinc|braun|few] [--json FILE]
    ... --data FOLDER [--sample 30x50]

FOLDER is the data directory of an installation, with what was added there: with an encoder the bots are built by the
heavy engine. A sample of CLINC has some intents with some utterances each, and the questions of these intents.

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
import functools
import json
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.conversation.fine_tuning import fine_tuning, telling
from services.conversation.sentence_vectors import vectors_of
from services.conversation.understanding.interpreter import Interpreter
from services.conversation.understanding.meanings import IntentDefinition, LocaleDefinition
from services.conversation.understanding.model_file import encoder_weights_of
from services.conversation.understanding.training import train
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.rpc.call import Priority
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime

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


async def build(pairs: Pairs, runtime: Runtime) -> tuple[Interpreter, float]:
    definition, name = definition_of(pairs), uuid.uuid4().hex

    async def report(share: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{share:.0%} ", end="", file=sys.stderr)

    async def weights() -> bytes:
        return encoder_weights_of(model)

    begin = time.perf_counter()
    fine_tune = fine_tuning(runtime, definition.locale, name, report)
    model = await train(definition, vectors_of(runtime, Priority.INTERACTIVE), fine_tune)
    seconds = time.perf_counter() - begin
    return Interpreter.load(definition, model, telling(runtime, name, weights)), seconds


async def ask(interpreter: Interpreter, texts: Sequence[str], runtime: Runtime) -> tuple[list[str], Any, list[float]]:
    """Best intents, their scores, and milliseconds a question."""
    vectors = vectors_of(runtime, Priority.INTERACTIVE)
    intents, scores, milliseconds = [], [], []
    for text in texts:
        begin = time.perf_counter()
        found = await interpreter.interpret(text, vectors, NOW)
        milliseconds.append((time.perf_counter() - begin) * 1000)
        intents.append(found[0].intent if found else NONE)
        scores.append(found[0].score if found else 0.0)
    return intents, np.array(scores), milliseconds


def clinc_data(folder: Path, sample: str | None) -> dict[str, Pairs]:
    """CLINC150; of a sample "30x50" 30 intents with 50 utterances each."""
    data: dict[str, Pairs] = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    if sample is None:
        return data
    intents, utterances = map(int, sample.split("x"))
    draw = random.Random(1)
    chosen = sorted(draw.sample(sorted({intent for _, intent in data["train"]}), intents))
    train = [p for name in chosen for p in draw.sample([q for q in data["train"] if q[1] == name], utterances)]
    asked = {split: [p for p in data[split] if p[1] in chosen] for split in ("val", "test")}
    return {**data, **asked, "train": train}


async def clinc(folder: Path, runtime: Runtime, sample: str | None) -> dict[str, Any]:
    data = clinc_data(folder, sample)
    interpreter, seconds = await build(data["train"], runtime)
    result: dict[str, Any] = {"build seconds": seconds, "threshold": interpreter.threshold}
    for split in ("val", "test"):
        intents, scores, milliseconds = await ask(interpreter, [t for t, _ in data[split]], runtime)
        right = np.array([i == truth for i, (_, truth) in zip(intents, data[split], strict=True)])
        _, outside, _ = await ask(interpreter, [t for t, _ in data[f"oos_{split}"]], runtime)
        for threshold in (interpreter.threshold, *OTHERS):
            result[f"{split} at {threshold:.2f}"] = {
                "in-scope accuracy": float((right & (scores >= threshold)).mean()),
                "out-of-scope recall": float((outside < threshold).mean()),
            }
        result[f"{split}, no threshold"] = float(right.mean())
        result[f"{split}, ms p50"] = statistics.median(milliseconds)
    return result


async def braun(folder: Path, runtime: Runtime) -> dict[str, Any]:
    result: dict[str, Any] = {}
    right_of_all, all_questions = 0, 0
    for corpus in BRAUN:
        data = json.loads((folder / "braun2017" / f"{corpus}.json").read_text(encoding="utf-8"))
        pairs = [(s["text"], s["intent"]) for s in data["sentences"] if s["training"] and s["intent"] != NONE]
        asked = [(s["text"], s["intent"]) for s in data["sentences"] if not s["training"]]
        interpreter, _ = await build(pairs, runtime)
        intents, scores, _ = await ask(interpreter, [t for t, _ in asked], runtime)
        told = [i if s >= interpreter.threshold else NONE for i, s in zip(intents, scores, strict=True)]
        right = sum(t == truth for t, (_, truth) in zip(told, asked, strict=True))
        result[corpus] = {"F1": right / len(asked), "questions": len(asked), "threshold": interpreter.threshold}
        right_of_all, all_questions = right_of_all + right, all_questions + len(asked)
    result["F1 of all questions"] = right_of_all / all_questions
    result["mean F1"] = statistics.mean(result[corpus]["F1"] for corpus in BRAUN)
    return result


async def few(folder: Path, runtime: Runtime) -> dict[str, Any]:
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
            interpreter, seconds = await build(pairs, runtime)
            inside = [p for p in data["test"] if p[1] in chosen]
            told, scores, _ = await ask(interpreter, [t for t, _ in inside], runtime)
            right = np.array([i == truth for i, (_, truth) in zip(told, inside, strict=True)])
            _, outside, _ = await ask(interpreter, [t for t, _ in data["oos_test"][::5]], runtime)
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


async def measure(
    folder: Path, only: str | None, data: Path | None = None, sample: str | None = None
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as nothing:
        store = ModelStore(data or Path(nothing))
        runtime = Runtime(Catalog.load(added=store.added()), store, [Device("cpu", 8 << 30)])
        try:
            await vectors_of(runtime, Priority.INTERACTIVE)(["warm up"])
            suites = {"clinc": functools.partial(clinc, sample=sample), "braun": braun, "few": few}
            return {n: await suite(folder, runtime) for n, suite in suites.items() if only in (None, n)}
        finally:
            await runtime.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=("clinc", "braun", "few"), default=None)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--sample", default=None)
    options = parser.parse_args()
    shared = os.environ.get("NONET_SHARED", "")
    folder = Path(shared) / "data" / "dialog"
    if not shared or not folder.is_dir():
        sys.exit("NONET_SHARED has to name the shared folder, with data/dialog in it")
    result = asyncio.run(measure(folder, options.only, options.data, options.sample))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
