"""Sound that is easily made and a recogniser that is easily understood, for tests of what lies around recognition.

A burst of tone stands for something said; its loudness says which line of the script.
"""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from services.transcription.recognition import Alternative, Item, LanguageScore, Options, Segment, Sound
from services.transcription.requests import bad_request

RATE = 16_000
LOUDEST = 9


def said(*lines: tuple[float, float, int], seconds: float) -> np.ndarray[Any, Any]:
    """Mono samples: (start, end, line 0..8) of each burst."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    for start, end, line in lines:
        moments = np.arange(round(start * RATE), round(end * RATE))
        samples[moments] = (line + 1) / 10 * np.sign(np.sin(2 * np.pi * 400 * moments / RATE))
    return samples


def wav(*channels: np.ndarray[Any, Any], rate: int = RATE) -> bytes:
    """A wav file, 16 bit."""
    frames = (np.stack(channels, axis=1) * 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return buffer.getvalue()


def words(text: str, start: float, end: float, confidence: float = 0.75) -> tuple[Item, ...]:
    """Words spread over a time; a comma or full stop at the end of one is a mark."""
    parts = text.split()
    step = (end - start) / len(parts)
    items: list[Item] = []
    for number, part in enumerate(parts):
        content = part.rstrip(".,?!")
        items.append(Item.word(content, start + number * step, start + (number + 1) * step, confidence))
        items.extend(Item.mark(mark) for mark in part[len(content) :])
    return tuple(items)


def segment(text: str, start: float, end: float, *others: str, language: str = "en-US") -> Segment:
    """A segment whose best reading is ``text``."""
    readings = tuple(Alternative.of(words(one, start, end)) for one in (text, *others))
    return Segment(start, end, language, readings)


class ToneRecognizer:
    """Hears the bursts of ``said`` as lines of ``script``; knows English and German, and tells a language by none."""

    script: ClassVar[Sequence[str]] = ("Hello there.",)
    #: Called before each segment; a test may break off here.
    before: ClassVar[Callable[[int], None]] = staticmethod(lambda count: None)
    calls: ClassVar[list[Options]] = []

    def __init__(self, runtime: Any) -> None:
        pass

    def languages(self) -> frozenset[str]:
        return frozenset({"en-US", "de-DE"})

    def check(self, options: Options) -> None:
        if not set(options.languages) <= self.languages():
            raise bad_request("Nothing here knows that language.")

    async def identify(self, sound: Sound, options: Options, priority: Any = None) -> tuple[LanguageScore, ...]:
        return (LanguageScore("de-DE", 0.8), LanguageScore("en-US", 0.2))

    async def segments(
        self, sound: Sound, options: Options, progress: Any = None, priority: Any = None
    ) -> AsyncIterator[Segment]:
        type(self).calls.append(options)
        samples = np.concatenate([np.zeros(0, np.float32), *sound()])
        loud = np.abs(samples) > 0.05
        edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
        # The tone crosses zero: what lies closer together than 50 ms is one burst.
        bursts: list[list[int]] = []
        for begin, end in edges.reshape(-1, 2):
            if bursts and begin - bursts[-1][1] < RATE // 20:
                bursts[-1][1] = int(end)
            else:
                bursts.append([int(begin), int(end)])
        for count, (begin, end) in enumerate(bursts):
            self.before(count)
            line = min(round(float(np.abs(samples[begin:end]).max()) * 10) - 1, len(self.script) - 1)
            found = segment(self.script[line], begin / RATE, end / RATE, language=options.languages[0])
            if options.max_alternatives > 1:
                other = words(self.script[line].lower(), begin / RATE, end / RATE, 0.2)
                found = replace(found, alternatives=(*found.alternatives, Alternative.of(other)))
            if progress is not None:
                progress(end / RATE)
            yield found


class TurnLabels:
    """Says that speakers take turns, segment by segment."""

    def __init__(self, runtime: Any) -> None:
        pass

    def check(self) -> None:
        pass

    async def label(
        self, sound: Sound, segments: Sequence[Segment], max_speakers: int, priority: Any = None
    ) -> list[Segment]:
        labelled = []
        for number, one in enumerate(segments):
            label = f"spk_{number % max_speakers}"

            def with_label(items: tuple[Item, ...], label: str = label) -> tuple[Item, ...]:
                return tuple(replace(item, speaker=label) for item in items)

            labelled.append(one.with_items(with_label))
        return labelled
