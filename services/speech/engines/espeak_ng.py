"""eSpeak NG (Duddington, Dunn and others; GPL-3.0-or-later): formant synthesis of some hundred languages.

It runs in the engine environment ``espeak-ng`` alone, a process of its own whose wheel brings the library and its
data; the suite neither links nor imports it. The library is reached by its C interface (speak_lib.h).
"""

from __future__ import annotations

import ctypes
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.speech.engines.espeak_phonemes import mnemonics
from services.speech.phrases import Phone, Phrase, Speech, Spoken
from shared import errors
from shared.models.catalog import CatalogEntry

# speak_lib.h
_SYNCHRONOUS = 2
_PHONEME_EVENTS, _PHONEMES_IN_IPA, _DONT_EXIT = 0x0001, 0x0002, 0x8000
_UTF8, _SSML, _PHONEMES, _END_PAUSE = 1, 0x10, 0x100, 0x1000
_WORD, _PHONEME = 1, 7
_LIST_TERMINATED = 0
#: A phrase never sounds longer than this; what would is a defect of its text, and cut off.
MAX_SECONDS = 700


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class EspeakEngine:
    """Phrases in, ``Speech`` out. The library has one state a process, so there is one engine a process."""

    def __init__(self, library: Any, data: str) -> None:
        self._library = library
        flags = _PHONEME_EVENTS | _PHONEMES_IN_IPA | _DONT_EXIT
        self._sample_rate = int(library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), flags))
        if self._sample_rate <= 0:
            raise errors.EngineNotInstalled("eSpeak NG's data is damaged. Run: nonet engines install espeak-ng")
        self._voice = ""
        self._sound = bytearray()
        self._words: list[tuple[int, int]] = []  # position in the text, sample
        self._phones: list[tuple[str, int]] = []
        self._callback = _Callback(self._take)  # kept: the library calls it
        library.espeak_SetSynthCallback(self._callback)

    def run(self, items: Sequence[Phrase]) -> Sequence[Speech]:
        """Speak each phrase.

        Raises:
            InvalidArgument: InvalidSsmlException; a pronunciation has a sound that the voice's language lacks.
        """
        return [self._speak(phrase) for phrase in items]

    def close(self) -> None:
        """Free the library's memory."""
        self._library.espeak_Terminate()

    def _speak(self, phrase: Phrase) -> Speech:
        if phrase.voice != self._voice:
            if self._library.espeak_SetVoiceByName(phrase.voice.encode()) != 0:
                raise errors.FailedPrecondition(f"eSpeak NG has no voice {phrase.voice}.")
            self._voice = phrase.voice
        text, begins = markup(phrase)
        self._sound.clear()
        self._words.clear()
        self._phones.clear()
        data = text.encode()
        # One process, one phrase at a time: what the callback gathers belongs to this call.
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8 | _SSML | _PHONEMES | _END_PAUSE, None, None)
        samples = np.frombuffer(bytes(self._sound), dtype=np.int16)
        starts: list[float | None] = [None] * len(phrase.words)
        for position, sample in self._words:
            index = bisect_right(begins, position - 1) - 1
            # Numbers have an event for each of the words they are read as: the first counts.
            if index >= 0 and starts[index] is None:
                starts[index] = sample / self._sample_rate
        phones = tuple(Phone(ipa, sample / self._sample_rate) for ipa, sample in self._phones)
        return Speech(samples, self._sample_rate, tuple(starts), phones)

    def _take(self, wave: Any, count: int, events: Any) -> int:
        """Gathers sound and events; called by the library, within ``espeak_Synth``. 1 tells it to stop."""
        if wave and count > 0:
            self._sound += ctypes.string_at(wave, 2 * count)
        index = 0
        while events[index].type != _LIST_TERMINATED:
            event = events[index]
            if event.type == _WORD:
                self._words.append((event.text_position, event.sample))
            elif event.type == _PHONEME:
                ipa = event.id.string.decode("utf-8", "ignore").strip()
                if ipa:
                    self._phones.append((ipa, event.sample))
            index += 1
        return int(len(self._sound) > 2 * MAX_SECONDS * self._sample_rate)


def markup(phrase: Phrase) -> tuple[str, list[int]]:
    """The phrase in the library's own SSML, and the position of each word in it."""
    text, begins = "<speak>", []
    manner = (1.0, 1.0)
    for word in phrase.words:
        if (word.rate, word.pitch) != manner:
            text += "</prosody> " if manner != (1.0, 1.0) else ""
            manner = (word.rate, word.pitch)
            if manner != (1.0, 1.0):
                text += f'<prosody rate="{word.rate:.0%}" pitch="{word.pitch - 1:+.0%}">'
        begins.append(len(text))
        text += _spelt(word, phrase.voice) + " "
    text += "</prosody>" if manner != (1.0, 1.0) else ""
    return text + "</speak>", begins


def _spelt(word: Spoken, voice: str) -> str:
    # Double brackets open a pronunciation; only ours may. Controls would end the text or command the library.
    text = "".join(character if character.isprintable() and character not in "[]" else " " for character in word.text)
    if not word.ipa:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    try:
        pronunciation = mnemonics(word.ipa, voice)
    except ValueError as problem:
        raise errors.InvalidArgument(
            f"A pronunciation cannot be said: {problem}.", aws_code="InvalidSsmlException"
        ) from None
    ending = text[len(text.rstrip(".,;:!?")) :]
    return f"[[{pronunciation}]]{ending}"


def load(entry: CatalogEntry, directory: Path, device: str) -> EspeakEngine:
    """Open the library that the environment's wheel brings. Raises ``EngineNotInstalled``."""
    try:
        import espeakng_loader  # type: ignore[import-not-found]  # in its environment alone
    except ImportError as error:
        raise errors.EngineNotInstalled("eSpeak NG is not installed: run nonet engines install espeak-ng") from error
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    return EspeakEngine(library, espeakng_loader.get_data_path())
