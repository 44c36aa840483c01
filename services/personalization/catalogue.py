"""The catalogue of a model: every item that it knows or that the Items dataset has, with its columns side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from services.personalization.dataset_table import NULL, DatasetTable, TextColumn
from services.personalization.schemas import CREATION_TIMESTAMP, ITEM_ID, Schema

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
#: What a catalogue keeps of what was found out about it, at most: 100 kB each at 100,000 items.
_KEPT = 256


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of categories: each value's items, ``rows`` those that have any; ``texts`` as they were given."""

    items: Mapping[str, npt.NDArray[np.int64]]
    rows: Mask
    texts: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """``names`` [items]: the model's items in its order, then those that it does not know.

    ``numbers``: columns of numbers, NaN = none. ``categories``: columns of strings; "a|b" has both a and b.
    """

    names: Sequence[str]
    known: int
    numbers: Mapping[str, Floats]
    categories: Mapping[str, Categories]
    columns: Sequence[str] = ()
    positions: Mapping[str, int] = field(init=False)
    _kept: dict[Any, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", {name: position for position, name in enumerate(self.names)})

    def __len__(self) -> int:
        return len(self.names)

    def value(self, column: str, position: int) -> str | float | None:
        """What an item has in a column."""
        if column in self.categories:
            return self.categories[column].texts.get(position)
        if column in self.numbers:
            number = float(self.numbers[column][position])
            return None if np.isnan(number) else number
        return None

    def kept(self, key: Any, make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """What ``make`` finds out about this catalogue, from then on for everybody: nobody may change it."""
        found: npt.NDArray[Any] | None = self._kept.get(key)
        if found is None:
            found = make()
            found.flags.writeable = False
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    def unknown(self, after: float) -> npt.NDArray[np.int64]:
        """Items that the model does not know and that were not created before ``after`` (Unix seconds)."""
        return self.kept(("unknown", after), lambda: self._unknown(after))

    def _unknown(self, after: float) -> npt.NDArray[np.int64]:
        positions = np.arange(self.known, len(self))
        created = self.numbers.get(CREATION_TIMESTAMP)
        if created is None:
            return positions
        # Without a time an item counts as new, as Amazon has it.
        times = created[positions]
        return positions[np.isnan(times) | (times >= after)]


def build(
    model_items: Sequence[str],
    schema: Schema | None,
    tables: Sequence[DatasetTable],
    put: Mapping[str, Mapping[str, Any]],
) -> Catalogue:
    """A catalogue; of an item's rows the last counts, and what was put comes before what was imported.

    ``schema`` None = there is no Items dataset.
    """
    if schema is None:
        return Catalogue(model_items, len(model_items), {}, {})
    names = list(model_items)
    positions = {name: position for position, name in enumerate(names)}
    for name in [word for table in tables for word in table.text(ITEM_ID).words] + list(put):
        if name not in positions:
            positions[name] = len(names)
            names.append(name)
    places = [
        np.array([positions[word] for word in table.text(ITEM_ID).words], np.int64)[table.text(ITEM_ID).codes]
        for table in tables
    ]
    numbers: dict[str, Floats] = {}
    categories: dict[str, Categories] = {}
    for one in schema.fields:
        column = one.name.upper()
        if column == ITEM_ID:
            continue
        if one.kind == "string":
            texts: dict[int, str] = {}
            for table, where in zip(tables, places, strict=True):
                _read_texts(table.text(column), where, texts)
            for name, values in put.items():
                _set(texts, positions[name], values.get(column))
            categories[column] = _categories(texts, len(names), one.textual)
        else:
            values_of = np.full(len(names), np.nan)
            for table, where in zip(tables, places, strict=True):
                values_of[where] = table.numbers(column)
            for name, values in put.items():
                value = values.get(column)
                values_of[positions[name]] = np.nan if value is None else float(value)
            numbers[column] = values_of
    return Catalogue(names, len(model_items), numbers, categories, [one.name.upper() for one in schema.fields])


def _read_texts(column: TextColumn, where: npt.NDArray[np.int64], texts: dict[int, str]) -> None:
    for position, code in zip(where.tolist(), column.codes.tolist(), strict=True):
        _set(texts, position, None if code == NULL else column.words[code])


def _set(texts: dict[int, str], position: int, text: Any) -> None:
    if text is None:
        texts.pop(position, None)
    else:
        texts[position] = str(text)


def _categories(texts: Mapping[int, str], items: int, textual: bool) -> Categories:
    found: dict[str, list[int]] = {}
    rows = np.zeros(items, bool)
    for position, text in texts.items():
        rows[position] = True
        for value in [text] if textual else text.split("|"):
            found.setdefault(value, []).append(position)
    return Categories({value: np.array(places, np.int64) for value, places in found.items()}, rows, texts)
