"""The engine: runs in the environment ``forecasting``, one task at a time, series in parallel processes."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from services.forecasting import ensembles, metrics
from services.forecasting.engines import boosting, clusters, local
from services.forecasting.engines.series import prepare
from services.forecasting.engines.tables import read_table
from services.forecasting.engines.workspace import Floats, Workspace, forecast_file, known
from services.forecasting.tasks import (
    ALGORITHMS,
    MEAN,
    Choice,
    ChooseModels,
    FitGlobal,
    FitSeries,
    MakeForecast,
    PrepareSeries,
    ReadTable,
    SeriesForecast,
    WindowMetrics,
)
from shared import errors
from shared.models.catalog import CatalogEntry
from shared.runtime.worker import end_with


class ForecastingEngine:
    """Does the tasks of tasks.py."""

    def __init__(self) -> None:
        self._cluster: clusters.DaskCluster | None = None
        self._pool = _pool("fork")
        # Started now: a fork after LightGBM's threads have started may hang.
        list(self._pool.map(_warm, range(boosting.threads())))

    def run(self, items: Sequence[Any]) -> list[Any]:
        """One result a task, in order. Raises ``InvalidArgument`` for data that cannot be forecast."""
        return [self._do(item) for item in items]

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)
        if self._cluster is not None:
            self._cluster.close()

    def _do(self, task: Any) -> Any:
        match task:
            case ReadTable():
                return read_table(task)
            case PrepareSeries():
                return prepare(task)
            case FitSeries():
                return self._fit_series(task)
            case FitGlobal():
                return fit_global(task)
            case ChooseModels():
                return choose(task)
            case MakeForecast():
                return make_forecast(task)
        raise errors.Internal(f"The engine has no task {type(task).__name__}.")

    def _fit_series(self, task: FitSeries) -> int:
        space = Workspace.open(task.workspace)
        count = task.last - task.first
        share = max(1, min(16, count // (4 * boosting.threads())))
        indexes = list(range(task.first, task.last))
        if task.stand_in_for:
            theirs = forecast_file(space, task.stand_in_for, task.cut, 1 + len(task.quantiles))
            indexes = [index for index in indexes if not np.isfinite(theirs[index]).all()]
        pieces = [(task, indexes[at : at + share]) for at in range(0, len(indexes), share)]
        if clusters.wanted():
            found = [self._fit_on_cluster(task, space, indexes)]
        else:
            try:
                found = list(self._pool.map(_fit_piece, pieces))
            except BrokenProcessPool:
                self._pool = _pool("spawn")
                raise errors.Unavailable("A process that fitted models died; the series are fitted again.") from None
        for piece in found:
            for index, by_model in piece:
                for name, rows in by_model.items():
                    file = forecast_file(space, name, task.cut, 1 + len(task.quantiles))
                    file[index] = rows
        return count

    def _fit_on_cluster(
        self, task: FitSeries, space: Workspace, indexes: Sequence[int]
    ) -> list[tuple[int, dict[str, Floats]]]:
        if self._cluster is None:
            self._cluster = clusters.DaskCluster(clusters.address())
        wanted = [
            (index, history, names)
            for index in indexes
            if (history := _history(space, index, task.cut)) is not None
            and (names := sorted(set(_names(task, space, index, history)) - set(boosting.NAMES)))
        ]
        found = self._cluster.forecast(wanted, space.seasons, space.horizon, task.quantiles)
        histories = {index: history for index, history, _ in wanted}
        return [(index, by_model or _simplest(histories[index], space, task)) for index, by_model in found]


def load(entry: CatalogEntry, directory: Path, device: str) -> ForecastingEngine:
    """The engine; ``directory`` is empty, for its models are learned of the caller's data."""
    return ForecastingEngine()


def fit_global(task: FitGlobal) -> int:
    """How many series LightGBM could forecast."""
    space = Workspace.open(task.workspace)
    means = boosting.forecast(space, task.cut, task.name)
    forecast_file(space, task.name, task.cut, 1)[:] = means[:, None, :]
    return int(np.isfinite(means).all(axis=1).sum())


def choose(task: ChooseModels) -> Choice:
    """Weights by all windows; metrics of each window by weights that only older ones gave, so of unseen values.

    The oldest windows only serve the choice, unless there is one only.
    """
    space = Workspace.open(task.workspace)
    actuals = {cut: _actuals(space, cut) for cut in task.cuts}
    forecasts = {cut: dict(_files(space, cut)) for cut in task.cuts}
    losses: dict[int, list[dict[str, float]]] = {}
    for cut in task.cuts:
        losses[cut] = [
            _losses(_of(forecasts[cut], index), actuals[cut][index], task) for index in range(len(space))
        ]
    tested = task.cuts[: task.tested or -1] or task.cuts
    windows = []
    for place, cut in enumerate(tested):
        chosen = _choices([losses[older] for older in task.cuts[place + 1 :]], len(space))
        windows.append(_window(space, cut, forecasts[cut], actuals[cut], chosen, task))
    final = _choices([losses[cut] for cut in task.cuts], len(space))
    usable = [one for one in windows if one is not None]
    if not usable:
        raise errors.InvalidArgument("No series is long enough for a backtest of the ForecastHorizon.")
    keyed = {"\0".join(key): chosen for key, chosen in zip(space.keys, final, strict=True) if chosen}
    return Choice(keyed, _typical([*keyed.values()]), (*usable, _summary(usable)))


def make_forecast(task: MakeForecast) -> list[SeriesForecast]:
    """The forecasts of some series."""
    space = Workspace.open(task.workspace)
    forecasts = dict(_files(space, 0))
    times = tuple(str(time) for time in space.future)
    answers = []
    for index in range(task.first, task.last):
        key = space.keys[index]
        rows = ensembles.combined(_of(forecasts, index), task.weights.get("\0".join(key), task.others))
        if rows is None:
            raise errors.Internal("A series was not fitted.")
        rows = _bounded(rows, space.values(index))
        answers.append(
            SeriesForecast(
                dict(zip(space.dimensions, key, strict=True)), times, tuple(rows[0].tolist()),
                tuple(tuple(row.tolist()) for row in rows[1:]),
            )
        )  # fmt: skip
    return answers


def _bounded(rows: Floats, history: Floats) -> Floats:
    """What was never negative does not become so."""
    return np.maximum(rows, 0.0) if np.nanmin(history) >= 0 else rows


def _window(
    space: Workspace, cut: int, forecasts: Mapping[str, Floats], actuals: Floats,
    chosen: Sequence[Mapping[str, float]], task: ChooseModels,
) -> WindowMetrics | None:  # fmt: skip
    """None where no series reaches into the window."""
    rows, there = [], []
    for index in range(len(space)):
        if np.isnan(actuals[index]).all():
            continue
        one = ensembles.combined(_of(forecasts, index), chosen[index])
        if one is not None:
            rows.append(_bounded(one, space.values(index)[:-cut]))
            there.append(index)
    if not rows:
        return None
    stacked, actual = np.stack(rows), actuals[there]
    np.save(space.directory / f"backtest-{cut}.npy", stacked)
    (space.directory / f"backtest-{cut}.txt").write_text(" ".join(map(str, there)))
    season = space.seasons[0]
    naive = np.array([metrics.naive_error(known(space.values(index)[:-cut]), season) for index in there])
    at = len(space.times) - space.horizon - cut
    losses = [
        (quantile, metrics.weighted_quantile_loss(actual, stacked[:, 1 + place], quantile))
        for place, quantile in enumerate(task.quantiles)
    ]
    kinds = [(MEAN, stacked[:, 0])] + [(f"{q:g}", stacked[:, 1 + place]) for place, q in enumerate(task.quantiles)]
    measured = {
        kind: {
            "WAPE": metrics.wape(actual, one), "RMSE": metrics.rmse(actual, one),
            "MASE": metrics.mase(actual, one, naive), "MAPE": metrics.mape(actual, one),
        }
        for kind, one in kinds
    }  # fmt: skip
    return WindowMetrics(
        str(space.times[at]), str(space.times[at + space.horizon - 1]), len(there), tuple(losses),
        float(np.mean([loss for _, loss in losses])), measured[MEAN]["RMSE"],
        tuple((kind, _finite(one)) for kind, one in measured.items()),
    )  # fmt: skip


def _summary(windows: Sequence[WindowMetrics]) -> WindowMetrics:
    """The mean of the windows, as Forecast's SUMMARY is."""
    losses = tuple(
        (quantile, float(np.mean([dict(window.losses)[quantile] for window in windows])))
        for quantile, _ in windows[0].losses
    )
    kinds = [kind for kind, _ in windows[0].errors]
    errors_of = {kind: [dict(window.errors)[kind] for window in windows] for kind in kinds}
    return WindowMetrics(
        min(window.start for window in windows), max(window.end for window in windows),
        max(window.items for window in windows), losses, float(np.mean([loss for _, loss in losses])),
        float(np.mean([window.rmse for window in windows])),
        tuple(
            (kind, {name: _mean([one[name] for one in errors_of[kind]]) for name in errors_of[kind][0]})
            for kind in kinds
        ),
    )  # fmt: skip


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _losses(forecasts: Mapping[str, Floats], actual: Floats, task: ChooseModels) -> dict[str, float]:
    """The loss of each model of a series; one without quantiles with the others' spread."""
    found = {}
    for name, rows in forecasts.items():
        whole = rows if len(rows) > 1 else ensembles.combined(forecasts, {name: 1.0})
        if whole is not None and np.isfinite(whole).all():
            found[name] = ensembles.series_loss(actual, whole, task.quantiles, task.metric)
    return found


def _choices(windows: Sequence[Sequence[Mapping[str, float]]], count: int) -> list[dict[str, float]]:
    """Weights of each series by its and the others' losses in ``windows``; {} (all models alike) without any."""
    chosen = ensembles.weights(windows) if windows else [{} for _ in range(count)]
    for index, weights in enumerate(chosen):
        losses = [window[index] for window in windows]
        local_names = sorted({name for one in losses for name in one} - set(boosting.NAMES))
        if weights and local_names and not set(weights) & set(local_names):
            # The spread around the trees' means must come from somewhere.
            second = min(local_names, key=lambda name: sum(one.get(name, np.inf) for one in losses))
            weights = {name: weight * (1 - ensembles.LEAST_WEIGHT) for name, weight in weights.items()}
            chosen[index] = {**weights, second: ensembles.LEAST_WEIGHT}
    typical = _typical([weights for weights in chosen if weights])
    return [weights or typical for weights in chosen]


def _typical(chosen: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean weights of the series, for those of which no backtest says anything; {} of none."""
    names = sorted({name for weights in chosen for name in weights})
    return {name: float(np.mean([weights.get(name, 0.0) for weights in chosen])) for name in names}


def _actuals(space: Workspace, cut: int) -> Floats:
    """The values of the window that begins ``cut`` before the end, [series, horizon]; NaN for series too short."""
    actuals = np.full((len(space), space.horizon), np.nan)
    for index in range(len(space)):
        values = space.values(index)
        if len(values) > cut:
            actuals[index] = values[len(values) - cut : len(values) - cut + space.horizon]
    return actuals


def _of(forecasts: Mapping[str, Floats], index: int) -> dict[str, Floats]:
    return {name: rows[index] for name, rows in forecasts.items() if np.isfinite(rows[index]).all()}


def _files(space: Workspace, cut: int) -> Iterator[tuple[str, Floats]]:
    elsewhere = [one.model for one in ALGORITHMS.values() if one.model not in local.NAMES]
    for name in (*local.NAMES, *boosting.NAMES, *elsewhere):
        path = space.directory / f"{name}-{cut}.npy"
        if path.exists():
            yield name, np.load(path, mmap_mode="r")


# -- in the processes of the pool


def _pool(method: str) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        boosting.threads(), mp_context=multiprocessing.get_context(method), initializer=_begin, initargs=(os.getpid(),)
    )


def _begin(parent: int) -> None:
    """Limit the libraries to one thread, and end with the parent, even if that is killed."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
    end_with(parent)


def _warm(number: int) -> int:
    import statsforecast.models  # type: ignore[import-not-found, unused-ignore]  # noqa: F401

    time.sleep(0.2)  # so that no process does two and each one is started
    return number


def _fit_piece(piece: tuple[FitSeries, list[int]]) -> list[tuple[int, dict[str, Floats]]]:
    task, indexes = piece
    space = Workspace.open(task.workspace)
    found = []
    for index in indexes:
        history = _history(space, index, task.cut)
        if history is None:
            continue
        by_model = {}
        for name in set(_names(task, space, index, history)) - set(boosting.NAMES):
            rows = local.forecast(name, history, space.seasons, space.horizon, task.quantiles)
            if rows is not None:
                by_model[name] = rows
        found.append((index, by_model or _simplest(history, space, task)))
    return found


def _history(space: Workspace, index: int, cut: int) -> Floats | None:
    """What a model of a series may see; None where nothing is known."""
    history = space.values(index)
    history = history[: len(history) - cut]
    if len(history) == 0 or np.isnan(history).all():
        return None
    return known(history)


def _names(task: FitSeries, space: Workspace, index: int, history: Floats) -> Sequence[str]:
    """The models of a series."""
    if task.stand_in_for:
        return ("seasonal-naive",)
    if task.algorithm:
        return (ALGORITHMS[task.algorithm].model,)
    chosen = task.models.get("\0".join(space.keys[index]), task.others)
    return chosen or local.candidates(history, space.seasons, len(space))


def _simplest(history: Floats, space: Workspace, task: FitSeries) -> dict[str, Floats]:
    """For a series that no model can be fitted to."""
    rows = local.forecast("seasonal-naive", history, space.seasons, space.horizon, task.quantiles)
    return {"seasonal-naive": local.flat(history, space.horizon, task.quantiles) if rows is None else rows}
