"""The handlers of the queue: each makes one resource, and writes how that ended into it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message

from services.forecasting.kinds import FAILED, IN_PROGRESS, PENDING, QUEUES, STOPPED
from services.forecasting.resource_store import JOB, ForecastResources, Stored
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.jobs.queue import JobQueue
from shared.storage.resources import ResourceKind

#: Makes the resource and leaves it ACTIVE.
Work = Callable[[RunningJob, Stored[Any]], Awaitable[Stored[Any]]]

def register(queue: JobQueue, resources: ForecastResources, kind: ResourceKind, work: Work, concurrency: int) -> None:
    """Let this process make resources of ``kind``."""

    async def handle(running: RunningJob) -> JobResult:
        await _make(running, resources, kind, work)
        return JobResult()

    queue.register(QUEUES[kind.name], handle, concurrency=concurrency)


async def _make(running: RunningJob, resources: ForecastResources, kind: ResourceKind, work: Work) -> None:
    account, arn = running.account, running.request.decode()
    try:
        stored: Stored[Any] = await resources.get(account, kind, arn, Message)
    except errors.NotFound:
        return  # deleted
    if not stored.open or stored.facts.get(JOB) != running.id:
        return  # an earlier attempt has written its end, or the name is another job's now
    stored = await resources.change(stored, kind, lambda _, facts: IN_PROGRESS, only=(PENDING, IN_PROGRESS))
    try:
        await work(running, stored)
    except errors.Cancelled:
        await _end(resources, kind, stored, STOPPED, "Stopped.")
        raise
    except errors.NonetError as error:
        if not error.retryable:
            await _end(resources, kind, stored, FAILED, error.message)
        raise


async def _end(
    resources: ForecastResources, kind: ResourceKind, stored: Stored[Any], status: str, message: str
) -> None:
    try:
        await resources.end(stored, kind, status, message)
    except errors.NotFound:
        return
