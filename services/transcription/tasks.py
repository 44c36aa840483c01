"""What the transcription service's engines take and give: one item and one result a task.

An engine of ``recognize-speech`` takes utterances, of ``detect-speech`` frames, and so on (shared/runtime/engine.py).
Times here are seconds from the start of the item's own sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from services.transcription.recognition import Phrase, Samples

#: Samples of one frame of ``detect-speech``: 32 ms.
FRAME = 512


def _silence() -> Samples:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class ListenerMemory:
    """What a speech detector remembers from one call to the next. Opaque to others."""

    hidden: NDArray[np.float32]
    cell: NDArray[np.float32]
    context: Samples


@dataclass(frozen=True, slots=True)
class Frames:
    """``detect-speech``: samples, a whole number of frames of them; ``memory`` is None at the start of the sound."""

    samples: Samples
    memory: ListenerMemory | None = None


@dataclass(frozen=True, slots=True)
class SpeechChances:
    """The probability of speech in each frame, shape (frames,)."""

    probabilities: NDArray[np.float32]
    memory: ListenerMemory


@dataclass(frozen=True, slots=True)
class Utterance:
    """``recognize-speech``: a stretch of speech of at most half a minute, and the vocabulary it may have.

    ``before``: some seconds of speech from before it in the same channel. An engine may learn the channel's sound from
    them where the stretch itself is short; no word of them is in the result.
    """

    samples: Samples
    language: str
    before: Samples = field(default_factory=_silence)
    vocabulary: tuple[Phrase, ...] = ()
    max_alternatives: int = 1


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; ``confidence`` is the probability that it is right."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read an utterance; ``confidence``: the probability that all of it is right, where there is one."""

    words: tuple[Word, ...]
    confidence: float | None = None


#: Results of ``recognize-speech``: readings, the best first; none if nothing was recognised.
Readings = tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class LiveSound:
    """``recognize-live-speech``: the next samples of a session's utterance.

    A session begins with its first item and ends with ``close``; ``ends``: the utterance ends here, and the result is
    final. ``language`` and ``vocabulary`` count at the first item of a session.
    """

    session: str
    samples: Samples
    ends: bool = False
    close: bool = False
    language: str = "en-US"
    vocabulary: tuple[Phrase, ...] = ()
    max_alternatives: int = 1


class SpeechDetector(Protocol):
    """detect-speech."""

    def run(self, items: list[Frames]) -> list[SpeechChances]: ...


class SpeechRecognizer(Protocol):
    """recognize-speech."""

    def run(self, items: list[Utterance]) -> list[Readings]: ...


class LiveSpeechRecognizer(Protocol):
    """recognize-live-speech: the best readings of the utterance so far; of all of it where it ends."""

    def run(self, items: list[LiveSound]) -> list[Readings]: ...


@dataclass(frozen=True, slots=True)
class SpokenSample:
    """A stretch of speech of which engines with the option ``identifies`` tell the language."""

    samples: Samples


#: What they tell: the probability of each language by its ISO 639-1 code.
SpokenLanguages = Mapping[str, float]


class LanguageListener(Protocol):
    """Which language is spoken."""

    def run(self, items: list[SpokenSample]) -> list[SpokenLanguages]: ...


@dataclass(frozen=True, slots=True)
class Voice:
    """``embed-speaker``: a window of speech, 0.5 to 1.6 s; the result is a vector of length 1, shape (256,)."""

    samples: Samples


class SpeakerEmbedder(Protocol):
    """embed-speaker: voices that are alike have vectors that are near."""

    def run(self, items: list[Voice]) -> list[NDArray[np.float32]]: ...


#: How a word is written: as it is, with a capital, or all in capitals.
Casing = Literal["lower", "capital", "upper"]


@dataclass(frozen=True, slots=True)
class SpokenWords:
    """``punctuate-text``: words as they are said. ``pauses``: seconds of silence after each word.

    ``begins``: whether the first word begins a sentence, if that is known.
    """

    words: tuple[str, ...]
    pauses: tuple[float, ...]
    begins: bool = True


@dataclass(frozen=True, slots=True)
class Style:
    """How one word is written, and the mark after it: "", ",", "." or "?"."""

    casing: Casing
    mark: str


class Punctuator(Protocol):
    """punctuate-text: a style a word."""

    def run(self, items: list[SpokenWords]) -> list[list[Style]]: ...
