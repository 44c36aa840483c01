"""What recognition is about: words with times, the segments they come in, and what a caller may ask for.

Times are seconds from the start of the channel. Confidences are 0..1 and are probabilities: of all items with
confidence 0.8 some eighty in a hundred are right. Nothing here does I/O or knows an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: Rate of the sound that recognisers take, Hz.
SAMPLE_RATE = 16_000

#: Mono samples in -1..1, float32, shape (n,), at ``SAMPLE_RATE``.
Samples = NDArray[np.float32]

#: Opens a channel's sound from its beginning, block by block; every call opens it anew, for some work needs it twice.
#: The iterator is advanced in threads, never on the event loop; it is closed (``close()``, if it has one) at the end.
Sound = Callable[[], Iterator[Samples]]

#: Tasks of the catalog's models (shared/models/catalog.py).
RECOGNIZE_SPEECH = "recognize-speech"
RECOGNIZE_LIVE_SPEECH = "recognize-live-speech"
DETECT_SPEECH = "detect-speech"
EMBED_SPEAKER = "embed-speaker"
PUNCTUATE_TEXT = "punctuate-text"

ItemKind = Literal["pronunciation", "punctuation"]
Identify = Literal["none", "one", "multiple"]


@dataclass(frozen=True, slots=True)
class Item:
    """One word, number or punctuation mark of a transcript.

    A pronunciation has ``start <= end``. A punctuation mark belongs to the word before it and has no times and no
    confidence of its own (``start`` and ``end`` None, ``confidence`` 0.0), as in the transcript files that applications
    know.
    """

    kind: ItemKind
    content: str
    start: float | None
    end: float | None
    confidence: float
    #: "spk_0", "spk_1", ... once speakers are labelled; a punctuation mark has its word's.
    speaker: str | None = None
    #: False only in partial results of live speech: this item may still change.
    stable: bool = True

    @classmethod
    def word(cls, content: str, start: float, end: float, confidence: float) -> Item:
        return cls("pronunciation", content, start, end, confidence)

    @classmethod
    def mark(cls, content: str) -> Item:
        return cls("punctuation", content, None, None, 0.0)


def transcript(items: tuple[Item, ...] | list[Item]) -> str:
    """The items as running text: a space before each word but the first, none before a mark."""
    parts: list[str] = []
    for item in items:
        if parts and item.kind == "pronunciation":
            parts.append(" ")
        parts.append(item.content)
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of a stretch of speech. ``confidence``: probability of all of it, where the engine has one."""

    transcript: str
    items: tuple[Item, ...]
    confidence: float | None = None

    @classmethod
    def of(cls, items: tuple[Item, ...], confidence: float | None = None) -> Alternative:
        return cls(transcript(items), items, confidence)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech between pauses, in one language.

    ``alternatives`` has one to ``Options.max_alternatives`` readings, the best first; the best has at least one word.
    Stretches in which nothing was recognised are never given.
    """

    start: float
    end: float
    language: str
    alternatives: tuple[Alternative, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """Items of the best reading."""
        return self.alternatives[0].items

    def with_items(self, change: Callable[[tuple[Item, ...]], tuple[Item, ...]]) -> Segment:
        """The segment with ``change`` done to the items of every alternative."""
        changed = tuple(Alternative.of(change(one.items), one.confidence) for one in self.alternatives)
        return replace(self, alternatives=changed)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One row of a custom vocabulary.

    ``text``: the phrase; hyphens stand for spaces between words ("Los-Angeles"), and letters that are spoken one by one
    have full stops ("A.B.C."). ``sounds_like``: syllables with hyphens between them ("nah-net"). ``ipa``: symbols with
    spaces between them. At most one of both is given. ``display_as``: what is written in the transcript.
    """

    text: str
    sounds_like: str | None = None
    ipa: str | None = None
    display_as: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller wants of recognition.

    ``identify`` "none": ``languages`` has exactly one code, the language spoken. "one": one language is spoken
    throughout, one of ``languages`` (empty: of all that are known). "multiple": it may change from segment to segment.
    """

    languages: tuple[str, ...] = ("en-US",)
    identify: Identify = "none"
    #: The custom vocabulary of whatever language is spoken ...
    vocabulary: tuple[Phrase, ...] = ()
    #: ... or of each language (``LanguageIdSettings``); wins over ``vocabulary`` for the languages it has.
    vocabularies: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    #: Readings a segment, 1 to 10.
    max_alternatives: int = 1

    def phrases(self, language: str) -> tuple[Phrase, ...]:
        """The vocabulary that counts while ``language`` is spoken."""
        return tuple(self.vocabularies.get(language, self.vocabulary))

    def spoken(self, language: str) -> Options:
        """The same wishes, once it is known which language is spoken."""
        return replace(self, languages=(language,), identify="none", vocabulary=self.phrases(language), vocabularies={})


@dataclass(frozen=True, slots=True)
class LanguageScore:
    """A language that may be spoken, and the probability that it is."""

    language: str
    score: float
