"""Durable jobs on SQLite and PostgreSQL: one submission, one result, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, text

from shared import errors
from shared.jobs.job import Job, JobResult, JobStatus, RunningJob
from shared.jobs.queue import JobQueue
from shared.jobs.runner import JobPolicy
from shared.jobs.store import JobFilter, JobStore, Outcome
from shared.storage.blobs import FolderBlobs
from shared.storage.database import Database

pytestmark = pytest.mark.asyncio

FAST = JobPolicy(
    lease_s=2.0, heartbeat_s=0.1, poll_s=0.1, max_attempts=3, first_backoff_s=0.01, stop_grace_s=0.3,
    inline_result_bytes=100, max_result_bytes=10_000,
)  # fmt: skip
ACCOUNT = "000000000000"

MakeQueue = Callable[..., JobQueue]


@pytest_asyncio.fixture
async def make_queue(database: Database, tmp_path: Path) -> AsyncIterator[MakeQueue]:
    made: list[JobQueue] = []

    def make(policy: JobPolicy = FAST) -> JobQueue:
        made.append(JobQueue(database, FolderBlobs(tmp_path / "blobs"), policy))
        return made[-1]

    yield make
    for queue in made:
        await queue.drain(0)


async def ended(queue: JobQueue, job: Job) -> Job:
    async def wait() -> Job:
        while not (found := await queue.get(job.account, job.id)).status.ended:
            await asyncio.sleep(0.01)
        return found

    return await asyncio.wait_for(wait(), 30)


async def echo(job: RunningJob) -> JobResult:
    await job.report(0.5)
    return JobResult(job.request.upper())


async def test_a_job_runs_once_and_keeps_its_result(make_queue: MakeQueue) -> None:
    queue = make_queue()
    queue.register("echo", echo)
    await queue.start()
    job = await queue.submit(ACCOUNT, "echo", b"hello", name="greeting")
    assert job.status is JobStatus.QUEUED
    done = await ended(queue, job)
    assert (done.status, done.progress, done.attempt, done.name) == (JobStatus.SUCCEEDED, 1.0, 1, "greeting")
    assert await queue.read_result(done) == b"HELLO"
    assert await queue.read_result(done, 1, 3) == b"ELL"
    assert done.started_at is not None and done.ended_at is not None
    assert done.created_at <= done.started_at <= done.ended_at


async def test_a_job_waits_for_workers_to_come(make_queue: MakeQueue) -> None:
    asking, working = make_queue(), make_queue()
    job = await asking.submit(ACCOUNT, "echo", b"x")
    working.register("other", echo)
    await working.start()
    await asyncio.sleep(0.3)
    assert (await asking.get(ACCOUNT, job.id)).status is JobStatus.QUEUED
    working.register("echo", echo)
    assert (await ended(asking, job)).status is JobStatus.SUCCEEDED


async def test_a_big_result_lies_in_the_blob_store(make_queue: MakeQueue, tmp_path: Path) -> None:
    async def stream(job: RunningJob) -> JobResult:
        async def chunks() -> AsyncIterator[bytes]:
            for letter in b"abc":
                yield bytes([letter]) * 1000

        return JobResult(chunks(), JobStatus.PARTIAL_SUCCESS, "page 2 cannot be read")

    async def endless(job: RunningJob) -> JobResult:
        return JobResult(b"x" * 20_000)

    queue = make_queue()
    queue.register("stream", stream)
    queue.register("endless", endless)
    await queue.start()
    done = await ended(queue, await queue.submit(ACCOUNT, "stream", b""))
    assert (done.status, done.message) == (JobStatus.PARTIAL_SUCCESS, "page 2 cannot be read")
    assert done.result_bytes == 3000 and done.result_location is not None
    assert await queue.read_result(done, 999, 3) == b"abb"
    assert len(await queue.read_result(done)) == 3000
    too_big = await ended(queue, await queue.submit(ACCOUNT, "endless", b""))
    assert too_big.status is JobStatus.FAILED and too_big.error_code == "LimitExceededException"
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


async def test_a_client_token_is_idempotent(make_queue: MakeQueue) -> None:
    queue = make_queue()
    made = await asyncio.gather(*(queue.submit(ACCOUNT, "echo", b"x", client_token="t") for _ in range(8)))
    assert len({job.id for job in made}) == 1
    assert (await queue.submit("111111111111", "echo", b"x", client_token="t")).id != made[0].id
    assert (await queue.submit(ACCOUNT, "other", b"y", client_token="t")).id != made[0].id
    with pytest.raises(errors.IdempotentParameterMismatch):
        await queue.submit(ACCOUNT, "echo", b"y", client_token="t")


async def test_accounts_do_not_see_each_others_jobs(make_queue: MakeQueue) -> None:
    queue = make_queue()
    job = await queue.submit(ACCOUNT, "echo", b"x")
    for wrong in (job.id[:-1], "", "x" * 1000, "nul\0", "../" + job.id):
        with pytest.raises(errors.InvalidJobId):
            await queue.get(ACCOUNT, wrong)
    with pytest.raises(errors.InvalidJobId):
        await queue.get("111111111111", job.id)
    with pytest.raises(errors.InvalidJobId):
        await queue.stop("111111111111", job.id)
    with pytest.raises(errors.InvalidJobId):
        await queue.get(ACCOUNT, job.id, kind="other")
    assert (await queue.list("111111111111")).jobs == []
    assert (await queue.get(ACCOUNT, job.id)).status is JobStatus.QUEUED


async def test_listing_pages_through_everything_once(make_queue: MakeQueue) -> None:
    queue = make_queue()
    jobs = [await queue.submit(ACCOUNT, f"kind-{index % 2}", b"", name=f"n{index % 3}") for index in range(11)]
    seen: list[str] = []
    token = None
    while True:
        page = await queue.list(ACCOUNT, max_results=3, next_token=token)
        seen += [job.id for job in page.jobs]
        token = page.next_token
        if token is None:
            break
    assert seen == [job.id for job in reversed(jobs)]
    oldest = await queue.list(ACCOUNT, JobFilter(newest_first=False, kinds={"kind-1"}), max_results=2)
    assert [job.id for job in oldest.jobs] == [jobs[1].id, jobs[3].id]
    with pytest.raises(errors.InvalidPaginationToken):
        await queue.list(ACCOUNT, JobFilter(kinds={"kind-0"}), next_token=oldest.next_token)
    assert len((await queue.list(ACCOUNT, JobFilter(name="n0"))).jobs) == 4
    later = JobFilter(created_after=jobs[5].created_at, statuses={JobStatus.QUEUED})
    assert {job.id for job in (await queue.list(ACCOUNT, later)).jobs} == {
        job.id for job in jobs if job.created_at > jobs[5].created_at
    }
    assert (await queue.list(ACCOUNT, JobFilter(statuses={JobStatus.FAILED}))).jobs == []


async def test_errors_end_a_job_or_bring_it_back(make_queue: MakeQueue) -> None:
    tries: dict[str, int] = {}

    async def unlucky(job: RunningJob) -> JobResult:
        tries[job.id] = tries.get(job.id, 0) + 1
        match job.request:
            case b"bad":
                raise errors.BadDocument("the document is damaged")
            case b"busy" if tries[job.id] < 3:
                raise errors.Unavailable("later")
            case b"defect":
                raise ZeroDivisionError("secret text")
        return JobResult(b"ok")

    queue = make_queue()
    queue.register("unlucky", unlucky, concurrency=3)
    await queue.start()
    bad, busy, defect = [await queue.submit(ACCOUNT, "unlucky", request) for request in (b"bad", b"busy", b"defect")]
    failed = await ended(queue, bad)
    assert (failed.status, failed.message, failed.error_code) == (
        JobStatus.FAILED, "the document is damaged", "BadDocumentException",
    )  # fmt: skip
    assert tries[bad.id] == 1
    assert (await ended(queue, busy)).status is JobStatus.SUCCEEDED
    assert tries[busy.id] == 3
    broken = await ended(queue, defect)
    assert (broken.status, tries[defect.id]) == (JobStatus.FAILED, 3)
    assert "secret" not in broken.message and broken.error_code == "InternalServerException"


async def test_a_retried_job_goes_on_from_its_checkpoint(make_queue: MakeQueue) -> None:
    pages_read: list[int] = []

    async def read_pages(job: RunningJob) -> JobResult:
        for page in range(int(job.last_checkpoint or b"0"), 12):
            pages_read.append(page)
            await job.checkpoint(str(page + 1).encode(), (page + 1) / 12)
            if page % 2:  # six failures, more than the policy allows without progress
                raise OSError("the disk hiccups")
        return JobResult(b"done")

    queue = make_queue()
    queue.register("pages", read_pages)
    await queue.start()
    done = await ended(queue, await queue.submit(ACCOUNT, "pages", b""))
    assert (done.status, done.attempt) == (JobStatus.SUCCEEDED, 7)
    assert pages_read == list(range(12))


async def test_stopping(make_queue: MakeQueue) -> None:
    running = asyncio.Event()

    async def polite(job: RunningJob) -> JobResult:
        while True:
            running.set()
            await job.report(0.25)
            await asyncio.sleep(0.01)

    async def stubborn(job: RunningJob) -> JobResult:
        running.set()
        await asyncio.sleep(60)
        return JobResult()

    queue, elsewhere = make_queue(), make_queue()
    waiting = await queue.submit(ACCOUNT, "polite", b"")
    assert (await queue.stop(ACCOUNT, waiting.id)).status is JobStatus.STOPPED
    queue.register("polite", polite)
    queue.register("stubborn", stubborn)
    await queue.start()
    for kind in ("polite", "stubborn"):
        running.clear()
        job = await queue.submit(ACCOUNT, kind, b"")
        await asyncio.wait_for(running.wait(), 10)
        # asked of another process: it reaches the runner by notification or heartbeat
        assert (await elsewhere.stop(ACCOUNT, job.id)).status is JobStatus.STOPPING
        assert (await ended(queue, job)).status is JobStatus.STOPPED
        assert (await queue.stop(ACCOUNT, job.id)).status is JobStatus.STOPPED
    assert (await queue.get(ACCOUNT, waiting.id)).attempt == 0


async def test_a_job_that_finishes_before_it_stops_has_succeeded(make_queue: MakeQueue) -> None:
    go = asyncio.Event()

    async def finish(job: RunningJob) -> JobResult:
        await go.wait()
        return JobResult(b"whole" if not job.cancelled else b"cut short")

    queue = make_queue()
    queue.register("finish", finish)
    await queue.start()
    job = await queue.submit(ACCOUNT, "finish", b"")
    while (await queue.get(ACCOUNT, job.id)).status is not JobStatus.RUNNING:
        await asyncio.sleep(0.01)
    await queue.stop(ACCOUNT, job.id)
    go.set()
    done = await ended(queue, job)
    assert done.status is JobStatus.SUCCEEDED
    assert await queue.read_result(done) == b"cut short"


async def test_many_workers_share_jobs_without_doing_one_twice(make_queue: MakeQueue) -> None:
    done_by: list[bytes] = []

    async def work(job: RunningJob) -> JobResult:
        done_by.append(job.request)
        await asyncio.sleep(0.005)
        return JobResult(job.request)

    queues = [make_queue() for _ in range(3)]
    jobs = [await queues[0].submit(ACCOUNT, "work", str(index).encode()) for index in range(40)]
    for queue in queues:
        queue.register("work", work, concurrency=4)
        await queue.start()
    for job in jobs:
        assert (await ended(queues[0], job)).attempt == 1
    assert sorted(done_by) == sorted(job.request for job in jobs)


async def test_concurrency_is_bounded(make_queue: MakeQueue) -> None:
    now = most = 0
    three = asyncio.Event()

    async def work(job: RunningJob) -> JobResult:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 3:
            three.set()
        # The first ones stay until there are three, however busy the machine is; then a fourth would have time to come.
        async with asyncio.timeout(20):
            await three.wait()
        await asyncio.sleep(0.02)
        now -= 1
        return JobResult()

    queue = make_queue()
    queue.register("work", work, concurrency=3)
    await queue.start()
    for job in [await queue.submit(ACCOUNT, "work", b"") for _ in range(12)]:
        await ended(queue, job)
    assert most == 3


async def test_a_lost_lease_is_taken_over_and_the_late_result_refused(
    database: Database, make_queue: MakeQueue
) -> None:
    store = JobStore(database)
    queue = make_queue()
    job = await queue.submit(ACCOUNT, "echo", b"x")
    silent = await store.claim(["echo"], "a worker that hangs", 0.05)
    assert silent is not None and silent.job.attempt == 1
    await store.save_progress(job.id, 1, 0.5, b"half way")
    queue.register("echo", echo)
    await queue.start()
    done = await ended(queue, job)
    assert (done.attempt, done.failures) == (2, 1)
    # the hanging worker comes back
    assert not await store.finish(job.id, 1, Outcome(JobStatus.SUCCEEDED, result=b"late", result_bytes=4))
    assert not await store.retry(job.id, 1, "", "", 0.0, 3)
    assert not await store.release(job.id, 1)
    assert await store.heartbeat(job.id, 1, 0.9, 1.0) is None
    with pytest.raises(errors.Aborted):
        await store.save_progress(job.id, 1, 0.9, b"late")
    assert await queue.read_result(await queue.get(ACCOUNT, job.id)) == b"X"


async def test_a_runner_that_lost_its_lease_breaks_off(database: Database, make_queue: MakeQueue) -> None:
    broken_off = asyncio.Event()
    hold = asyncio.Event()

    async def work(job: RunningJob) -> JobResult:
        try:
            await hold.wait()
        except asyncio.CancelledError:
            broken_off.set()
            raise
        return JobResult(b"second")

    queue = make_queue()
    queue.register("work", work)
    await queue.start()
    job = await queue.submit(ACCOUNT, "work", b"")
    while (await queue.get(ACCOUNT, job.id)).status is not JobStatus.RUNNING:
        await asyncio.sleep(0.01)

    def steal(connection: Connection) -> None:
        connection.execute(text("UPDATE jobs SET attempt = attempt + 1, lease_expires_at = 0"))

    await database.run(steal)
    await asyncio.wait_for(broken_off.wait(), 10)
    hold.set()
    done = await ended(queue, job)
    assert (done.status, done.attempt) == (JobStatus.SUCCEEDED, 3)


async def test_a_job_that_kills_its_worker_again_and_again_fails(database: Database, make_queue: MakeQueue) -> None:
    store = JobStore(database)
    queue = make_queue()
    job = await queue.submit(ACCOUNT, "deadly", b"")
    for attempt in range(1, FAST.max_attempts + 1):
        claim = None
        while claim is None:
            claim = await store.claim(["deadly"], "about to die", 0.01)
        assert claim.job.attempt == attempt
    queue.register("deadly", echo)
    await queue.start()
    done = await ended(queue, job)
    assert (done.status, done.error_code) == (JobStatus.FAILED, "InternalServerException")
    assert "died" in done.message


async def test_drain_lets_jobs_finish_or_gives_them_back(make_queue: MakeQueue) -> None:
    started = asyncio.Semaphore(0)

    async def work(job: RunningJob) -> JobResult:
        started.release()
        await asyncio.sleep(0.2 if job.request == b"short" else 60)
        return JobResult(b"done")

    queue = make_queue()
    queue.register("work", work, concurrency=2)
    await queue.start()
    assert queue.working
    short = await queue.submit(ACCOUNT, "work", b"short")
    long = await queue.submit(ACCOUNT, "work", b"long")
    late = await queue.submit(ACCOUNT, "work", b"short")
    for _ in range(2):
        await asyncio.wait_for(started.acquire(), 10)
    await queue.drain(1.0)
    assert not queue.working
    assert (await queue.get(ACCOUNT, short.id)).status is JobStatus.SUCCEEDED
    given_back = await queue.get(ACCOUNT, long.id)
    assert (given_back.status, given_back.failures) == (JobStatus.QUEUED, 0)
    assert (await queue.get(ACCOUNT, late.id)).attempt == 0
    other = make_queue()
    other.register("work", echo)
    await other.start()
    assert (await ended(other, long)).attempt == 2


async def test_delayed_jobs_wait(make_queue: MakeQueue) -> None:
    queue = make_queue()
    queue.register("echo", echo)
    await queue.start()
    later = await queue.submit(ACCOUNT, "echo", b"later", delay_s=2.0)
    sooner = await queue.submit(ACCOUNT, "echo", b"sooner")
    first = await ended(queue, sooner)
    second = await ended(queue, later)
    assert first.started_at is not None and second.started_at is not None
    assert first.started_at < second.started_at
    assert second.started_at >= later.created_at + 2.0


async def test_the_sweep_forgets_old_jobs_and_their_results(make_queue: MakeQueue, tmp_path: Path) -> None:
    async def big(job: RunningJob) -> JobResult:
        return JobResult(b"x" * 500)

    queue = make_queue()
    queue.register("big", big)
    await queue.start()
    job = await queue.submit(ACCOUNT, "big", b"")
    await ended(queue, job)
    assert await queue.sweep() == 0
    await queue.drain(5)
    waiting = await queue.submit(ACCOUNT, "big", b"")
    impatient = make_queue(JobPolicy(retention_s=0.0))
    await asyncio.sleep(0.05)
    assert await impatient.sweep() == 1
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
    assert await queue.find(ACCOUNT, job.id) is None
    assert (await queue.get(ACCOUNT, waiting.id)).status is JobStatus.QUEUED


async def test_misuse_is_told() -> None:
    with pytest.raises(ValueError):
        JobResult(status=JobStatus.FAILED)


async def test_two_handlers_of_one_kind_are_refused(make_queue: MakeQueue) -> None:
    queue = make_queue()
    queue.register("echo", echo)
    with pytest.raises(ValueError):
        queue.register("echo", echo)
    with pytest.raises(ValueError):
        queue.register("none", echo, concurrency=0)
