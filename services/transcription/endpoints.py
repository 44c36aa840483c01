"""Live sound cut into utterances as it comes: each piece goes on at once, with word of where utterances end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.transcription.recognition import SAMPLE_RATE, Samples
from services.transcription.segmentation import FRAME_SECONDS
from services.transcription.tasks import FRAME

#: Probability of speech at which an utterance begins, and below which it pauses.
_BEGINS_AT, _ENDS_BELOW = 0.5, 0.35
#: Frames of silence that end an utterance: half a second; a long one ends at a shorter pause, and in the end anywhere.
_PAUSE, _SHORT_PAUSE = round(0.5 / FRAME_SECONDS), round(0.16 / FRAME_SECONDS)
_LONG, _LONGEST = round(12.0 / FRAME_SECONDS), round(20.0 / FRAME_SECONDS)
#: Frames before the first with speech that belong to the utterance.
_BEFORE = round(0.3 / FRAME_SECONDS)


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound of one utterance. ``start``: seconds at which the utterance began; ``ends``: it is over with this piece."""

    start: float
    end: float
    samples: Samples
    ends: bool


class Endpointer:
    """Finds utterances; frames as in ``Segmenter.push``."""

    def __init__(self) -> None:
        self._before: deque[Samples] = deque(maxlen=_BEFORE)
        self._number = 0
        self._began: int | None = None
        self._quiet = 0

    def push(self, samples: Samples, probabilities: NDArray[np.float32]) -> Iterator[Piece]:
        """Pieces of the utterances that these frames belong to: one an utterance."""
        piece: list[Samples] = []
        for frame, chance in zip(samples.reshape(-1, FRAME), probabilities.tolist(), strict=True):
            self._number += 1
            if self._began is None:
                self._before.append(frame)
                if chance < _BEGINS_AT:
                    continue
                self._began = self._number - len(self._before)
                self._quiet = 0
                piece = list(self._before)
                self._before.clear()
                continue
            piece.append(frame)
            self._quiet = 0 if chance >= _ENDS_BELOW else self._quiet + 1
            length = self._number - self._began
            pause = _PAUSE if length < _LONG else _SHORT_PAUSE
            if self._quiet >= pause or length >= _LONGEST:
                yield self._piece(piece, ends=True)
                piece = []
        if piece:
            yield self._piece(piece, ends=False)

    def finish(self) -> Iterator[Piece]:
        """The end of the sound ends the utterance, if there is one."""
        if self._began is not None:
            yield self._piece([], ends=True)

    def _piece(self, frames: list[Samples], *, ends: bool) -> Piece:
        assert self._began is not None
        start, end = self._began * FRAME_SECONDS, self._number * FRAME_SECONDS
        if ends:
            self._began = None
            self._quiet = 0
        return Piece(start, end, np.concatenate(frames) if frames else np.zeros(0, np.float32), ends)


def whole_frames(waiting: Samples, more: Samples) -> tuple[Samples, Samples]:
    """What can be heard now, in whole frames, and what has to wait."""
    joined = np.concatenate((waiting, more))
    whole = len(joined) // FRAME * FRAME
    return joined[:whole], joined[whole:]


#: The most samples that are heard at once: a second.
AT_ONCE = SAMPLE_RATE // FRAME * FRAME
