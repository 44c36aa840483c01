"""faster-whisper (SYSTRAN; MIT): Whisper (Radford and others, 2022) on CTranslate2, in batches, with word times.

It runs in the engine environment ``faster-whisper``. A model is a folder in CTranslate2's format (``model.bin``,
``config.json``, ``tokenizer.json``), which ``nonet models add`` makes a model of.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from services.transcription.engines.whisper_languages import whisper_code
from services.transcription.recognition import SAMPLE_RATE, Phrase
from services.transcription.tasks import Reading, Readings, SpokenLanguages, SpokenSample, Utterance, Word
from shared import errors
from shared.models.catalog import CatalogEntry

#: Whisper hears half a minute at once.
_LONGEST = 30 * SAMPLE_RATE
_LONGEST_VOCABULARY = 600
#: A stretch is silence to Whisper where it says so itself and is unsure of its words (the paper's section 4.5).
_NO_SPEECH, _UNSURE = 0.6, -1.0
#: Silence between the utterances of a batch.
_GAP = np.zeros(SAMPLE_RATE // 10, np.float32)


class FasterWhisper:
    """Implements ``SpeechRecognizer`` and ``LanguageListener``."""

    def __init__(self, model: Any, batch_size: int) -> None:
        from faster_whisper import BatchedInferencePipeline

        self._model = model
        self._pipeline = BatchedInferencePipeline(model)
        self._batch_size = batch_size

    def run(self, items: Sequence[Utterance | SpokenSample]) -> list[Readings | SpokenLanguages]:
        results: list[Readings | SpokenLanguages] = []
        for _, group in groupby(items, key=_together):
            members = list(group)
            if isinstance(members[0], SpokenSample):
                results.extend(self._languages(member.samples) for member in members)
            else:
                results.extend(self._recognise([member for member in members if isinstance(member, Utterance)]))
        return results

    def close(self) -> None:
        """The process ends with its model."""

    def _languages(self, samples: np.ndarray[Any, np.dtype[np.float32]]) -> SpokenLanguages:
        if not self._model.model.is_multilingual:
            raise errors.FailedPrecondition("The Whisper model knows English only: it cannot identify languages.")
        _, _, chances = self._model.detect_language(samples[:_LONGEST])
        return {str(code): float(chance) for code, chance in chances}

    def _recognise(self, items: Sequence[Utterance]) -> list[Readings]:
        """Utterances of one language and one vocabulary, side by side."""
        parts: list[np.ndarray[Any, np.dtype[np.float32]]] = []
        clips: list[dict[str, float]] = []
        at = 0
        for item in items:
            if len(item.samples) > _LONGEST:
                raise errors.InvalidArgument("Whisper hears at most 30 seconds at once.")
            clips.append({"start": at / SAMPLE_RATE, "end": (at + len(item.samples)) / SAMPLE_RATE})
            parts += [item.samples, _GAP]
            at += len(item.samples) + len(_GAP)
        segments, _ = self._pipeline.transcribe(
            np.concatenate(parts),
            language=whisper_code(items[0].language),
            clip_timestamps=clips,
            batch_size=self._batch_size,
            word_timestamps=True,
            temperature=0.0,
            hotwords=hotwords(items[0].vocabulary),
        )
        found: list[list[Word]] = [[] for _ in items]
        for segment in segments:
            if segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _UNSURE:
                continue
            number = _clip_of(clips, segment.start, segment.end)
            begin = clips[number]["start"]
            for word in segment.words or ():
                if word.word.strip():
                    start = max(0.0, float(word.start) - begin)
                    chance = min(max(float(word.probability), 0.0), 1.0)
                    found[number].append(Word(word.word.strip(), start, max(start, float(word.end) - begin), chance))
        return [(Reading(tuple(words)),) if words else () for words in found]


def _together(item: Utterance | SpokenSample) -> tuple[str, tuple[Phrase, ...]] | None:
    """What items must have in common to go to the model together."""
    return (item.language, item.vocabulary) if isinstance(item, Utterance) else None


def hotwords(vocabulary: Sequence[Phrase]) -> str | None:
    """A vocabulary as words that Whisper is told to expect."""
    words = ", ".join(phrase.display_as or phrase.text.replace("-", " ") for phrase in vocabulary)
    return words[:_LONGEST_VOCABULARY] or None


def _clip_of(clips: Sequence[dict[str, float]], start: float, end: float) -> int:
    middle = (start + end) / 2
    return min(
        range(len(clips)), key=lambda number: max(clips[number]["start"] - middle, middle - clips[number]["end"])
    )


def load(entry: CatalogEntry, directory: Path, device: str) -> FasterWhisper:
    """Load the folder's model: int8 on a CPU, float16 on a GPU."""
    from faster_whisper import WhisperModel

    kind, _, number = device.partition(":")
    model = WhisperModel(
        str(directory),
        device=kind,
        device_index=int(number or 0),
        compute_type="float16" if kind == "cuda" else "int8",
        local_files_only=True,
    )
    return FasterWhisper(model, entry.max_batch_size)
