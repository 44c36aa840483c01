"""Slots: how well a bot reads the seven intents of Snips' benchmark (2017-06) from 70 queries an intent.

    NONET_SHARED=<shared folder> python -m bench.quality.slots [--runs 3] [--queries 70] [--json FILE]

As the benchmark did: for each of three draws of 70 queries an intent out of its train files, one bot of seven intents
is built, and the validate files are interpreted. A slot counts as found if the intent is right and exactly its words
are given. Precision and recall of each slot are the means of the draws; F1 is the mean over an intent's slots, then
over the intents. Which queries the files' own figures were drawn from is not published: these are others.

Each slot has a type of its own with the values of the drawn queries, towns, states and countries the built-in ones.
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
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.conversation.engines.sentence_encoder import SentenceEncoder
from services.conversation.understanding.interpreter import Interpreter
from services.conversation.understanding.meanings import (
    IntentDefinition,
    LocaleDefinition,
    SlotTypeDefinition,
    SlotValue,
)
from services.conversation.understanding.training import train
from shared.models.catalog import REPOSITORY_ROOT

INTENTS = (
    "AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic", "RateBook", "SearchCreativeWork",
    "SearchScreeningEvent",
)  # fmt: skip
BUILT_IN = {"city": "AMAZON.City", "state": "AMAZON.State", "country": "AMAZON.Country"}
NOW = datetime.datetime(2026, 1, 5, 12, 0)
LOCALE = "en_US"

Query = list[dict[str, str]]


def queries(folder: Path, kind: str, intent: str) -> list[Query]:
    """The queries of ``train`` or ``validate``: lists of {"text": ..., "entity": slot or absent}."""
    text = (folder / intent / f"{kind}_{intent}.json").read_bytes().decode("utf-8", "replace")
    return [q["data"] for q in json.loads(text)[intent]]


def definition_of(drawn: dict[str, list[Query]]) -> LocaleDefinition:
    """The bot that a developer would make of the drawn queries."""
    values: dict[str, dict[str, None]] = defaultdict(dict)
    intents = {}
    for intent, all_queries in drawn.items():
        utterances, slots = [], {}
        for query in all_queries:
            utterance = ""
            for part in query:
                slot = part.get("entity")
                if slot is None:
                    utterance += part["text"].replace("{", "(").replace("}", ")")
                    continue
                utterance += "{" + slot + "}"
                slots[slot] = BUILT_IN.get(slot, f"{intent}_{slot}")
                values[f"{intent}_{slot}"][part["text"].strip()] = None
            utterances.append(utterance)
        intents[intent] = IntentDefinition(utterances, slots)
    named = {name for intent in intents.values() for name in intent.slots.values()}
    types = {n: SlotTypeDefinition([SlotValue(v) for v in known]) for n, known in values.items() if n in named}
    return LocaleDefinition(LOCALE, intents, types)


def _f1(precisions: Sequence[float], recalls: Sequence[float]) -> float:
    precision = statistics.mean(precisions) if precisions else 0.0
    recall = statistics.mean(recalls) if recalls else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


async def measure(folder: Path, runs: int, count: int) -> dict[str, Any]:
    encoder = SentenceEncoder(REPOSITORY_ROOT / "models" / "sentence-vectors-en" / "1")

    async def vectors(texts: Sequence[str]) -> Any:
        return np.stack(encoder.run(texts))

    precisions: dict[tuple[str, str], list[float]] = defaultdict(list)
    recalls: dict[tuple[str, str], list[float]] = defaultdict(list)
    seconds, accuracy = [], []
    for run in range(runs):
        draw = random.Random(run)
        drawn = {i: draw.sample(queries(folder, "train", i), count) for i in INTENTS}
        definition = definition_of(drawn)
        begin = time.perf_counter()
        interpreter = Interpreter.load(definition, await train(definition, vectors))
        seconds.append(time.perf_counter() - begin)
        right: dict[tuple[str, str], int] = defaultdict(int)
        found: dict[tuple[str, str], int] = defaultdict(int)
        there: dict[tuple[str, str], int] = defaultdict(int)
        for intent in INTENTS:
            for query in queries(folder, "validate", intent):
                text = "".join(part["text"] for part in query)
                best = (await interpreter.interpret(text, vectors, NOW))[0]
                accuracy.append(best.intent == intent)
                truth = {(part["entity"], part["text"].strip().lower()) for part in query if "entity" in part}
                given = {(s, m.original.lower()) for s, m in best.slots.items()} if best.intent == intent else set()
                for slot, words in truth:
                    there[intent, slot] += 1
                    right[intent, slot] += (slot, words) in given
                for slot, _ in given:
                    found[intent, slot] += 1
        for key in there:
            recalls[key].append(right[key] / there[key])
            if found[key]:
                precisions[key].append(right[key] / found[key])
    by_slot = {key: _f1(precisions[key], recalls[key]) for key in recalls}
    by_intent = {i: statistics.mean(f for (intent, _), f in by_slot.items() if intent == i) for i in INTENTS}
    return {
        "slot F1": statistics.mean(by_intent.values()),
        "by intent": by_intent,
        "by slot": {f"{intent}.{slot}": f for (intent, slot), f in by_slot.items()},
        "intent accuracy": statistics.mean(accuracy),
        "build seconds": statistics.mean(seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--queries", type=int, default=70)
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    shared = os.environ.get("NONET_SHARED", "")
    folder = Path(shared) / "data" / "dialog" / "snips"
    if not shared or not folder.is_dir():
        sys.exit("NONET_SHARED has to name the shared folder, with data/dialog/snips in it")
    result = asyncio.run(measure(folder, options.runs, options.queries))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
