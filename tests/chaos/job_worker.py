"""A process that does paged jobs until it is killed: started, and killed, by test_jobs_kill.py.

Usage: python -m tests.chaos.job_worker DATABASE_URL BLOB_FOLDER TRACE_FILE
Appends one line to TRACE_FILE per page read ("page JOB N") and per attempt that reaches its end ("end JOB ATTEMPT").
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from shared.jobs.job import JobResult, RunningJob
from shared.jobs.queue import JobQueue
from shared.jobs.runner import JobPolicy
from shared.storage.blobs import FolderBlobs
from shared.storage.database import Database

KIND = "chaos.pages"
PAGES = 8
SECONDS_A_PAGE = 0.05
#: Bigger than the policy below keeps in the row, so that half of the jobs use the blob store.
BIG_RESULT_BYTES = 5000
POLICY = JobPolicy(lease_s=1.0, heartbeat_s=0.2, poll_s=0.2, inline_result_bytes=1000)


def expected_result(request: bytes) -> bytes:
    return request * (BIG_RESULT_BYTES // len(request)) if request.endswith(b"0") else request


async def work(database_url: str, blob_folder: Path, trace_file: Path) -> None:
    trace = os.open(trace_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def read_pages(job: RunningJob) -> JobResult:
        for page in range(int(job.last_checkpoint or b"0"), PAGES):
            os.write(trace, f"page {job.id} {page}\n".encode())
            await asyncio.sleep(SECONDS_A_PAGE)
            await job.checkpoint(str(page + 1).encode(), (page + 1) / PAGES)
        os.write(trace, f"end {job.id} {job.job.attempt}\n".encode())
        return JobResult(expected_result(job.request))

    queue = JobQueue(Database.open(database_url), FolderBlobs(blob_folder), POLICY)
    queue.register(KIND, read_pages, concurrency=10)
    await queue.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
