"""Prophet: a trend with changes, seasons and holidays, fitted to one series at a time in an environment of its own.

Sean J. Taylor, Benjamin Letham: Forecasting at Scale, The American Statistician 72 (2018). The quantiles are those of
paths that the model draws. Related series and holidays become regressors; the calendar is Prophet's own matter.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from services.forecasting.engines.workspace import Floats, Workspace, forecast_file, known
from services.forecasting.tasks import FitAlgorithm
from shared.models.catalog import CatalogEntry

_LOG = logging.getLogger("nonet.forecasting")

_PATHS = 300
_LEAST_VALUES = 2
#: Features that Prophet has of its own.
_CALENDAR = frozenset({"minute", "hour", "weekday", "month"})


class ProphetEngine:
    """Does ``FitAlgorithm`` of the model "prophet"."""

    def __init__(self, prophet: Any, pandas: Any) -> None:
        self._prophet = prophet
        self._pandas = pandas
        # Stan fits in a process of its own, so threads are enough to use every processor.
        self._fitting = ThreadPoolExecutor(max(1, os.cpu_count() or 1), "prophet")

    def run(self, items: Sequence[FitAlgorithm]) -> list[int]:
        """How many series each task forecast."""
        return [self._forecast(item) for item in items]

    def close(self) -> None:
        """End the threads."""
        self._fitting.shutdown(cancel_futures=True)

    def _forecast(self, task: FitAlgorithm) -> int:
        space = Workspace.open(task.workspace)
        file = forecast_file(space, task.model, task.cut, 1 + len(task.quantiles))
        indexes = range(task.first, task.last)
        fitted = self._fitting.map(lambda index: self._fitted(space, index, task.cut), indexes)
        count = 0
        for index, found in zip(indexes, fitted, strict=True):
            if found is None:
                continue
            model, future = found
            # Prophet draws from numpy's global generator.
            np.random.seed(index)
            paths = np.asarray(model.predictive_samples(future)["yhat"])
            rows = np.vstack([paths.mean(axis=1), np.quantile(paths, task.quantiles, axis=1)])
            if np.isfinite(rows).all():
                file[index] = rows
                count += 1
        return count

    def _fitted(self, space: Workspace, index: int, cut: int) -> tuple[Any, Any] | None:
        """A fitted model and the table of what is to be foretold; None where it cannot be fitted."""
        values = space.values(index)
        values = values[: len(values) - cut]
        if len(values) < _LEAST_VALUES or np.isnan(values).all():
            return None
        values = known(values)
        begin = len(space.times) - space.horizon - len(space.values(index))
        times = space.times[begin : begin + len(values) + space.horizon]
        regressors = _regressors(space, index, len(values))
        table = self._pandas.DataFrame({"ds": times.astype("datetime64[ns]"), **regressors})
        past = table[: len(values)].assign(y=values)
        model = self._prophet.Prophet(uncertainty_samples=_PATHS)
        for name in regressors:
            model.add_regressor(name)
        try:
            model.fit(past, seed=1)
        except (RuntimeError, ValueError) as failure:
            _LOG.warning("Prophet cannot be fitted to a series of %d values: %s", len(values), type(failure).__name__)
            return None
        return model, table[len(values) :]


def _regressors(space: Workspace, index: int, length: int) -> dict[str, Floats]:
    """Features that are known throughout and vary in what is learned from, of ``length`` steps and the horizon."""
    features = space.features(index)[: length + space.horizon]
    found = {}
    for column, name in enumerate(space.feature_names):
        values = features[:, column]
        if name not in _CALENDAR and np.isfinite(values).all() and np.ptp(values[:length]) > 0:
            found[f"regressor_{column}"] = values
    return found


def load(entry: CatalogEntry, directory: Path, device: str) -> ProphetEngine:
    """Import the library, whose log would tell of every fit."""
    for name in ("prophet", "cmdstanpy", "prophet.plot"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ProphetEngine(importlib.import_module("prophet"), importlib.import_module("pandas"))
