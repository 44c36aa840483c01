"""Objects kept in an S3-compatible store through obstore. The store is our own S3 face, over HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import obstore.store
import pytest

from gateway.aws.s3.app import s3_app
from gateway.aws.s3.callers import S3Caller
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.jobs.queue import JobQueue
from shared.jobs.runner import JobPolicy
from shared.storage.blobs import FolderBlobs, RemoteBlobs
from shared.storage.database import Database
from shared.storage.objects import ByteRange, ObjectStore
from shared.storage.uploads import MultipartUploads, ObjectAttributes
from tests.contract.s3.conftest import serve

ACCOUNT = "000000000000"
MEBIBYTE = 1024**2


@pytest.fixture
def remote(tmp_path: Path):  # type: ignore[no-untyped-def]
    """(blobs in the remote store, the folder in which that store keeps its files)."""
    database = Database.open(f"sqlite:///{tmp_path}/remote.db")
    behind = ObjectStore(database, FolderBlobs(tmp_path / "behind"))
    for url, loop in serve(s3_app(behind, lambda request: S3Caller("999999999999"))):
        asyncio.run_coroutine_threadsafe(behind.create_bucket("999999999999", "blobs"), loop).result(30)
        store = obstore.store.S3Store(
            "blobs", endpoint=url, region="us-east-1", access_key_id="a", secret_access_key="b", prefix="nonet",
            client_options={"allow_http": True},
        )  # fmt: skip
        yield RemoteBlobs(store), behind, loop
    database.close()


async def test_objects_and_job_results_in_a_remote_store(remote, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    blobs, behind, loop = remote
    database = await asyncio.to_thread(Database.open, f"sqlite:///{tmp_path}/nonet.db")
    store = ObjectStore(database, blobs)
    await store.create_bucket(ACCOUNT, "scans")
    data = os.urandom(12 * MEBIBYTE + 5)
    await store.put(ACCOUNT, "scans", "../a b/ü", data)
    assert await store.read(ACCOUNT, "scans", "../a b/ü", max_bytes=len(data)) == data
    reader = await store.open(ACCOUNT, "scans", "../a b/ü", ByteRange(7 * MEBIBYTE, 7 * MEBIBYTE + 9))
    assert b"".join([chunk async for chunk in reader]) == data[7 * MEBIBYTE : 7 * MEBIBYTE + 10]
    with pytest.raises(errors.InvalidArgument):
        await store.put(ACCOUNT, "scans", "too-big", data, max_bytes=MEBIBYTE)

    uploads = MultipartUploads(store)
    upload = await uploads.create(ACCOUNT, "scans", "parts", ObjectAttributes())
    parts = [await uploads.put_part(ACCOUNT, "scans", "parts", upload.id, n, data[: 5 * MEBIBYTE]) for n in (1, 2)]
    await uploads.complete(ACCOUNT, "scans", "parts", upload.id, [(part.number, part.etag) for part in parts])
    assert await store.read(ACCOUNT, "scans", "parts", max_bytes=len(data)) == data[: 5 * MEBIBYTE] * 2

    async def big(job: RunningJob) -> JobResult:
        return JobResult(data)

    queue = JobQueue(database, blobs, JobPolicy(poll_s=0.05, retention_s=0.0))
    queue.register("big", big)
    await queue.start()
    job = await queue.submit(ACCOUNT, "big", b"")
    while not (job := await queue.get(ACCOUNT, job.id)).status.ended:
        await asyncio.sleep(0.02)
    assert await queue.read_result(job, 5, 5) == data[5:10]
    await queue.drain(1)

    await store.delete(ACCOUNT, "scans", ["../a b/ü", "parts"])
    await store.collect_garbage(ahead_s=2 * 3600.0)
    await asyncio.sleep(0.01)
    assert await queue.sweep() == 1
    listed = behind.list("999999999999", "blobs")
    left = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(listed, loop))
    assert list(left.objects) == [], "nothing stays in the remote store"
    database.close()


async def test_a_store_that_does_not_answer_says_what_to_look_at() -> None:
    store = obstore.store.S3Store(
        "blobs", endpoint="http://127.0.0.1:1", region="us-east-1", access_key_id="a", secret_access_key="b",
        client_options={"allow_http": True}, retry_config={"max_retries": 0},
    )  # fmt: skip
    nowhere = RemoteBlobs(store)

    async def one() -> AsyncIterator[bytes]:
        yield b"x"

    async def read() -> None:
        async for _ in nowhere.read("a/b"):
            pass

    for attempt in (nowhere.write("a/b", one()), read(), nowhere.delete("a/b"), nowhere.delete_below("a")):
        with pytest.raises(errors.Unavailable, match="NONET_OBJECT_STORE_URL"):
            await attempt
