"""The metrics against numbers that were worked out by hand from Forecast's formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.forecasting import metrics

ACTUAL = np.array([[10.0, 20.0], [0.0, np.nan]])
FORECAST = np.array([[12.0, 16.0], [1.0, 5.0]])


def test_weighted_quantile_loss() -> None:
    # q = 0.9: over by 2 -> 2 * 0.1 * 2, under by 4 -> 2 * 0.9 * 4, over by 1 -> 2 * 0.1 * 1; sum of values 30
    assert metrics.weighted_quantile_loss(ACTUAL, FORECAST, 0.9) == pytest.approx((0.4 + 7.2 + 0.2) / 30)


def test_at_the_median_it_is_wape() -> None:
    assert metrics.weighted_quantile_loss(ACTUAL, FORECAST, 0.5) == pytest.approx(7 / 30)
    assert metrics.wape(ACTUAL, FORECAST) == pytest.approx(7 / 30)


def test_rmse_and_mape_pass_over_what_they_cannot_count() -> None:
    assert metrics.rmse(ACTUAL, FORECAST) == pytest.approx(math.sqrt((4 + 16 + 1) / 3))
    assert metrics.mape(ACTUAL, FORECAST) == pytest.approx((0.2 + 0.2) / 2)


def test_mase_is_by_the_naive_error_of_each_series() -> None:
    naive = np.array([metrics.naive_error(np.array([1.0, 5.0, 3.0, 7.0]), 2), 0.0])
    assert naive[0] == 2.0
    # the second series never varied: it is not counted
    assert metrics.mase(ACTUAL, FORECAST, naive) == pytest.approx(3 / 2)


def test_what_is_undefined_is_nan() -> None:
    zeros = np.zeros((1, 2))
    assert math.isnan(metrics.wape(zeros, zeros))
    assert math.isnan(metrics.mape(zeros, zeros))
    assert math.isnan(metrics.mase(zeros, zeros, np.array([0.0])))
    assert math.isnan(metrics.naive_error(np.array([1.0, 2.0]), 2))


def test_smape() -> None:
    assert metrics.smape(np.array([10.0, 0.0]), np.array([30.0, 0.0])) == pytest.approx((200 * 20 / 40 + 0) / 2)
