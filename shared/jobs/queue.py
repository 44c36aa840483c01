"""Durable jobs: asked for once, done once, whatever dies in between.

    queue = JobQueue(database, blobs)
    queue.register("documents.text-detection", detect_text_in_pages, concurrency=2)
    await queue.start()
    job = await queue.submit(account, "documents.text-detection", request)   # committed when this returns
    ...
    await queue.drain(20.0)

A submission is a committed row. Workers of any process claim rows under a lease that they renew; a row whose lease
ran out is claimed again, and its former runner can no longer write (``shared.jobs.store``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared import errors
from shared.jobs.job import Handler, Job
from shared.jobs.runner import JobPolicy, JobRunner, result_folder
from shared.jobs.store import CHANNEL, JobFilter, JobPage, JobStore
from shared.storage.blobs import BlobStore, blob_name
from shared.storage.database import Database
from shared.storage.replicas import new_replica

_LOG = logging.getLogger(__name__)

_LONGEST_ID = 64
_SWEEP_SECONDS = 600.0
_SWEEP_BATCH = 500
#: After the database failed, before asking it again.
_RECOVERY_SECONDS = 1.0


@dataclass(slots=True)
class _Lane:
    """One kind of job in this process: who does it, how many at once, and those under way."""

    handler: Handler
    concurrency: int
    runners: dict[str, JobRunner] = field(default_factory=dict)


class JobQueue:
    """Submissions, questions about jobs, and (once started) the workers of this process."""

    def __init__(self, database: Database, blobs: BlobStore, policy: JobPolicy | None = None) -> None:
        self._database = database
        self._blobs = blobs
        self._policy = policy or JobPolicy()
        self._store = JobStore(database)
        self._lanes: dict[str, _Lane] = {}
        self._owner = new_replica()
        self._wake = asyncio.Event()
        self._dispatching: asyncio.Task[None] | None = None
        self._background: list[asyncio.Task[None]] = []
        self._draining = False
        self._attempts: set[asyncio.Task[None]] = set()

    # -- asking ----------------------------------------------------------------------------------------------------

    async def submit(
        self,
        account: str,
        kind: str,
        request: bytes,
        *,
        client_token: str | None = None,
        name: str = "",
        delay_s: float = 0.0,
    ) -> Job:
        """Queue a job; it survives anything once this returns.

        ``client_token``: the same token with the same request gives the job that it gave before; with another
        request it raises ``IdempotentParameterMismatch``. Serialize the request deterministically. Any process may
        submit any kind, whether or not it has a handler for it.
        """
        job = await self._store.submit(account, kind, request, client_token, name, delay_s)
        self._wake.set()
        return job

    async def find(self, account: str, job_id: str) -> Job | None:
        """The job, or None where the account has none of that id."""
        if not job_id or len(job_id) > _LONGEST_ID or not job_id.isprintable():
            return None
        return await self._store.find(account, job_id)

    async def get(self, account: str, job_id: str, *, kind: str | None = None) -> Job:
        """The job. Raises ``InvalidJobId`` where the account has none of that id (and ``kind``, if given)."""
        job = await self.find(account, job_id)
        if job is None or (kind is not None and job.kind != kind):
            raise errors.InvalidJobId("there is no job of that id")
        return job

    async def list(
        self,
        account: str,
        wanted: JobFilter | None = None,
        *,
        max_results: int = 100,
        next_token: str | None = None,
    ) -> JobPage:
        """A page of jobs, newest first unless ``wanted`` says otherwise. Raises ``InvalidPaginationToken``."""
        return await self._store.list(account, wanted or JobFilter(), max_results, next_token)

    async def stop(self, account: str, job_id: str, *, kind: str | None = None) -> Job:
        """Ask a job to stop, and return it as it then is: STOPPED, STOPPING, or ended as before.

        Raises ``InvalidJobId`` where the account has none of that id.
        """
        await self.get(account, job_id, kind=kind)
        job = await self._store.stop(account, job_id)
        if job is None:
            raise errors.InvalidJobId("there is no job of that id")
        self._deliver_stop(job_id)
        return job

    async def read_result(self, job: Job, start: int = 0, length: int | None = None) -> bytes:
        """``length`` bytes of the job's result from ``start`` on (None = the rest); b"" before it has one."""
        if job.result_location is None:
            body = await self._store.inline_result(job.account, job.id) if job.result_bytes else b""
            return body[start : None if length is None else start + length]
        return b"".join([chunk async for chunk in self._blobs.read(job.result_location, start, length)])

    # -- working ---------------------------------------------------------------------------------------------------

    def register(self, kind: str, handler: Handler, *, concurrency: int = 1) -> None:
        """Let this process do jobs of ``kind``, at most ``concurrency`` at once. Before or after ``start``."""
        if kind in self._lanes:
            raise ValueError(f"two handlers for jobs of kind {kind!r}")
        if concurrency < 1:
            raise ValueError("concurrency is at least 1")
        self._lanes[kind] = _Lane(handler, concurrency)
        self._wake.set()

    async def start(self) -> None:
        """Start this process's workers."""
        if self._dispatching is not None:
            raise RuntimeError("the queue is already working")
        self._draining = False
        self._dispatching = asyncio.create_task(self._dispatch(), name="jobs-dispatch")
        self._background = [
            asyncio.create_task(self._listen(), name="jobs-listen"),
            asyncio.create_task(self._sweep_regularly(), name="jobs-sweep"),
        ]
        for task in (self._dispatching, *self._background):
            task.add_done_callback(_report_defect)

    @property
    def working(self) -> bool:
        """Whether this process claims jobs: started, not draining, and its dispatcher alive."""
        return self._dispatching is not None and not self._dispatching.done() and not self._draining

    async def drain(self, grace_s: float) -> None:
        """Claim nothing more, let running jobs finish for ``grace_s`` seconds, then give the rest back."""
        self._draining = True
        self._wake.set()
        for task in self._background:
            task.cancel()
        if self._dispatching is not None:
            # Not cancelled: it may be in the middle of a claim, and must then give that job back.
            await asyncio.wait({self._dispatching, *self._background})
            self._dispatching, self._background = None, []
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=grace_s)
        for lane in self._lanes.values():
            for runner in lane.runners.values():
                runner.release()
        if self._attempts:
            await asyncio.wait(self._attempts)

    async def sweep(self) -> int:
        """Delete jobs, and their results, that ended longer ago than the retention time; how many."""
        count = 0
        while True:
            ids = await self._store.delete_ended_before(self._policy.retention_s, _SWEEP_BATCH)
            for job_id in ids:
                # The whole folder: an attempt that was killed while it wrote its result left that behind.
                await self._blobs.delete_below(blob_name(*result_folder(job_id)))
            count += len(ids)
            if len(ids) < _SWEEP_BATCH:
                return count

    async def _dispatch(self) -> None:
        while not self._draining:
            self._wake.clear()
            try:
                await self._claim_all()
                wait_s = await self._seconds_to_look_again()
            except errors.Unavailable:
                _LOG.warning("the database does not answer, jobs wait")
                wait_s = _RECOVERY_SECONDS
            if self._draining:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait_s)

    def _free_kinds(self) -> Sequence[str]:
        return sorted(kind for kind, lane in self._lanes.items() if len(lane.runners) < lane.concurrency)

    async def _claim_all(self) -> None:
        while (kinds := self._free_kinds()) and not self._draining:
            claim = await self._store.claim(kinds, self._owner, self._policy.lease_s)
            if claim is None:
                return
            if self._draining:
                await self._store.release(claim.job.id, claim.job.attempt)
                return
            lane = self._lanes[claim.job.kind]
            runner = JobRunner(claim, lane.handler, self._store, self._blobs, self._policy)
            lane.runners[claim.job.id] = runner
            attempt = asyncio.create_task(self._attempt(lane, runner), name=f"job-{claim.job.id}")
            self._attempts.add(attempt)
            attempt.add_done_callback(self._attempts.discard)

    async def _attempt(self, lane: _Lane, runner: JobRunner) -> None:
        try:
            await runner.run()
        except errors.Unavailable:
            # The verdict could not be written; the lease runs out and the job is done again.
            _LOG.error("job %s: the database did not take its end", runner.job.id)
        finally:
            if lane.runners.get(runner.job.id) is runner:
                del lane.runners[runner.job.id]
            self._wake.set()

    async def _seconds_to_look_again(self) -> float:
        kinds = self._free_kinds()
        next_s = await self._store.seconds_to_next(kinds) if kinds else None
        # Not before 10 ms: a lease that runs out "now" must not turn the wait into a spin.
        return self._policy.poll_s if next_s is None else min(self._policy.poll_s, next_s + 0.01)

    async def _listen(self) -> None:
        async for payload in self._database.listen(CHANNEL):
            verb, _, argument = payload.partition(" ")
            if verb == "stop":
                self._deliver_stop(argument)
            else:
                self._wake.set()

    def _deliver_stop(self, job_id: str) -> None:
        for lane in self._lanes.values():
            runner = lane.runners.get(job_id)
            if runner is not None:
                runner.ask_to_stop()

    async def _sweep_regularly(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self.sweep()
            except (OSError, errors.Unavailable) as error:
                _LOG.warning("the sweep of old jobs failed (%s), it will be tried again", type(error).__name__)


def _report_defect(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.critical("%s died of %s: this process does no more jobs", task.get_name(), type(error).__name__)
