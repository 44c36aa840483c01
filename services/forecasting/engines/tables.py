"""Reads CSV and Parquet files into one checked table, with polars: as a stream, so that size costs time, not memory."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl  # type: ignore[import-not-found, unused-ignore]
import pyarrow as pa  # type: ignore[import-not-found, unused-ignore]
import pyarrow.csv as pa_csv  # type: ignore[import-not-found, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-not-found, unused-ignore]

from services.forecasting.tasks import Column, ColumnStatistics, ReadTable, TableReport

#: An import with a larger share of bad rows is refused: its schema or format is not the file's.
MOST_BAD_SHARE = 0.1
#: Formats of timestamps, "" for either.
_TIMES = {
    "": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d"),
    "yyyy-MM-dd": ("%Y-%m-%d",),
    "yyyy-MM-dd HH:mm:ss": ("%Y-%m-%d %H:%M:%S",),
}
#: Column of why a row is bad; no attribute begins with an underscore.
_REASON = "_reason"
_BLOCK_BYTES = 1 << 24
_PIECE_BYTES = 1 << 20
#: A first row longer than this is no row.
_MOST_ROW_BYTES = 1 << 16
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class UnreadableFileError(Exception):
    """The file as a whole cannot be taken; says why, to the caller."""


def read_table(task: ReadTable) -> TableReport:
    """Check and convert every row; write those that are fine. ``problem`` says why nothing was written."""
    bad: Counter[str] = Counter()
    rows = 0
    try:
        with contextlib.ExitStack() as stack:
            writer: pq.ParquetWriter | None = None
            for path in map(Path, task.paths):
                for batch in _csv(path, task, bad) if task.file_format == "CSV" else _parquet(path, task):
                    marked = _checked(pl.DataFrame(pl.from_arrow(batch)), task)
                    good = marked.filter(pl.col(_REASON).is_null()).drop(_REASON)
                    for reason, count in marked.drop_nulls(_REASON).group_by(_REASON).len().iter_rows():
                        bad[str(reason)] += int(count)
                    rows += len(good)
                    table = good.to_arrow(compat_level=pl.CompatLevel.oldest())
                    if writer is None:
                        writer = stack.enter_context(pq.ParquetWriter(task.output, table.schema))
                    writer.write_table(table)
    except UnreadableFileError as problem:
        return TableReport(0, {}, {}, str(problem))
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as failure:
        return TableReport(0, {}, {}, f"A file cannot be read as {task.file_format} ({type(failure).__name__}).")
    if not rows or sum(bad.values()) > MOST_BAD_SHARE * (rows + sum(bad.values())):
        return TableReport(rows, bad, {}, _refusal(rows, bad))
    return TableReport(rows, bad, _statistics(task.output, task.columns))


def _refusal(rows: int, bad: dict[str, int]) -> str:
    if not rows and not bad:
        return "The files have no rows."
    reasons = "; ".join(f"{count} {reason}" for reason, count in sorted(bad.items()))
    return f"{sum(bad.values())} of {rows + sum(bad.values())} rows cannot be read: {reasons}."


def _csv(path: Path, task: ReadTable, bad: Counter[str]) -> Iterator[pa.RecordBatch]:
    """Rows as text, ``task.columns`` in the file's order; counts those of a wrong number of columns in ``bad``."""
    if not path.stat().st_size:  # whoever writes a folder often puts a marker beside the files
        return
    names, skip = _header(path, task.columns)

    def skip_row(row: Any) -> str:
        bad["with a wrong number of columns"] += 1
        return "skip"

    reader = pa_csv.open_csv(
        path,
        pa_csv.ReadOptions(column_names=names, skip_rows=skip, block_size=_BLOCK_BYTES),
        pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip_row),
        pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    yield from reader


def _header(path: Path, columns: Sequence[Column]) -> tuple[list[str], int]:
    """The columns' names in the file's order, and how many rows to skip. Checks the encoding on the way."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        beginning = file.read(_MOST_ROW_BYTES)
        if beginning.startswith(_UTF16) or b"\0" in beginning:
            raise UnreadableFileError("A file is not in UTF-8: convert it, and import it again.")
        file.seek(0)
        try:
            while piece := file.read(_PIECE_BYTES):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise UnreadableFileError("A file is not in UTF-8: convert it, and import it again.") from None
    text = beginning.decode("utf-8-sig", errors="ignore")
    first = next(csv.reader(io.StringIO(text)), [])
    names = [column.name for column in columns]
    found = [cell.strip().lower() for cell in first]
    if sorted(found) == sorted(name.lower() for name in names):
        return sorted(names, key=lambda name: found.index(name.lower())), 1
    if len(first) != len(names):
        raise UnreadableFileError(f"A file has {len(first)} columns, the schema has {len(names)}.")
    if set(found) & {name.lower() for name in names}:
        # Some names of the schema, and others: the file is of another schema.
        raise UnreadableFileError("A file's header does not name the attributes of the schema.")
    return names, 0


def _parquet(path: Path, task: ReadTable) -> Iterator[pa.RecordBatch]:
    file = pq.ParquetFile(path)
    by_name = {name.lower(): name for name in file.schema_arrow.names}
    missing = [column.name for column in task.columns if column.name.lower() not in by_name]
    if missing:
        raise UnreadableFileError(f"A file lacks attributes of the schema: {', '.join(missing)}.")
    for batch in file.iter_batches(columns=[by_name[column.name.lower()] for column in task.columns]):
        frame = pl.DataFrame(pl.from_arrow(batch))
        yield from frame.select(
            (
                pl.col(by_name[column.name.lower()]).dt.strftime(_TIMES[task.timestamp_format][0])
                if frame.schema[by_name[column.name.lower()]].is_temporal()
                else pl.col(by_name[column.name.lower()])
            )
            .cast(pl.String)
            .alias(column.name)
            for column in task.columns
        ).to_arrow().to_batches()


def _checked(frame: pl.DataFrame, task: ReadTable) -> pl.DataFrame:
    """Typed columns, and why a row is bad (null where it is not)."""
    values, reasons = [], []
    for column in task.columns:
        text = pl.col(column.name).str.strip_chars()
        text = pl.when(text == "").then(None).otherwise(text)
        value = _typed(text, column.kind, task.timestamp_format)
        values.append(value.alias(column.name))
        if column.required:
            reasons.append(pl.when(text.is_null()).then(pl.lit(f"without {column.name}")))
        if column.kind not in ("string", "geolocation"):
            wrong = text.is_not_null() & value.is_null()
            reasons.append(pl.when(wrong).then(pl.lit(f"whose {column.name} is no {column.kind}")))
    return frame.select(*values, pl.coalesce(*reasons, pl.lit(None, pl.String)).alias(_REASON))


def _typed(text: pl.Expr, kind: str, timestamp_format: str) -> pl.Expr:
    if kind == "timestamp":
        parsed = [
            text.str.to_datetime(format, strict=False, time_unit="us", exact=True)
            for format in _TIMES[timestamp_format]
        ]
        return pl.coalesce(parsed)
    if kind == "integer":
        return text.cast(pl.Int64, strict=False)
    if kind == "float":
        return text.cast(pl.Float64, strict=False)
    return text


def _statistics(path: str, columns: Sequence[Column]) -> dict[str, ColumnStatistics]:
    frame = pl.scan_parquet(path)
    wanted: list[pl.Expr] = []
    for column in columns:
        value = pl.col(column.name)
        wanted += [value.count().alias(f"{column.name}/count"), value.null_count().alias(f"{column.name}/null"),
                   value.n_unique().alias(f"{column.name}/distinct")]  # fmt: skip
        if column.kind in ("integer", "float"):
            numbers = value if column.kind == "integer" else value.filter(value.is_finite())
            if column.kind == "float":
                wanted.append(value.is_nan().sum().alias(f"{column.name}/nan"))
            wanted += [
                numbers.mean().alias(f"{column.name}/mean"),
                numbers.std(ddof=0).alias(f"{column.name}/std"),
                numbers.min().alias(f"{column.name}/min"),
                numbers.max().alias(f"{column.name}/max"),
            ]
        elif column.kind == "timestamp":
            wanted += [value.min().alias(f"{column.name}/min"), value.max().alias(f"{column.name}/max")]
    row: dict[str, Any] = frame.select(wanted).collect().row(0, named=True)
    return {
        column.name: ColumnStatistics(
            count=int(row[f"{column.name}/count"]),
            distinct=int(row[f"{column.name}/distinct"]) - bool(row[f"{column.name}/null"]),
            null=int(row[f"{column.name}/null"]),
            nan=int(row.get(f"{column.name}/nan") or 0),
            low=_text(row.get(f"{column.name}/min")),
            high=_text(row.get(f"{column.name}/max")),
            average=row.get(f"{column.name}/mean"),
            deviation=row.get(f"{column.name}/std"),
        )
        for column in columns
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)
