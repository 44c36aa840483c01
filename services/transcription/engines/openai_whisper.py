"""openai-whisper (OpenAI; MIT): Whisper (Radford and others, 2022) on torch, one utterance after the other.

It runs in the engine environment ``openai-whisper``. A model is a checkpoint ``*.pt`` in a folder of its own, which
``nonet models add`` makes a model of.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.transcription.engines.faster_whisper import hotwords
from services.transcription.engines.whisper_languages import whisper_code
from services.transcription.recognition import SAMPLE_RATE
from services.transcription.tasks import Reading, Readings, SpokenLanguages, SpokenSample, Utterance, Word
from shared import errors
from shared.models.catalog import CatalogEntry

_LONGEST = 30 * SAMPLE_RATE


class OpenAiWhisper:
    """Implements ``SpeechRecognizer`` and ``LanguageListener``."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._half = model.device.type == "cuda"

    def run(self, items: Sequence[Utterance | SpokenSample]) -> list[Readings | SpokenLanguages]:
        return [
            self._languages(item.samples) if isinstance(item, SpokenSample) else self._recognise(item) for item in items
        ]

    def close(self) -> None:
        """The process ends with its model."""

    def _languages(self, samples: np.ndarray[Any, np.dtype[np.float32]]) -> SpokenLanguages:
        import whisper  # type: ignore[import-not-found]  # in its environment alone

        if not self._model.is_multilingual:
            raise errors.FailedPrecondition("The Whisper model knows English only: it cannot identify languages.")
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples), n_mels=self._model.dims.n_mels)
        mel = mel.to(self._model.device)
        _, chances = self._model.detect_language(mel.half() if self._half else mel)
        return {str(code): float(chance) for code, chance in chances.items()}

    def _recognise(self, item: Utterance) -> Readings:
        if len(item.samples) > _LONGEST:
            raise errors.InvalidArgument("Whisper hears at most 30 seconds at once.")
        result = self._model.transcribe(
            np.ascontiguousarray(item.samples, np.float32),
            language=whisper_code(item.language),
            word_timestamps=True,
            temperature=0.0,
            condition_on_previous_text=False,
            initial_prompt=hotwords(item.vocabulary),
            fp16=self._half,
            verbose=None,
        )
        words = [
            Word(word["word"].strip(), float(word["start"]), float(word["end"]), float(word["probability"]))
            for segment in result["segments"]
            for word in segment.get("words", ())
            if word["word"].strip()
        ]
        return (Reading(tuple(words)),) if words else ()


def load(entry: CatalogEntry, directory: Path, device: str) -> OpenAiWhisper:
    """Load the folder's checkpoint.

    Raises:
        FailedPrecondition: there is none, or more than one.
    """
    import whisper

    checkpoints = sorted(directory.glob("*.pt"))
    if len(checkpoints) != 1:
        raise errors.FailedPrecondition(f"{entry.id}: its folder must have one checkpoint *.pt.")
    return OpenAiWhisper(whisper.load_model(str(checkpoints[0]), device=device))
