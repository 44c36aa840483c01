"""Fitting, choosing and measuring, on series whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.forecasting.frequencies import Boundary, Frequency
from services.forecasting.tasks import (
    GLOBAL_MODELS,
    Choice,
    ChooseModels,
    Column,
    FitGlobal,
    FitSeries,
    MakeForecast,
    PrepareSeries,
    ReadTable,
    SeriesForecast,
)
from tests.unit.services.forecasting.engines.conftest import Engine

pytestmark = pytest.mark.slow

QUANTILES = (0.1, 0.5, 0.9)
COLUMNS = (Column("item_id", "string", True), Column("timestamp", "timestamp", True), Column("value", "float"))
DAYS, HORIZON = 84, 7


@pytest.fixture(scope="module")
def space(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three series: a season with noise, a constant, and one of two values; fitted for two windows and the forecast."""
    folder = tmp_path_factory.mktemp("space")
    noise = np.random.default_rng(0).normal(0, 1, DAYS)
    days = np.arange("2024-01-01", DAYS, dtype="datetime64[D]")
    lines = [f"season,{day},{50 + 20 * np.sin(2 * np.pi * at / 7) + noise[at]}" for at, day in enumerate(days)]
    lines += [f"constant,{day},5" for day in days]
    lines += [f"young,{day},{4 + at}" for at, day in enumerate(days[-2:])]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    table = str(folder / "table.parquet")
    assert not engine(ReadTable((str(folder / "rows.csv"),), "CSV", COLUMNS, "", table)).problem
    engine(
        PrepareSeries(str(folder), (table,), "value", ("item_id",), Frequency.parse("D"), Boundary(), HORIZON, {})
    )
    for cut in (HORIZON, 2 * HORIZON, 0):
        for name in GLOBAL_MODELS:
            engine(FitGlobal(str(folder), cut, name))
        engine(FitSeries(str(folder), 0, 3, cut, QUANTILES))
    return folder


@pytest.fixture(scope="module")
def choice(engine: Engine, space: Path) -> Choice:
    found: Choice = engine(ChooseModels(str(space), (HORIZON, 2 * HORIZON), QUANTILES, "AverageWeightedQuantileLoss"))
    return found


def forecasts(engine: Engine, space: Path, choice: Choice) -> dict[str, SeriesForecast]:
    found = engine(MakeForecast(str(space), 0, 3, choice.weights, choice.others, QUANTILES))
    return {one.dimensions["item_id"]: one for one in found}


def test_a_seasonal_series_is_forecast_within_its_noise(engine: Engine, space: Path, choice: Choice) -> None:
    found = forecasts(engine, space, choice)["season"]
    truth = 50 + 20 * np.sin(2 * np.pi * np.arange(DAYS, DAYS + HORIZON) / 7)
    assert found.times[0] == "2024-03-25T00:00:00"
    assert np.abs(np.array(found.mean) - truth).max() < 2.5
    low, middle, high = map(np.array, found.quantiles)
    assert (low < middle).all() and (middle < high).all()
    # The noise has a deviation of 1: 80 % of it lie within 2.56 of each other.
    assert 1.5 < np.mean(high - low) < 5


def test_constants_and_young_series_have_forecasts_too(engine: Engine, space: Path, choice: Choice) -> None:
    found = forecasts(engine, space, choice)
    assert found["constant"].mean == pytest.approx([5] * HORIZON, abs=1e-6)
    assert np.isfinite(found["young"].mean).all() and len(found["young"].mean) == HORIZON


def test_weights_are_one_together(choice: Choice) -> None:
    assert "season" in choice.weights
    for weights in choice.weights.values():
        assert sum(weights.values()) == pytest.approx(1)


def test_the_metrics_are_of_a_choice_that_had_not_seen_the_window(engine: Engine, space: Path, choice: Choice) -> None:
    tested, summary = choice.windows
    assert (tested.start, tested.end) == ("2024-03-18T00:00:00", "2024-03-24T00:00:00")
    assert summary.average_loss == tested.average_loss
    # The newest window does not change what was measured on it: by the older window alone the metrics are the same.
    before = engine(ChooseModels(str(space), (HORIZON, 2 * HORIZON), QUANTILES, "AverageWeightedQuantileLoss"))
    path = space / "seasonal-naive-7.npy"
    kept = path.read_bytes()
    rows = np.load(path)
    rows[:] += 1000  # a model that fails in the newest window only
    np.save(path, rows)
    try:
        after = engine(ChooseModels(str(space), (HORIZON, 2 * HORIZON), QUANTILES, "AverageWeightedQuantileLoss"))
    finally:
        path.write_bytes(kept)
    assert before.windows[0].average_loss == tested.average_loss
    assert after.windows[0].average_loss > before.windows[0].average_loss  # it had been trusted, and it shows
    assert "seasonal-naive" not in after.weights["season"]  # but it is not chosen any more


def test_as_many_windows_are_measured_as_asked_for(engine: Engine, space: Path) -> None:
    for tested in (1, 2):
        task = ChooseModels(str(space), (HORIZON, 2 * HORIZON), QUANTILES, "AverageWeightedQuantileLoss", tested)
        assert len(engine(task).windows) == tested + 1  # and their summary


def test_an_algorithm_of_the_api_works_alone(engine: Engine, space: Path, tmp_path: Path) -> None:
    for name in ("values", "offsets", "times", "features"):
        (tmp_path / f"{name}.npy").write_bytes((space / f"{name}.npy").read_bytes())
    (tmp_path / "series.json").write_bytes((space / "series.json").read_bytes())
    engine(FitSeries(str(tmp_path), 0, 3, 0, QUANTILES, "ETS"))
    assert (tmp_path / "ets-0.npy").exists() and not (tmp_path / "theta-0.npy").exists()
