"""What a running service keeps beside models: catalogues, users and trends, a moment old at most.

Bulk imports and PutItems change a catalogue rarely, and making one takes a second at 100,000 items. So it is looked
after at most every few seconds, in the background, and the one that is there answers meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization import catalogue
from services.personalization.campaigns import Serving
from services.personalization.catalogue import Catalogue
from services.personalization.dataset_table import DatasetTable
from services.personalization.datasets import DatasetStore
from services.personalization.engines.popularity import Rates
from services.personalization.events import EventStore
from services.personalization.kinds import Stored
from services.personalization.model import Model
from services.personalization.schemas import ITEMS, USER_ID, USERS

T = TypeVar("T")

#: Seconds between two looks.
FRESH_S = 1.0
_HELD = 16


@dataclass(slots=True)
class _Kept(Generic[T]):
    """A value, what it was made from, and when somebody last looked whether that is still so."""

    value: T
    version: Any
    looked_at: float
    task: asyncio.Task[None] | None = None


class _Keeper(Generic[T]):
    """Values by key; the first caller waits, later ones get what is there while a newer one is made."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, _Kept[T]] = OrderedDict()
        self._making: dict[Any, asyncio.Lock] = {}

    async def get(self, key: Any, version: Callable[[], Awaitable[Any]], make: Callable[[Any], Awaitable[T]]) -> T:
        kept = self._kept.get(key)
        if kept is None:
            async with self._making.setdefault(key, asyncio.Lock()):
                if key not in self._kept:
                    found = await version()
                    self._kept[key] = _Kept(await make(found), found, time.monotonic())
                    while len(self._kept) > _HELD:
                        self._making.pop(self._kept.popitem(last=False)[0], None)
            return self._kept[key].value
        if time.monotonic() - kept.looked_at > FRESH_S and (kept.task is None or kept.task.done()):
            kept.looked_at = time.monotonic()
            kept.task = asyncio.create_task(self._renew(kept, version, make))
        return kept.value

    @staticmethod
    async def _renew(
        kept: _Kept[T], version: Callable[[], Awaitable[Any]], make: Callable[[Any], Awaitable[T]]
    ) -> None:
        found = await version()
        if found != kept.version:
            kept.value, kept.version = await make(found), found


class LiveData:
    """Catalogues of models, users of dataset groups, and trends."""

    def __init__(self, datasets: DatasetStore, events: EventStore) -> None:
        self._datasets = datasets
        self._events = events
        self._catalogues: _Keeper[Catalogue] = _Keeper()
        self._users: _Keeper[Mapping[str, Mapping[str, Any]]] = _Keeper()
        self._rates: _Keeper[Rates] = _Keeper()

    async def catalogue(self, account: str, serving: Serving, model: Model) -> Catalogue:
        """The items of a model and of the Items dataset."""

        async def make(version: Any) -> Catalogue:
            dataset = (await self._datasets.of_group(account, serving.group_arn)).get(ITEMS)
            if dataset is None:
                return catalogue.build(model.items, None, [], {})
            schema = await self._datasets.schema(account, dataset)
            tables = await self._datasets.tables(account, dataset)
            put, _ = await self._events.records(dataset.id)
            return await asyncio.to_thread(catalogue.build, model.items, schema, tables, put)

        key = (serving.group, serving.digest)
        return await self._catalogues.get(key, lambda: self._version(account, serving, ITEMS), make)

    async def user(self, account: str, serving: Serving, name: str) -> Mapping[str, Any]:
        """The columns of a user; empty for one that the Users dataset does not have."""

        async def make(version: Any) -> Mapping[str, Mapping[str, Any]]:
            dataset = (await self._datasets.of_group(account, serving.group_arn)).get(USERS)
            return {} if dataset is None else await self._all_users(account, dataset)

        users = await self._users.get(serving.group, lambda: self._version(account, serving, USERS), make)
        return users.get(name, {})

    async def rates(self, serving: Serving, model: Model) -> Rates:
        """The model's rates with what happened since it was trained."""
        assert model.rates is not None
        known = model.rates

        async def make(version: int) -> Rates:
            since = [
                (model.item_numbers[one.item_id], one.sent_at)
                for one in await self._events.all(serving.group, serving.last_event)
                if one.item_id in model.item_numbers and model.counting.holds(one)
            ]
            items = np.array([item for item, _ in since], np.int64)
            times = np.array([sent_at for _, sent_at in since], np.float64)
            moment = float(times.max()) if len(times) else known.moment
            return await asyncio.to_thread(known.later, moment, items, times)

        key = (serving.group, serving.digest)
        return await self._rates.get(key, lambda: self._events.last_number(serving.group), make)

    async def _version(self, account: str, serving: Serving, kind: str) -> Any:
        """Changes whenever a dataset does."""
        dataset = (await self._datasets.of_group(account, serving.group_arn)).get(kind)
        if dataset is None:
            return None
        return dataset.id, dataset.facts["files"], await self._events.last_record(dataset.id)

    async def _all_users(self, account: str, dataset: Stored[pb.Dataset]) -> Mapping[str, Mapping[str, Any]]:
        tables = await self._datasets.tables(account, dataset)
        put, _ = await self._events.records(dataset.id)
        return await asyncio.to_thread(_users, tables, put)


def _users(tables: Sequence[DatasetTable], put: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """The columns of every user: of the imported tables in order, then what was put."""
    users: dict[str, Mapping[str, Any]] = {}
    for table in tables:
        names = table.text(USER_ID)
        others = {name: column for name, column in table.columns.items() if name != USER_ID}
        for row in range(table.rows):
            users[names.words[names.codes[row]]] = {name: column.value(row) for name, column in others.items()}
    return {**users, **put}
