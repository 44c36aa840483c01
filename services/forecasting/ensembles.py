"""Which models a series gets, and how their forecasts become one.

A model weighs by its loss in backtests. One series' few windows tell little of that, so its losses are drawn towards
those of all series, the more the less the windows of one series agree (empirical Bayes: Efron and Morris, "Stein's
estimation rule and its competitors", 1973; of the losses' logarithms). The forecast is the weighted median of the
models' means, and of their quantiles one by one: one model that goes astray moves it little (Petropoulos and Svetunkov,
"A simple combination of univariate models", 2020, take the plain median). A model without quantiles of its own gets the
spread around the mean that the others have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from services.forecasting.metrics import quantile_loss

Floats = npt.NDArray[np.float64]

#: A weight is 1 / loss**SHARPNESS; chosen, as the other two, on backtests (README.md).
SHARPNESS = 4.0
#: A model whose loss is so many times the least is left out.
WORST_RATIO = 1.5
_WORST = float(np.log(WORST_RATIO))
#: A weight below this is not worth the time of a fit.
LEAST_WEIGHT = 0.05
#: Losses below this share of a window's mean loss are alike: no model is infinitely better.
_LEAST_LOSS = 0.02


def weights(windows: Sequence[Sequence[Mapping[str, float]]]) -> list[dict[str, float]]:
    """Weights, 1 together, of the models of each series; {} for a series without a finite loss.

    ``windows``: by window and series the loss of each model, 0...
    """
    count = len(windows[0]) if windows else 0
    names = sorted({name for window in windows for losses in window for name in losses})
    table = np.full((count, len(windows), len(names)), np.nan)
    for at, window in enumerate(windows):
        for index, losses in enumerate(window):
            for column, name in enumerate(names):
                table[index, at, column] = losses.get(name, np.nan)
    table[~np.isfinite(table)] = np.nan
    return [
        _shares({name: value for name, value in zip(names, row, strict=True) if np.isfinite(value)})
        for row in (_drawn_together(table) if table.size else np.empty((count, 0)))
    ]


def _drawn_together(losses: Floats) -> Floats:
    """Logarithms of the losses [series, windows, models] as they are expected of a window to come: [series, models].

    Only differences within a series mean something. NaN where a model has no loss.
    """
    there = np.isfinite(losses)
    # A window with one model compares nothing.
    compared = there & (there.sum(axis=2, keepdims=True) > 1)
    there = np.where(compared.any(axis=(1, 2), keepdims=True), compared, there)
    scale = _mean_of(losses, there, 2)
    logs = np.log(np.where(there, losses, 0.0) / np.where(scale > 0, scale, 1.0) + _LEAST_LOSS)
    # A window is as hard as it is for its models; where some are missing, for those that are there.
    models = np.zeros(losses.shape[2])
    for _ in range(20):
        left = logs - _mean_of(logs - models, there, 2)
        models = _mean_of(left, there, (0, 1)).ravel()
    left -= models
    counts = there.sum(axis=1)
    own = _mean_of(left, there, 1)[:, 0]
    spare = int(np.maximum(counts - 1, 0).sum())
    if spare:
        noise = float(((left - own[:, None]) ** 2)[there].sum()) / spare
        difference = max(0.0, float(np.mean(own[counts > 0] ** 2)) - noise / float(np.mean(counts[counts > 0])))
        trust = difference / (difference + noise / np.maximum(counts, 1) + 1e-12)
    else:
        # One window does not tell what is noise in it.
        trust = np.zeros(counts.shape)
    return np.where(counts > 0, models + trust * own, np.nan)


def _shares(logs: Mapping[str, float]) -> dict[str, float]:
    if not logs:
        return {}
    best = min(logs.values())
    raw = {name: np.exp(SHARPNESS * (best - value)) for name, value in logs.items() if value - best <= _WORST}
    total = sum(raw.values())
    kept = {name: float(weight) for name, weight in raw.items() if weight / total >= LEAST_WEIGHT}
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
    spread = np.average([whole[name] - whole[name][0] for name in spreaders], axis=0, weights=[*spreaders.values()])
    rows = [whole[name] if name in whole else points[name] + spread for name in there]
    answer = _median(np.stack(rows), np.array([*there.values()]))
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


def _median(rows: Floats, by: Floats) -> Floats:
    """The median of ``rows`` [rows, ...] weighing ``by`` [rows] > 0, straight between neighbours: of two, the mean."""
    if len(rows) == 1:
        return np.asarray(rows[0], dtype=np.float64)
    order = np.argsort(rows, axis=0, kind="stable")
    values, shares = np.take_along_axis(rows, order, 0), (by / by.sum())[order]
    middles = np.cumsum(shares, axis=0) - shares / 2
    above = np.clip((middles < 0.5).sum(axis=0, keepdims=True), 1, len(rows) - 1)
    low, high = (np.take_along_axis(middles, at, 0)[0] for at in (above - 1, above))
    below, beyond = (np.take_along_axis(values, at, 0)[0] for at in (above - 1, above))
    return np.asarray(below + np.clip((0.5 - low) / (high - low), 0.0, 1.0) * (beyond - below))


def _mean_of(values: Floats, there: npt.NDArray[np.bool_], axis: int | tuple[int, ...]) -> Floats:
    """The mean over an axis, which stays, of what is there; 0 where nothing is."""
    counts = there.sum(axis=axis, keepdims=True)
    return np.asarray(np.where(there, values, 0.0).sum(axis=axis, keepdims=True) / np.maximum(counts, 1))
