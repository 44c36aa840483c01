"""Transcription jobs as resources: what GetTranscriptionJob tells, kept until the job is deleted."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nonet.transcription.v1 import transcription_pb2 as pb
from services.transcription.requests import bad_request
from shared import errors
from shared.jobs.queue import JobQueue
from shared.jobs.resource_jobs import end_of, submit_for
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceKind, ResourceStore

TRANSCRIPTION_JOB = ResourceKind("transcribe.transcription-job", "transcribe", "transcription-job/{name}")
#: Kind of job in the queue.
TRANSCRIPTION = "transcription.transcription-job"

#: Jobs of an account that may be open at once, unless the request lets them wait (AllowDeferredExecution) ...
MAX_OPEN_JOBS = 250
#: ... and then.
MAX_DEFERRED_JOBS = 10_000
OPEN = frozenset({"QUEUED", "IN_PROGRESS"})

#: Before the request in a resource's document: the job's number in the queue, and the request's length.
_HEAD = struct.Struct(">32sI")


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job with its request and its number in the queue ("" before it got one). URIs in ``job`` are s3://bucket/key."""

    resource: Resource
    queue_id: str
    request: pb.StartTranscriptionJobRequest
    job: pb.TranscriptionJob

    @classmethod
    def of(cls, resource: Resource) -> StoredJob:
        queue_id, length = _HEAD.unpack_from(resource.document)
        end = _HEAD.size + length
        request = pb.StartTranscriptionJobRequest.FromString(resource.document[_HEAD.size : end])
        return cls(
            resource, queue_id.decode().strip("\0"), request, pb.TranscriptionJob.FromString(resource.document[end:])
        )

    @property
    def open(self) -> bool:
        return self.job.transcription_job_status in OPEN

    def document(self, queue_id: str | None = None) -> bytes:
        """What the resource keeps of it."""
        request = self.request.SerializeToString()
        head = _HEAD.pack((self.queue_id if queue_id is None else queue_id).encode(), len(request))
        return head + request + self.job.SerializeToString()


class JobStore:
    """Creates, reads, changes and deletes. Raises Transcribe's own errors."""

    def __init__(self, resources: ResourceStore, queue: JobQueue) -> None:
        self._resources = resources
        self._queue = queue

    async def create(self, account: str, request: pb.StartTranscriptionJobRequest) -> StoredJob:
        """The job that a checked request asks for, queued. Raises ``AlreadyExists`` (ConflictException),
        ``LimitExceeded``."""
        deferred = request.job_execution_settings.allow_deferred_execution
        most = MAX_DEFERRED_JOBS if deferred else MAX_OPEN_JOBS
        page = await self._resources.list(account, TRANSCRIPTION_JOB, ResourceFilter(statuses=OPEN), max_results=most)
        if len(page.resources) >= most:
            raise errors.LimitExceeded(f"{most} transcription jobs are open already: try again when some have ended.")
        job = _new_job(request)
        body = request.SerializeToString()
        try:
            resource = await self._resources.create(
                account,
                TRANSCRIPTION_JOB,
                request.transcription_job_name,
                _HEAD.pack(b"", len(body)) + body + job.SerializeToString(),
                status=job.transcription_job_status,
                tags={tag.key: tag.value for tag in request.tags},
            )
        except errors.AlreadyExists:
            raise errors.AlreadyExists(
                "There is a transcription job of that name already.", aws_code="ConflictException"
            ) from None
        return await self._queued(StoredJob.of(resource))

    async def get(self, account: str, name: str) -> StoredJob:
        """The job as it now is. Raises ``NotFound``."""
        return await self._fresh(StoredJob.of(await self._resource(account, name)))

    async def list(
        self, account: str, wanted: ResourceFilter, max_results: int, next_token: str | None
    ) -> tuple[list[StoredJob], str | None]:
        """A page of jobs, and the token of the next. Raises ``InvalidPaginationToken``."""
        try:
            page = await self._resources.list(
                account, TRANSCRIPTION_JOB, wanted, max_results=max_results, next_token=next_token
            )
        except errors.InvalidPaginationToken as error:
            raise bad_request(error.message) from error
        found = [await self._fresh(StoredJob.of(resource)) for resource in page.resources]
        # A job that has just ended under us does not belong to those that are open any more.
        fitting = [one for one in found if not wanted.statuses or one.job.transcription_job_status in wanted.statuses]
        return fitting, page.next_token

    async def change(self, account: str, name: str, change: Callable[[pb.TranscriptionJob], None]) -> StoredJob:
        """Do ``change`` (maybe more than once) to the job, unless it has ended. Raises ``NotFound``."""

        def changed(resource: Resource) -> Change:
            stored = StoredJob.of(resource)
            if stored.open:
                change(stored.job)
            return Change(stored.document(), stored.job.transcription_job_status)

        return StoredJob.of(await self._resources.modify(account, TRANSCRIPTION_JOB, name, changed))

    async def delete(self, account: str, name: str) -> StoredJob:
        """Delete a job that has ended. Raises ``InvalidArgument`` (BadRequestException) otherwise."""
        try:
            stored = await self.get(account, name)
        except errors.NotFound:
            raise bad_request("There is no transcription job of that name.") from None
        if stored.open:
            raise bad_request("The transcription job has not ended yet: a job that has ended can be deleted.")
        await self._resources.delete(account, TRANSCRIPTION_JOB, name)
        return stored

    async def tags(self, stored: StoredJob) -> Mapping[str, str]:
        """The job's tags."""
        return await self._resources.list_tags(stored.resource.account, stored.resource.arn)

    async def _resource(self, account: str, name: str) -> Resource:
        try:
            return await self._resources.get(account, TRANSCRIPTION_JOB, name)
        except errors.NotFound:
            raise errors.NotFound(
                "There is no transcription job of that name.", aws_code="NotFoundException"
            ) from None

    async def _queued(self, stored: StoredJob) -> StoredJob:
        """The job with its number in the queue. The token makes a second call find what the first one made."""
        resource = stored.resource
        queue_id = await submit_for(self._queue, TRANSCRIPTION, resource, resource.name.encode())

        def changed(current: Resource) -> Change:
            return Change(StoredJob.of(current).document(queue_id))

        return StoredJob.of(await self._resources.modify(resource.account, TRANSCRIPTION_JOB, resource.name, changed))

    async def _fresh(self, stored: StoredJob) -> StoredJob:
        """What the queue knows of an open job, its handler may not have lived to write."""
        if not stored.open:
            return stored
        if not stored.queue_id:
            # The process died between the two writes of ``create``.
            return await self._queued(stored)
        end = await end_of(self._queue, stored.resource.account, stored.queue_id)
        if end is None:
            return stored
        reason = end.reason
        return await self.change(stored.resource.account, stored.resource.name, lambda job: fail(job, reason))


def fail(job: pb.TranscriptionJob, reason: str) -> None:
    """End a job badly."""
    job.transcription_job_status = "FAILED"
    job.failure_reason = reason
    set_time(job, "completion_time")


def set_time(job: pb.TranscriptionJob, member: str, moment: float | None = None) -> None:
    """Set a time of the job; now, unless ``moment`` (Unix seconds) says otherwise."""
    getattr(job, member).FromMilliseconds(round((time.time() if moment is None else moment) * 1000))


#: Members that a job has from its request.
_SAME = frozenset(
    {"transcription_job_name", "language_code", "media_sample_rate_hertz", "media_format", "media", "settings",
     "model_settings", "job_execution_settings", "content_redaction", "identify_language",
     "identify_multiple_languages", "language_options", "language_id_settings", "toxicity_detection"}
)  # fmt: skip


def _new_job(request: pb.StartTranscriptionJobRequest) -> pb.TranscriptionJob:
    """The job that a request asks for, queued."""
    same = {field.name: value for field, value in request.ListFields() if field.name in _SAME}
    job = pb.TranscriptionJob(transcription_job_status="QUEUED", **same)
    if request.HasField("subtitles"):
        job.subtitles.formats.extend(dict.fromkeys(request.subtitles.formats))
        job.subtitles.output_start_index = request.subtitles.output_start_index
    set_time(job, "creation_time")
    return job
