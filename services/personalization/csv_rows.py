"""CSV files, read row by row against a schema. A file is taken whole or refused with its first bad rows named."""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from services.personalization.dataset_table import NULL, Column, DatasetTable, NumberColumn, TextColumn
from services.personalization.schemas import (
    CREATION_TIMESTAMP,
    EVENT_TYPE,
    ITEM_ID,
    TIMESTAMP,
    USER_ID,
    Field,
    Schema,
)
from shared import errors

#: Bad rows that the message of a failed import names.
_NAMED = 5
#: Amazon's bounds, characters.
_LONGEST = {USER_ID: 256, ITEM_ID: 256, EVENT_TYPE: 256}
_LONGEST_CATEGORY, _LONGEST_TEXT = 1000, 20_000
_INT, _LONG = 2**31, 2**63
#: Doubles hold whole numbers exactly up to here.
_EXACT = 2**53
#: Rows between two looks at whether the job was stopped.
_LOOK = 50_000


class BadRowsError(ValueError):
    """The file has rows that do not fit the schema; the message names the first."""


@dataclass(slots=True)
class _Texts:
    """A column of strings that is being read."""

    about: Field
    longest: int
    codes: array[int] = field(default_factory=lambda: array("i"))
    known: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> None:
        if not text:
            if not self.about.nullable:
                raise ValueError("is empty")
            self.codes.append(NULL)
            return
        code = self.known.get(text)
        if code is None:
            if len(text) > self.longest:
                raise ValueError(f"has more than {self.longest} characters")
            code = self.known[text] = len(self.known)
        self.codes.append(code)

    def column(self) -> Column:
        return TextColumn(
            np.frombuffer(self.codes, np.int32) if self.codes else np.empty(0, np.int32), list(self.known)
        )

    def shorten(self, rows: int) -> None:
        del self.codes[rows:]


@dataclass(slots=True)
class _Numbers:
    """A column of numbers or booleans that is being read."""

    about: Field
    parse: Callable[[str], float]
    numbers: array[float] = field(default_factory=lambda: array("d"))

    def add(self, text: str) -> None:
        if not text:
            if not self.about.nullable:
                raise ValueError("is empty")
            self.numbers.append(math.nan)
            return
        self.numbers.append(self.parse(text))

    def column(self) -> Column:
        return NumberColumn(np.frombuffer(self.numbers, np.float64) if self.numbers else np.empty(0, np.float64))

    def shorten(self, rows: int) -> None:
        del self.numbers[rows:]


class TableReader:
    """Reads CSV files of a schema, one after the other, into one table. ``stopped`` is asked now and then."""

    def __init__(self, schema: Schema, stopped: Callable[[], bool] = lambda: False) -> None:
        self._schema = schema
        self._stopped = stopped
        self._columns = [_reader(one) for one in schema.fields]
        self._rows = 0
        self._bad = 0
        self._reasons: list[str] = []

    def read(self, file: IO[bytes]) -> None:
        """The rows of a file (UTF-8, with or without a byte order mark, quoted as RFC 4180 says), which is closed then.

        Raises:
            BadRowsError: it is no CSV, or its header lacks a column.
            Cancelled: ``stopped`` said so.
        """
        lines = _lines(file)
        order = _order(next(lines, None), self._schema)
        pairs = list(zip(order, self._columns, strict=True))
        width = len(order)
        for line, cells in lines:
            if self._rows % _LOOK == 0 and self._stopped():
                raise errors.Cancelled("the job was stopped")
            try:
                if len(cells) != width:
                    raise ValueError(f"has {len(cells)} cells where the header has {width}")
                for position, column in pairs:
                    try:
                        column.add(cells[position])
                    except ValueError as reason:
                        raise ValueError(f"{column.about.name} {reason}") from None
                self._rows += 1
            except ValueError as reason:
                self._bad += 1
                if len(self._reasons) < _NAMED:
                    self._reasons.append(f"line {line}: {reason}")
                for column in self._columns:
                    column.shorten(self._rows)

    def table(self) -> DatasetTable:
        """All rows of all files, in order.

        Raises ``BadRowsError``: there are none, or some have a wrong number of cells or values that do not fit.
        """
        if self._bad:
            reasons = "; ".join(self._reasons)
            raise BadRowsError(f"{self._bad} of {self._rows + self._bad} rows do not fit the schema; {reasons}.")
        if not self._rows:
            raise BadRowsError("The files have no rows.")
        named = zip(self._schema.fields, self._columns, strict=True)
        return DatasetTable(
            self._schema.fields, {one.name.upper(): column.column() for one, column in named}, self._rows
        )


def _lines(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty, the header first."""
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
        except UnicodeDecodeError:
            raise BadRowsError(f"The file is not UTF-8 (after line {reader.line_num}).") from None
        except csv.Error as error:
            raise BadRowsError(f"The file is not CSV: {error} (line {reader.line_num}).") from None


def _order(header: tuple[int, list[str]] | None, schema: Schema) -> list[int]:
    """For each field of the schema the position of its column."""
    if header is None:
        raise BadRowsError("The file is empty: its first line names the columns.")
    names = [name.strip().upper() for name in header[1]]
    if len(set(names)) < len(names):
        raise BadRowsError("The header names a column twice.")
    wanted = [one.name.upper() for one in schema.fields]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise BadRowsError(f"The header lacks columns of the schema: {', '.join(missing)}.")
    unknown = [name for name in names if name not in wanted]
    if unknown:
        raise BadRowsError(f"The schema has no fields for these columns: {', '.join(unknown[:_NAMED])}.")
    return [names.index(name) for name in wanted]


def _reader(one: Field) -> _Texts | _Numbers:
    if one.kind == "string":
        longest = _LONGEST.get(one.name.upper(), _LONGEST_TEXT if one.textual else _LONGEST_CATEGORY)
        return _Texts(one, longest)
    return _Numbers(one, parser_of(one))


def parser_of(one: Field) -> Callable[[str], float]:
    """What reads a cell of a numeric or boolean column; it raises ValueError with the reason."""
    if one.name.upper() in (TIMESTAMP, CREATION_TIMESTAMP):
        return _time
    return {"int": _int, "long": _long, "float": _float, "double": _float, "boolean": _boolean}[one.kind]


def _whole(text: str, bound: int) -> float:
    try:
        number = int(text)
    except ValueError:
        raise ValueError("is not a whole number") from None
    if not -bound <= number < bound:
        raise ValueError("is out of range")
    if abs(number) > _EXACT:
        raise ValueError("is larger than 2**53, which is not kept exactly")
    return float(number)


def _int(text: str) -> float:
    return _whole(text, _INT)


def _long(text: str) -> float:
    return _whole(text, _LONG)


def _time(text: str) -> float:
    number = _whole(text, _LONG)
    if not 0 <= number < 10_000_000_000:
        # Amazon takes seconds; milliseconds are the usual mistake.
        raise ValueError("is not Unix time in seconds")
    return number


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("is not a number") from None
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    return number


def _boolean(text: str) -> float:
    word = text.lower()
    if word not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return float(word == "true")


def parse_value(one: Field, value: Any) -> str | float | None:
    """A JSON value of PutEvents, PutItems or PutUsers, checked as a cell would be.

    Raises:
        ValueError: it has another type than the column, is empty where it must not be, or is too long.
    """
    if value is None or value == "":
        if not one.nullable:
            raise ValueError("is empty")
        return None
    if one.kind == "string":
        if not isinstance(value, str):
            raise ValueError("is not a string")
        reader = _reader(one)
        reader.add(value)
        return value
    if isinstance(value, bool) != (one.kind == "boolean") and not isinstance(value, str):
        raise ValueError(f"is not of the type {one.kind}")
    if isinstance(value, (list, dict)):
        raise ValueError(f"is not of the type {one.kind}")
    return parser_of(one)(str(value))
