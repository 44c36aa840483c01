from __future__ import annotations

import numpy as np
import pytest

from services.personalization.engines import popularity


def test_counts() -> None:
    assert popularity.counts(np.array([2, 0, 2]), 4).tolist() == [1, 0, 2, 0]


def test_what_grows_comes_before_what_is_steady() -> None:
    # Item 0 has ten interactions an hour all day, item 1 twenty in the last half hour.
    steady = np.arange(0, 24 * 3600, 360.0)
    burst = 24 * 3600 - np.arange(0, 1800, 90.0)
    items = np.concatenate([np.zeros(len(steady), int), np.ones(len(burst), int)])
    rates = popularity.rates(items, np.concatenate([steady, burst]), 2, 3600.0)
    assert rates.growth[1] > 5 * rates.growth[0]
    assert rates.long[0] == pytest.approx(10, rel=0.2)


def test_later_events_count_as_if_they_had_been_there() -> None:
    random = np.random.default_rng(1)
    times = np.sort(random.random(300)) * 50_000
    items = random.integers(0, 5, 300)
    whole = popularity.rates(items, times, 5, 1800.0)
    first = popularity.rates(items[:200], times[:200], 5, 1800.0)
    both = first.later(float(times.max()), items[200:], times[200:])
    assert both.short == pytest.approx(whole.short)
    assert both.long == pytest.approx(whole.long)
