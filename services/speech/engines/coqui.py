"""Coqui TTS (coqui-tts, the fork that is kept up; MPL-2.0): VITS voices (Kim, Kong and Son, 2021) on torch.

It runs in the engine environment ``coqui-tts``. A voice is a checkpoint and its ``config.json``, that ``nonet models
add`` makes a model of. Other architectures of the library tell no times of words, and are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from services.speech.phrases import Phrase, Samples, Speech, Spoken
from shared import errors
from shared.models.catalog import CatalogEntry


class CoquiEngine:
    """Phrases in, ``Speech`` out; ``model`` is a loaded ``TTS.tts.models.vits.Vits``."""

    def __init__(self, model: Any, sample_rate: int, speaker: int | None, device: str) -> None:
        self._model = model
        self._sample_rate = sample_rate
        self._speaker = speaker
        self._device = device
        self._length_scale = float(model.length_scale)
        self._between_words = model.tokenizer.characters.char_to_id(" ")

    def run(self, items: Sequence[Phrase]) -> Sequence[Speech]:
        """Speak each phrase."""
        return [self._speak(phrase) for phrase in items]

    def close(self) -> None:
        """The process ends with its model."""

    def _speak(self, phrase: Phrase) -> Speech:
        samples: list[Samples] = []
        starts: list[float | None] = []
        begin = 0.0
        for rate, words in groupby(phrase.words, key=lambda word: word.rate):
            sound, word_starts = self._utter(list(words), rate)
            starts += [begin + start for start in word_starts]
            samples.append(sound)
            begin += len(sound) / self._sample_rate
        whole = np.concatenate(samples) if samples else np.zeros(0, np.int16)
        return Speech(whole, self._sample_rate, tuple(starts))

    def _utter(self, words: list[Spoken], rate: float) -> tuple[Samples, list[float]]:
        import torch  # type: ignore[import-not-found, unused-ignore]  # in its environment alone

        tokens = self._tokens(words)
        self._model.length_scale = self._length_scale / rate
        speaker = None if self._speaker is None else torch.tensor([self._speaker], device=self._device)
        aux = {"x_lengths": None, "d_vectors": None, "speaker_ids": speaker, "language_ids": None, "durations": None}
        with torch.inference_mode():
            out = self._model.inference(torch.tensor([tokens], device=self._device), aux_input=aux)
        sound = out["model_outputs"].reshape(-1).float().cpu().numpy()
        # The alignment says for each frame of sound which token it is of: its sums are the tokens' durations.
        frames = out["alignments"].reshape(len(tokens), -1).sum(dim=1).cpu().numpy()
        seconds = len(sound) / max(1.0, float(frames.sum())) / self._sample_rate
        ends = np.cumsum(frames) * seconds
        starts = [0.0, *(float(ends[i]) for i, token in enumerate(tokens) if token == self._between_words)]
        return (np.clip(sound, -1.0, 1.0) * 32767).astype(np.int16), starts

    def _tokens(self, words: list[Spoken]) -> list[int]:
        """Tokens of all words with one space between two words."""
        tokenizer = self._model.tokenizer
        tokens: list[int] = list(tokenizer.text_to_ids(" ".join(_plain(word) for word in words)))
        if tokens.count(self._between_words) == len(words) - 1:
            return tokens
        # Numbers became several words, or some ran together: one by one their number is certain.
        tokens = []
        for word in words:
            own = [token for token in tokenizer.text_to_ids(_plain(word)) if token != self._between_words]
            tokens += [*own, self._between_words]
        return tokens[:-1]


def _plain(word: Spoken) -> str:
    # A word of nothing still has its place.
    return "-".join(word.text.split()) or ","


def load(entry: CatalogEntry, directory: Path, device: str) -> CoquiEngine:
    """Load the voice that lies in ``directory``: ``config.json`` and one ``*.pth``.

    Raises:
        EngineNotInstalled: the environment is not there.
        FailedPrecondition: the folder has not one voice, or one that this engine does not speak with.
    """
    try:
        from TTS.config import load_config  # type: ignore[import-not-found]  # in its environment alone
        from TTS.tts.models import setup_model  # type: ignore[import-not-found]
        from TTS.tts.models.vits import Vits  # type: ignore[import-not-found]
    except ImportError as error:
        raise errors.EngineNotInstalled("Coqui TTS is not installed: run nonet engines install coqui-tts") from error
    checkpoints = sorted(directory.glob("*.pth"))
    if len(checkpoints) != 1:
        raise errors.FailedPrecondition(f"{entry.id} has {len(checkpoints)} files *.pth; a voice is one.")
    config = load_config(str(directory / "config.json"))
    model = setup_model(config)
    if not isinstance(model, Vits):
        raise errors.FailedPrecondition(f"{entry.id} is a {type(model).__name__}; only VITS voices tell word times.")
    model.load_checkpoint(config, str(checkpoints[0]), eval=True)
    model.to(device)
    sample_rate = int(config.audio.sample_rate)
    if sample_rate != int(str(entry.options["sample_rate"])):
        raise errors.FailedPrecondition(
            f"The voice {entry.id} has {sample_rate} Hz, its entry says {entry.options['sample_rate']}. Add it again "
            f"with --option sample_rate={sample_rate}"
        )
    speaker = entry.options.get("speaker")
    return CoquiEngine(model, sample_rate, None if speaker is None else int(str(speaker)), device)
