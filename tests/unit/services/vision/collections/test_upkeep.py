"""What the upkeep forgets, and what it leaves."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection, text

from services.vision.collections.search import FaceSearch
from services.vision.collections.store import COLLECTION, FaceCollections
from services.vision.collections.upkeep import Upkeep
from shared import errors
from shared.storage.database import Database
from shared.storage.resources import ResourceStore
from tests.unit.services.vision.collections.people import ACCOUNT, NAME, new_faces, people


def counts(connection: Connection) -> tuple[int, int]:
    tables = ("faces", "removed_faces")
    first, second = (int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()) for name in tables)
    return first, second


async def test_one_look_does_all_that_is_due(
    collections: FaceCollections, search: FaceSearch, database: Database
) -> None:
    for name in (NAME, "gone"):
        await collections.create_collection(ACCOUNT, name)
        added = await collections.add(ACCOUNT, name, new_faces(people(5)))
        await collections.delete(ACCOUNT, name, [added[0].face_id])
    await search.search(ACCOUNT, "gone", people(1)[0], 1, 4.0)
    await ResourceStore(database).delete(ACCOUNT, COLLECTION, "gone")
    await Upkeep(collections, search).look()
    assert await database.read(counts) == (4, 1), "the collection's rest is gone, young removals are still told"
    assert not search._indexes
    await Upkeep(collections, search, forget_after_s=-60).look()
    assert await database.read(counts) == (4, 0)


async def test_it_goes_on_after_an_error(
    collections: FaceCollections, search: FaceSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep = Upkeep(collections, search, period_s=0.001)
    looks: list[int] = []
    done = asyncio.Event()

    async def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise errors.Unavailable("the database does not answer, try again")
        if len(looks) == 2:
            raise OSError(5, "Input/output error")
        done.set()

    monkeypatch.setattr(upkeep, "look", look)
    upkeep.start()
    await asyncio.wait_for(done.wait(), 20)
    await upkeep.close()


async def test_closing_one_that_was_never_started_is_fine(collections: FaceCollections, search: FaceSearch) -> None:
    await Upkeep(collections, search).close()
