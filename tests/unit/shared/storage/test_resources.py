"""The resource store on SQLite and PostgreSQL; and how few lines a resource kind of a service needs."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.struct_pb2 import Struct

from shared import errors
from shared.storage.database import Database
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceKind, ResourceStore

ACCOUNT = "000000000000"
OTHER = "111111111111"
LEXICON = ResourceKind("polly.lexicon", service="polly", resource="lexicon/{name}")
INTENT = ResourceKind("lex.intent", service="lex", resource="bot/{parent}/intent/{name}")


@pytest.fixture
def store(database: Database) -> ResourceStore:
    return ResourceStore(database)


class LexiconOperations:
    """What a service's Create/Describe/List/Update/Delete/Tag come down to."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    async def create(self, account: str, name: str, lexicon: Struct, tags: dict[str, str]) -> str:
        return (await self._store.create(account, LEXICON, name, lexicon.SerializeToString(), tags=tags)).arn

    async def describe(self, account: str, name: str) -> Struct:
        return Struct.FromString((await self._store.get(account, LEXICON, name)).document)

    async def update(self, account: str, name: str, word: str, meaning: str) -> None:
        def change(resource: Resource) -> Change:
            lexicon = Struct.FromString(resource.document)
            lexicon[word] = meaning
            return Change(document=lexicon.SerializeToString())

        await self._store.modify(account, LEXICON, name, change)


async def test_a_resource_kind_is_a_few_lines(store: ResourceStore) -> None:
    lexicons = LexiconOperations(store)
    first = Struct()
    first["W3C"] = "World Wide Web Consortium"
    arn = await lexicons.create(ACCOUNT, "abbreviations", first, {"team": "web"})
    assert arn == "arn:aws:polly:us-east-1:000000000000:lexicon/abbreviations"
    await asyncio.gather(*(lexicons.update(ACCOUNT, "abbreviations", f"w{i}", str(i)) for i in range(8)))
    words = await lexicons.describe(ACCOUNT, "abbreviations")
    assert len(words) == 9, "concurrent updates must not overwrite one another"
    assert await store.list_tags(ACCOUNT, arn) == {"team": "web"}


async def test_names_are_unique_within_account_kind_and_parent(store: ResourceStore) -> None:
    await store.create(ACCOUNT, LEXICON, "a", b"1")
    with pytest.raises(errors.AlreadyExists):
        await store.create(ACCOUNT, LEXICON, "a", b"2")
    await store.create(OTHER, LEXICON, "a", b"3")
    for parent in ("bot-1", "bot-2"):
        await store.create(ACCOUNT, INTENT, "a", parent.encode(), parent=parent)
    assert (await store.get(ACCOUNT, INTENT, "a", parent="bot-2")).document == b"bot-2"
    assert (await store.get(ACCOUNT, LEXICON, "a")).document == b"1"
    assert (await store.get(ACCOUNT, INTENT, INTENT.arn(ACCOUNT, "a", "bot-1"))).document == b"bot-1"
    for missing in ("b", INTENT.arn(ACCOUNT, "a", "bot-1"), "arn:aws:polly:us-east-1:000000000000:lexicon/b", ""):
        with pytest.raises(errors.NotFound):
            await store.get(ACCOUNT, LEXICON, missing)
    assert await store.count(ACCOUNT, INTENT) == 2


async def test_updates_compare_and_set(store: ResourceStore) -> None:
    read = await store.create(ACCOUNT, LEXICON, "a", b"1", status="CREATING")
    assert (read.version, read.status) == (1, "CREATING")
    written = await store.update(read, Change(document=b"2"))
    assert (written.version, written.document, written.status) == (2, b"2", "CREATING")
    assert written.updated_at >= read.updated_at and written.created_at == read.created_at
    with pytest.raises(errors.Aborted):
        await store.update(read, Change(status="ACTIVE"))
    assert (await store.update(written, Change(status="ACTIVE"))).document == b"2"
    gone = await store.delete(ACCOUNT, LEXICON, "a")
    assert gone.status == "ACTIVE"
    with pytest.raises(errors.NotFound):
        await store.update(gone, Change(status="x"))
    with pytest.raises(errors.NotFound):
        await store.delete(ACCOUNT, LEXICON, "a")


async def test_limits_are_kept(store: ResourceStore) -> None:
    await store.create(ACCOUNT, LEXICON, "a", b"", most=2)
    await store.create(ACCOUNT, LEXICON, "b", b"", most=2)
    with pytest.raises(errors.LimitExceeded):
        await store.create(ACCOUNT, LEXICON, "c", b"", most=2)
    await store.create(OTHER, LEXICON, "c", b"", most=2)


async def test_listing(store: ResourceStore) -> None:
    names = [f"Lex-{index:02d}%" for index in range(7)] + ["other_x", "other-x"]
    made = [
        await store.create(ACCOUNT, LEXICON, name, b"", status="ACTIVE" if index % 2 else "FAILED")
        for index, name in enumerate(names)
    ]

    async def everything(wanted: ResourceFilter) -> list[str]:
        found: list[str] = []
        token = None
        while True:
            page = await store.list(ACCOUNT, LEXICON, wanted, max_results=2, next_token=token)
            assert len(page.resources) <= 2
            found += [resource.name for resource in page.resources]
            token = page.next_token
            if token is None:
                return found

    assert await everything(ResourceFilter()) == names
    assert await everything(ResourceFilter(newest_first=True)) == names[::-1]
    assert await everything(ResourceFilter(statuses={"ACTIVE"})) == names[1::2]
    assert await everything(ResourceFilter(name_prefix="Lex-")) == names[:7]
    assert await everything(ResourceFilter(name_prefix="lex-")) == []
    assert await everything(ResourceFilter(name_contains="r_x")) == ["other_x"]
    assert await everything(ResourceFilter(name_contains="3%")) == ["Lex-03%"]
    assert await everything(ResourceFilter(created_after=made[3].created_at)) == [
        resource.name for resource in made if resource.created_at > made[3].created_at
    ]
    assert await everything(ResourceFilter(created_before=made[0].created_at)) == []
    assert (await store.list(OTHER, LEXICON)).resources == []
    token = (await store.list(ACCOUNT, LEXICON, max_results=2)).next_token
    with pytest.raises(errors.InvalidPaginationToken):
        await store.list(OTHER, LEXICON, max_results=2, next_token=token)
    # deleted rows on the way do not disturb the pages
    await store.delete(ACCOUNT, LEXICON, names[1])
    await store.delete(ACCOUNT, LEXICON, names[2])
    assert [r.name for r in (await store.list(ACCOUNT, LEXICON, max_results=2, next_token=token)).resources] == [
        names[3], names[4],
    ]  # fmt: skip


async def test_tags(store: ResourceStore) -> None:
    arn = (await store.create(ACCOUNT, LEXICON, "a", b"", tags={"a": "1"})).arn
    await store.tag(ACCOUNT, arn, {"a": "2", "b": "3"})
    assert await store.list_tags(ACCOUNT, arn) == {"a": "2", "b": "3"}
    await store.untag(ACCOUNT, arn, ["a", "never there"])
    assert await store.list_tags(ACCOUNT, arn) == {"b": "3"}
    with pytest.raises(errors.LimitExceeded):
        await store.tag(ACCOUNT, arn, {f"k{index}": "" for index in range(50)})
    assert await store.list_tags(ACCOUNT, arn) == {"b": "3"}, "a refused change leaves all as it was"
    for call in (store.tag(OTHER, arn, {"x": "y"}), store.untag(OTHER, arn, ["b"]), store.list_tags(OTHER, arn)):
        with pytest.raises(errors.NotFound):
            await call
    await store.delete(ACCOUNT, LEXICON, "a")
    again = await store.create(ACCOUNT, LEXICON, "a", b"")
    assert await store.list_tags(ACCOUNT, again.arn) == {}
