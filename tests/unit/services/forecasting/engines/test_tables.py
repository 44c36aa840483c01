"""CSV files as the engine reads them, against Python's csv module and a plain reading of the rules."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.forecasting.tasks import Column, ReadTable, TableReport
from tests.unit.services.forecasting.engines.conftest import Engine

pytestmark = pytest.mark.slow

COLUMNS = (
    Column("item_id", "string", required=True),
    Column("timestamp", "timestamp", required=True),
    Column("target_value", "float"),
)


def read(engine: Engine, folder: Path, body: bytes, timestamp_format: str = "") -> TableReport:
    path = folder / "file.csv"
    path.write_bytes(body)
    report: TableReport = engine(
        ReadTable((str(path),), "CSV", COLUMNS, timestamp_format, str(folder / "table.parquet"))
    )
    return report


#: Python strips four separators of ASCII that Unicode, and the engine, do not call space.
ODD = "\0\r\x1c\x1d\x1e\x1f"
cells = st.text(st.characters(codec="utf-8", exclude_characters=ODD, exclude_categories=["Cs"]), max_size=8)
rows = st.lists(
    st.tuples(
        cells, st.sampled_from(["2024-01-01", "2024-02-29", "2023-02-29", "2024-01-01 10:00:00", "", "soon"]),
        st.sampled_from(["1", "-2.5", "1e3", "", "x", "1,5"]),
    ),
    min_size=1, max_size=20,
)  # fmt: skip


def is_fine(item: str, timestamp: str, value: str) -> bool:
    """Whether a row is one that can be read."""
    try:
        datetime.strptime(timestamp, "%Y-%m-%d" if len(timestamp) == 10 else "%Y-%m-%d %H:%M:%S")
        if value:
            float(value)
    except ValueError:
        return False
    return bool(item.strip())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows)
def test_the_rows_that_are_fine_are_counted_as_csv_and_datetime_see_them(
    engine: Engine, tmp_path: Path, found: list[tuple[str, str, str]]
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([column.name for column in COLUMNS])
    writer.writerows(found)
    # Enough good rows that none are refused for the bad ones among them.
    writer.writerows([("good", "2024-03-01", "1")] * 10 * len(found))
    report = read(engine, tmp_path, buffer.getvalue().encode())
    fine = [row for row in found if is_fine(*row)]
    assert report.problem == ""
    assert report.rows == len(fine) + 10 * len(found)
    assert sum(report.bad_rows.values()) == len(found) - len(fine)
    assert report.statistics["target_value"].null == sum(value == "" for _, _, value in fine)


def test_a_format_takes_no_other(engine: Engine, tmp_path: Path) -> None:
    body = b"a,2024-01-01,1\n" * 20 + b"a,2024-01-01 00:00:00,1\n"
    assert read(engine, tmp_path, body, "yyyy-MM-dd").rows == 20
    assert read(engine, tmp_path, body).rows == 21


@pytest.mark.parametrize("body", [b"\xff\xfea\0", b"\x1f\x8b\x08\0\0", bytes(range(256)) * 10, b'"' * 1000, b"," * 70_000])
def test_what_is_no_csv_is_refused_with_a_reason(engine: Engine, tmp_path: Path, body: bytes) -> None:
    assert read(engine, tmp_path, body).problem


def test_an_empty_file_beside_others_is_a_marker_and_alone_has_no_rows(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "_SUCCESS").write_bytes(b"")
    (tmp_path / "a.csv").write_bytes(b"a,2024-01-01,1\n")
    marker, table = str(tmp_path / "_SUCCESS"), str(tmp_path / "table.parquet")
    both: TableReport = engine(ReadTable((marker, str(tmp_path / "a.csv")), "CSV", COLUMNS, "", table))
    assert both.rows == 1 and not both.problem
    alone: TableReport = engine(ReadTable((marker,), "CSV", COLUMNS, "", table))
    assert alone.problem == "The files have no rows."


def test_a_table_that_was_written_reads_back_as_parquet(engine: Engine, tmp_path: Path) -> None:
    assert read(engine, tmp_path, b"a,2024-01-01,1\nb,2024-01-02,2\n").rows == 2
    again: TableReport = engine(
        ReadTable((str(tmp_path / "table.parquet"),), "PARQUET", COLUMNS, "", str(tmp_path / "again.parquet"))
    )
    assert again.rows == 2 and not again.bad_rows and not again.problem
    assert again.statistics["target_value"].average == 1.5
