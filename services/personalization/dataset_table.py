"""A dataset's rows column by column, as an import leaves them in the blob store.

Strings are numbers into a list of the distinct ones, so ten million interactions are a few arrays. The file is numpy's
npz without pickles.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson

from services.personalization.schemas import Field

Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]

#: The code of a string that is null.
NULL = -1


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Strings: ``codes`` [rows] into ``words``, ``NULL`` where there is none."""

    codes: Codes
    words: Sequence[str]

    def value(self, row: int) -> str | None:
        code = int(self.codes[row])
        return None if code == NULL else self.words[code]


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers of any kind [rows] as doubles (exact to 2**53), NaN where there is none; booleans are 1 and 0."""

    numbers: Numbers

    def value(self, row: int) -> float | None:
        number = float(self.numbers[row])
        return None if np.isnan(number) else number


Column = TextColumn | NumberColumn


@dataclass(frozen=True, slots=True)
class DatasetTable:
    """Columns by their names in upper case, all of one length."""

    fields: tuple[Field, ...]
    columns: Mapping[str, Column]
    rows: int

    def text(self, name: str) -> TextColumn:
        """A column of strings that the schema is known to have."""
        column = self.columns[name]
        assert isinstance(column, TextColumn)
        return column

    def numbers(self, name: str) -> Numbers:
        """A column of numbers that the schema is known to have."""
        column = self.columns[name]
        assert isinstance(column, NumberColumn)
        return column.numbers

    def to_bytes(self) -> bytes:
        """The table as a file."""
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for name, column in self.columns.items():
            if isinstance(column, TextColumn):
                arrays[f"codes.{name}"] = column.codes
                arrays[f"words.{name}"] = np.frombuffer(orjson.dumps(list(column.words)), np.uint8)
            else:
                arrays[f"numbers.{name}"] = column.numbers
        fields = [[one.name, one.kind, one.nullable, one.categorical, one.textual] for one in self.fields]
        arrays["fields"] = np.frombuffer(orjson.dumps([self.rows, fields]), np.uint8)
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> DatasetTable:
        """Read what ``to_bytes`` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            rows, raw = orjson.loads(arrays["fields"].tobytes())
            columns: dict[str, Column] = {}
            for key in arrays.files:
                part, _, name = key.partition(".")
                if part == "codes":
                    columns[name] = TextColumn(arrays[key], orjson.loads(arrays[f"words.{name}"].tobytes()))
                elif part == "numbers":
                    columns[name] = NumberColumn(arrays[key])
        return cls(tuple(Field(*one) for one in raw), columns, rows)


def joined_text(columns: Iterable[TextColumn]) -> TextColumn:
    """Columns one below the other; equal strings get equal codes."""
    known: dict[str, int] = {}
    parts: list[Codes] = []
    for column in columns:
        codes = np.array([known.setdefault(word, len(known)) for word in column.words] + [NULL], np.int32)
        parts.append(codes[column.codes])
    return TextColumn(np.concatenate(parts) if parts else np.empty(0, np.int32), list(known))
