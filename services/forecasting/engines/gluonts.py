"""GluonTS's models in an environment of their own: NPTS, DeepAR and WaveNet.

NPTS: non-parametric, draws from a series' own past. DeepAR (Salinas, Flunkert, Gasthaus, Januschowski: DeepAR, IJF
2020) and WaveNet (van den Oord et al. 2016), a causal convolutional network, learn from all series at once, with torch.
All forecast by drawing paths; the mean and the quantiles are those of the paths.
"""

from __future__ import annotations

import importlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.forecasting.engines.workspace import Workspace, forecast_file, known
from services.forecasting.frequencies import Frequency
from services.forecasting.tasks import FitAlgorithm
from shared.models.catalog import CatalogEntry

_PATHS = 200
_SEED = 1
_BATCHES, _BATCH = 50, 32
_LEAST_VALUES = 4
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


class GluonTsEngine:
    """Does ``FitAlgorithm`` of the models "npts", "deepar" and "wavenet"."""

    def __init__(self, pandas: Any, epochs: int) -> None:
        self._pandas = pandas
        self._epochs = epochs

    def run(self, items: Sequence[FitAlgorithm]) -> list[int]:
        """How many series each task forecast."""
        return [self._forecast(item) for item in items]

    def close(self) -> None:
        """Nothing is held between two tasks."""

    def _forecast(self, task: FitAlgorithm) -> int:
        space = Workspace.open(task.workspace)
        frequency = period_of(Frequency.parse(task.frequency), space.times)
        indexes = [
            index
            for index in range(task.first, task.last)
            if len(space.values(index)) - task.cut >= _LEAST_VALUES
            and not np.isnan(space.values(index)[: len(space.values(index)) - task.cut]).all()
        ]
        file = forecast_file(space, task.model, task.cut, 1 + len(task.quantiles))
        if not indexes:
            return 0
        # NPTS draws by how alike steps are, and of features it would see nothing but the one most alike: Amazon's
        # takes no related series either.
        columns = [
            column
            for column in range(len(space.feature_names) if task.model != "npts" else 0)
            if all(np.isfinite(space.features(index)[:, column]).all() for index in indexes)
        ]
        entries = [self._entry(space, index, task.cut, frequency, columns) for index in indexes]
        # GluonTS writes checkpoints where it trains, and warns of much that is its own.
        with tempfile.TemporaryDirectory(dir=task.workspace) as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.random.seed(_SEED)
            predictor = self._predictor(task.model, space, frequency, entries, folder)
            found = predictor.predict(entries, num_samples=_PATHS)
            count = 0
            for index, forecast in zip(indexes, found, strict=True):
                paths = np.asarray(forecast.samples, np.float64)
                rows = np.vstack([paths.mean(axis=0), np.quantile(paths, task.quantiles, axis=0)])
                if np.isfinite(rows).all():
                    file[index] = rows
                    count += 1
        return count

    def _entry(self, space: Workspace, index: int, cut: int, frequency: str, columns: Sequence[int]) -> dict[str, Any]:
        values = space.values(index)
        length = len(values) - cut
        begin = len(space.times) - space.horizon - len(values)
        entry = {
            "item_id": str(index),
            "start": self._pandas.Period(self._pandas.Timestamp(space.times[begin]), freq=frequency),
            "target": known(values[:length]).astype(np.float32),
            "feat_static_cat": np.array([code + 1 for code in space.categories[index]] or [0], np.int64),
        }
        if columns:
            # Until the end of what is foretold; training leaves out what lies behind the target.
            features = space.features(index)[: length + space.horizon, columns]
            entry["feat_dynamic_real"] = features.T.astype(np.float32)
        return entry

    def _predictor(
        self, model: str, space: Workspace, frequency: str, entries: Sequence[dict[str, Any]], folder: str
    ) -> Any:
        if model == "npts":
            npts = importlib.import_module("gluonts.model.npts")
            return npts.NPTSPredictor(prediction_length=space.horizon, context_length=None)
        torch = importlib.import_module("torch")
        importlib.import_module("lightning.pytorch").seed_everything(_SEED)
        torch.set_num_threads(max(1, os.cpu_count() or 1))
        categories = np.array([entry["feat_static_cat"] for entry in entries])
        common = {
            "freq": frequency,
            "prediction_length": space.horizon,
            "num_feat_dynamic_real": len(entries[0].get("feat_dynamic_real", ())),
            "num_feat_static_cat": categories.shape[1],
            "cardinality": (categories.max(axis=0) + 1).tolist(),
            "batch_size": _BATCH,
            "num_batches_per_epoch": _BATCHES,
            "trainer_kwargs": {
                "max_epochs": self._epochs, "accelerator": "auto", "logger": False, "default_root_dir": folder,
                "enable_progress_bar": False, "enable_model_summary": False,
            },
        }  # fmt: skip
        estimator = _ESTIMATORS[model](common)
        return estimator.train([_past(entry) for entry in entries])


def _past(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without what is known of the future."""
    if "feat_dynamic_real" not in entry:
        return entry
    return {**entry, "feat_dynamic_real": entry["feat_dynamic_real"][:, : len(entry["target"])]}


def _deepar(common: Mapping[str, Any]) -> Any:
    return importlib.import_module("gluonts.torch.model.deepar").DeepAREstimator(**common)


def _wavenet(common: Mapping[str, Any]) -> Any:
    return importlib.import_module("gluonts.torch.model.wavenet").WaveNetEstimator(**common)


_ESTIMATORS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {"deepar": _deepar, "wavenet": _wavenet}


def period_of(frequency: Frequency, times: Any) -> str:
    """The frequency as pandas names its periods; weeks by the day before they begin."""
    if frequency.unit == "W":
        # 1970-01-01 was a Thursday.
        weekday = (int(times[0].astype("datetime64[D]").astype(int)) + 3) % 7
        name = f"W-{_DAYS[(weekday - 1) % 7]}"
    else:
        name = {"Y": "Y", "M": "M", "D": "D", "H": "h", "min": "min"}[frequency.unit]
    return f"{frequency.count}{name}" if frequency.count > 1 else name


def load(entry: CatalogEntry, directory: Path, device: str) -> GluonTsEngine:
    """Import what is needed for all; torch is imported where it is used."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "gluonts"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return GluonTsEngine(importlib.import_module("pandas"), int(str(entry.options.get("epochs", 20))))
