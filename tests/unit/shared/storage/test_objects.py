"""The object store below the S3 face: isolation, snapshots, crashes and listings, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import errors
from shared.storage.blobs import FolderBlobs, blob_name
from shared.storage.database import Database
from shared.storage.object_tables import Precondition, expect_blob
from shared.storage.objects import ByteRange, ObjectAttributes, ObjectName, ObjectStore
from shared.storage.uploads import SMALLEST_PART_BYTES, MultipartUploads

ACCOUNT = "000000000000"
OTHER = "111111111111"
PATIENT = {"ahead_s": 2 * 3600.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def store(database: Database, folder: Path) -> ObjectStore:
    return ObjectStore(database, FolderBlobs(folder))


def files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


async def read(store: ObjectStore, key: str, byte_range: ByteRange | None = None) -> bytes:
    reader = await store.open(ACCOUNT, "scans", key, byte_range)
    return b"".join([chunk async for chunk in reader])


async def test_services_read_objects_of_their_caller_only(store: ObjectStore) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    await store.put(ACCOUNT, "scans", "k", b"12345")
    assert await store.read(ACCOUNT, "scans", "k", max_bytes=5) == b"12345"
    for account, bucket, key, most in [
        (OTHER, "scans", "k", 5), (ACCOUNT, "scans", "x", 5), (ACCOUNT, "nothing", "k", 5),
        (ACCOUNT, "../etc", "k", 5), (ACCOUNT, "scans", "", 5), (ACCOUNT, "scans", "k", 4),
    ]:  # fmt: skip
        with pytest.raises(errors.InvalidObject) as caught:
            await store.read(account, bucket, key, max_bytes=most)
        # so that each service's face finds its own word for it
        assert caught.value.explicit_aws_code is None


async def test_a_reader_keeps_what_it_opened(store: ObjectStore, folder: Path) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    await store.put(ACCOUNT, "scans", "k", b"old")
    reader = await store.open(ACCOUNT, "scans", "k")
    await store.put(ACCOUNT, "scans", "k", b"new")
    await store.delete(ACCOUNT, "scans", ["k"])
    assert await store.collect_garbage() == 0
    assert b"".join([chunk async for chunk in reader]) == b"old"
    assert await store.collect_garbage(**PATIENT) == 2
    assert files(folder) == 0
    with pytest.raises(errors.NotFound):
        await read(store, "k")


async def test_a_body_that_breaks_off_changes_nothing(store: ObjectStore, folder: Path) -> None:
    async def breaks_off() -> AsyncIterator[bytes]:
        yield b"new" * 1_000_000
        raise errors.Cancelled("the client is gone")

    await store.create_bucket(ACCOUNT, "scans")
    await store.put(ACCOUNT, "scans", "k", b"old")
    with pytest.raises(errors.Cancelled):
        await store.put(ACCOUNT, "scans", "k", breaks_off())
    with pytest.raises(errors.InvalidArgument) as caught:
        await store.put(ACCOUNT, "scans", "k", b"too long", max_bytes=7)
    assert caught.value.explicit_aws_code == "EntityTooLarge"
    with pytest.raises(errors.FailedPrecondition):
        await store.put(ACCOUNT, "scans", "k", b"new", precondition=Precondition(absent=True))
    assert await read(store, "k") == b"old"
    assert files(folder) == 1
    assert await store.collect_garbage(ahead_s=1e9) == 0, "nothing is left to clean up either"


async def test_a_crash_while_writing_is_cleaned_up_later(store: ObjectStore, folder: Path) -> None:
    # what a killed process leaves: the note, and perhaps the bytes
    name = blob_name()
    await store.database.run(expect_blob, store.database, name)
    (folder / name).parent.mkdir()
    (folder / name).write_bytes(b"half")
    assert await store.collect_garbage(**PATIENT) == 0, "it may still be going on"
    assert await store.collect_garbage(ahead_s=25 * 3600.0) == 1
    assert files(folder) == 0


async def test_concurrent_puts_of_one_key_leave_one_whole_object(store: ObjectStore, folder: Path) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    bodies = [bytes([letter]) * 10_000 for letter in range(12)]
    await asyncio.gather(*(store.put(ACCOUNT, "scans", "k", body) for body in bodies))
    assert await read(store, "k") in bodies
    await store.collect_garbage(**PATIENT)
    assert files(folder) == 1


async def test_only_one_of_many_creates_an_absent_object(store: ObjectStore) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    absent = Precondition(absent=True)
    results = await asyncio.gather(
        *(store.put(ACCOUNT, "scans", "k", bytes([n]), precondition=absent) for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(result, errors.FailedPrecondition) for result in results) == 7


async def test_a_bucket_deleted_during_a_put(store: ObjectStore, folder: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        await store.delete_bucket(ACCOUNT, "scans")

    await store.create_bucket(ACCOUNT, "scans")
    with pytest.raises(errors.NotFound) as caught:
        await store.put(ACCOUNT, "scans", "k", body())
    assert caught.value.explicit_aws_code == "NoSuchBucket"
    assert files(folder) == 0


async def test_uploads_survive_a_restart(
    database: Database, database_url: str, store: ObjectStore, folder: Path
) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    attributes = ObjectAttributes({"content-type": "a/b"}, {"x": "y"})
    upload = await MultipartUploads(store).create(ACCOUNT, "scans", "k", attributes)
    first = await MultipartUploads(store).put_part(ACCOUNT, "scans", "k", upload.id, 1, b"a" * SMALLEST_PART_BYTES)

    reopened = await asyncio.to_thread(Database.open, database_url)
    again = ObjectStore(reopened, FolderBlobs(folder))
    uploads = MultipartUploads(again)
    second = await uploads.put_part(ACCOUNT, "scans", "k", upload.id, 2, b"b")
    info = await uploads.complete(ACCOUNT, "scans", "k", upload.id, [(1, first.etag), (2, f'"{second.etag}"')])
    assert info.size == SMALLEST_PART_BYTES + 1 and info.attributes == attributes
    assert await read(again, "k", ByteRange(-3)) == b"aab"
    assert await read(again, "k", ByteRange(SMALLEST_PART_BYTES, SMALLEST_PART_BYTES)) == b"b"
    reopened.close()


async def test_two_completions_make_one_object(store: ObjectStore) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    uploads = MultipartUploads(store)
    upload = await uploads.create(ACCOUNT, "scans", "k", ObjectAttributes())
    part = await uploads.put_part(ACCOUNT, "scans", "k", upload.id, 1, b"a")
    results = await asyncio.gather(
        *(uploads.complete(ACCOUNT, "scans", "k", upload.id, [(1, part.etag)]) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, errors.NotFound) for result in results) == 3
    assert await read(store, "k") == b"a"


async def test_abandoned_uploads_are_dropped(store: ObjectStore, folder: Path) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    uploads = MultipartUploads(store)
    upload = await uploads.create(ACCOUNT, "scans", "k", ObjectAttributes())
    await uploads.put_part(ACCOUNT, "scans", "k", upload.id, 1, b"a")
    assert await uploads.drop_abandoned() == 0
    await asyncio.sleep(0.01)
    assert await uploads.drop_abandoned(older_than_s=0.0) == 1
    assert files(folder) == 0


async def test_copy(store: ObjectStore) -> None:
    await store.create_bucket(ACCOUNT, "scans")
    await store.put(ACCOUNT, "scans", "a", b"x", attributes=ObjectAttributes({}, {"k": "v"}))
    await store.copy(ACCOUNT, ObjectName("scans", "a"), ObjectName("scans", "b"))
    await store.delete(ACCOUNT, "scans", ["a"])
    await store.collect_garbage(**PATIENT)
    assert await read(store, "b") == b"x"
    assert (await store.head(ACCOUNT, "scans", "b")).attributes.metadata == {"k": "v"}


_keys = st.text(st.sampled_from("ab/é\0%.😀"), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.sets(_keys, max_size=12),
    prefix=st.text(st.sampled_from("ab/"), max_size=2),
    delimiter=st.sampled_from(["", "/", "b", "/a", "é"]),
    page=st.integers(1, 5),
)
def test_listing_is_what_a_dictionary_would_say(
    database: Database, folder: Path, keys: set[str], prefix: str, delimiter: str, page: int
) -> None:
    """Compared with the obvious way: sort all keys by UTF-8, roll them up, cut into pages."""

    async def check() -> None:
        store = ObjectStore(database, FolderBlobs(folder))
        await store.create_bucket(ACCOUNT, "scans")
        for key in keys:
            await store.put(ACCOUNT, "scans", key, key.encode())
        expected: list[tuple[str, bool]] = []
        for key in sorted(keys, key=str.encode):
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix) :]
            rolled = bool(delimiter) and delimiter in rest
            entry = (prefix + rest.partition(delimiter)[0] + delimiter, True) if rolled else (key, False)
            if entry not in expected:
                expected.append(entry)
        found: list[tuple[str, bool]] = []
        after = ""
        while True:
            listing = await store.list(ACCOUNT, "scans", prefix=prefix, delimiter=delimiter, after=after, max_keys=page)
            entries = [(info.key, False) for info in listing.objects] + [(p, True) for p in listing.common_prefixes]
            assert len(entries) <= page
            found += sorted(entries, key=lambda entry: entry[0].encode())
            if listing.next_after is None:
                break
            assert len(entries) == page
            after = listing.next_after
        assert found == expected
        for key in keys:
            assert await read(store, key) == key.encode()
        await store.delete(ACCOUNT, "scans", sorted(keys))
        await store.delete_bucket(ACCOUNT, "scans")

    asyncio.run(check())
