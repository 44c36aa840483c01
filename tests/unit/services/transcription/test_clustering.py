"""Voices grouped into speakers."""

from __future__ import annotations

import numpy as np
import pytest

from services.transcription.clustering import Vectors, speakers_of


def voices(counts: list[int], noise: float, seed: int = 0) -> Vectors:
    """Vectors around as many directions as there are counts."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((len(counts), 64))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = np.concatenate(
        [centre + noise * rng.standard_normal((count, 64)) / 8 for centre, count in zip(centres, counts, strict=True)]
    )
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("counts", [[40], [30, 30], [50, 20, 30], [80, 15, 15, 40]])
def test_as_many_speakers_as_there_are(counts: list[int]) -> None:
    centres = speakers_of(voices(counts, 0.5), 10)
    assert len(centres) == len(counts)
    assert np.linalg.norm(centres, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_more_than_allowed() -> None:
    assert len(speakers_of(voices([30, 30, 30, 30], 0.5), 2)) == 2


def test_one_stray_window_is_no_speaker() -> None:
    assert len(speakers_of(voices([60, 1], 0.5), 10)) == 1


def test_few_windows() -> None:
    assert len(speakers_of(voices([1], 0.1), 2)) == 1
    assert len(speakers_of(np.zeros((0, 8), np.float32), 2)) == 0
