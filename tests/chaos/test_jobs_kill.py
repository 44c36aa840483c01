"""``kill -9`` in the middle of ten jobs, twice, then a restart: all ten finish, each with exactly one result."""

from __future__ import annotations

import asyncio
import collections
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from shared.jobs.job import Job, JobStatus
from shared.jobs.queue import JobQueue
from shared.jobs.store import JobFilter
from shared.storage.blobs import FolderBlobs
from shared.storage.database import Database
from tests.chaos import job_worker

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"
JOBS = 10


async def _start_worker(database_url: str, blobs: Path, trace: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.job_worker", database_url, str(blobs), str(trace), cwd=ROOT
    )


async def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async def poll() -> None:
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), seconds)


def _lines(trace: Path, verb: str) -> list[str]:
    if not trace.exists():
        return []
    return [line for line in trace.read_text().splitlines() if line.startswith(verb)]


async def test_killed_workers_lose_no_job_and_repeat_no_finished_one(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    blobs, trace = tmp_path / "blobs", tmp_path / "trace"
    queue = JobQueue(database, FolderBlobs(blobs), job_worker.POLICY)
    requests = [f"request {index} {index % 2}".encode() for index in range(JOBS)]
    jobs = [await queue.submit(ACCOUNT, job_worker.KIND, request) for request in requests]

    for kill in (1, 2):
        before = len(_lines(trace, "page"))
        worker = await _start_worker(database_url, blobs, trace)
        try:
            # In the middle: some pages of this worker are read, far from all.
            await _until(lambda before=before: len(_lines(trace, "page")) >= before + 2 * JOBS)  # type: ignore[misc]
        finally:
            worker.send_signal(signal.SIGKILL)
            assert await worker.wait() == -signal.SIGKILL
        still_open = [job for job in jobs if not (await queue.get(ACCOUNT, job.id)).status.ended]
        assert still_open, f"kill {kill} came too late to prove anything"

    ended_before = {job.id: await queue.get(ACCOUNT, job.id) for job in jobs}
    worker = await _start_worker(database_url, blobs, trace)
    try:
        finished = [await _ended(queue, job) for job in jobs]
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()

    assert [job.status for job in finished] == [JobStatus.SUCCEEDED] * JOBS
    for job in finished:
        assert await queue.read_result(job) == job_worker.expected_result(job.request)
        if ended_before[job.id].status.ended:
            assert job == ended_before[job.id], "a finished job was done again"
    assert len((await queue.list(ACCOUNT, JobFilter(kinds={job_worker.KIND}))).jobs) == JOBS

    # Each page was read once, but for the ones in flight at a kill: at most one a job and kill.
    reads = collections.Counter(_lines(trace, "page"))
    assert len(reads) == JOBS * job_worker.PAGES
    assert sum(reads.values()) <= len(reads) + 2 * JOBS
    # Exactly one result file for each big result: nothing of a killed attempt is taken for it.
    locations = {job.result_location for job in finished} - {None}
    assert 0 < len(locations) < JOBS
    assert await database.read(_open_jobs) == 0


async def _ended(queue: JobQueue, job: Job) -> Job:
    async def poll() -> Job:
        while not (found := await queue.get(ACCOUNT, job.id)).status.ended:
            await asyncio.sleep(0.02)
        return found

    return await asyncio.wait_for(poll(), 60)


def _open_jobs(connection: Connection) -> int:
    open_jobs = text("SELECT count(*) FROM jobs WHERE status IN ('QUEUED', 'RUNNING', 'STOPPING')")
    return int(connection.execute(open_jobs).scalar_one())
