"""Sound cut into stretches of speech, as it comes: memory holds one stretch at most, however long the sound is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.transcription.recognition import SAMPLE_RATE, Samples
from services.transcription.tasks import FRAME

#: Seconds of one frame.
FRAME_SECONDS = FRAME / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class SegmentationSettings:
    """When speech begins and ends. Seconds, and probabilities of speech."""

    #: Speech begins at a frame as probable as this, and lasts until frames are less probable than that.
    begins_at: float = 0.5
    ends_below: float = 0.35
    #: A pause shorter than this is part of the speech: recognisers do better with long stretches.
    pause: float = 2.0
    #: What is shorter than this is a click.
    shortest: float = 0.1
    #: What is longer is cut at its quietest spot, in its second half.
    longest: float = 25.0
    #: Sound kept before and after, where there is as much: recognisers need a little silence.
    margin: float = 0.3


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech with a little silence around. ``start``: seconds from the start of the sound."""

    start: float
    samples: Samples

    @property
    def end(self) -> float:
        return self.start + len(self.samples) / SAMPLE_RATE


class Segmenter:
    """Takes frames with their probabilities of speech, gives stretches once they are complete.

    The samples of each ``push`` are whole frames; ``finish`` may bring a last, shorter rest.
    """

    def __init__(self, settings: SegmentationSettings | None = None) -> None:
        self._settings = settings or SegmentationSettings()
        self._margin = max(1, round(self._settings.margin / FRAME_SECONDS))
        self._pause = max(1, round(self._settings.pause / FRAME_SECONDS))
        self._shortest = max(1, round(self._settings.shortest / FRAME_SECONDS))
        self._longest = max(2 * self._margin + 2, round(self._settings.longest / FRAME_SECONDS))
        #: Frames that may still be needed, the first of which is number ``_first``.
        self._frames: deque[Samples] = deque()
        self._chances: deque[float] = deque()
        self._first = 0
        #: Number of the frame at which speech began; None in silence.
        self._began: int | None = None
        #: Number of the frame after the last one with speech.
        self._spoke_until = 0

    @property
    def speaking(self) -> bool:
        """Whether a stretch is open."""
        return self._began is not None

    def push(self, samples: Samples, probabilities: NDArray[np.float32]) -> Iterator[Stretch]:
        """Stretches that are complete now."""
        for frame, chance in zip(samples.reshape(-1, FRAME), probabilities.tolist(), strict=True):
            # A copy: a view would keep the caller's whole block alive.
            self._frames.append(frame.copy())
            self._chances.append(chance)
            number = self._first + len(self._frames) - 1
            if self._began is None:
                if chance >= self._settings.begins_at:
                    self._began = number
                    self._spoke_until = number + 1
                else:
                    self._forget(number + 1 - self._margin)
                continue
            if chance >= self._settings.ends_below:
                self._spoke_until = number + 1
            elif number + 1 - self._spoke_until >= max(self._pause, self._margin):
                yield from self._end()
                continue
            if number + 1 - self._first >= self._longest:
                yield self._cut()

    def finish(self, rest: Samples | None = None) -> Iterator[Stretch]:
        """The stretch that the end of the sound ends, if one is open."""
        if self._began is not None:
            yield from self._end(rest)
        self._forget(self._first + len(self._frames))

    def _end(self, rest: Samples | None = None) -> Iterator[Stretch]:
        """Close the open stretch; what follows its margin stays for the next one."""
        began, self._began = self._began, None
        assert began is not None
        last = min(self._spoke_until + self._margin, self._first + len(self._frames))
        if self._spoke_until - began >= self._shortest:
            whole = last == self._first + len(self._frames)
            yield self._take(last, rest if whole else None)
        else:
            self._forget(last - self._margin)

    def _cut(self) -> Stretch:
        """Give the first part of a stretch that has become too long, up to its quietest spot."""
        assert self._began is not None
        chances = np.fromiter(self._chances, np.float64)
        energies = np.log10([float(np.mean(frame**2)) + 1e-8 for frame in self._frames])
        # Neighbours count: one quiet frame may be a closed consonant in the middle of a word.
        quiet = np.convolve(energies / 8 + chances, np.ones(3) / 3, mode="same")
        half = len(quiet) // 2
        spot = self._first + half + int(np.argmin(quiet[half:-1]))
        stretch = self._take(spot)
        self._began = spot
        return stretch

    def _take(self, until: int, rest: Samples | None = None) -> Stretch:
        start = self._first
        parts = [self._frames.popleft() for _ in range(until - self._first)]
        for _ in parts:
            self._chances.popleft()
        self._first = until
        if rest is not None:
            parts.append(rest)
        return Stretch(start * FRAME_SECONDS, np.concatenate(parts))

    def _forget(self, until: int) -> None:
        while self._frames and self._first < until:
            self._frames.popleft()
            self._chances.popleft()
            self._first += 1
