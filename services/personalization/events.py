"""What users do, recorded as it happens, and items and users as they are put.

await events.add(group, [Event(...)])          # on disk when this returns
recent = await events.of_user(group, "7", after=model.last_event)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from services.personalization.tables import recommendation_events as events
from services.personalization.tables import recommendation_records as records
from shared.storage.database import Database
from shared.storage.lookups import Lookup

#: Events of a user that a recommendation looks at, the newest.
RECENT = 1000
#: Rows that one read takes.
_BATCH = 50_000


@dataclass(frozen=True, slots=True)
class Event:
    """``user_id`` "" = not known yet; ``item_id`` "" = none; ``sent_at`` in Unix seconds."""

    user_id: str
    session_id: str
    item_id: str
    event_type: str
    sent_at: float
    event_value: float | None = None
    event_id: str | None = None
    recommendation_id: str | None = None
    impression: Sequence[str] = ()
    properties: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """What recommendations and training need of an event. ``number`` grows with arrival."""

    number: int
    user_id: str
    item_id: str
    event_type: str
    event_value: float | None
    sent_at: float


_COLUMNS = [
    events.c.number, events.c.user_id, events.c.item_id, events.c.event_type, events.c.event_value, events.c.sent_at,
]  # fmt: skip

_OF_USER = Lookup(
    select(*_COLUMNS)
    .where(
        events.c.dataset_group == bindparam("group"),
        events.c.user_id == bindparam("user"),
        events.c.number > bindparam("after"),
        events.c.item_id != "",
    )
    .order_by(events.c.number.desc())
    .limit(RECENT)
)


class EventStore:
    """Events of dataset groups, records of datasets; both are named by their resource's id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, group: int, new: Sequence[Event]) -> None:
        """Record events, all or none. Events of a session whose user is known now become that user's."""

        def transaction(connection: Connection) -> None:
            connection.execute(insert(events), [_values(group, event) for event in new])
            for session, user in {(event.session_id, event.user_id) for event in new if event.user_id}:
                if session == user:
                    continue
                connection.execute(
                    update(events)
                    .where(events.c.dataset_group == group, events.c.session_id == session, events.c.user_id == session)
                    .values(user_id=user)
                )

        await self._database.run(transaction)

    async def of_user(self, group: int, user: str, after: int) -> Sequence[RecordedEvent]:
        """A user's events with items that came after the one of number ``after``, oldest first, at most ``RECENT``."""
        return await self._database.read(user_events, group, user, after)

    async def all(self, group: int, after: int = 0) -> Sequence[RecordedEvent]:
        """Every event of a group with an item that came after the one of number ``after``, in the order of arrival."""
        found: list[RecordedEvent] = []
        while True:
            query = (
                select(*_COLUMNS)
                .where(events.c.dataset_group == group, events.c.number > after)
                .order_by(events.c.number)
                .limit(_BATCH)
            )
            rows = await self._database.read(_rows, query)
            found += [_recorded(row) for row in rows if row.item_id]
            if len(rows) < _BATCH:
                return found
            after = rows[-1].number

    async def last_number(self, group: int) -> int:
        """The number of the group's newest event, 0 without any."""
        query = select(func.max(events.c.number)).where(events.c.dataset_group == group)
        return await self._database.read(lambda connection: connection.execute(query).scalar() or 0)

    async def forget_group(self, group: int) -> None:
        """Delete the events of a dataset group that is gone."""
        await self._database.run(
            lambda connection: connection.execute(delete(events).where(events.c.dataset_group == group)) and None
        )

    # -- records

    async def put_records(self, dataset: int, new: Mapping[str, Mapping[str, Any]]) -> None:
        """Record items or users by their ids, each in place of what was put under the id before."""

        def transaction(connection: Connection) -> None:
            connection.execute(delete(records).where(records.c.dataset == dataset, records.c.record_id.in_(list(new))))
            connection.execute(
                insert(records),
                [
                    {"dataset": dataset, "record_id": name, "properties": orjson.dumps(dict(values)).decode()}
                    for name, values in new.items()
                ],
            )

        await self._database.run(transaction)

    async def records(self, dataset: int, after: int = 0) -> tuple[Mapping[str, Mapping[str, Any]], int]:
        """Records that were put after the one of number ``after``, by id, and the newest number."""
        return await self._database.read(dataset_records, dataset, after)

    async def last_record(self, dataset: int) -> int:
        """The number of the dataset's newest record, 0 without any."""
        query = select(func.max(records.c.number)).where(records.c.dataset == dataset)
        return await self._database.read(lambda connection: connection.execute(query).scalar() or 0)

    async def forget_dataset(self, dataset: int) -> None:
        """Delete the records of a dataset that is gone."""
        await self._database.run(
            lambda connection: connection.execute(delete(records).where(records.c.dataset == dataset)) and None
        )


def _rows(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def user_events(connection: Connection, group: int, user: str, after: int) -> Sequence[RecordedEvent]:
    """``EventStore.of_user`` within a transaction."""
    rows = _OF_USER.rows(connection, group=group, user=user, after=after)
    return sorted((RecordedEvent(*row) for row in rows), key=lambda event: (event.sent_at, event.number))


def dataset_records(connection: Connection, dataset: int, after: int) -> tuple[Mapping[str, Mapping[str, Any]], int]:
    """``EventStore.records`` within a transaction."""
    query = (
        select(records.c.number, records.c.record_id, records.c.properties)
        .where(records.c.dataset == dataset, records.c.number > after)
        .order_by(records.c.number)
    )
    rows = connection.execute(query).all()
    found = {row.record_id: orjson.loads(row.properties) for row in rows}
    return found, rows[-1].number if rows else after


def _recorded(row: Row[Any]) -> RecordedEvent:
    return RecordedEvent(row.number, row.user_id, row.item_id, row.event_type, row.event_value, row.sent_at)


def _values(group: int, event: Event) -> dict[str, Any]:
    return {
        "dataset_group": group,
        "user_id": event.user_id or event.session_id,
        "session_id": event.session_id,
        "item_id": event.item_id,
        "event_type": event.event_type,
        "event_value": event.event_value,
        "event_id": event.event_id,
        "sent_at": event.sent_at,
        "recommendation_id": event.recommendation_id,
        "impression": orjson.dumps(list(event.impression)).decode(),
        "properties": orjson.dumps(dict(event.properties or {})).decode(),
    }
