"""Stretches of speech: nothing lost, nothing twice, never too long, and bounded memory."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transcription.recognition import SAMPLE_RATE
from services.transcription.segmentation import FRAME_SECONDS, SegmentationSettings, Segmenter, Stretch
from services.transcription.tasks import FRAME

SETTINGS = SegmentationSettings(pause=0.3, longest=4.0, margin=0.1)


def cut(chances: list[float], sizes: list[int], settings: SegmentationSettings = SETTINGS) -> list[Stretch]:
    """Stretches of sound whose every sample is the number of its frame."""
    segmenter = Segmenter(settings)
    numbers = np.repeat(np.arange(len(chances), dtype=np.float32), FRAME)
    found: list[Stretch] = []
    at = 0
    for size in [*sizes, len(chances)]:
        end = min(at + size, len(chances))
        found += segmenter.push(numbers[at * FRAME : end * FRAME], np.array(chances[at:end], np.float32))
        at = end
    found += segmenter.finish()
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, 0.4, 0.6, 1.0]), max_size=400), st.lists(st.integers(1, 50), max_size=20))
def test_stretches_are_the_sound_itself(chances: list[float], sizes: list[int]) -> None:
    found = cut(chances, sizes)
    last = 0.0
    for stretch in found:
        assert stretch.start >= last - 1e-6, "stretches overlap"
        last = stretch.end
        first = round(stretch.start / FRAME_SECONDS)
        frames = stretch.samples.reshape(-1, FRAME)[:, 0]
        assert list(frames) == list(range(first, first + len(frames)))
        assert len(frames) * FRAME_SECONDS <= SETTINGS.longest + 2 * SETTINGS.margin
    # How the sound was cut on its way here changes nothing.
    assert [(s.start, s.end) for s in cut(chances, [])] == [(s.start, s.end) for s in found]
    heard = {int(number) for stretch in found for number in stretch.samples[::FRAME]}
    for number in range(4, len(chances)):
        if all(chance >= 0.6 for chance in chances[number - 4 : number + 1]):
            assert number in heard, "clear speech was lost"


def test_silence_gives_nothing() -> None:
    assert cut([0.0] * 1000, []) == []


def test_a_click_is_no_speech() -> None:
    assert cut([0.0] * 20 + [0.9] + [0.0] * 40, []) == []


def test_margins() -> None:
    (found,) = cut([0.0] * 30 + [1.0] * 30 + [0.0] * 30, [])
    assert found.start <= 30 * FRAME_SECONDS - 0.09
    assert found.end >= 60 * FRAME_SECONDS + 0.09
    assert found.end <= 60 * FRAME_SECONDS + 0.3


def test_a_long_speech_is_cut_at_its_quietest_spot() -> None:
    chances = [1.0] * 200
    chances[90:93] = [0.5] * 3
    first, *_ = cut(chances, [])
    assert 89 * FRAME_SECONDS <= first.end <= 94 * FRAME_SECONDS


def test_the_rest_of_the_sound_goes_with_the_last_stretch() -> None:
    segmenter = Segmenter(SETTINGS)
    assert list(segmenter.push(np.ones(20 * FRAME, np.float32), np.ones(20, np.float32))) == []
    (found,) = segmenter.finish(np.ones(100, np.float32))
    assert len(found.samples) == 20 * FRAME + 100


def test_ten_hours_do_not_stay_in_memory() -> None:
    """Of hours of sound only what may still be needed is kept."""
    segmenter = Segmenter()
    block = np.zeros(500 * FRAME, np.float32)
    most = 0
    for number in range(200):  # an hour and a bit, a third of it speech
        chances = np.full(500, float(number % 3 == 0), np.float32)
        for _ in segmenter.push(block, chances):
            pass
        most = max(most, len(segmenter._frames))
    assert most <= 26.0 * SAMPLE_RATE / FRAME
