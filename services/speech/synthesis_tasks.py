"""Speech synthesis tasks: long texts, spoken in the background into an object in S3.

A task is a job of the queue and nothing beside it: its id is the job's, its request says the rest.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from nonet.speech.v1 import speech_pb2 as pb
from services.speech.requests import MARKS, TASK_LIMITS, Wish
from services.speech.synthesis import Synthesis
from shared import errors
from shared.jobs.job import Job, JobResult, JobStatus, RunningJob
from shared.jobs.queue import JobQueue
from shared.jobs.store import JobFilter
from shared.platform import Platform
from shared.rpc.call import Priority
from shared.storage.names import ObjectName
from shared.storage.object_tables import ObjectAttributes
from shared.storage.objects import ObjectStore

SYNTHESIS = "speech.synthesis-task"
MAX_TASKS_ON_A_PAGE = 100
#: Polly's words for where a job stands.
STATUSES = {
    JobStatus.QUEUED: "scheduled",
    JobStatus.RUNNING: "inProgress",
    JobStatus.STOPPING: "inProgress",
    JobStatus.SUCCEEDED: "completed",
    JobStatus.PARTIAL_SUCCESS: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.STOPPED: "failed",
}
_ENDINGS = {"ogg_vorbis": "ogg", "ogg_opus": "opus", MARKS: "marks"}
#: Before the request in a job: how many characters of it are billed.
_HEAD = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A task as its job tells it."""

    job: Job
    request: pb.StartSpeechSynthesisTaskInput
    billed_characters: int

    @classmethod
    def of(cls, job: Job) -> StoredTask:
        (billed,) = _HEAD.unpack_from(job.request)
        return cls(job, pb.StartSpeechSynthesisTaskInput.FromString(job.request[_HEAD.size :]), billed)

    @property
    def place(self) -> ObjectName:
        """Where its sound is, or will be: ``<prefix>.<task id>.mp3``."""
        request = self.request
        prefix = f"{request.output_s3_key_prefix}." if request.output_s3_key_prefix else ""
        ending = _ENDINGS.get(request.output_format, request.output_format)
        return ObjectName(request.output_s3_bucket_name, f"{prefix}{self.job.id}.{ending}")


class SynthesisTasks:
    """Starts, finds and lists tasks, and does them in the background."""

    def __init__(self, platform: Platform, synthesis: Synthesis) -> None:
        self._queue: JobQueue = platform.jobs
        self._objects: ObjectStore = platform.objects
        self._synthesis = synthesis
        platform.jobs.register(SYNTHESIS, self._speak)

    async def start(self, account: str, request: pb.StartSpeechSynthesisTaskInput) -> StoredTask:
        """Queue a task, once everything about it is known to be possible.

        Raises:
            NonetError: as ``Synthesis.plan``; InvalidS3BucketException, InvalidSnsTopicArnException.
        """
        if request.sns_topic_arn:
            raise errors.InvalidArgument(
                "Tasks send no notifications here: leave SnsTopicArn out, and ask GetSpeechSynthesisTask.",
                aws_code="InvalidSnsTopicArnException",
            )
        try:
            await self._objects.head_bucket(account, request.output_s3_bucket_name)
        except (errors.NotFound, errors.PermissionDenied):
            raise errors.InvalidArgument(
                "The output bucket is not there, or not yours.", aws_code="InvalidS3BucketException"
            ) from None
        plan = await self._synthesis.plan(account, Wish.of(request), TASK_LIMITS)
        body = _HEAD.pack(plan.billed_characters) + request.SerializeToString(deterministic=True)
        return StoredTask.of(await self._queue.submit(account, SYNTHESIS, body))

    async def get(self, account: str, task_id: str) -> StoredTask:
        """The task. Raises ``NotFound`` (SynthesisTaskNotFoundException)."""
        try:
            return StoredTask.of(await self._queue.get(account, task_id, kind=SYNTHESIS))
        except errors.InvalidJobId:
            raise errors.InvalidArgument(
                "There is no synthesis task of that id.", aws_code="SynthesisTaskNotFoundException"
            ) from None

    async def list(
        self, account: str, status: str | None, max_results: int, next_token: str | None
    ) -> tuple[Sequence[StoredTask], str | None]:
        """A page of tasks, the newest first, and the token of the next. Raises ``InvalidPaginationToken``."""
        statuses = frozenset(job for job, word in STATUSES.items() if status in (None, word))
        page = await self._queue.list(
            account,
            JobFilter(kinds=(SYNTHESIS,), statuses=statuses),
            max_results=max_results,
            next_token=next_token,
        )
        return [StoredTask.of(job) for job in page.jobs], page.next_token

    async def _speak(self, running: RunningJob) -> JobResult:
        """Handler of ``SYNTHESIS``: the sound goes into the bucket as it is made, and is there whole or not at all."""
        task = StoredTask.of(running.job)
        plan = await self._synthesis.plan(running.account, Wish.of(task.request), TASK_LIMITS)

        async def sound() -> AsyncIterator[bytes]:
            async for piece in self._synthesis.body(plan, Priority.BATCH):
                running.raise_if_stopped()
                yield piece

        attributes = ObjectAttributes(headers={"content-type": plan.output.content_type})
        await self._objects.put(running.account, *task.place, sound(), attributes=attributes)
        return JobResult()
