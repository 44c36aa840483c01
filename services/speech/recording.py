"""Phrases, rests and tones one after the other: the sound, and the speech marks at their times in it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from services.speech import visemes
from services.speech.phrases import Samples, Speech
from services.speech.script import Mark, Rest, Word
from services.speech.steps import Anchor, Say

#: Of a change of level within a phrase, so that it does not click.
_RAMP_SECONDS = 0.005
_TONE_HZ, _TONE_LEVEL = 1_000, 6_000
#: Order of marks that begin at the same time.
_ORDER = {"sentence": 0, "ssml": 1, "word": 2, "viseme": 3}


@dataclass(frozen=True, slots=True)
class SpeechMark:
    """Something that begins at ``milliseconds``; [start, end) are bytes of the text, None for visemes."""

    milliseconds: int
    type: str
    value: str
    start: int | None = None
    end: int | None = None

    def line(self) -> str:
        """As Polly writes it: one JSON object."""
        place = {} if self.start is None else {"start": self.start, "end": self.end}
        return json.dumps(
            {"time": self.milliseconds, "type": self.type, **place, "value": self.value},
            ensure_ascii=False,
            separators=(",", ":"),
        )


class Recording:
    """Grows step by step."""

    def __init__(self, source: bytes, sample_rate: int, max_seconds: int | None = None) -> None:
        """``source``: the text that was asked for, as bytes. What is longer than ``max_seconds`` is cut off."""
        self.sample_rate = sample_rate
        self._most = math.inf if max_seconds is None else max_seconds * sample_rate  # samples
        self._source = source
        self._length = 0  # samples so far
        self._marks: list[SpeechMark] = []

    @property
    def full(self) -> bool:
        """Whether it is as long as it may get."""
        return self._length >= self._most

    def rest(self, rest: Rest) -> Samples:
        """The sound of a rest, or of its tone."""
        count = rest.milliseconds * self.sample_rate // 1000
        samples = np.zeros(count, dtype=np.int16)
        if rest.tone:
            times = np.arange(count) / self.sample_rate
            samples = (_TONE_LEVEL * np.sin(2 * np.pi * _TONE_HZ * times)).astype(np.int16)
        return self._append(samples)

    def speech(self, say: Say, speech: Speech) -> Samples:
        """The sound of a phrase, at the levels its words ask for; its marks are noted."""
        length = len(speech.samples) / speech.sample_rate
        starts = word_times(speech.word_starts, length)
        for index, anchor in say.anchors:
            self._mark_anchor(anchor, starts[index] if index < len(starts) else length)
        for word, start in zip(say.words, starts, strict=True):
            if word.value:
                self._mark(start, "word", word.value, word.start, word.end)
        shape = None
        for phone in speech.phones:
            following = visemes.viseme(phone.ipa)
            if following is not None and following != shape:
                self._mark(phone.seconds, "viseme", following)
                shape = following
        if speech.phones:
            self._mark(_end_of_sound(speech), "viseme", visemes.SILENCE)
        return self._append(_levelled(speech, say.words, starts))

    def marks(self, types: Collection[str]) -> str:
        """The marks of these types in order of time, one JSON object a line."""
        wanted = [
            mark
            for mark in self._marks
            if mark.type in types and mark.milliseconds * self.sample_rate <= self._most * 1000
        ]
        wanted.sort(key=lambda mark: (mark.milliseconds, _ORDER[mark.type]))
        return "".join(mark.line() + "\n" for mark in wanted)

    def _append(self, samples: Samples) -> Samples:
        samples = samples[: int(min(len(samples), max(0, self._most - self._length)))]
        self._length += len(samples)
        return samples

    def _mark(self, seconds: float, kind: str, value: str, start: int | None = None, end: int | None = None) -> None:
        time = round((self._length / self.sample_rate + seconds) * 1000)
        self._marks.append(SpeechMark(time, kind, value, start, end))

    def _mark_anchor(self, anchor: Anchor, seconds: float) -> None:
        if isinstance(anchor, Mark):
            self._mark(seconds, "ssml", anchor.name, anchor.start, anchor.end)
        else:
            value = self._source[anchor.start : anchor.end].decode("utf-8", "replace")
            self._mark(seconds, "sentence", value, anchor.start, anchor.end)


def word_times(known: Sequence[float | None], length: float) -> list[float]:
    """When each word begins, in order and within ``length`` seconds. Words that an engine runs together ("of the")
    share the time from the one it told to the next."""
    points = [(index, min(time, length)) for index, time in enumerate(known) if time is not None]
    if not points or points[0][0] > 0:
        points.insert(0, (0, 0.0))
    points.append((len(known), length))
    times = np.interp(range(len(known)), [index for index, _ in points], [time for _, time in points])
    return [float(time) for time in np.maximum.accumulate(times)]


def _levelled(speech: Speech, words: Sequence[Word], starts: Sequence[float]) -> Samples:
    gains = [10 ** (word.style.gain_db / 20) for word in words]
    if all(gain == 1 for gain in gains):
        return speech.samples
    times, levels = [0.0], [gains[0]]
    for before, after, start in zip(gains, gains[1:], starts[1:], strict=False):
        if before != after:
            times += [max(start - _RAMP_SECONDS, times[-1]), max(start, times[-1])]
            levels += [before, after]
    curve = np.interp(np.arange(len(speech.samples)) / speech.sample_rate, times, levels)
    return np.clip(speech.samples * curve, -32768, 32767).astype(np.int16)


def _end_of_sound(speech: Speech) -> float:
    """Seconds at which the sound dies away for good; at least where the last sound begins."""
    loud = np.flatnonzero(np.abs(speech.samples.astype(np.int32)) > 200)
    end = (loud[-1] + 1) / speech.sample_rate if len(loud) else 0.0
    return float(max(end, speech.phones[-1].seconds))
