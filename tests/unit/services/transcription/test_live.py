"""Live speech by the embedded models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from services.transcription.live import LiveTranscript, Result
from services.transcription.recognition import Options, Samples
from shared import errors
from shared.runtime.runtime import Runtime
from tests.unit.services.transcription.recordings import embedded_runtime, recording, silence

pytest.importorskip("pocketsphinx")


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    runtime = embedded_runtime(tmp_path)
    yield runtime
    await runtime.close()


async def hear(live: LiveTranscript, samples: Samples, chunk: int = 3200) -> list[Result]:
    results: list[Result] = []
    for begin in range(0, len(samples), chunk):
        results += await live.accept(samples[begin : begin + chunk])
    return results


async def test_two_utterances(runtime: Runtime) -> None:
    first, second = recording("ljspeech/LJ001-0013.wav"), recording("google/two_people.wav")
    samples = np.concatenate((silence(0.5), first, silence(1.0), second))
    live = LiveTranscript(runtime, Options(), 16_000, "high")
    await live.open()
    results = await hear(live, samples)
    assert any(result.partial for result in results), "words come while somebody speaks"
    results += await live.finish()
    await live.close()
    finals = [result for result in results if not result.partial]
    assert len({result.id for result in results}) == len(finals) >= 2
    assert finals[-1].alternatives[0].transcript == "Two people."
    ended: set[str] = set()
    for result in results:
        assert result.id not in ended, "nothing comes after a final result"
        ended |= set() if result.partial else {result.id}
        words = [item for item in result.alternatives[0].items if item.kind == "pronunciation"]
        assert all(result.start <= (item.start or 0.0) <= (item.end or 0.0) <= result.end for item in words)
        assert result.partial or all(item.stable for item in words)
    assert ended == {result.id for result in results}


async def test_eight_kilohertz_whole_numbers(runtime: Runtime) -> None:
    samples = recording("google/two_people.wav")[::2]
    live = LiveTranscript(runtime, Options(), 8_000)
    await live.open()
    results = await hear(live, (samples * 32767).astype(np.int16), 1600) + await live.finish()
    await live.close()
    assert "people" in results[-1].alternatives[0].transcript.lower()


async def test_silence_says_nothing(runtime: Runtime) -> None:
    live = LiveTranscript(runtime, Options(), 16_000)
    await live.open()
    assert await hear(live, silence(3.0)) + await live.finish() == []
    await live.close()
    await live.close()


async def test_decoders_run_out_and_come_free(runtime: Runtime) -> None:
    (model,) = runtime.candidates("recognize-live-speech")
    sessions = [LiveTranscript(runtime, Options(), 16_000) for _ in range(model.instances)]
    for live in sessions:
        await live.open()
    extra = LiveTranscript(runtime, Options(), 16_000)
    with pytest.raises(errors.LimitExceeded):
        await extra.open()
    await sessions.pop().close()
    await extra.open()
    for live in (*sessions, extra):
        await live.close()


async def test_what_live_engines_cannot_do_is_refused(runtime: Runtime) -> None:
    for options in (Options(("en-US", "de-DE"), "one"), Options(("de-DE",)), Options(max_alternatives=11)):
        with pytest.raises(errors.NonetError) as refused:
            await LiveTranscript(runtime, options, 16_000).open()
        assert refused.value.explicit_aws_code == "BadRequestException"
    assert all(leases == 0 for _, _, leases in runtime.loaded()), "a refusal keeps no model"
