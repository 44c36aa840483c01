"""What a request is about, out of the database: its campaign, its filters, and what its user did last.

Requests that are there at the same time share a read, and so do those that come while one is under way: its transaction
begins after all of them came, so each sees whatever was committed before it was sent, and sixteen at once cost little
more than one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.campaigns import Serving
from services.personalization.events import RecordedEvent, user_events
from services.personalization.kinds import ACTIVE, CAMPAIGN, FILTER, Kind, Stored
from services.personalization.shelf import missing
from shared import errors
from shared.storage.database import Database
from shared.storage.resources import BY_ARN, Resource

#: Rows of campaigns and filters that stay parsed.
_PARSED = 512
#: Requests that share a read at most.
_SHARED = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """``filters``: ARNs, "" = none; ``user`` "" = nobody."""

    account: str
    campaign: str
    user: str
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """``live``: the user's events that are not in the model that answers; ``filters`` by ARN."""

    campaign: Stored[pb.Campaign]
    serving: Serving
    live: Sequence[RecordedEvent]
    filters: Mapping[str, Stored[pb.Filter]]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A row's resource; ``serving``: of a campaign that answers."""

    version: int
    stored: Stored[Any]
    serving: Serving | None


class RequestReader:
    """Reads for all requests of a process, one transaction at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Wanted, asyncio.Future[Found]]] = []
        self._reading: asyncio.Task[None] | None = None
        #: By the row's number. Only the one transaction under way touches it.
        self._parsed: OrderedDict[int, _Parsed] = OrderedDict()

    async def read(self, wanted: Wanted) -> Found:
        """What a request is about, as it is now.

        Raises:
            NotFound: there is no such campaign or filter, or the campaign does not answer yet.
            ResourceInUse: a filter is not ready.
        """
        future: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, future))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        return await future

    async def _read_all(self) -> None:
        while self._waiting:
            shared, self._waiting = self._waiting[:_SHARED], self._waiting[_SHARED:]
            try:
                results = await self._database.glance(self._read_shared, [wanted for wanted, _ in shared])
            except Exception as error:
                results = [error] * len(shared)
            for (_, future), result in zip(shared, results, strict=True):
                if future.done():
                    continue  # its caller went away
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    def _read_shared(self, connection: Connection, every: Sequence[Wanted]) -> list[Found | Exception]:
        rows: dict[tuple[str, str], _Parsed | None] = {}

        def row_of(account: str, kind: Kind[Any], arn: str) -> _Parsed:
            if (account, arn) not in rows:
                rows[account, arn] = self._row(connection, account, kind, arn)
            found = rows[account, arn]
            if found is None or found.stored.resource.kind != kind.resource.name:
                raise missing(kind)
            return found

        results: list[Found | Exception] = []
        for wanted in every:
            try:
                results.append(_found(connection, wanted, row_of))
            except errors.NonetError as error:
                results.append(error)
        while len(self._parsed) > _PARSED:
            self._parsed.popitem(last=False)
        return results

    def _row(self, connection: Connection, account: str, kind: Kind[Any], arn: str) -> _Parsed | None:
        rows = BY_ARN.rows(connection, account=account, kind=kind.resource.name, arn=arn)
        if not rows:
            return None
        (row,) = rows
        kept = self._parsed.get(row.id)
        if kept is None or kept.version != row.version:
            stored = Stored.of(kind, Resource(**row._asdict()))
            serving = Serving(**stored.facts["serving"]) if "serving" in stored.facts else None
            kept = self._parsed[row.id] = _Parsed(row.version, stored, serving)
        self._parsed.move_to_end(row.id)
        return kept


def _found(connection: Connection, wanted: Wanted, row_of: Callable[[str, Kind[Any], str], _Parsed]) -> Found:
    campaign = row_of(wanted.account, CAMPAIGN, wanted.campaign)
    if campaign.serving is None:
        status = campaign.stored.resource.status
        raise errors.NotFound(f"The campaign is {status}: it answers once it is ACTIVE.")
    filters = {}
    for arn in filter(None, wanted.filters):
        stored = row_of(wanted.account, FILTER, arn).stored
        if stored.resource.status != ACTIVE:
            raise errors.ResourceInUse(f"The filter is {stored.resource.status}, it must be ACTIVE.")
        filters[arn] = stored
    serving = campaign.serving
    live = user_events(connection, serving.group, wanted.user, serving.last_event) if wanted.user else []
    return Found(campaign.stored, serving, live, filters)
