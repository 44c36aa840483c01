"""Forecasts of the forecasting service: how good they are on M4, and what the service costs beside the bare library.

    NONET_SHARED=<shared folder> python -m bench.quality.forecasts [--only accuracy|m4|competitions|overhead]
        [--every N] [--rdata PYTHON] [--sets NAME ...] [--keep FOLDER] [--json FILE]

It runs in the engine environment ``forecasting``, which it finds in NONET_DATA_DIRECTORY (``nonet engines install
forecasting``), and calls the engine as the service does: the same tasks in the same order.

Accuracy: the 414 hourly series of the M4 competition, horizon 48. AutoPredictor chooses by the backtest windows that
the service takes, within the training values, and never sees the test values; beside it stands each single model of the
same run on the same series. sMAPE and MASE are M4's (season 24), wQL is Amazon Forecast's of 0.1, 0.5 and 0.9.
``--every N`` takes each Nth series, ``--sets`` the data sets of these names only. ``--keep`` leaves the fitted
forecasts in FOLDER; a later run takes those that are there and chooses and combines anew, in seconds: so two rules are
compared on the same fits.
``--before N`` holds the last N horizons back from everything and measures on the one after: for choosing a rule without
the test values.

``--rdata``: an interpreter that has the package rdata (MIT; ``pip install rdata``), which reads R's files. Then the 111
daily series of NN5 (horizon 56, gaps stay gaps) and the 66 of NNGC1 (yearly to hourly, with M4's horizons, for the file
names none; series of less than four horizons left out) are forecast likewise, their last values held back.

Overhead: 1,000 series of 200 daily values, three models, horizon 14 with two quantiles: statsforecast's own
``StatsForecast.forecast`` with as many processes, and the engine from a Parquet table to the combined forecast. Each in
a process of its own, in alternated rounds, ``ROUNDS`` of each; medians of the time, of the processors' time (which
other work on the machine disturbs less) and of the rounds' ratios, and the largest memory of the process and its
largest child.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.forecasting import metrics
from services.forecasting.frequencies import Boundary, Frequency
from services.forecasting.predictor_settings import DEFAULT_METRIC, PredictorSettings
from services.forecasting.tasks import (
    GLOBAL_MODELS,
    ChooseModels,
    FitGlobal,
    FitSeries,
    MakeForecast,
    PrepareSeries,
)
from shared.models.store import ModelStore

Floats = npt.NDArray[np.float64]
Row = tuple[str, str, float, str]  # what, data, value, remark

HORIZON, SEASON = 48, 24
QUANTILES = (0.1, 0.5, 0.9)
#: Published for M4 hourly (Makridakis et al., "The M4 Competition", 2020).
PUBLISHED = "published: seasonal naive 13.91, ARIMA 14.08, FFORMA 11.51, the winner 9.33"
#: NNGC1's groups: name, frequency, horizon (M4's), season.
_NNGC1 = {
    "A": ("yearly", "Y", 6, 1), "B": ("quarterly", "3M", 8, 4), "C": ("monthly", "M", 18, 12),
    "D": ("weekly", "W", 13, 52), "E": ("daily", "D", 14, 7), "F": ("hourly", "H", 48, 24),
}  # fmt: skip
_RDATA = """
import json, sys
import numpy as np, rdata
found = {}
for path in sys.argv[1:]:
    for name, series in rdata.read_rda(path).items():
        found[name] = {str(key): np.asarray(one, float).tolist() for key, one in series.items()}
print(json.dumps(found))
"""
COUNT, LENGTH, DAYS, ROUNDS = 1000, 200, 14, 3
MODELS = ("seasonal-naive", "theta", "mstl-ets")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.quality.forecasts", description=__doc__)
    parser.add_argument("--only", choices=("accuracy", "m4", "competitions", "overhead"))
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--rdata", help="interpreter that has the package rdata")
    parser.add_argument("--sets", nargs="*", default=[], metavar="NAME", help="'M4 hourly', 'NN5', 'NNGC1 weekly', ...")
    parser.add_argument("--before", type=int, default=0, metavar="N", help="horizons held back from everything")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where fitted forecasts stay, and are found again")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--part", choices=("bare", "engine"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if importlib.util.find_spec("statsforecast") is None:
        data = Path(os.environ.get("NONET_DATA_DIRECTORY", Path.home() / ".nonet"))
        python = ModelStore(data).environment_python("forecasting")
        os.execv(python, [python, "-m", "bench.quality.forecasts", *sys.argv[1:]])
    if chosen.part:
        print(json.dumps(_part(chosen.part)))
        return 0
    rows: list[Row] = []
    for part in _parts(chosen):
        rows += part
        for what, data_set, value, remark in part:
            print(f"{what:34} {data_set:22} {value:10.3f}  {remark}", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1))
    return 0


def _parts(chosen: argparse.Namespace) -> Iterator[list[Row]]:
    def wanted(*parts: str) -> bool:
        return chosen.only in (None, *parts)

    sets: list[DataSet] = [m4_hourly()] if wanted("accuracy", "m4") else []
    if chosen.rdata and wanted("accuracy", "competitions"):
        sets += competitions(chosen.rdata)
    for data in sets:
        if not chosen.sets or data.name in chosen.sets:
            yield accuracy(data.earlier(chosen.before), chosen.every, chosen.keep)
    if wanted("overhead"):
        yield overhead()


@dataclass(frozen=True, slots=True)
class DataSet:
    """Series to learn from and what came after, [horizon] each; NaN where nothing is known.

    ``frequency`` as the API writes it; ``season``: of MASE and of the seasonal naive forecast, in values.
    """

    name: str
    frequency: str
    horizon: int
    season: int
    training: dict[str, Floats]
    test: dict[str, Floats]
    remark: str = ""

    def earlier(self, horizons: int) -> DataSet:
        """The set as it was ``horizons`` horizons ago; what came then is its test."""
        if not horizons:
            return self
        name, cut = f"{self.name}, {horizons} earlier", horizons * self.horizon
        training = {key: values[:-cut] for key, values in self.training.items()}
        test = {
            key: values[len(values) - cut : len(values) - cut + self.horizon] for key, values in self.training.items()
        }
        return DataSet(name, self.frequency, self.horizon, self.season, training, test)


def m4_hourly() -> DataSet:
    """The 414 hourly series of the M4 competition."""
    folder = _shared() / "m4"
    training, test = dict(_read(folder / "Hourly-train.csv")), dict(_read(folder / "Hourly-test.csv"))
    return DataSet("M4 hourly", "H", HORIZON, SEASON, training, test, PUBLISHED)


def competitions(python: str) -> Iterator[DataSet]:
    """NN5 and NNGC1 out of R's files, which the package rdata reads in the interpreter ``python``."""
    folder = _shared() / "tscompdata"
    command = [python, "-W", "ignore", "-c", _RDATA, str(folder / "nn5.rda"), str(folder / "nngc1.rda")]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    nngc1 = {name: np.array(values, np.float64) for name, values in found["nngc1"].items()}
    for letter, (name, frequency, horizon, season) in _NNGC1.items():
        part = {key: values for key, values in nngc1.items() if key.startswith(f"1.{letter}")}
        yield _held_back(f"NNGC1 {name}", frequency, horizon, season, part)
    nn5 = {name: np.array(values, np.float64) for name, values in found["nn5"].items()}
    yield _held_back("NN5", "D", 56, 7, nn5)


def _held_back(name: str, frequency: str, horizon: int, season: int, series: dict[str, Floats]) -> DataSet:
    """The last ``horizon`` values of each series are what is to be foretold."""
    long = {key: values for key, values in series.items() if len(values) >= 4 * horizon}
    return DataSet(
        name, frequency, horizon, season, {key: values[:-horizon] for key, values in long.items()},
        {key: values[-horizon:] for key, values in long.items()},
    )  # fmt: skip


def accuracy(data: DataSet, every: int, keep: Path | None = None) -> list[Row]:
    """sMAPE, MASE and wQL of AutoPredictor and of each model; fits are taken from, and left in, ``keep``."""
    names = sorted(data.training)[::every]
    data_set = f"{data.name}, {len(names)}"
    with _workspace(keep, data_set) as workspace, engine() as do:
        started = time.perf_counter()
        count = _prepared(data, names, workspace, do)
        cuts = _settings(data).cuts(count, max(len(data.training[name]) for name in names))
        for cut in (*cuts, 0):
            fitted = Path(workspace) / f"fitted-{cut}"
            if fitted.exists():
                continue
            for model in GLOBAL_MODELS:
                do(FitGlobal(workspace, cut, model))
            do(FitSeries(workspace, 0, count, cut, QUANTILES))
            fitted.touch()
        choice = do(ChooseModels(workspace, cuts, QUANTILES, DEFAULT_METRIC))
        found = do(MakeForecast(workspace, 0, count, choice.weights, choice.others, QUANTILES))
        seconds = time.perf_counter() - started
        auto = {one.dimensions["item_id"]: np.array([one.mean, *one.quantiles]) for one in found}
        singles = _singles(workspace)
    rows = _measured("AutoPredictor", data_set, auto, data, data.remark)
    for model, forecasts in singles.items():
        rows += _measured(f"  {model}", data_set, forecasts, data, f"fitted {len(forecasts)} series")
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in choice.others.items())
    rows.append(("AutoPredictor, seconds", data_set, seconds, f"mean weights: {weights}"))
    return rows


@contextmanager
def _workspace(keep: Path | None, name: str) -> Iterator[str]:
    if keep is None:
        with tempfile.TemporaryDirectory() as folder:
            yield folder
        return
    (keep / name).mkdir(parents=True, exist_ok=True)
    yield str(keep / name)


def _settings(data: DataSet) -> PredictorSettings:
    """Of an AutoPredictor that is asked for the set's horizon and nothing else."""
    return PredictorSettings(
        True, data.horizon, data.frequency, tuple(f"{quantile:g}" for quantile in QUANTILES), (), DEFAULT_METRIC, 1,
        data.horizon,
    )  # fmt: skip


def _prepared(data: DataSet, names: Sequence[str], workspace: str, do: Callable[[Any], Any]) -> int:
    """Have the series prepared, unless they are already; how many they are."""
    import polars as pl

    if (Path(workspace) / "series.json").exists():
        return len(names)
    training, frequency = data.training, Frequency.parse(data.frequency)
    longest = max(len(training[name]) for name in names)
    # All series end together, as the sets do not say when they began; more steps than anybody has.
    end = pl.Series([datetime(2015, 1, 1)]).dt.offset_by(
        f"{(longest - 1) * frequency.count}{frequency.interval.lstrip('0123456789')}"
    )[0]
    times = pl.datetime_range(datetime(2015, 1, 1), end, frequency.interval, eager=True)
    table = f"{workspace}/target.parquet"
    pl.DataFrame(
        {
            "item_id": [name for name in names for _ in training[name]],
            "timestamp": pl.concat([times[longest - len(training[name]) :] for name in names]),
            "target_value": np.concatenate([training[name] for name in names]),
        }
    ).write_parquet(table)
    return int(do(_preparation(workspace, table, data.frequency, data.horizon)).count)


def _measured(what: str, data_set: str, forecasts: dict[str, Floats], data: DataSet, remark: str) -> list[Row]:
    names = sorted(forecasts)
    actual = np.stack([data.test[name] for name in names])
    means = np.stack([forecasts[name][0] for name in names])
    naive = np.array([metrics.naive_error(_without_gaps(data.training[name]), data.season) for name in names])
    # What is not known of the test values is not measured.
    there = [~np.isnan(one) for one in actual]
    smape = float(
        np.mean([metrics.smape(one[mask], mean[mask]) for one, mean, mask in zip(actual, means, there, strict=True)])
    )
    rows = [
        (f"{what}: sMAPE", data_set, smape, remark),
        (f"{what}: MASE", data_set, metrics.mase(actual, means, naive), ""),
    ]
    if len(forecasts[names[0]]) > 1:
        losses = [
            metrics.weighted_quantile_loss(actual, np.stack([forecasts[name][1 + at] for name in names]), quantile)
            for at, quantile in enumerate(QUANTILES)
        ]
        rows.append((f"{what}: mean wQL", data_set, float(np.mean(losses)), ""))
    return rows


def _singles(workspace: str) -> dict[str, dict[str, Floats]]:
    """The forecasts of each model, by series."""
    from services.forecasting.engines import local
    from services.forecasting.engines.workspace import Workspace

    space = Workspace.open(workspace)
    found = {}
    for model in (*local.NAMES, *GLOBAL_MODELS):
        path = space.directory / f"{model}-0.npy"
        if path.exists():
            rows = np.load(path)
            found[model] = {key[0]: one for key, one in zip(space.keys, rows, strict=True) if np.isfinite(one).all()}
    return {model: forecasts for model, forecasts in found.items() if forecasts}


def overhead() -> list[Row]:
    """Seconds and megabytes of the bare library and of the engine."""
    results: dict[str, list[dict[str, float]]] = {"bare": [], "engine": []}
    for number in range(ROUNDS):
        for part in sorted(results, reverse=number % 2 == 1):
            command = [sys.executable, "-m", "bench.quality.forecasts", "--part", part]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results[part].append(json.loads(done.stdout.splitlines()[-1]))
            print(part, results[part][-1], f"load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    data_set = f"{COUNT} x {LENGTH}"
    rows: list[Row] = []
    for part, what in (("bare", "statsforecast alone"), ("engine", "engine")):
        for unit in ("seconds", "processor seconds"):
            median = statistics.median(one[unit] for one in results[part])
            rows.append((f"{what}, {unit}", data_set, median, ", ".join(MODELS)))
        megabytes = max(one["megabytes"] for one in results[part])
        rows.append((f"{what}, MB", data_set, megabytes, "the process and its largest child"))
    for unit in ("seconds", "processor seconds"):
        ratios = [ours[unit] / bare[unit] for bare, ours in zip(results["bare"], results["engine"], strict=True)]
        each = ", ".join(f"{100 * (ratio - 1):.1f}" for ratio in ratios)
        value = 100 * (statistics.median(ratios) - 1)
        rows.append((f"overhead in {unit}, per cent", data_set, value, f"rounds: {each}; bar: 15"))
    return rows


def _part(part: str) -> dict[str, float]:
    """One measurement of the overhead; the libraries are loaded and compiled before the clock starts."""
    import polars as pl

    noise = np.random.default_rng(0)
    days = np.arange(LENGTH)
    values = [
        100 + index % 50 + 20 * np.sin(2 * np.pi * (days + index) / 7) + noise.normal(0, 4, LENGTH)
        for index in range(COUNT)
    ]
    dates = [datetime(2024, 1, 1) + timedelta(days=int(day)) for day in days]
    frame = pl.DataFrame(
        {
            "item_id": np.repeat([f"item{index:04d}" for index in range(COUNT)], LENGTH),
            "timestamp": dates * COUNT,
            "target_value": np.concatenate(values),
        }
    )
    seconds, processor = _bare(frame) if part == "bare" else _engine(frame)
    memory = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": seconds, "processor seconds": processor, "megabytes": memory / 1000}


def _processor_seconds() -> float:
    """Of this process and all its children, those that still run too (Linux)."""
    ours = sum(os.times()[:4])
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ours += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return ours


def _bare(frame: Any) -> tuple[float, float]:
    from statsforecast import StatsForecast  # type: ignore[import-not-found, unused-ignore]
    from statsforecast.models import (  # type: ignore[import-not-found, unused-ignore]
        MSTL,
        AutoETS,
        DynamicOptimizedTheta,
        SeasonalNaive,
    )

    from services.forecasting.engines.boosting import threads

    models = [
        SeasonalNaive(season_length=7),
        DynamicOptimizedTheta(season_length=7),
        MSTL(season_length=[7], trend_forecaster=AutoETS(model="ZZN")),
    ]
    named = frame.rename({"item_id": "unique_id", "timestamp": "ds", "target_value": "y"})
    library = StatsForecast(models=models, freq="1d", n_jobs=threads())
    library.forecast(df=named.head(4 * LENGTH), h=DAYS, level=[80])
    started, used = time.perf_counter(), _processor_seconds()
    library.forecast(df=named, h=DAYS, level=[80])
    return time.perf_counter() - started, _processor_seconds() - used


def _engine(frame: Any) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as workspace, engine() as do:
        for count in (16, COUNT):
            for path in Path(workspace).iterdir():
                path.unlink()
            frame.head(count * LENGTH).write_parquet(f"{workspace}/target.parquet")
            started, used = time.perf_counter(), _processor_seconds()
            report = do(_preparation(workspace, f"{workspace}/target.parquet", "D", DAYS))
            do(FitSeries(workspace, 0, report.count, 0, (0.1, 0.9), others=MODELS))
            do(MakeForecast(workspace, 0, report.count, {}, dict.fromkeys(MODELS, 1.0), (0.1, 0.9)))
            spent = time.perf_counter() - started, _processor_seconds() - used
    return spent


def _preparation(workspace: str, table: str, frequency: str, horizon: int) -> PrepareSeries:
    return PrepareSeries(
        workspace, (table,), "target_value", ("item_id",), Frequency.parse(frequency), Boundary(), horizon,
        # Gaps are not zeros in these sets.
        {"middlefill": "nan", "backfill": "nan"},
    )  # fmt: skip


@contextmanager
def engine() -> Iterator[Callable[[Any], Any]]:
    """The function that does one task in the engine."""
    from services.forecasting.engines.statistical import ForecastingEngine

    running = ForecastingEngine()
    try:
        yield lambda task: running.run([task])[0]
    finally:
        running.close()


def _shared() -> Path:
    return Path(os.environ.get("NONET_SHARED", "../shared")) / "data" / "forecast"


def _without_gaps(values: Floats) -> Floats:
    from services.forecasting.engines.workspace import known

    return known(values)


def _read(path: Path) -> Iterator[tuple[str, Floats]]:
    with path.open(newline="") as file:
        rows: Iterator[Sequence[str]] = csv.reader(file)
        next(rows)
        for row in rows:
            yield row[0], np.array([float(cell) for cell in row[1:] if cell])


if __name__ == "__main__":
    sys.exit(main())
