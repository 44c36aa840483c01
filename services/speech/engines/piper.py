"""Piper (GPL-3.0-or-later): VITS voices (Kim, Kong and Son, 2021) in ONNX, with eSpeak NG for the pronunciation.

It runs in the engine environment ``piper`` alone, a process of its own; the suite neither links nor imports it. A voice
is a pair of files, ``<name>.onnx`` and ``<name>.onnx.json``, that ``nonet models add`` makes a model of.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.speech.phrases import Phone, Phrase, Samples, Speech, Spoken
from shared import errors
from shared.models.catalog import CatalogEntry

#: Piper's signs before the first phoneme, after the last, and after each (piper.const).
_BEGIN, _END, _PAD = "^", "$", "_"
_BETWEEN_WORDS = " "


class PiperEngine:
    """Phrases in, ``Speech`` out."""

    def __init__(self, voice: Any, speaker: int | None) -> None:
        self._voice = voice
        self._speaker = speaker

    def run(self, items: Sequence[Phrase]) -> Sequence[Speech]:
        """Speak each phrase."""
        return [self._speak(phrase) for phrase in items]

    def close(self) -> None:
        """The process ends with its model."""

    def _speak(self, phrase: Phrase) -> Speech:
        rate_hz: int = self._voice.config.sample_rate
        samples: list[Samples] = []
        starts: list[float | None] = []
        phones: list[Phone] = []
        begin = 0.0
        for rate, group in groupby(phrase.words, key=lambda word: word.rate):
            words = list(group)
            sound, ends = self._utter(words, rate)
            # The time of a phoneme is the end of what stands before it.
            for sign, seconds in zip(sound.phonemes, [0.0, *ends], strict=False):
                if sign not in (_BEGIN, _END, _BETWEEN_WORDS):
                    phones.append(Phone(sign, begin + seconds))
            starts += [begin + start for start in _word_starts(sound.phonemes, ends, len(words))]
            samples.append(sound.samples)
            begin += len(sound.samples) / rate_hz
        whole = np.concatenate(samples) if samples else np.zeros(0, np.int16)
        return Speech(whole, rate_hz, tuple(starts), tuple(phones))

    def _utter(self, words: list[Spoken], rate: float) -> tuple[_Sound, list[float]]:
        from piper import SynthesisConfig  # type: ignore[import-not-found]  # in its environment alone

        voice = self._voice
        phonemes = self._phonemes(words)
        settings = SynthesisConfig(speaker_id=self._speaker, length_scale=voice.config.length_scale / rate)
        audio, counts = voice.phoneme_ids_to_audio(voice.phonemes_to_ids(phonemes), settings, include_alignments=True)
        if counts is None:
            raise errors.FailedPrecondition(
                "The voice does not tell when its phonemes begin; it was not made by Piper."
            )
        return _Sound(_as_int16(audio), [_BEGIN, *phonemes, _END]), self._ends(phonemes, counts)

    def _phonemes(self, words: list[Spoken]) -> list[str]:
        """The phonemes of all words with one space between two words."""
        together = [
            sign
            for sentence in self._voice.phonemize(_BETWEEN_WORDS.join(_plain(word) for word in words))
            for sign in [*sentence, _BETWEEN_WORDS]
        ][:-1]
        if together.count(_BETWEEN_WORDS) != len(words) - 1:
            # Numbers became several words, or some ran together: one by one their number is certain.
            together = []
            for word in words:
                signs = [sign for sentence in self._voice.phonemize(_plain(word)) for sign in sentence]
                together += [*(sign for sign in signs if sign != _BETWEEN_WORDS), _BETWEEN_WORDS]
            together.pop()
        known = self._voice.config.phoneme_id_map
        return [sign for sign in together if sign in known]

    def _ends(self, phonemes: list[str], counts: NDArray[np.int64]) -> list[float]:
        """When each sign ends, in seconds: the voice tells samples by ids, of which a sign has one or more."""
        known = self._voice.config.phoneme_id_map
        lengths = [len(known[sign]) + len(known[_PAD]) for sign in [_BEGIN, *phonemes]]
        lengths.append(len(known[_END]))
        ends = np.cumsum(counts)[np.cumsum(lengths) - 1] / self._voice.config.sample_rate
        return [float(end) for end in ends]


class _Sound:
    """Samples, and the signs that they are the sound of."""

    def __init__(self, samples: Samples, phonemes: list[str]) -> None:
        self.samples = samples
        self.phonemes = phonemes


def _word_starts(phonemes: list[str], ends: list[float], words: int) -> list[float]:
    """When each word begins: after the begin sign, and after each space."""
    starts = [ends[0]]
    starts += [ends[index] for index, sign in enumerate(phonemes) if sign == _BETWEEN_WORDS]
    assert len(starts) == words
    return starts


def _plain(word: Spoken) -> str:
    # Double brackets would be taken for phonemes. A word of nothing still has its place.
    return word.text.replace("[", " ").replace("]", " ").strip().replace(_BETWEEN_WORDS, "-") or ","


def _as_int16(audio: NDArray[np.float32]) -> Samples:
    return (np.clip(np.atleast_1d(audio), -1.0, 1.0) * 32767).astype(np.int16)


def load(entry: CatalogEntry, directory: Path, device: str) -> PiperEngine:
    """Load the voice that lies in ``directory``.

    Raises:
        EngineNotInstalled: the environment is not there.
        FailedPrecondition: the folder has not one voice, or one of another sample rate.
    """
    try:
        from piper import PiperVoice
    except ImportError as error:
        raise errors.EngineNotInstalled("Piper is not installed: run nonet engines install piper") from error
    files = sorted(directory.glob("*.onnx"))
    if len(files) != 1:
        raise errors.FailedPrecondition(
            f"{entry.id} has {len(files)} files *.onnx; a voice is one, with its .onnx.json."
        )
    voice = PiperVoice.load(files[0], use_cuda=device.startswith("cuda"), include_alignments=True)
    expected = int(str(entry.options["sample_rate"]))
    if voice.config.sample_rate != expected:
        raise errors.FailedPrecondition(
            f"The voice {entry.id} has {voice.config.sample_rate} Hz, its entry says {expected}. Add it again with "
            f"--option sample_rate={voice.config.sample_rate}"
        )
    speaker = entry.options.get("speaker")
    return PiperEngine(voice, None if speaker is None else int(str(speaker)))
