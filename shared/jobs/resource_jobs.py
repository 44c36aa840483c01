"""Jobs that make a resource: the resource's row is written first, its job is queued after it.

The row is the truth, and it keeps the job's id. Its process may die between the two writes, and a job may end without
its handler (killed too often, or stopped while it waited): so whoever reads a resource that is not made yet asks here
what became of the job.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.jobs.job import JobStatus
from shared.jobs.queue import JobQueue
from shared.storage.resources import Resource


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended that has left its resource unmade. ``reason`` is for the caller to read."""

    stopped: bool
    reason: str


async def submit_for(queue: JobQueue, kind: str, resource: Resource, request: bytes | None = None) -> str:
    """The id of the job of ``kind`` that makes ``resource``: queued now, or by an earlier call that its process did not
    live to note. ``request``: the resource's ARN unless given."""
    job = await queue.submit(
        resource.account,
        kind,
        resource.arn.encode() if request is None else request,
        client_token=f"{resource.arn}#{resource.id}",
        name=resource.name,
    )
    return job.id


async def end_of(queue: JobQueue, account: str, job_id: str) -> JobEnd | None:
    """How the job ended; None while it has not.

    Its handler may have written the resource between the caller's look at that and this one: whoever writes the end
    into the resource does so only while that is still unmade.
    """
    job = await queue.find(account, job_id)
    if job is None:
        return JobEnd(stopped=False, reason="Internal failure: try it again.")
    if not job.status.ended:
        return None
    if job.status is JobStatus.STOPPED:
        return JobEnd(stopped=True, reason="Stopped.")
    # A job that failed names its reason; one that succeeded has, by the handler's fault, not written its resource.
    failed = job.status is JobStatus.FAILED and job.message
    return JobEnd(stopped=False, reason=job.message if failed else "Internal failure: try it again.")
