from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forecasting import ensembles

losses = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]), st.floats(0, 1e9) | st.just(float("nan")) | st.just(float("inf"))
)


@given(losses)
def test_weights_are_one_together_and_follow_the_losses(found: dict[str, float]) -> None:
    weights = ensembles.weights(found)
    finite = {name: loss for name, loss in found.items() if np.isfinite(loss)}
    assert bool(weights) == bool(finite)
    if not finite:
        return
    assert sum(weights.values()) == pytest.approx(1)
    best = min(finite, key=finite.__getitem__)
    assert weights[best] == pytest.approx(max(weights.values()))
    assert all(finite[name] <= ensembles.WORST_RATIO * max(finite[best], 1e-9 * max(1, *finite.values())) for name in weights)


def test_twice_the_loss_weighs_a_quarter() -> None:
    assert ensembles.weights({"a": 1.0, "b": 2.0, "far": 50.0}) == pytest.approx({"a": 0.8, "b": 0.2})


def test_a_model_without_quantiles_gets_the_spread_of_the_others() -> None:
    whole = np.array([[10.0, 20.0], [8.0, 16.0], [13.0, 25.0]])
    combined = ensembles.combined({"whole": whole, "point": np.array([[20.0, 40.0]])}, {"whole": 0.5, "point": 0.5})
    assert combined is not None
    assert combined.tolist() == [[15.0, 30.0], [13.0, 26.0], [18.0, 35.0]]


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
