"""Who speaks when: vectors of voices over sliding windows, clustered into speakers; words are labelled by theirs."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.transcription.clustering import Vectors, speakers_of
from services.transcription.model_choice import REFUSED
from services.transcription.recognition import EMBED_SPEAKER, SAMPLE_RATE, Item, Samples, Segment, Sound
from services.transcription.tasks import Voice
from shared import errors
from shared.rpc.call import Priority
from shared.runtime.runtime import Lease, Runtime

#: Windows of 1.2 s, a new one every 0.3 s.
_WINDOW, _HOP = round(1.2 * SAMPLE_RATE), round(0.3 * SAMPLE_RATE)
#: A window counts where this share of it is words.
_SPOKEN = 0.5
#: Vectors that are clustered; of longer recordings a sample, evenly spread.
_CLUSTERED = 1500
#: Windows that are embedded at once.
_AT_ONCE = 64
#: What a change of speaker must gain, in similarity, between words without a pause, and with one of this many seconds.
_CHANGE, _CHANGE_AT_PAUSE, _PAUSE = 0.30, 0.08, 0.25


class SpeakerLabels:
    """Labels the words of a channel with who said them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def check(self) -> None:
        """Refuse before a job is accepted.

        Raises:
            ModelNotInstalled: (BadRequestException) no installed model tells speakers apart.
        """
        if not self._runtime.candidates(EMBED_SPEAKER):
            command = self._runtime.remedy(EMBED_SPEAKER)
            raise errors.ModelNotInstalled(
                "No installed model tells speakers apart." + (f" Run: {command}" if command else ""), aws_code=REFUSED
            )

    async def label(
        self, sound: Sound, segments: Sequence[Segment], max_speakers: int, priority: Priority = Priority.BATCH
    ) -> list[Segment]:
        """The segments with ``Item.speaker`` set on every item of every alternative.

        Labels are "spk_0", "spk_1", ... in order of appearance, at most ``max_speakers`` (2 to 30) of them; fewer where
        fewer voices are heard. ``sound`` is the sound that the segments were recognised in.
        """
        if not segments:
            return []
        self.check()
        async with await self._runtime.lease(EMBED_SPEAKER) as lease:
            times, vectors = await _vectors(sound, segments, lease, priority)
        return await asyncio.to_thread(_labelled, segments, times, vectors, max_speakers)


async def _vectors(
    sound: Sound, segments: Sequence[Segment], lease: Lease, priority: Priority
) -> tuple[list[float], Vectors]:
    """Middles of the windows, seconds, and their vectors."""
    times: list[float] = []
    parts: list[NDArray[np.float32]] = []
    waiting: list[Voice] = []

    async def embed() -> None:
        parts.extend(await lease.run(waiting, priority))
        waiting.clear()

    async with aclosing(_windows(sound, segments)) as windows:
        async for middle, samples in windows:
            times.append(middle)
            waiting.append(Voice(samples))
            if len(waiting) == _AT_ONCE:
                await embed()
    if waiting:
        await embed()
    return times, np.stack(parts) if parts else np.zeros((0, 1), np.float32)


async def _windows(sound: Sound, segments: Sequence[Segment]) -> AsyncGenerator[tuple[float, Samples], None]:
    """Windows with enough words in them, as the sound goes by."""
    spoken = _SpokenTime(segments)
    blocks = await asyncio.to_thread(sound)
    try:
        held = np.zeros(0, np.float32)
        origin = 0
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            held = np.concatenate((held, np.asarray(block, np.float32).reshape(-1)))
            begin = 0
            while begin + _WINDOW <= len(held):
                start = (origin + begin) / SAMPLE_RATE
                if spoken.share(start, start + _WINDOW / SAMPLE_RATE) >= _SPOKEN:
                    yield start + _WINDOW / SAMPLE_RATE / 2, held[begin : begin + _WINDOW].copy()
                begin += _HOP
            held = held[begin:]
            origin += begin
    finally:
        close = getattr(blocks, "close", None)
        if close is not None:
            await asyncio.to_thread(close)


class _SpokenTime:
    """How much of a stretch of time is words."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._words = [(item.start or 0.0, item.end or 0.0) for item in _words(segments)]
        self._at = 0

    def share(self, start: float, end: float) -> float:
        """Share of words between ``start`` and ``end``; starts must not go back."""
        while self._at < len(self._words) and self._words[self._at][1] <= start:
            self._at += 1
        total = 0.0
        for begin, until in self._words[self._at :]:
            if begin >= end:
                break
            total += min(until, end) - max(begin, start)
        return total / (end - start)


def _words(segments: Sequence[Segment]) -> Iterator[Item]:
    return (item for segment in segments for item in segment.items if item.kind == "pronunciation")


def _labelled(segments: Sequence[Segment], times: list[float], vectors: Vectors, max_speakers: int) -> list[Segment]:
    words = list(_words(segments))
    if not times:
        return [segment.with_items(lambda items: _told(items, [], [])) for segment in segments]
    step = max(1, -(-len(vectors) // _CLUSTERED))
    centres = speakers_of(vectors[::step], max_speakers)
    chosen = _most_likely(words, _word_scores(words, times, vectors @ centres.T))
    names: dict[int, str] = {}
    labels = [names.setdefault(speaker, f"spk_{len(names)}") for speaker in chosen]
    middles = [((word.start or 0.0) + (word.end or 0.0)) / 2 for word in words]
    return [segment.with_items(lambda items: _told(items, middles, labels)) for segment in segments]


def _word_scores(words: Sequence[Item], times: list[float], similar: NDArray[np.float32]) -> NDArray[np.float64]:
    """Similarity of the sound around each word to each speaker, shape (words, speakers): its nearest windows' mean."""
    scores = np.zeros((len(words), similar.shape[1]))
    moments = np.array(times)
    for number, word in enumerate(words):
        middle = ((word.start or 0.0) + (word.end or 0.0)) / 2
        near = bisect_left(times, middle)
        window = slice(max(0, near - 2), near + 2)
        # Nearer windows say more; one that is far says something when there is no other.
        weights = np.exp(-np.abs(moments[window] - middle) / 0.25) + 1e-9
        scores[number] = weights @ similar[window] / weights.sum()
    return scores


def _most_likely(words: Sequence[Item], scores: NDArray[np.float64]) -> list[int]:
    """The best sequence of speakers (Viterbi, 1967): a change must be worth its price, which pauses lower."""
    best = scores[0].copy()
    back: list[NDArray[np.intp]] = []
    for number in range(1, len(words)):
        pause = (words[number].start or 0.0) - (words[number - 1].end or 0.0)
        price = _CHANGE_AT_PAUSE if pause >= _PAUSE else _CHANGE
        change = int(np.argmax(best))
        changed = best[change] - price > best
        back.append(np.where(changed, change, np.arange(len(best))))
        best = np.where(changed, best[change] - price, best) + scores[number]
    speakers = [int(np.argmax(best))]
    for column in reversed(back):
        speakers.append(int(column[speakers[-1]]))
    return speakers[::-1]


def _told(items: Sequence[Item], middles: Sequence[float], labels: Sequence[str]) -> tuple[Item, ...]:
    """Items with the label of the best reading's word at their time; marks with their word's."""
    told: list[Item] = []
    speaker = labels[0] if labels else "spk_0"
    for item in items:
        if item.kind == "pronunciation" and labels:
            middle = ((item.start or 0.0) + (item.end or 0.0)) / 2
            at = bisect_left(middles, middle)
            nearest = min(
                (number for number in (at - 1, at) if 0 <= number < len(middles)),
                key=lambda number: abs(middles[number] - middle),
            )
            speaker = labels[nearest]
        told.append(replace(item, speaker=speaker))
    return tuple(told)
