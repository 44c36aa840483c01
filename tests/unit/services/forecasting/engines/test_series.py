"""Alignment, aggregation and filling: what stands in the workspace, read with numpy alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.forecasting.frequencies import Boundary, Frequency
from services.forecasting.tasks import Column, PrepareSeries, ReadTable, Related, SeriesReport
from shared import errors
from tests.unit.services.forecasting.engines.conftest import Engine

pytestmark = pytest.mark.slow

ITEM, TIME, VALUE = Column("item_id", "string", True), Column("timestamp", "timestamp", True), Column("value", "float")


def table(engine: Engine, folder: Path, name: str, columns: tuple[Column, ...], text: str) -> str:
    (folder / f"{name}.csv").write_text(text)
    path = str(folder / f"{name}.parquet")
    report = engine(ReadTable((str(folder / f"{name}.csv"),), "CSV", columns, "", path))
    assert not report.problem
    return path


def prepare(engine: Engine, folder: Path, text: str, **changes: Any) -> tuple[SeriesReport, dict[str, list[float]]]:
    target = table(engine, folder, "target", (ITEM, TIME, VALUE), text)
    values: dict[str, Any] = {
        "workspace": str(folder), "targets": (target,), "target": "value", "dimensions": ("item_id",),
        "frequency": Frequency.parse("D"), "boundary": Boundary(), "horizon": 1, "transformations": {}, **changes,
    }  # fmt: skip
    report: SeriesReport = engine(PrepareSeries(**values))
    facts = json.loads((folder / "series.json").read_text())
    offsets, numbers = np.load(folder / "offsets.npy"), np.load(folder / "values.npy")
    return report, {
        key[0]: numbers[offsets[at] : offsets[at + 1]].tolist() for at, key in enumerate(facts["keys"])
    }


DAYS = "a,2024-01-01,1\na,2024-01-01,2\na,2024-01-04,5\nb,2024-01-02,7\nb,2024-01-03,9\nb,2024-01-03,\n"


def test_duplicates_add_up_and_gaps_are_zero(engine: Engine, tmp_path: Path) -> None:
    report, series = prepare(engine, tmp_path, DAYS)
    assert series == {"a": [3, 0, 0, 5], "b": [7, 9, 0]}
    assert (report.count, report.longest, report.start, report.end) == (
        2, 4, "2024-01-01T00:00:00", "2024-01-04T00:00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "a", "b"),
    [
        ({"aggregation": "avg", "middlefill": "mean"}, [1.5, 3.25, 3.25, 5], [7, 9, 0]),
        ({"aggregation": "max", "backfill": "min"}, [2, 0, 0, 5], [7, 9, 7]),
        ({"aggregation": "first", "frontfill": "zero"}, [1, 0, 0, 5], [0, 7, 9, 0]),
        ({"middlefill": "value", "middlefill_value": "-4", "backfill": "median"}, [3, -4, -4, 5], [7, 9, 8]),
    ],
)
def test_rules(engine: Engine, tmp_path: Path, rules: dict[str, str], a: list[float], b: list[float]) -> None:
    assert prepare(engine, tmp_path, DAYS, transformations=rules)[1] == {"a": a, "b": b}


def test_unknown_values_stay_unknown(engine: Engine, tmp_path: Path) -> None:
    series = prepare(engine, tmp_path, DAYS, transformations={"middlefill": "nan", "backfill": "nan"})[1]
    assert np.isnan(series["a"]).tolist() == [False, True, True, False]
    assert np.isnan(series["b"]).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("frequency", "boundary", "start", "values"),
    [
        ("W", Boundary(), "2024-01-01T00:00:00", [7.0] * 8),
        ("W", Boundary(days=6), "2023-12-31T00:00:00", [6.0, *[7.0] * 7, 1.0]),
        ("M", Boundary(), "2024-01-01T00:00:00", [31.0, 25.0]),
        ("M", Boundary(days=14), "2023-12-15T00:00:00", [14.0, 31.0, 11.0]),
        ("D", Boundary(hours=6), "2023-12-31T06:00:00", [1.0] * 56),
    ],
)
def test_boundaries(
    engine: Engine, tmp_path: Path, frequency: str, boundary: Boundary, start: str, values: list[float]
) -> None:
    days = np.arange("2024-01-01", "2024-02-26", dtype="datetime64[D]")
    text = "".join(f"a,{day},1\n" for day in days)
    if len(values) < 3:
        with pytest.raises(errors.InvalidArgument, match="third"):
            prepare(engine, tmp_path, text, frequency=Frequency.parse(frequency), boundary=boundary)
        return
    report, series = prepare(engine, tmp_path, text, frequency=Frequency.parse(frequency), boundary=boundary)
    assert report.start == start and series["a"] == values


def test_a_horizon_beyond_a_third_is_refused(engine: Engine, tmp_path: Path) -> None:
    text = "".join(f"a,2024-01-{day:02d},1\n" for day in range(1, 31))
    assert prepare(engine, tmp_path, text, horizon=10)[0].longest == 30
    with pytest.raises(errors.InvalidArgument, match="at most 10"):
        prepare(engine, tmp_path, text, horizon=11)


def test_related_series_and_holidays_reach_into_the_horizon(engine: Engine, tmp_path: Path) -> None:
    related = table(
        engine, tmp_path, "related", (ITEM, TIME, Column("price", "float"), Column("past", "float")),
        "".join(f"a,2024-07-{day:02d},{day},{day if day < 5 else ''}\n" for day in range(1, 8) if day != 3),
    )  # fmt: skip
    text = "".join(f"a,2024-07-{day:02d},1\n" for day in range(1, 7))
    report, _ = prepare(
        engine, tmp_path, text, related_tables=(related,), holidays="US",
        related=(Related("price", "float", {"middlefill": "zero"}), Related("past", "float")),
    )  # fmt: skip
    names = json.loads((tmp_path / "series.json").read_text())["features"]
    features = dict(zip(names, np.load(tmp_path / "features.npy").T.tolist(), strict=True))
    assert features["price"] == [1, 2, 0, 4, 5, 6, 7]
    assert features["holiday US"] == [0, 0, 0, 1, 0, 0, 0]
    assert "past" not in features and "past has no values" in report.remarks[0]
