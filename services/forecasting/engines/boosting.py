"""A model that learns from all series at once: LightGBM's trees on lags and features, by mlforecast.

It sees what the models of one series do not: related series, holidays, the calendar, categories of items. It gives a
mean only; the spread around it is that of the other models (ensembles.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from services.forecasting.engines.workspace import Workspace, known

Floats = npt.NDArray[np.float64]

#: Trees on the values, and on their differences to the season before, which follow a trend.
LEVELS, DIFFERENCES = "lightgbm", "lightgbm-differences"
NAMES = (LEVELS, DIFFERENCES)
#: Fewer values in all series together teach trees nothing.
LEAST_ROWS = 200
#: Later values of long series are enough: rows that are learned from, all series together.
MOST_ROWS = 5_000_000
_TREES, _RATE, _LEAVES = 200, 0.05, 63
_LONGEST_SEASON = 400


def lags(seasons: Sequence[int], shortest: int, differences: bool) -> tuple[list[int], int, int]:
    """Lags to learn from, the shortest and the longest season (1 = none), for series of ``shortest`` values.

    Differences to the season before are learned from whole seasons back only: then a season's forecast needs no
    forecast of the same season, whose errors would add up.
    """
    fitting = [one for one in seasons if 1 < one <= _LONGEST_SEASON and 3 * one <= shortest]
    if not fitting:
        return [lag for lag in (1, 2, 3, 4, 6, 8, 12) if 3 * lag <= shortest], 1, 1
    first, last = min(fitting), max(fitting)
    multiples = range(first, max(last, 2 * first) + 1, first)
    wanted = [*multiples] if differences else [1, 2, 3, *multiples, last + 1]
    return sorted({lag for lag in wanted if 3 * lag <= shortest}), first, last


def forecast(space: Workspace, cut: int, name: str) -> Floats:
    """Means [series, horizon] of the model ``name`` after all but the last ``cut`` values.

    NaN for series that are too short, or do not vary.
    """
    import lightgbm  # type: ignore[import-not-found, unused-ignore]
    import polars as pl  # type: ignore[import-not-found, unused-ignore]
    from mlforecast import MLForecast  # type: ignore[import-not-found, unused-ignore]
    from mlforecast.target_transforms import Differences, LocalStandardScaler  # type: ignore[import-not-found, unused-ignore]

    horizon = space.horizon
    answer = np.full((len(space), horizon), np.nan)
    lengths = np.diff(space.offsets) - cut
    wanted, period, longest = lags(space.seasons, int(np.median(lengths)), name == DIFFERENCES)
    difference = period if name == DIFFERENCES else 0
    if not wanted:
        return answer
    need = wanted[-1] + difference + 3
    usable = [
        index
        for index in range(len(space))
        if lengths[index] >= need and known(space.values(index)[: lengths[index]]).std() > 0
    ]
    most = max(need, MOST_ROWS // max(1, len(usable)))
    # Where the rows of each series to learn from begin and end.
    spans = [(index, max(0, int(lengths[index]) - most), int(lengths[index])) for index in usable]
    if sum(end - begin for _, begin, end in spans) < LEAST_ROWS:
        return answer
    past, future = _tables(space, spans)
    static = [f"category {place}" for place in range(len(space.categories[0]))]
    counts = [end - begin for _, begin, end in spans]
    for place, category in enumerate(static):
        past[category] = np.repeat(np.asarray([space.categories[index][place] for index in usable]), counts)
    model = lightgbm.LGBMRegressor(
        n_estimators=_TREES, learning_rate=_RATE, num_leaves=_LEAVES, subsample=0.9, subsample_freq=1,
        colsample_bytree=0.8, random_state=0, verbosity=-1, n_jobs=threads(),
    )  # fmt: skip
    transforms = [Differences([difference])] if difference else []
    forecaster = MLForecast(
        models={name: model},
        freq=1,
        lags=wanted,
        lag_transforms=_means(period, longest, name),
        target_transforms=[*transforms, LocalStandardScaler()],
    )
    forecaster.fit(pl.DataFrame(past), static_features=static)
    found = forecaster.predict(horizon, X_df=pl.DataFrame(future) if space.feature_names else None)
    found = found.sort(["unique_id", "ds"])
    answer[usable] = found[name].to_numpy().reshape(len(usable), horizon)
    return answer


def _tables(
    space: Workspace, spans: Sequence[tuple[int, int, int]]
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[Any]]]:
    """The columns of what is learned from and of the horizon, as mlforecast names them; ``ds`` counts steps."""
    horizon = space.horizon
    indexes = np.asarray([index for index, _, _ in spans])
    past = {
        "unique_id": np.repeat(indexes, [end - begin for _, begin, end in spans]),
        "ds": np.concatenate([np.arange(begin, end) for _, begin, end in spans]),
        "y": np.concatenate([known(space.values(index)[:end])[begin:] for index, begin, end in spans]),
    }
    future = {
        "unique_id": np.repeat(indexes, horizon),
        "ds": np.concatenate([np.arange(end, end + horizon) for _, _, end in spans]),
    }
    for column, feature in enumerate(space.feature_names):
        own = [(space.features(index)[:, column], begin, end) for index, begin, end in spans]
        past[feature] = np.concatenate([values[begin:end] for values, begin, end in own])
        future[feature] = np.concatenate([values[end : end + horizon] for values, _, end in own])
    return past, future


def _means(period: int, longest: int, name: str) -> dict[int, list[Any]]:
    """Moving means to learn from, by the lag at which they end."""
    from mlforecast.lag_transforms import ExponentiallyWeightedMean, RollingMean  # type: ignore[import-not-found, unused-ignore]

    sizes = sorted({max(period, 3), max(longest, 3)})
    if name == DIFFERENCES and period > 1:
        return {period: [RollingMean(size) for size in sizes], 2 * period: [ExponentiallyWeightedMean(0.3)]}
    return {1: [RollingMean(size) for size in sizes]}


def threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
