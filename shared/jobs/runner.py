"""Runs one claimed job: its handler, its heartbeat, and the one write that ends it."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

from shared import errors
from shared.jobs.job import Handler, JobResult, JobStatus, RunningJob
from shared.jobs.store import Claim, JobStore, Outcome
from shared.storage.blobs import BlobStore, blob_name

_LOG = logging.getLogger(__name__)

#: What a job that no error of ours explains failed with.
_DEFECT = errors.Internal.aws_code


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """How patient the queue is. Seconds, bytes, and counts."""

    #: A runner that is silent for this long is presumed dead.
    lease_s: float = 30.0
    heartbeat_s: float = 8.0
    #: How often to look for work that nobody told us about.
    poll_s: float = 2.0
    #: Attempts that end without a verdict (crash, lost worker, retryable error) before the job fails.
    max_attempts: int = 5
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    #: A handler that ignores a stop request for this long is cancelled.
    stop_grace_s: float = 30.0
    #: Results up to this size stay in the job's row.
    inline_result_bytes: int = 64 * 1024
    max_result_bytes: int = 2 * 1024**3
    retention_s: float = 7 * 24 * 3600.0

    def backoff_s(self, failures: int) -> float:
        """Exponential, with jitter so that jobs that failed together do not come back together."""
        # At most 2**20, so that a long row of failures does not overflow.
        delay = min(self.longest_backoff_s, self.first_backoff_s * 2.0 ** min(failures, 20))
        return delay * random.uniform(0.5, 1.0)


class JobRunner:
    """One attempt at one job."""

    def __init__(self, claim: Claim, handler: Handler, store: JobStore, blobs: BlobStore, policy: JobPolicy) -> None:
        self.job = claim.job
        self._running = RunningJob(claim.job, claim.checkpoint, store)
        self._handler = handler
        self._store = store
        self._blobs = blobs
        self._policy = policy
        self._work: asyncio.Task[JobResult] | None = None
        self._releasing = False
        self._lost = False

    async def run(self) -> None:
        """Do the attempt to its end. Raises only what the database raises."""
        if self.job.status is JobStatus.STOPPING:
            # Asked to stop, and its runner died before it could.
            await self._store.finish(self.job.id, self.job.attempt, Outcome(JobStatus.STOPPED))
            return
        if self.job.failures >= self._policy.max_attempts:
            message = self.job.message or "the process that ran the job died, several times over"
            outcome = Outcome(JobStatus.FAILED, message=message, error_code=_DEFECT)
            await self._store.finish(self.job.id, self.job.attempt, outcome)
            return
        self._work = asyncio.ensure_future(self._handle())
        heartbeat = asyncio.create_task(self._keep_lease(self._work))
        try:
            await asyncio.wait({self._work})
            await self._conclude(self._work)
        finally:
            heartbeat.cancel()
            await asyncio.wait({heartbeat})

    def ask_to_stop(self) -> None:
        """The stop request for this job has arrived."""
        if self._running.cancelled:
            return
        self._running.ask_to_stop()
        if self._work is not None:
            asyncio.get_running_loop().call_later(self._policy.stop_grace_s, self._work.cancel)

    def release(self) -> None:
        """Break off and give the job back: this process is shutting down."""
        self._releasing = True
        if self._work is not None:
            self._work.cancel()

    async def _handle(self) -> JobResult:
        return await self._handler(self._running)

    async def _keep_lease(self, work: asyncio.Task[JobResult]) -> None:
        while True:
            await asyncio.sleep(self._policy.heartbeat_s)
            try:
                status = await self._store.heartbeat(
                    self.job.id, self.job.attempt, self._running.progress, self._policy.lease_s
                )
            except errors.Unavailable:
                continue  # the database may be back before the lease runs out
            if status is None and work.done():
                return  # the attempt has just ended
            if status is None:
                _LOG.warning("job %s: the lease was lost, breaking off attempt %d", self.job.id, self.job.attempt)
                self._lost = True
                work.cancel()
                return
            if status is JobStatus.STOPPING:
                self.ask_to_stop()

    async def _conclude(self, work: asyncio.Task[JobResult]) -> None:
        if self._lost:
            return
        if work.cancelled():
            if self._releasing:
                await self._store.release(self.job.id, self.job.attempt)
            elif self._running.cancelled:
                await self._store.finish(self.job.id, self.job.attempt, Outcome(JobStatus.STOPPED))
            else:
                await self._fail_or_retry(None)
            return
        error = work.exception()
        if error is None:
            await self._keep_result(work.result())
        elif isinstance(error, errors.Cancelled) and self._running.cancelled:
            await self._store.finish(self.job.id, self.job.attempt, Outcome(JobStatus.STOPPED))
        elif isinstance(error, errors.NonetError) and not error.retryable:
            code = error.explicit_aws_code or error.aws_code
            await self._store.finish(
                self.job.id, self.job.attempt, Outcome(JobStatus.FAILED, message=error.message, error_code=code)
            )
        else:
            await self._fail_or_retry(error)

    async def _keep_result(self, result: JobResult) -> None:
        try:
            outcome = await self._write_result(result)
        except (OSError, errors.NonetError) as error:
            await self._fail_or_retry(error)
            return
        if not await self._store.finish(self.job.id, self.job.attempt, outcome) and outcome.result_location:
            # Somebody else holds the job now, and their result is the one that counts.
            await self._blobs.delete(outcome.result_location)

    async def _write_result(self, result: JobResult) -> Outcome:
        """Big results go to the blob store *before* the status says that there is one."""
        body = result.body
        if isinstance(body, bytes) and len(body) <= self._policy.inline_result_bytes:
            return Outcome(result.status, message=result.message, result=body, result_bytes=len(body))
        location = blob_name(*result_folder(self.job.id), str(self.job.attempt))
        size = await self._blobs.write(location, self._limited(_chunks(body) if isinstance(body, bytes) else body))
        return Outcome(result.status, message=result.message, result_location=location, result_bytes=size)

    async def _limited(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self._policy.max_result_bytes:
                raise errors.LimitExceeded("the result is larger than a job may have")
            yield chunk

    async def _fail_or_retry(self, error: BaseException | None) -> None:
        message = error.message if isinstance(error, errors.NonetError) else "an internal error, see the service's log"
        if error is not None and not isinstance(error, errors.NonetError):
            # Frames and type only: the text of an exception may quote the request.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("job %s (%s) raised %s\n%s", self.job.id, self.job.kind, type(error).__name__, frames)
        code = (error.explicit_aws_code or error.aws_code) if isinstance(error, errors.NonetError) else _DEFECT
        delay = self._policy.backoff_s(self.job.failures)
        await self._store.retry(self.job.id, self.job.attempt, message, code, delay, self._policy.max_attempts)


def result_folder(job_id: str) -> tuple[str, str]:
    """Where the results of a job's attempts lie in the blob store."""
    return "results", job_id


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body
