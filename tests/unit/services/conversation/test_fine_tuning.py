"""A locale that is built with an encoder: learnt in slices, kept in the build, asked at every turn, missed when gone.

The encoder is a stand-in (overlap_encoder.py); engines/test_fine_tuned_encoder.py has the real one.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.conversation import fine_tuning as module
from services.conversation.builds import Build, once
from services.conversation.built_locales import BuiltLocales
from services.conversation.definitions import learnt_from
from services.conversation.fine_tuning import fine_tuning
from services.conversation.sentence_vectors import vectors_of
from services.conversation.understanding.intent_classifier import blended
from services.conversation.understanding.interpreter import Interpreter
from services.conversation.understanding.lessons import FINE_TUNING, Chosen, FineTuned, Labels, Learnt
from services.conversation.understanding.meanings import IntentDefinition
from services.conversation.understanding.training import train
from shared import errors
from shared.models.catalog import Catalog, CatalogEntry, Tier
from shared.models.store import ModelStore
from shared.rpc.call import Priority
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from shared.storage.blobs import FolderBlobs
from tests.unit.services.conversation.overlap_encoder import SLICES, WEIGHT

NOW = datetime.datetime(2026, 11, 30, 10, 0)
DEFINITION: Any = {
    "locale": {"localeId": "en_US", "nluIntentConfidenceThreshold": 0.4},
    "intents": [
        {"intentId": name[:3], "intentName": name, "slots": [], "sampleUtterances": [{"utterance": u} for u in said]}
        for name, said in {
            "BookRoom": ["book a room", "I need a room", "reserve a hotel room", "a room for two nights please"],
            "RentCar": ["rent a car", "I need a car", "get me a small car", "a car for two days please"],
        }.items()
    ],
    "slotTypes": [],
}
BOT = learnt_from(DEFINITION)
ENCODER = CatalogEntry(
    id="overlap", task=FINE_TUNING, engine="tests.unit.services.conversation.overlap_encoder:load", tier=Tier.HEAVY,
    licence="none", description="a stand-in", languages=("en",), memory_bytes=1,
)  # fmt: skip


def runtime_with(folder: Path, *added: CatalogEntry) -> Runtime:
    return Runtime(Catalog.load(added=added), ModelStore(folder), [Device("cpu", 1 << 30)])


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    runtime = runtime_with(tmp_path / "data", ENCODER)
    yield runtime
    await runtime.close()


class Progress:
    """What a build reports; it is stopped once it is further than ``until``."""

    def __init__(self, until: float = 1.0) -> None:
        self.shares: list[float] = []
        self._until = until

    async def report(self, share: float) -> None:
        self.shares.append(share)
        if share > self._until:
            raise errors.Cancelled("the job was stopped")


async def built(runtime: Runtime, progress: Progress | None = None) -> bytes:
    fine_tune = fine_tuning(runtime, "en_US", "build-1", (progress or Progress()).report)
    assert fine_tune is not None
    return await train(BOT, vectors_of(runtime, Priority.BATCH), fine_tune)


_kept: dict[str, bytes] = {}


@pytest.fixture
async def model(runtime: Runtime) -> bytes:
    if not _kept:
        _kept["model"] = await built(runtime)
    return _kept["model"]


async def blobs_with(model: bytes, folder: Path) -> FolderBlobs:
    blobs = FolderBlobs(folder / "blobs")
    for name in ("build-1", "build-2"):
        await blobs.write(name, once(Build(DEFINITION, model).to_bytes()))
    return blobs


async def test_without_an_encoder_a_build_is_as_ever(tmp_path: Path) -> None:
    runtime = runtime_with(tmp_path)
    assert fine_tuning(runtime, "en_US", "build-1", Progress().report) is None
    await runtime.close()


async def test_an_encoder_of_another_language_is_not_taken(tmp_path: Path) -> None:
    runtime = runtime_with(tmp_path, ENCODER.model_copy(update={"languages": ("de",)}))
    assert fine_tuning(runtime, "en_US", "build-1", Progress().report) is None
    await runtime.close()


async def test_a_build_reports_its_progress_and_ends_with_its_job(runtime: Runtime) -> None:
    progress = Progress()
    await built(runtime, progress)
    assert progress.shares == sorted(progress.shares)
    assert len(progress.shares) == SLICES - 1
    stopped = Progress(until=0.5)
    with pytest.raises(errors.Cancelled):
        await built(runtime, stopped)
    assert len(stopped.shares) == SLICES - 1


async def test_a_turn_asks_the_encoder_that_the_build_was_made_with(
    runtime: Runtime, model: bytes, tmp_path: Path
) -> None:
    """The stand-in keeps one build only: it is told the weights again at every change."""
    vectors = vectors_of(runtime, Priority.INTERACTIVE)
    text = "the car for one night"  # RentCar has two of the words, BookRoom one
    light = await Interpreter.load(BOT, await train(BOT, vectors)).interpret(text, vectors, NOW)
    alone = {one.intent: one.score for one in light}
    something = sum(alone.values())
    locales = BuiltLocales(await blobs_with(model, tmp_path), runtime)
    for name in ("build-1", "build-2", "build-1", "build-1"):
        found = await (await locales.get(name)).interpreter.interpret(text, vectors, NOW)
        score = (alone["RentCar"] + something / (1 + math.exp(-WEIGHT))) / 2
        assert found[0].intent == "RentCar"
        assert found[0].score == pytest.approx(score, abs=1e-4)


async def test_a_build_whose_encoder_is_gone_says_what_to_do(model: bytes, tmp_path: Path) -> None:
    blobs = await blobs_with(model, tmp_path)
    without = runtime_with(tmp_path)
    interpreter = (await BuiltLocales(blobs, without).get("build-1")).interpreter
    with pytest.raises(errors.ModelNotInstalled, match=r"build it again, or .* nonet models add overlap"):
        await interpreter.interpret("rent me a car", vectors_of(without, Priority.INTERACTIVE), NOW)
    await without.close()


async def test_an_intent_of_one_utterance_is_not_held_out(runtime: Runtime) -> None:
    learnt: list[int] = []

    async def fine_tune(texts: Sequence[str], labels: Labels, classes: int, aside: Chosen) -> FineTuned:
        learnt.extend(labels[~aside])
        return FineTuned("none", Learnt(b"", np.full((aside.sum(), classes), 1 / classes, np.float32)))

    one = IntentDefinition(["what is the weather like"])
    locale = dataclasses.replace(BOT, intents={**BOT.intents, "Weather": one})
    await train(locale, vectors_of(runtime, Priority.BATCH), fine_tune)
    assert np.bincount(learnt).tolist() == [3, 3, 1]


async def test_more_utterances_than_can_be_learnt_fail_the_build(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TEXTS", 7)
    with pytest.raises(errors.InvalidArgument, match="7 utterances at most"):
        await built(runtime)


async def test_the_same_definition_gives_the_same_bytes(runtime: Runtime, model: bytes) -> None:
    assert await built(runtime) == model


def test_the_head_alone_says_whether_any_intent_is_meant() -> None:
    light = np.array([[0.1, 0.5, 0.4]], np.float32)
    told = np.array([[0.75, 0.25]], np.float32)
    assert blended(light, told) == pytest.approx(np.array([[0.275, 0.325, 0.4]]))
