"""Prophet's and GluonTS's adapters and Dask, each in its environment, on series of every shape and frequency.

They run where NONET_TEST_ENGINES has the environments.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.forecasting.engines.workspace import Workspace
from services.forecasting.frequencies import Frequency
from services.forecasting.tasks import FitAlgorithm, FitSeries
from shared import errors
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import WorkerBinding
from tests.engines import KEPT

pytestmark = pytest.mark.slow

QUANTILES = (0.1, 0.5, 0.9)
HORIZON = 4
#: Minutes between two values.
STEPS = {"D": 1440, "2D": 2880, "H": 60, "15min": 15, "W": 10_080}


def workspace(folder: Path, frequency: str, features: bool = True) -> Workspace:
    """A season with noise, a constant, two values, and one of which nothing is known."""
    length, noise = 60, np.random.default_rng(0).normal(0, 1, 60)
    season = 50 + 20 * np.sin(2 * np.pi * np.arange(length) / 7) + noise
    season[10:13] = np.nan
    series = [season, np.full(length, 5.0), np.array([1.0, 2.0]), np.full(30, np.nan)]
    if frequency in ("M", "Y"):
        months = np.arange(length + HORIZON) * (1 if frequency == "M" else 12)
        times = (np.datetime64("1980-01") + months).astype("datetime64[s]")
    else:
        seconds = np.arange(length + HORIZON) * STEPS[frequency] * 60
        times = np.datetime64("2024-01-03T00:00:00") + seconds.astype("timedelta64[s]")
    np.save(folder / "values.npy", np.concatenate(series))
    np.save(folder / "offsets.npy", np.concatenate([[0], np.cumsum([len(one) for one in series])]))
    np.save(folder / "times.npy", times)
    rows = sum(len(one) + HORIZON for one in series)
    names = ["weekday", "holiday DE", "price"] if features else []
    np.save(folder / "features.npy", np.random.default_rng(1).random((rows, len(names))))
    facts = {
        "dimensions": ["item_id"], "keys": [["season"], ["constant"], ["two"], ["nothing"]],
        "categories": [[0], [1], [-1], [0]] if features else [[], [], [], []], "features": names,
        "seasons": Frequency.parse(frequency).seasons, "horizon": HORIZON,
    }  # fmt: skip
    (folder / "series.json").write_text(json.dumps(facts))
    return Workspace.open(str(folder))


def run(model: str, tasks: Sequence[FitAlgorithm | FitSeries]) -> list[Any]:
    """What the engine's process answers."""
    catalog = Catalog.load()
    entry = catalog.get(model if model in ("prophet", "cluster-forecasts") else "gluonts")
    assert entry is not None and entry.environment is not None
    store = ModelStore(Path(KEPT))
    if not KEPT or not store.environment_installed(catalog.environments[entry.environment]):
        pytest.skip(f"NONET_TEST_ENGINES has no environment {entry.environment}")
    entry = entry.model_copy(update={"options": {"epochs": 2}})

    assert entry.environment is not None
    python = store.environment_python(entry.environment)

    async def ask() -> list[Any]:
        binding = await WorkerBinding.load(entry, Path(), "cpu", python)
        try:
            return [*await binding.run(tasks)]
        finally:
            await binding.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("model", ["prophet", "npts", "deepar", "wavenet"])
def test_series_of_every_frequency_are_forecast_or_left_out(model: str, tmp_path: Path) -> None:
    every = ("D", "2D", "H", "15min", "W", "M", "Y")
    chosen = every if model in ("prophet", "npts") else ("D", "15min", "W", "M")
    spaces, tasks = [], []
    for number, frequency in enumerate(chosen):
        folder = tmp_path / frequency
        folder.mkdir()
        spaces.append(workspace(folder, frequency, features=number % 2 == 0))
        tasks += [FitAlgorithm(str(folder), 0, 4, cut, QUANTILES, model, frequency) for cut in (HORIZON, 0)]
    assert all(count >= 2 for count in run(model, tasks))
    for space, cut in [(space, cut) for space in spaces for cut in (HORIZON, 0)]:
        rows = np.load(space.directory / f"{model}-{cut}.npy")
        assert rows.shape == (4, 1 + len(QUANTILES), HORIZON)
        assert np.isfinite(rows[:2]).all() and np.isnan(rows[3]).all()
        assert (np.diff(rows[0, 1:], axis=0) >= 0).all(), "quantiles cross"
        assert (rows[0, 3] - rows[0, 1] > 0.1).all(), "a noisy series has a spread"
        if model in ("prophet", "npts"):
            assert rows[1, 2] == pytest.approx(np.full(HORIZON, 5.0), abs=0.2)


def test_a_cluster_of_dask_gives_what_this_machines_processes_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fitted(cluster: str) -> dict[str, Any]:
        folder = tmp_path / (cluster or "here")
        folder.mkdir()
        workspace(folder, "D")
        monkeypatch.setenv("NONET_FORECASTING_CLUSTER", cluster)
        assert run("cluster-forecasts", [FitSeries(str(folder), 0, 4, 4, QUANTILES)]) == [4]
        return {path.name: np.load(path) for path in folder.glob("*-4.npy")}

    here, there = fitted(""), fitted("dask")
    assert set(here) == set(there) and len(here) >= 4
    for name, rows in here.items():
        assert there[name] == pytest.approx(rows, rel=1e-4, abs=1e-4, nan_ok=True), name


def test_another_cluster_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace(tmp_path, "D")
    monkeypatch.setenv("NONET_FORECASTING_CLUSTER", "mesos:host")
    with pytest.raises(errors.Unimplemented):
        run("cluster-forecasts", [FitSeries(str(tmp_path), 0, 4, 4, QUANTILES)])
