"""Recordings to segments, by the embedded models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from services.transcription.recognition import Options, Phrase, Samples, Segment
from services.transcription.recognizer import Recognizer
from services.transcription.speakers import SpeakerLabels
from shared.runtime.runtime import Runtime
from tests.unit.services.transcription.recordings import embedded_runtime, recording, silence, sound

pytest.importorskip("pocketsphinx")


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    runtime = embedded_runtime(tmp_path)
    yield runtime
    await runtime.close()


async def segments(runtime: Runtime, samples: Samples, options: Options | None = None) -> list[Segment]:
    return [one async for one in Recognizer(runtime).segments(sound(samples), options or Options())]


def assert_sound(found: list[Segment], seconds: float) -> None:
    """What every transcript must be."""
    last = 0.0
    for segment in found:
        assert last <= segment.start < segment.end <= seconds + 0.05
        last = segment.end
        assert segment.items[0].kind == "pronunciation"
        moment = segment.start
        for item in segment.items:
            if item.kind == "punctuation":
                assert (item.start, item.end) == (None, None)
                continue
            assert item.start is not None and item.end is not None
            assert moment <= item.start <= item.end <= segment.end
            moment = item.start
            assert 0.0 <= item.confidence <= 1.0


async def test_a_recording(runtime: Runtime) -> None:
    samples = np.concatenate(
        (silence(3.0), recording("ljspeech/LJ001-0013.wav"), silence(3.0), recording("google/two_people.wav"))
    )
    done: list[float] = []
    found = []
    async with aclosing(Recognizer(runtime).segments(sound(samples), Options(), done.append)) as stream:
        found = [one async for one in stream]
    assert_sound(found, len(samples) / 16_000)
    assert len(found) == 2
    assert 2.5 <= found[0].start <= 3.6
    assert "same operations with" in found[0].alternatives[0].transcript
    assert found[1].alternatives[0].transcript == "Two people."
    assert done == sorted(done)
    assert done[-1] == pytest.approx(len(samples) / 16_000)


@pytest.mark.parametrize("kind", ["silence", "noise", "nothing"])
async def test_nobody_speaks(runtime: Runtime, kind: str) -> None:
    noise = (np.random.default_rng(0).standard_normal(5 * 16_000) * 0.03).astype(np.float32)
    samples = {"silence": silence(5.0), "noise": noise, "nothing": silence(0.0)}[kind]
    assert await segments(runtime, samples) == []


async def test_alternatives_and_vocabulary(runtime: Runtime) -> None:
    samples = recording("ljspeech/LJ001-0031.wav")[86_000:]
    options = Options(vocabulary=(Phrase("Subiaco"),), max_alternatives=3)
    (found,) = await segments(runtime, samples, options)
    assert_sound([found], len(samples) / 16_000)
    assert "Subiaco" in found.alternatives[0].transcript
    assert 2 <= len(found.alternatives) <= 3
    assert len({one.transcript for one in found.alternatives}) == len(found.alternatives)


async def test_the_sound_is_closed_by_whoever_stops_early(runtime: Runtime) -> None:
    samples = recording("google/two_people.wav")
    closed: list[bool] = []

    def opened() -> Iterator[Samples]:
        try:
            while True:
                yield np.concatenate((samples, silence(3.0)))
        finally:
            closed.append(True)

    async with aclosing(Recognizer(runtime).segments(opened, Options())) as stream:
        async for _ in stream:
            break
    assert closed == [True]


async def test_two_voices_have_two_labels(runtime: Runtime) -> None:
    one, other = recording("ljspeech/LJ001-0009.wav")[:80_000], recording("jfk.flac")[83_000:]
    samples = np.concatenate((one, silence(2.5), other))
    found = await segments(runtime, samples)
    labelled = await SpeakerLabels(runtime).label(sound(samples), found, 4)
    assert [segment.start for segment in labelled] == [segment.start for segment in found]
    boundary = len(one) / 16_000 + 1.0
    right = total = 0
    for item in (item for segment in labelled for item in segment.items):
        assert item.speaker is not None
        if item.start is not None:
            total += 1
            right += item.speaker == ("spk_0" if item.start < boundary else "spk_1")
    assert right >= 0.9 * total


async def test_one_voice_has_one_label(runtime: Runtime) -> None:
    samples = recording("ljspeech/LJ001-0009.wav")[:80_000]
    labelled = await SpeakerLabels(runtime).label(sound(samples), await segments(runtime, samples), 10)
    assert {item.speaker for segment in labelled for item in segment.items} == {"spk_0"}
