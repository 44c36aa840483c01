"""Makes series of tables: aggregated to the frequency, aligned to one end, gaps filled (workspace.py keeps them)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl  # type: ignore[import-not-found, unused-ignore]

from services.forecasting.engines.workspace import Floats
from services.forecasting.frequencies import Boundary, Frequency
from services.forecasting.tasks import PrepareSeries, SeriesReport
from shared import errors

#: A feature with more categories than this says nothing that could be learned.
MOST_CATEGORIES = 1000
#: Values in the workspace, all series together, features included: what memory must hold.
MOST_VALUES = 200_000_000
_TIME, _STEP, _VALUE = "_time", "_step", "_value"
_AGGREGATIONS = {"sum": pl.Expr.sum, "avg": pl.Expr.mean, "mean": pl.Expr.mean, "first": pl.Expr.first,
                 "min": pl.Expr.min, "max": pl.Expr.max}  # fmt: skip


def prepare(task: PrepareSeries) -> SeriesReport:
    """Raises ``InvalidArgument`` where no series come of the tables, or none is long enough for the horizon."""
    table = pl.scan_parquet(list(task.targets)).with_columns(_start(task.frequency, task.boundary))
    dimensions = list(task.dimensions)
    how = _AGGREGATIONS[task.transformations.get("aggregation", "sum")]
    value = pl.col(task.target).cast(pl.Float64)
    value = pl.when(value.is_finite()).then(value)
    # The sum of nothing is unknown, not zero: fillings decide.
    whole = pl.when(value.count() > 0).then(how(value))
    grouped = table.group_by([*dimensions, _TIME]).agg(whole.alias(_VALUE)).drop_nulls(_VALUE).collect()
    if grouped.is_empty():
        raise errors.InvalidArgument("The target time series has no values.")
    start, end = grouped[_TIME].min(), grouped[_TIME].max()
    assert isinstance(start, datetime) and isinstance(end, datetime)
    times = _times(start, end, task)
    length = len(times) - task.horizon
    if task.horizon > length // 3:
        raise errors.InvalidArgument(
            f"The ForecastHorizon of {task.horizon} is longer than a third of the target time series, which has "
            f"{length} values at this frequency: ask for at most {length // 3}, or import more."
        )
    steps = pl.DataFrame(
        {_TIME: times, _STEP: np.arange(len(times))}, schema={_TIME: pl.Datetime("us"), _STEP: pl.Int64}
    )
    grouped = grouped.join(steps, on=_TIME).sort([*dimensions, _STEP])
    runs = grouped.select(pl.struct(dimensions).rle_id()).to_series().to_numpy()
    begins = np.flatnonzero(np.diff(runs, prepend=-1))
    keys = grouped.select(dimensions)[begins].rows()
    at, numbers = grouped[_STEP].to_numpy(), grouped[_VALUE].to_numpy()
    series = []
    for index, begin in enumerate(begins):
        stop = begins[index + 1] if index + 1 < len(begins) else len(at)
        series.append(filled(at[begin:stop], numbers[begin:stop], length, task.transformations))
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in series])]).astype(np.int64)
    names, features, remarks = _features(task, keys, series, times, steps)
    folder = Path(task.workspace)
    np.save(folder / "values.npy", np.concatenate(series))
    np.save(folder / "offsets.npy", offsets)
    np.save(folder / "times.npy", times.astype("datetime64[s]"))
    np.save(folder / "features.npy", features)
    facts = {
        "dimensions": dimensions, "keys": keys, "categories": _categories(task, keys), "features": names,
        "seasons": task.frequency.seasons, "horizon": task.horizon,
    }  # fmt: skip
    (folder / "series.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    longest = max(len(one) for one in series)
    return SeriesReport(len(series), longest, _iso(times[0]), _iso(times[length - 1]), tuple(remarks))


def filled(at: npt.NDArray[np.int64], numbers: Floats, length: int, rules: Mapping[str, str]) -> Floats:
    """A series from the steps (ascending, below ``length``) at which it has values, to the common end.

    ``rules``: frontfill (none, zero ...), middlefill (zero unless given) between values, backfill (zero) after the
    last: zero, value (with ``..._value``), median, mean, min, max, or nan, which leaves it unknown.
    """
    front = rules.get("frontfill", "none")
    begin = at[0] if front == "none" else 0
    series = np.full(length - begin, np.nan)
    series[at - begin] = numbers
    for name, first, last in (("frontfill", 0, at[0] - begin), ("middlefill", at[0] - begin, at[-1] - begin),
                              ("backfill", at[-1] - begin + 1, length - begin)):  # fmt: skip
        part = series[first:last]
        part[np.isnan(part)] = _filling(name, rules, numbers)
    return series


def _filling(name: str, rules: Mapping[str, str], numbers: Floats) -> float:
    method = rules.get(name, "zero")
    if method == "value":
        return float(rules[f"{name}_value"])
    if method in ("nan", "none"):
        return float("nan")
    if method == "zero":
        return 0.0
    statistics: Mapping[str, Callable[[Floats], Any]] = {
        "median": np.median, "mean": np.mean, "min": np.min, "max": np.max,
    }  # fmt: skip
    return float(statistics[method](numbers))


def _start(frequency: Frequency, boundary: Boundary) -> pl.Expr:
    """The time at which a row's interval begins."""
    time = pl.col("timestamp")
    if boundary.hours or boundary.days:
        time = time.dt.offset_by(f"-{boundary.days}d{boundary.hours}h")
    if boundary.months:
        time = time.dt.offset_by(f"-{boundary.months}mo")
    time = time.dt.truncate(frequency.interval)
    if boundary.months:
        time = time.dt.offset_by(f"{boundary.months}mo")
    if boundary.hours or boundary.days:
        time = time.dt.offset_by(f"{boundary.days}d{boundary.hours}h")
    return time.alias(_TIME)


def _times(start: datetime, end: datetime, task: PrepareSeries) -> npt.NDArray[np.datetime64]:
    """Every step from ``start`` to ``end`` and the horizon's."""
    beyond = pl.Series([end]).dt.offset_by(
        f"{task.frequency.count * task.horizon}{task.frequency.interval.lstrip('0123456789')}"
    )[0]
    times = pl.datetime_range(start, beyond, task.frequency.interval, eager=True, time_unit="us")
    return np.asarray(times.to_numpy())


def _features(
    task: PrepareSeries,
    keys: Sequence[Sequence[str]],
    series: Sequence[Floats],
    times: npt.NDArray[np.datetime64],
    steps: pl.DataFrame,
) -> tuple[list[str], Floats, list[str]]:
    """Names, values [steps of all series and horizons, features] and remarks: calendar, holidays, related series."""
    shared = _calendar(task.frequency, times)
    if task.holidays:
        shared[f"holiday {task.holidays}"] = holiday_counts(task.holidays, times)
    remarks: list[str] = []
    related = _related(task, keys, steps, len(times), remarks) if task.related_tables else {}
    names = [*shared, *related]
    rows = sum(len(one) + task.horizon for one in series)
    if rows * (1 + len(names)) > MOST_VALUES:
        raise errors.LimitExceeded(
            f"{rows} values with {len(names)} features are more than the {MOST_VALUES} that are taken at once."
        )
    features = np.empty((rows, len(names)))
    at = 0
    for index, one in enumerate(series):
        count = len(one) + task.horizon
        for column, name in enumerate(names):
            source = shared[name] if name in shared else related[name][index]
            features[at : at + count, column] = source[-count:]
        at += count
    return names, features, remarks


def _calendar(frequency: Frequency, times: npt.NDArray[np.datetime64]) -> dict[str, Floats]:
    """Where in the day, week and year each step is, as far as the frequency tells them apart."""
    stamps = pl.Series(times)
    wanted: dict[str, Floats] = {}
    if frequency.minutes < 60:
        wanted["minute"] = stamps.dt.minute().to_numpy()
    if frequency.minutes < 1440:
        wanted["hour"] = stamps.dt.hour().to_numpy()
    if frequency.minutes < 10_080:
        wanted["weekday"] = stamps.dt.weekday().to_numpy()
    if frequency.minutes < 525_600:
        wanted["month"] = stamps.dt.month().to_numpy()
    return {name: np.asarray(values, dtype=np.float64) for name, values in wanted.items()}


def holiday_counts(country: str, times: npt.NDArray[np.datetime64]) -> Floats:
    """How many of the country's public holidays lie in each step's interval (1 for the hours of such a day).

    Raises:
        InvalidArgument: no country has that code, or its holidays are not known.
    """
    import holidays  # type: ignore[import-not-found, unused-ignore]

    days = times.astype("datetime64[D]")
    years = range(int(str(days[0])[:4]), int(str(days[-1])[:4]) + 2)
    try:
        calendar = holidays.country_holidays(country, years=years)
    except NotImplementedError:
        raise errors.InvalidArgument(f"The holidays of the country {country} are not known: leave them out.") from None
    dates = np.array(sorted(calendar), dtype="datetime64[D]")
    ends = np.append(days[1:], days[-1] + (days[-1] - days[-2] if len(days) > 1 else 1))
    ends = np.maximum(ends, days + 1)
    return np.asarray(np.searchsorted(dates, ends) - np.searchsorted(dates, days), dtype=np.float64)


def _related(
    task: PrepareSeries, keys: Sequence[Sequence[str]], steps: pl.DataFrame, count: int, remarks: list[str]
) -> dict[str, list[Floats]]:
    """Each related column as one array [steps] a series; NaN where it says nothing."""
    table = pl.scan_parquet(list(task.related_tables))
    columns = table.collect_schema().names()
    by = [name for name in task.dimensions if name in columns]
    table = table.with_columns(_start(task.frequency, task.boundary))
    expressions = []
    for related in task.related:
        column = pl.col(related.name)
        if related.kind in ("integer", "float"):
            how = _AGGREGATIONS[related.transformations.get("aggregation", "mean")]
            expressions.append(how(column.cast(pl.Float64)).alias(related.name))
        else:
            expressions.append(column.first().alias(related.name))
    grouped = table.group_by([*by, _TIME]).agg(expressions).collect().join(steps, on=_TIME).sort([*by, _STEP])
    parts = {tuple(key): part for key, part in grouped.partition_by(by, as_dict=True).items()}
    found: dict[str, list[Floats]] = {}
    for related in task.related:
        codes = _codes(grouped[related.name]) if related.kind not in ("integer", "float") else None
        arrays = []
        for key in keys:
            named = dict(zip(task.dimensions, key, strict=True))
            part = parts.get(tuple(named[name] for name in by))
            arrays.append(_related_steps(part, related.name, codes, count, task.horizon, related.transformations))
        if all(np.isnan(array[-task.horizon :]).all() for array in arrays):
            remarks.append(f"{related.name} has no values in the forecast horizon and was left out.")
        else:
            found[related.name] = arrays
    return found


def _related_steps(
    part: pl.DataFrame | None,
    name: str,
    codes: Mapping[Any, float] | None,
    count: int,
    horizon: int,
    rules: Mapping[str, str],
) -> Floats:
    array = np.full(count, np.nan)
    if part is None:
        return array
    at = part[_STEP].to_numpy()
    values = part[name].to_list() if codes is not None else part[name].to_numpy()
    array[at] = [codes.get(value, np.nan) for value in values] if codes is not None else values
    if codes is not None or not len(at):
        return array
    numbers = array[~np.isnan(array)]
    last = min(int(at[-1]), count - horizon - 1)
    for rule, first, stop in (("middlefill", int(at[0]), last + 1), ("backfill", last + 1, count - horizon),
                              ("futurefill", count - horizon, count)):  # fmt: skip
        if rule in rules and len(numbers):
            gap = array[first:stop]
            gap[np.isnan(gap)] = _filling(rule, rules, numbers)
    return array


def _categories(task: PrepareSeries, keys: Sequence[Sequence[str]]) -> list[list[int]]:
    """Numbers of each series' categories: its dimensions beyond the item, and its item's metadata; -1 = unknown."""
    columns: list[list[int]] = []
    for place in range(1, len(task.dimensions)):
        codes = _codes(pl.Series([key[place] for key in keys]))
        columns.append([int(codes.get(key[place], -1)) for key in keys])
    if task.metadata_tables:
        item = task.dimensions[0]
        table = pl.scan_parquet(list(task.metadata_tables)).unique(item, keep="last").collect()
        rows = {row[item]: row for row in table.iter_rows(named=True)}
        for name in task.metadata:
            codes = _codes(table[name])
            columns.append([int(codes.get(rows.get(key[0], {}).get(name), -1)) for key in keys])
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in keys]


def _codes(values: pl.Series) -> dict[Any, float]:
    distinct = values.drop_nulls().unique().sort().to_list()
    return {value: float(code) for code, value in enumerate(distinct)} if len(distinct) <= MOST_CATEGORIES else {}


def _iso(time: np.datetime64) -> str:
    return str(time.astype("datetime64[s]"))
