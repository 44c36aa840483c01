"""Terminologies of accounts, in a database and a folder of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.translation import terminology_store
from services.translation.terminology_store import StoredTerminology, TerminologyStore
from shared import errors
from shared.storage.blobs import open_blobs
from shared.storage.database import Database
from shared.storage.objects import ObjectStore
from shared.storage.resources import ResourceStore

ACCOUNT, OTHER = "000000000000", "111111111111"


@pytest.fixture
async def objects(tmp_path: Path) -> AsyncIterator[ObjectStore]:
    database = Database.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield ObjectStore(database, open_blobs((tmp_path / "blobs").as_uri()))
    database.close()


@pytest.fixture
def store(objects: ObjectStore) -> TerminologyStore:
    return TerminologyStore(ResourceStore(objects.database), objects)


async def put(store: TerminologyStore, name: str, text: str, both_ways: bool = False) -> StoredTerminology:
    return await store.put(ACCOUNT, name, text.encode(), "CSV", both_ways, "", {})


async def test_the_last_import_counts(store: TerminologyStore) -> None:
    await put(store, "shop", "en,de\na,b\n")
    assert (await store.read(ACCOUNT, "shop")).pairs("en", "de") == {"a": "b"}
    again = await put(store, "shop", "en,de\na,c\n")
    assert again.version == 2
    assert (await store.read(ACCOUNT, "shop")).pairs("en", "de") == {"a": "c"}
    # The same file, now for both directions: what is kept parsed must not answer.
    await put(store, "shop", "en,de\na,c\n", both_ways=True)
    assert (await store.read(ACCOUNT, "shop")).pairs("de", "en") == {"c": "a"}


async def test_accounts_do_not_see_each_other(store: TerminologyStore) -> None:
    await put(store, "shop", "en,de\na,b\n")
    with pytest.raises(errors.NotFound):
        await store.read(OTHER, "shop")
    with pytest.raises(errors.NotFound):
        await store.delete(OTHER, "shop")


async def test_nothing_is_left_behind(store: TerminologyStore, objects: ObjectStore) -> None:
    await put(store, "shop", "en,de\na,b\n")
    stored = await put(store, "shop", "en,de\na,c\n")
    place = await store.file(ACCOUNT, stored, "TMX")
    assert len((await objects.list(ACCOUNT, place.bucket)).objects) == 2
    await store.delete(ACCOUNT, "shop")
    assert (await objects.list(ACCOUNT, place.bucket)).objects == []


async def test_a_bad_file_changes_nothing(store: TerminologyStore) -> None:
    await put(store, "shop", "en,de\na,b\n")
    with pytest.raises(errors.InvalidArgument):
        await put(store, "shop", "nonsense")
    assert (await store.read(ACCOUNT, "shop")).pairs("en", "de") == {"a": "b"}


async def test_limit(store: TerminologyStore, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminology_store, "MAX_TERMINOLOGIES", 2)
    for name in ("one", "two", "two"):
        await put(store, name, "en,de\na,b\n")
    with pytest.raises(errors.LimitExceeded):
        await put(store, "three", "en,de\na,b\n")
    (bucket,) = await objects.list_buckets(ACCOUNT)
    assert len((await objects.list(ACCOUNT, bucket.name)).objects) == 2


async def test_imports_at_the_same_time(store: TerminologyStore) -> None:
    await asyncio.gather(*(put(store, "shop", f"en,de\na,{letter}\n") for letter in "bcdef"))
    assert (await store.read(ACCOUNT, "shop")).pairs("en", "de")["a"] in "bcdef"
