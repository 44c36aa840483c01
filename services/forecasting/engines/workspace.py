"""A workspace's files: prepared series, and forecasts of them. Every engine of this folder reads them: numpy alone.

values.npy    all series one after the other, float64; NaN where a value stays unknown
offsets.npy   where each series begins in values, int64, and the end of the last
times.npy     the time of each step from the first of the longest series to the horizon's end, datetime64[s]
features.npy  what is known of each step and the horizon's (series by series, as values, with the horizon's rows each)
series.json   the names of dimensions and features, the keys and static categories of the series

Forecasts lie one file a model and cut: ``<model>-<cut>.npy`` [series, 1 + quantiles, horizon], the mean and then the
quantiles, NaN where the model could not be fitted; in the order of the series.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Workspace:
    """Prepared series. ``values(i)`` ends at the common end; ``features(i)`` has ``horizon`` more rows."""

    directory: Path
    dimensions: tuple[str, ...]
    keys: list[list[str]]
    categories: list[list[int]]
    feature_names: tuple[str, ...]
    seasons: tuple[int, ...]
    horizon: int
    all_values: Floats
    offsets: npt.NDArray[np.int64]
    times: npt.NDArray[np.datetime64]
    all_features: Floats

    @classmethod
    def open(cls, directory: str) -> Workspace:
        """What ``prepare`` wrote there; the arrays are mapped, not read."""
        folder = Path(directory)
        facts = json.loads((folder / "series.json").read_text(encoding="utf-8"))
        return cls(
            folder, tuple(facts["dimensions"]), facts["keys"], facts["categories"], tuple(facts["features"]),
            tuple(facts["seasons"]), facts["horizon"], np.load(folder / "values.npy", mmap_mode="r"),
            np.load(folder / "offsets.npy"), np.load(folder / "times.npy"),
            np.load(folder / "features.npy", mmap_mode="r"),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.keys)

    def values(self, index: int) -> Floats:
        """The series, float64 [length]; NaN where a value is unknown."""
        return np.asarray(self.all_values[self.offsets[index] : self.offsets[index + 1]])

    def features(self, index: int) -> Floats:
        """What is known of the series' steps and the horizon's: float64 [length + horizon, features]."""
        begin = self.offsets[index] + index * self.horizon
        return np.asarray(self.all_features[begin : self.offsets[index + 1] + (index + 1) * self.horizon])

    @property
    def future(self) -> npt.NDArray[np.datetime64]:
        """The times of the horizon."""
        return self.times[-self.horizon :]


def known(values: Floats) -> Floats:
    """The series with unknown values drawn in as a straight line between their neighbours."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    steps = np.arange(len(values))
    return np.interp(steps, steps[~missing], values[~missing])


def forecast_file(space: Workspace, name: str, cut: int, rows: int) -> Any:
    """The file of a model's forecasts, to be written into; made where there is none yet, with nothing forecast."""
    path = space.directory / f"{name}-{cut}.npy"
    if path.exists():
        return np.load(path, mmap_mode="r+")
    file = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=(len(space), rows, space.horizon))
    file[:] = np.nan
    return file
