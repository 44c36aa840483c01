"""Accuracy metrics as Amazon Forecast documents them ("Evaluating predictor accuracy").

``actual`` [series, steps] may have NaN, which no metric counts; forecasts have the same shape.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def quantile_loss(actual: Floats, forecast: Floats, quantile: float) -> Floats:
    """The loss 2 (q max(y - f, 0) + (1 - q) max(f - y, 0)) of each value; NaN where the actual is unknown."""
    error = actual - forecast
    return np.asarray(2 * np.maximum(quantile * error, (quantile - 1) * error))


def weighted_quantile_loss(actual: Floats, forecast: Floats, quantile: float) -> float:
    """wQL: the sum of the losses over the sum of the absolute values; 0..; NaN for values that are all zero."""
    return _ratio(np.nansum(quantile_loss(actual, forecast, quantile)), np.nansum(np.abs(actual)))


def wape(actual: Floats, forecast: Floats) -> float:
    """The sum of the absolute errors over the sum of the absolute values; NaN for values that are all zero."""
    return _ratio(np.nansum(np.abs(actual - forecast)), np.nansum(np.abs(actual)))


def rmse(actual: Floats, forecast: Floats) -> float:
    """The root of the mean squared error, in the values' own unit."""
    squared = (actual - forecast) ** 2
    return math.sqrt(_ratio(np.nansum(squared), int(np.count_nonzero(~np.isnan(squared)))))


def mape(actual: Floats, forecast: Floats) -> float:
    """The mean of the absolute errors over the absolute values, of values that are not zero; NaN without such."""
    there = ~np.isnan(actual) & (actual != 0)
    return _ratio(np.sum(np.abs((actual - forecast)[there] / actual[there])), int(np.count_nonzero(there)))


def mase(actual: Floats, forecast: Floats, naive_errors: Floats) -> float:
    """The mean absolute error of each series over ``naive_errors`` [series] (the mean absolute error of the seasonal
    naive forecast within its training values), averaged over the series for which that is not zero; NaN without such.
    """
    known = ~np.isnan(actual)
    counts = np.count_nonzero(known, axis=1)
    errors = np.where(known, np.abs(actual - forecast), 0.0).sum(axis=1)
    usable = (counts > 0) & (naive_errors > 0)
    if not usable.any():
        return math.nan
    return float(np.mean(errors[usable] / counts[usable] / naive_errors[usable]))


def naive_error(training: Floats, season: int) -> float:
    """The mean absolute difference of values a season apart, [length] -> 0..; NaN for a series without such."""
    if len(training) <= season:
        return math.nan
    return float(np.mean(np.abs(training[season:] - training[:-season])))


def smape(actual: Floats, forecast: Floats) -> float:
    """The M4 competition's symmetric MAPE of one series, per cent: the mean of 200 |y - f| / (|y| + |f|)."""
    total = np.abs(actual) + np.abs(forecast)
    return float(np.mean(np.where(total > 0, 200 * np.abs(actual - forecast) / np.where(total > 0, total, 1), 0.0)))


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom else math.nan
