"""Interactions as training and serving see them: numbers for users, items and kinds of events, a user's in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.personalization.dataset_table import NULL, DatasetTable, TextColumn, joined_text
from services.personalization.events import RecordedEvent
from services.personalization.schemas import EVENT_TYPE, EVENT_VALUE, ITEM_ID, TIMESTAMP, USER_ID

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Histories:
    """What each user did, the oldest first.

    Of user u: ``items[offsets[u]:offsets[u + 1]]``, and so ``kinds`` (numbers of event types, ``NULL`` = none) and
    ``times`` (Unix seconds).
    """

    offsets: Ints
    items: Ints
    kinds: Ints
    times: Floats

    @property
    def users(self) -> int:
        return len(self.offsets) - 1

    def of(self, user: int) -> slice:
        """Where a user's rows lie."""
        return slice(int(self.offsets[user]), int(self.offsets[user + 1]))

    def owners(self) -> Ints:
        """The user of each row."""
        return np.repeat(np.arange(self.users), np.diff(self.offsets))

    def taken(self, keep: Mask) -> Histories:
        """The rows of a mask; users without any stay, with empty histories."""
        counts = np.bincount(self.owners()[keep], minlength=self.users)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Histories(offsets, self.items[keep], self.kinds[keep], self.times[keep])

    def distinct(self) -> Histories:
        """Each item of a user once, where it came last."""
        if not len(self.items):
            return self
        pairs = self.owners() * (int(self.items.max()) + 1) + self.items
        _, last = np.unique(pairs[::-1], return_index=True)
        keep = np.zeros(len(pairs), bool)
        keep[len(pairs) - 1 - last] = True
        return self.taken(keep)


@dataclass(frozen=True, slots=True)
class Interactions:
    """``users``, ``items`` and ``event_types`` are what the numbers of ``histories`` stand for."""

    users: Sequence[str]
    items: Sequence[str]
    event_types: Sequence[str]
    histories: Histories
    #: Of each row; NaN where it has none.
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    def of_events(self, event_type: str | None, threshold: float | None) -> Mask:
        """Which rows are of an event type (None = any), and have a value of at least ``threshold`` (None = any)."""
        mask = np.ones(len(self), bool)
        if event_type is not None:
            wanted = self.event_types.index(event_type) if event_type in self.event_types else NULL - 1
            mask &= self.histories.kinds == wanted
        if threshold is not None:
            # A comparison with NaN is false: without a value a row does not reach the threshold.
            mask &= self.values >= threshold
        return mask


def gather(tables: Sequence[DatasetTable], events: Sequence[RecordedEvent]) -> Interactions:
    """Imported rows and live events together."""
    users = joined_text([*(table.text(USER_ID) for table in tables), _texts([one.user_id for one in events])])
    items = joined_text([*(table.text(ITEM_ID) for table in tables), _texts([one.item_id for one in events])])
    kinds = joined_text([*map(_event_types, tables), _texts([one.event_type for one in events])])
    times = np.concatenate([*(table.numbers(TIMESTAMP) for table in tables), [one.sent_at for one in events]])
    values = np.concatenate(
        [*map(_values, tables), [np.nan if one.event_value is None else one.event_value for one in events]]
    )
    # Stable: what has one time stays in the order in which it came.
    order = np.lexsort((np.arange(len(times)), times, users.codes))
    counts = np.bincount(users.codes, minlength=len(users.words))
    histories = Histories(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        items.codes[order].astype(np.int64),
        kinds.codes[order].astype(np.int64),
        times[order].astype(np.float64),
    )
    return Interactions(users.words, items.words, kinds.words, histories, values[order].astype(np.float64))


def _texts(words: Sequence[str]) -> TextColumn:
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(word, len(known)) for word in words], np.int32)
    return TextColumn(codes, list(known))


def _event_types(table: DatasetTable) -> TextColumn:
    column = table.columns.get(EVENT_TYPE)
    return column if isinstance(column, TextColumn) else TextColumn(np.full(table.rows, NULL, np.int32), [])


def _values(table: DatasetTable) -> Floats:
    return table.numbers(EVENT_VALUE) if EVENT_VALUE in table.columns else np.full(table.rows, np.nan)
