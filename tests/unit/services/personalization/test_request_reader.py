from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.events import Event, EventStore
from services.personalization.kinds import ACTIVE, CAMPAIGN, FILTER, PENDING
from services.personalization.request_reader import Found, RequestReader, Wanted
from shared import errors
from shared.storage.database import Database
from shared.storage.message_documents import document
from shared.storage.resources import Change, Resource, ResourceStore

ACCOUNT, GROUP = "000000000000", 7


class CountingDatabase(Database):
    """Counts reads; ``hold`` keeps them from beginning."""

    reads = 0
    hold: asyncio.Event | None = None

    async def glance(self, *args: Any, **kwargs: Any) -> Any:
        self.reads += 1
        if self.hold is not None:
            await self.hold.wait()
        return await super().glance(*args, **kwargs)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[CountingDatabase]:
    database = CountingDatabase.open(f"sqlite:///{tmp_path / 'nonet.db'}")
    assert isinstance(database, CountingDatabase)
    yield database
    database.close()


async def campaign(database: Database, name: str, digest: str | None = "d1", last_event: int = 0) -> Resource:
    facts = {"serving": serving(digest, last_event)} if digest else {}
    return await ResourceStore(database).create(
        ACCOUNT, CAMPAIGN.resource, name, document(pb.Campaign(name=name), facts),
        status=ACTIVE if digest else PENDING, tags={},
    )  # fmt: skip


def serving(digest: str, last_event: int = 0) -> dict[str, Any]:
    return {
        "version": "v", "blob": "b", "digest": digest, "last_event": last_event, "group": GROUP, "group_arn": "g",
        "recipe": "r",
    }  # fmt: skip


def event(user: str, item: str) -> Event:
    return Event(user, "session-" + user, item, "view", 1.0)


async def items(reader: RequestReader, wanted: Wanted) -> list[str]:
    return [one.item_id for one in (await reader.read(wanted)).live]


async def test_requests_that_come_together_share_reads_and_get_their_own_answers(database: CountingDatabase) -> None:
    one, other = await campaign(database, "one", "d1"), await campaign(database, "other", "d2", last_event=1)
    store = EventStore(database)
    await store.add(GROUP, [event("u1", "first"), event("u1", "second"), event("u2", "third")])
    reader = RequestReader(database)
    database.reads, database.hold = 0, asyncio.Event()
    wanted = [Wanted(ACCOUNT, arn, user) for arn in (one.arn, other.arn) for user in ("u1", "u2", "u3", "")] * 3
    asked = [asyncio.create_task(reader.read(each)) for each in wanted]
    missing = asyncio.create_task(reader.read(Wanted(ACCOUNT, one.arn + "s", "u1")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    database.hold.set()
    found = await asyncio.gather(*asked)
    with pytest.raises(errors.NotFound):
        await missing
    assert database.reads <= 2
    events = {(each.campaign, each.user): [live.item_id for live in answer.live]
              for each, answer in zip(wanted, found, strict=True)}  # fmt: skip
    assert events[one.arn, "u1"] == ["first", "second"] and events[other.arn, "u1"] == ["second"]
    assert events[one.arn, "u2"] == events[other.arn, "u2"] == ["third"]
    assert events[one.arn, "u3"] == events[one.arn, ""] == []
    assert [answer.serving.digest for answer in found[:8]] == ["d1"] * 4 + ["d2"] * 4


async def test_what_was_committed_before_a_request_is_seen(database: CountingDatabase) -> None:
    """Also by one that comes while another's read is under way."""
    made = await campaign(database, "made")
    store, reader = EventStore(database), RequestReader(database)
    wanted = Wanted(ACCOUNT, made.arn, "u")
    for number in range(20):
        earlier = asyncio.create_task(reader.read(wanted))
        await asyncio.sleep(0)
        await store.add(GROUP, [event("u", f"i{number}")])
        assert (await items(reader, wanted))[-1] == f"i{number}"
        await earlier


async def test_a_changed_campaign_answers_with_its_new_model(database: CountingDatabase) -> None:
    made = await campaign(database, "made")
    reader = RequestReader(database)
    wanted = Wanted(ACCOUNT, made.arn, "")
    assert (await reader.read(wanted)).serving.digest == "d1"

    def changed(resource: Resource) -> Change:
        return Change(document(pb.Campaign(name="made"), {"serving": serving("d2")}), ACTIVE)

    await ResourceStore(database).modify(ACCOUNT, CAMPAIGN.resource, made.arn, changed)
    assert (await reader.read(wanted)).serving.digest == "d2"
    await ResourceStore(database).delete(ACCOUNT, CAMPAIGN.resource, made.arn)
    with pytest.raises(errors.NotFound):
        await reader.read(wanted)


async def test_what_is_not_ready_is_refused(database: CountingDatabase) -> None:
    made, pending = await campaign(database, "made"), await campaign(database, "pending", None)
    store = ResourceStore(database)
    ready = await store.create(
        ACCOUNT, FILTER.resource, "ready", document(pb.Filter(name="ready"), {}), status=ACTIVE, tags={}
    )
    made_now = await store.create(
        ACCOUNT, FILTER.resource, "now", document(pb.Filter(name="now"), {}), status=PENDING, tags={}
    )
    reader = RequestReader(database)
    found: Found = await reader.read(Wanted(ACCOUNT, made.arn, "", ("", ready.arn)))
    assert {arn: one.message.name for arn, one in found.filters.items()} == {ready.arn: "ready"}
    with pytest.raises(errors.ResourceInUse):
        await reader.read(Wanted(ACCOUNT, made.arn, "", (made_now.arn,)))
    for wanted in (Wanted(ACCOUNT, pending.arn, ""), Wanted(ACCOUNT, made.arn, "", (made.arn,)),
                   Wanted("111111111111", made.arn, "")):  # fmt: skip
        with pytest.raises(errors.NotFound):
            await reader.read(wanted)


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(database: CountingDatabase) -> None:
    made = await campaign(database, "made")
    reader = RequestReader(database)
    database.hold = asyncio.Event()
    gone, there = (asyncio.create_task(reader.read(Wanted(ACCOUNT, made.arn, ""))) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    database.hold.set()
    assert (await there).serving.digest == "d1"
    with pytest.raises(asyncio.CancelledError):
        await gone
