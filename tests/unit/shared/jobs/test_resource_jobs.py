"""Resources and the jobs that make them, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.jobs.queue import JobQueue
from shared.jobs.resource_jobs import JobEnd, end_of, submit_for
from shared.jobs.runner import JobPolicy
from shared.jobs.store import JobFilter
from shared.storage.blobs import FolderBlobs
from shared.storage.database import Database
from shared.storage.resources import Resource, ResourceKind, ResourceStore

pytestmark = pytest.mark.asyncio

ACCOUNT = "000000000000"
BOOK = ResourceKind("library.book", "library", "book/{name}")
KIND = "library.book-binding"
POLICY = JobPolicy(heartbeat_s=0.1, poll_s=0.1, max_attempts=1, first_backoff_s=0.01, stop_grace_s=0.3)


@pytest_asyncio.fixture
async def queue(database: Database, tmp_path: Path) -> AsyncIterator[JobQueue]:
    made = JobQueue(database, FolderBlobs(tmp_path / "blobs"), POLICY)
    yield made
    await made.drain(0)


@pytest_asyncio.fixture
async def book(database: Database) -> Resource:
    return await ResourceStore(database).create(ACCOUNT, BOOK, "atlas", b"", status="PENDING")


async def ended(queue: JobQueue, job_id: str) -> JobEnd:
    async def wait() -> JobEnd:
        while (end := await end_of(queue, ACCOUNT, job_id)) is None:
            await asyncio.sleep(0.01)
        return end

    return await asyncio.wait_for(wait(), 30)


async def test_a_second_call_finds_the_job_that_the_first_one_queued(queue: JobQueue, book: Resource) -> None:
    first = await submit_for(queue, KIND, book)
    assert await submit_for(queue, KIND, book) == first
    assert [job.id for job in (await queue.list(ACCOUNT, JobFilter())).jobs] == [first]
    assert (await queue.get(ACCOUNT, first)).request == book.arn.encode()
    assert await end_of(queue, ACCOUNT, first) is None


async def test_a_later_resource_of_the_same_name_gets_a_job_of_its_own(
    queue: JobQueue, book: Resource, database: Database
) -> None:
    first = await submit_for(queue, KIND, book)
    resources = ResourceStore(database)
    await resources.delete(ACCOUNT, BOOK, book.arn)
    again = await resources.create(ACCOUNT, BOOK, "atlas", b"", status="PENDING")
    assert await submit_for(queue, KIND, again) != first


async def test_a_job_that_is_stopped_while_it_waits_says_so(queue: JobQueue, book: Resource) -> None:
    job_id = await submit_for(queue, KIND, book)
    await queue.stop(ACCOUNT, job_id)
    assert await end_of(queue, ACCOUNT, job_id) == JobEnd(stopped=True, reason="Stopped.")


async def test_a_job_that_fails_names_its_reason(queue: JobQueue, book: Resource) -> None:
    async def fail(running: RunningJob) -> JobResult:
        raise errors.InvalidArgument("The book has no pages.")

    queue.register(KIND, fail)
    await queue.start()
    assert await ended(queue, await submit_for(queue, KIND, book)) == JobEnd(False, "The book has no pages.")


async def test_a_job_that_left_its_resource_unmade_or_is_lost_is_a_failure(queue: JobQueue, book: Resource) -> None:
    async def forget(running: RunningJob) -> JobResult:
        return JobResult(message="something about pages")

    queue.register(KIND, forget)
    await queue.start()
    lost = await ended(queue, await submit_for(queue, KIND, book))
    assert not lost.stopped and lost.reason.startswith("Internal failure")
    assert await end_of(queue, ACCOUNT, "0" * 32) == lost
