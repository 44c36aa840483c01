"""The real loaders of Piper and Coqui TTS, in their engine environments, on tiny checkpoints that say nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.speech.phrases import Phrase, Speech, Spoken
from shared import errors
from shared.models.adoption import Own, adopt
from shared.models.catalog import Catalog, CatalogEntry
from shared.models.store import ModelStore
from shared.runtime.bindings import WorkerBinding
from tests.engines import link_engine

pytestmark = pytest.mark.slow

#: Template, and what makes a checkpoint of it.
KINDS = {"piper-voice": "tiny_piper.py", "coqui-vits-voice": "tiny_coqui.py"}
HOP_SECONDS = 256 / 22050


class Bench:
    """An engine environment with a tiny voice in it."""

    def __init__(self, template: str, folder: Path) -> None:
        self.catalog, self.store = Catalog.load(), ModelStore(folder / "data")
        self.template = self.catalog.templates[template]
        environment = self.template.model["environment"]
        link_engine(folder / "data", environment)
        self.python = self.store.environment_python(environment)
        self.weights = folder / "weights"
        self.weights.mkdir()
        program = Path(__file__).with_name(KINDS[template])
        subprocess.run([self.python, str(program), str(self.weights)], check=True, timeout=300)
        self.entry = self.added("tiny", gender="Female")

    def added(self, model_id: str, **options: str) -> CatalogEntry:
        return adopt(self.template, Own(model_id, options=options), self.weights, self.catalog, self.store)

    async def load(self, entry: CatalogEntry) -> WorkerBinding:
        return await WorkerBinding.load(entry, self.store.directory(entry), "cpu", self.python)

    async def speak(self, *words: Spoken) -> Speech:
        binding = await self.load(self.entry)
        try:
            (speech,) = await binding.run([Phrase(words, "")])
        finally:
            await binding.close()
        assert isinstance(speech, Speech)
        return speech


@pytest.fixture(scope="module", params=list(KINDS))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield Bench(request.param, tmp_path_factory.mktemp(request.param))


async def test_words_begin_one_after_the_other(bench: Bench) -> None:
    speech = await bench.speak(Spoken("Hello"), Spoken("my"), Spoken("dear,"), Spoken("dear"), Spoken("friends."))
    starts = list(speech.word_starts)
    assert speech.sample_rate == 22050 and len(starts) == 5
    assert starts == sorted(starts) and starts[-1] < len(speech.samples) / speech.sample_rate
    assert speech.samples.any()


async def test_numbers_and_signs_keep_words_apart(bench: Bench) -> None:
    speech = await bench.speak(
        Spoken("It's"), Spoken("1,234"), Spoken("…"), Spoken("[[x]]"), Spoken("日本"), Spoken("ok")
    )
    assert len(speech.word_starts) == 6 and None not in speech.word_starts


async def test_half_the_rate_is_twice_the_time(bench: Bench) -> None:
    words = ("slow", "and", "steady") * 6
    plain = await bench.speak(*map(Spoken, words))
    slow = await bench.speak(*(Spoken(word, rate=0.5) for word in words))
    # Durations are rounded up to whole frames; Coqui's are drawn from a distribution besides: many words even that out.
    assert 1.4 < len(slow.samples) / len(plain.samples) < 2.6


async def test_a_voice_of_another_rate_is_told(bench: Bench) -> None:
    with pytest.raises(errors.FailedPrecondition, match="--option sample_rate=22050"):
        await bench.load(bench.added("wrong", sample_rate="16000"))


async def test_phonemes_of_piper_have_their_times(bench: Bench) -> None:
    if bench.template.name != "piper-voice":
        pytest.skip("Coqui TTS tells characters, not sounds")
    speech = await bench.speak(Spoken("Hello"), Spoken("you"))
    # The tiny graph gives each id two frames, and each sign is an id with its pad.
    assert [phone.ipa for phone in speech.phones][:2] == ["h", "ə"]
    assert [phone.seconds for phone in speech.phones][:2] == pytest.approx([4 * HOP_SECONDS, 8 * HOP_SECONDS])
    signs = len(speech.phones) + 1  # and the space
    assert len(speech.samples) == 256 * 2 * (2 * (signs + 1) + 1)
