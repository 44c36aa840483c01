"""Utterances found while they are spoken."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transcription.endpoints import Endpointer, Piece, whole_frames
from services.transcription.segmentation import FRAME_SECONDS
from services.transcription.tasks import FRAME


def listen(chances: list[float], sizes: list[int]) -> list[Piece]:
    endpointer = Endpointer()
    numbers = np.repeat(np.arange(len(chances), dtype=np.float32), FRAME)
    pieces: list[Piece] = []
    at = 0
    for size in [*sizes, len(chances)]:
        end = min(at + size, len(chances))
        pieces += endpointer.push(numbers[at * FRAME : end * FRAME], np.array(chances[at:end], np.float32))
        at = end
    pieces += endpointer.finish()
    return pieces


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), max_size=300), st.lists(st.integers(1, 20), max_size=30))
def test_utterances_are_the_sound_itself(chances: list[float], sizes: list[int]) -> None:
    heard: dict[float, list[int]] = {}
    ended: set[float] = set()
    for piece in listen(chances, sizes):
        assert piece.start not in ended, "an utterance went on after its end"
        heard.setdefault(piece.start, []).extend(int(number) for number in piece.samples[::FRAME])
        if piece.ends:
            ended.add(piece.start)
    assert ended == set(heard), "every utterance ends"
    last = -1
    for start, numbers in heard.items():
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a gap within an utterance"
        assert numbers[0] == round(start / FRAME_SECONDS)
        assert numbers[0] > last, "sound of two utterances"
        last = numbers[-1]
        assert len(numbers) * FRAME_SECONDS <= 21.0
    clear = {number for number, chance in enumerate(chances) if chance >= 0.5}
    assert clear <= {number for numbers in heard.values() for number in numbers}


def test_half_a_second_of_silence_ends_an_utterance() -> None:
    pieces = listen([0.0] * 20 + [1.0] * 30 + [0.0] * 40, [])
    (piece,) = pieces
    assert piece.ends
    assert abs(piece.end - (50 * FRAME_SECONDS + 0.5)) < 0.05


def test_a_short_pause_does_not() -> None:
    assert len([p for p in listen([1.0] * 30 + [0.0] * 10 + [1.0] * 30, []) if p.ends]) == 1


def test_whole_frames() -> None:
    frames, rest = whole_frames(np.ones(10, np.float32), np.ones(FRAME, np.float32))
    assert (len(frames), len(rest)) == (FRAME, 10)
