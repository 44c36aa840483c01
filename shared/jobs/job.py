"""What a job is, to the caller who asks for it and to the handler that does it."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from shared import errors


class JobStatus(enum.StrEnum):
    """Where a job stands. Services translate these into their own AWS words."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"  # running, and asked to stop
    SUCCEEDED = "SUCCEEDED"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    FAILED = "FAILED"
    STOPPED = "STOPPED"

    @property
    def ended(self) -> bool:
        """Whether this status is final."""
        return self not in OPEN_STATUSES


OPEN_STATUSES = frozenset({JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.STOPPING})


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its row says. Times are Unix seconds; ``progress`` is 0..1."""

    sequence: int
    id: str
    account: str
    kind: str
    name: str
    client_token: str | None
    request: bytes
    status: JobStatus
    #: Why it failed or what went partly wrong; shown to the caller.
    message: str
    #: AWS code of the error that failed it, "" otherwise.
    error_code: str
    progress: float
    attempt: int
    failures: int
    created_at: float
    started_at: float | None
    ended_at: float | None
    result_location: str | None
    result_bytes: int


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a handler returns: the result's bytes (at once or as they come) and how well it went."""

    body: bytes | AsyncIterable[bytes] = b""
    status: JobStatus = JobStatus.SUCCEEDED
    message: str = ""

    def __post_init__(self) -> None:
        if self.status not in (JobStatus.SUCCEEDED, JobStatus.PARTIAL_SUCCESS):
            raise ValueError("a handler returns SUCCEEDED or PARTIAL_SUCCESS; it raises to fail or to stop")


class RunWriter(Protocol):
    """What a run may write about itself; refused once somebody else has taken the job over."""

    async def save_progress(self, job_id: str, attempt: int, progress: float, checkpoint: bytes | None) -> None:
        """Raises ``Aborted`` when ``attempt`` no longer holds the job."""


class RunningJob:
    """A job in the hands of its handler. The lease is renewed in the background."""

    def __init__(self, job: Job, checkpoint: bytes | None, writer: RunWriter) -> None:
        self.job = job
        self._writer = writer
        self._checkpoint = checkpoint
        self._progress = job.progress
        self._stopping = job.status is JobStatus.STOPPING

    @property
    def id(self) -> str:
        return self.job.id

    @property
    def account(self) -> str:
        return self.job.account

    @property
    def request(self) -> bytes:
        """The bytes that ``submit`` was given."""
        return self.job.request

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the job to stop."""
        return self._stopping

    @property
    def last_checkpoint(self) -> bytes | None:
        """What the newest ``checkpoint`` of this or an earlier attempt saved; None at a fresh start."""
        return self._checkpoint

    @property
    def progress(self) -> float:
        """The share of the work done, 0..1, as last reported."""
        return self._progress

    def raise_if_stopped(self) -> None:
        """Raise ``Cancelled`` once somebody asked the job to stop; a handler lets it pass to end as STOPPED."""
        if self._stopping:
            raise errors.Cancelled("the job was stopped")

    async def report(self, progress: float) -> None:
        """Say how far the job is (0..1; never goes back). Kept in memory, written with the next heartbeat.

        Raises ``Cancelled`` once somebody asked the job to stop.
        """
        self._progress = max(self._progress, min(1.0, progress))
        self.raise_if_stopped()

    async def checkpoint(self, state: bytes, progress: float | None = None) -> None:
        """Save ``state`` durably; the next attempt finds it in ``last_checkpoint``.

        Raises ``Aborted`` when another worker has taken the job over, ``Cancelled`` once the job was asked to stop.
        """
        if progress is not None:
            self._progress = max(self._progress, min(1.0, progress))
        await self._writer.save_progress(self.job.id, self.job.attempt, self._progress, state)
        self._checkpoint = state
        self.raise_if_stopped()

    def ask_to_stop(self) -> None:
        """Called by the queue when the stop request arrives."""
        self._stopping = True


Handler = Callable[[RunningJob], Awaitable[JobResult]]
