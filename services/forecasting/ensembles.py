"""Which models a series gets, and how their forecasts become one.

The forecast is the weighted mean of the models' means, and of their quantiles one by one. A model weighs by its loss in
backtests, 1 / loss**SHARPNESS (Pawlikowski and Chorowska, "Weighted ensemble of statistical models", M4): the mean of
several is better than the best of them chosen by few windows. A model without quantiles of its own gets the spread
around the mean that the others have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from services.forecasting.metrics import quantile_loss

Floats = npt.NDArray[np.float64]

SHARPNESS = 2.0
#: A model whose loss is so many times the least is left out.
WORST_RATIO = 3.0
#: A weight below this is not worth the time of a fit.
LEAST_WEIGHT = 0.05


def weights(losses: Mapping[str, float]) -> dict[str, float]:
    """Weights, 1 together, of the models with a finite loss (0..); {} where there is none."""
    finite = {name: loss for name, loss in losses.items() if np.isfinite(loss)}
    if not finite:
        return {}
    best = min(finite.values())
    # A loss of zero would weigh infinitely.
    floor = max(best, 1e-9 * max(1.0, max(finite.values())))
    usable = {name: max(loss, floor) for name, loss in finite.items() if loss <= WORST_RATIO * floor}
    raw = {name: (loss / floor) ** -SHARPNESS for name, loss in usable.items()}
    total = sum(raw.values())
    kept = {name: weight for name, weight in raw.items() if weight / total >= LEAST_WEIGHT}
    total = sum(kept.values())
    return {name: weight / total for name, weight in kept.items()}


def combined(forecasts: Mapping[str, Floats], chosen: Mapping[str, float]) -> Floats | None:
    """Forecast [1 + quantiles, horizon] of ``forecasts`` of that shape, or [1, horizon] without quantiles.

    Models that have none are passed over, the others weighing more; None where no model of any kind has one with
    quantiles.
    """
    whole = {name: one for name, one in forecasts.items() if len(one) > 1 and np.isfinite(one).all()}
    points = {name: one for name, one in forecasts.items() if len(one) == 1 and np.isfinite(one).all()}
    if not whole:
        return None
    there = {name: weight for name, weight in chosen.items() if name in whole or name in points}
    if not there:
        there = dict.fromkeys([*whole, *points], 1.0)
    spreaders = {name: weight for name, weight in there.items() if name in whole} or dict.fromkeys(whole, 1.0)
    spread = _mean([whole[name] - whole[name][0] for name in spreaders], list(spreaders.values()))
    rows = [whole[name] if name in whole else points[name] + spread for name in there]
    answer = _mean(rows, list(there.values()))
    answer[1:] = np.sort(answer[1:], axis=0)
    return answer


def series_loss(actual: Floats, forecast: Floats, quantiles: Sequence[float], metric: str) -> float:
    """What ``metric`` (OptimizationMetric) says of one series' forecast [1 + quantiles, horizon]; lower is better.

    Only its ratio to another forecast's of the same series means something. NaN where nothing is known.
    """
    if np.isnan(actual).all():
        return float("nan")
    error = np.abs(actual - forecast[0])
    if metric == "RMSE":
        return float(np.sqrt(np.nanmean(error**2)))
    if metric == "MAPE" and np.nansum(np.abs(actual)) > 0:
        return float(np.nanmean(np.where(actual != 0, error / np.where(actual != 0, np.abs(actual), 1), np.nan)))
    if metric in ("WAPE", "MASE", "MAPE") or not quantiles:
        return float(np.nanmean(error))
    return float(
        np.mean([np.nanmean(quantile_loss(actual, forecast[1 + at], one)) for at, one in enumerate(quantiles)])
    )


def _mean(rows: Sequence[Floats], by: Sequence[float]) -> Floats:
    return np.asarray(np.average(np.stack(rows), axis=0, weights=by), dtype=np.float64)
