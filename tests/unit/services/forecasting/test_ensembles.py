from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.forecasting import ensembles

losses = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]), st.floats(0, 1e9) | st.just(float("nan")) | st.just(float("inf"))
)


def alike(losses: Mapping[str, float], series: int = 1, windows: int = 2) -> list[list[Mapping[str, float]]]:
    """These losses in every window of every series."""
    return [[losses] * series] * windows


@given(st.integers(1, 3).flatmap(lambda count: st.lists(st.lists(losses, min_size=count, max_size=count), min_size=1)))
def test_weights_are_one_together_and_of_models_that_were_tested(found: list[list[dict[str, float]]]) -> None:
    for index, weights in enumerate(ensembles.weights(found)):
        tested = {name for window in found for name, loss in window[index].items() if np.isfinite(loss)}
        assert set(weights) <= tested and bool(weights) == bool(tested)
        if weights:
            assert sum(weights.values()) == pytest.approx(1)
            assert min(weights.values()) >= ensembles.LEAST_WEIGHT


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.floats(1, 100), min_size=1))
@example({"a": 2.0, "b": 35.0, "c": 1.25})
def test_where_all_series_agree_the_better_model_weighs_more(found: dict[str, float]) -> None:
    for weights in ensembles.weights(alike(found, series=3)):
        # Small losses are compared with what a window's losses are on average.
        small = ensembles._LEAST_LOSS * sum(found.values()) / len(found)
        worst = ensembles.WORST_RATIO * (min(found.values()) + small)
        for one, other in zip(sorted(found, key=found.__getitem__), sorted(found, key=found.__getitem__)[1:], strict=False):
            assert weights.get(one, 0.0) >= weights.get(other, 0.0) - 1e-9
        assert all(found[name] + small <= worst * (1 + 1e-9) for name in weights)


def test_a_loss_a_fifth_higher_weighs_half() -> None:
    (weights,) = ensembles.weights(alike({"a": 100.0, "b": 120.0, "far": 500.0}))
    assert weights["a"] / weights["b"] == pytest.approx(1.2**ensembles.SHARPNESS, rel=0.1)
    assert set(weights) == {"a", "b"}


def test_the_less_windows_agree_the_more_a_series_follows_the_others() -> None:
    odd = {"a": 1.3, "b": 1.0}
    # The others' mean is the same in both.
    steady = [[*[{"a": 1.0, "b": 1.25}] * 9, odd]] * 2
    noisy = [[*[{"a": 1.0, "b": 2.5}] * 9, odd], [*[{"a": 1.6, "b": 1.0}] * 9, odd]]
    of_steady, of_noisy = ensembles.weights(steady), ensembles.weights(noisy)
    assert of_steady[9]["b"] > 0.6 and of_noisy[9]["a"] > 0.5
    assert of_steady[0]["a"] > 0.6 and of_noisy[0]["a"] > 0.6


def test_a_model_that_misses_a_hard_window_is_not_taken_for_better() -> None:
    easy, hard = {"a": 1.0, "b": 1.0, "c": 1.1}, {"a": 10.0, "b": 10.0}
    (weights,) = ensembles.weights([[easy], [hard]])
    assert weights["a"] == pytest.approx(weights["b"]) and weights["c"] < weights["a"]


def test_a_model_without_quantiles_gets_the_spread_of_the_others() -> None:
    whole = np.array([[10.0, 20.0], [8.0, 16.0], [13.0, 25.0]])
    combined = ensembles.combined({"whole": whole, "point": np.array([[20.0, 40.0]])}, {"whole": 0.5, "point": 0.5})
    assert combined is not None
    assert combined.tolist() == [[15.0, 30.0], [13.0, 26.0], [18.0, 35.0]]


def test_one_model_that_goes_astray_moves_the_forecast_little() -> None:
    def forecast(value: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([[value], [value - 1], [value + 1]])

    models = {"a": forecast(10.0), "b": forecast(11.0), "c": forecast(12.0)}
    for astray in (13.0, 1000.0):
        combined = ensembles.combined({**models, "d": forecast(astray)}, {"a": 0.3, "b": 0.3, "c": 0.2, "d": 0.2})
        assert combined is not None and 10.5 < combined[0, 0] < 12
    equal = ensembles.combined(models, dict.fromkeys(models, 1.0))
    assert equal is not None and equal[:, 0].tolist() == [11.0, 10.0, 12.0]


def test_quantiles_never_cross() -> None:
    rows = np.array([[1.0], [3.0], [2.0]])
    combined = ensembles.combined({"a": rows}, {"a": 1.0})
    assert combined is not None and combined[1:, 0].tolist() == [2.0, 3.0]


def test_nothing_comes_of_nothing() -> None:
    assert ensembles.combined({}, {"a": 1.0}) is None
    assert ensembles.combined({"point": np.array([[1.0]])}, {"point": 1.0}) is None


def test_models_that_are_missing_leave_their_weight_to_the_others() -> None:
    rows = np.array([[1.0], [0.5]])
    combined = ensembles.combined({"a": rows}, {"a": 0.1, "gone": 0.9})
    assert combined is not None and combined.tolist() == rows.tolist()


@pytest.mark.parametrize("metric", ["AverageWeightedQuantileLoss", "WAPE", "RMSE", "MASE", "MAPE"])
def test_every_metric_prefers_the_better_forecast(metric: str) -> None:
    actual = np.array([10.0, 0.0, 12.0, np.nan])
    near, far = np.tile(actual + 1, (2, 1)), np.tile(actual + 5, (2, 1))
    near[:, 3] = far[:, 3] = 0
    assert ensembles.series_loss(actual, near, [0.5], metric) < ensembles.series_loss(actual, far, [0.5], metric)
