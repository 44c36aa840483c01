"""What the synthesis engines of this service take and give (task "synthesize-speech")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SYNTHESIZE_SPEECH = "synthesize-speech"

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word as an engine gets it: its text with punctuation, or a pronunciation in IPA that wins over the text; rate
    and pitch as factors of the voice's own."""

    text: str
    rate: float = 1.0
    pitch: float = 1.0
    ipa: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that are said in one go by one voice, under the engine's own name of it."""

    words: tuple[Spoken, ...]
    voice: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A speech sound (IPA) and when it begins, in seconds of its phrase."""

    ipa: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Speech:
    """A phrase as sound: mono samples, when each word begins (seconds; None where the engine did not tell), and the
    sounds in order, where the engine tells them."""

    samples: Samples
    sample_rate: int
    word_starts: tuple[float | None, ...]
    phones: tuple[Phone, ...] = ()


class Synthesizer(Protocol):
    """The speech of each phrase."""

    def run(self, items: Sequence[Phrase]) -> Sequence[Speech]: ...
    def close(self) -> None: ...
