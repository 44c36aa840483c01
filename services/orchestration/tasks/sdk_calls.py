"""``aws-sdk:<service>:<operation>``: any operation of the suite as a task, read from the contract; ".sync" for jobs.

An optimised form exists for operations that start work: ``arn:aws:states:::transcribe:startTranscriptionJob.sync``
waits until the job is over and gives what GetTranscriptionJob says of it. AWS has such forms for other services; these
are Nonet's own.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from services.orchestration.language.errors import RUNTIME, TASK_FAILED
from services.orchestration.tasks.parameters import to_json, unusable
from services.orchestration.tasks.resources import TaskResource, not_recognized
from services.orchestration.tasks.sdk_names import (
    SERVICES,
    SdkService,
    error_cause,
    exception_name,
    find_operation,
)
from services.orchestration.tasks.sdk_values import decode_answer, encode_request, fields_by_member
from services.orchestration.tasks.sync_jobs import Progress, SyncJob, find_job, progress
from services.orchestration.tasks.task import Task, TaskFailed
from shared import errors
from shared.contract import options
from shared.contract.apis import Operation
from shared.platform import Platform
from shared.rpc.call import new_request_id

#: Members by which an operation knows a request that it has seen before.
_TOKENS = frozenset({"ClientRequestToken", "ClientToken", "IdempotencyToken"})

FIRST_POLL_SECONDS = 0.2
LONGEST_POLL_SECONDS = 5.0
_POLL_GROWTH = 1.5
#: What a state's input or output may have.
MAX_DATA_BYTES = 262_144
#: A page that is too large is asked for again with half as many results, beginning with half of this.
MOST_RESULTS = 1000
_PAGE_SIZE = "MaxResults"


class SdkCalls:
    """Calls operations of the suite's APIs through ``platform.operations``, in the account of the execution."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def invoke(self, task: Task) -> Any:
        """The operation's answer. Parameters that leave a client token out get one that is the same for every run of
        the attempt, so that a job is started once."""
        resource = TaskResource(task.resource, task.pattern)
        operation = find_operation(resource.service, resource.action)
        if operation is None:
            raise TaskFailed(RUNTIME, not_recognized(f"arn:aws:states:::{task.resource}"))
        return await self.call(SERVICES[resource.service], operation, task.parameters, task)

    async def completion(self, task: Task, submitted: Any) -> Any:
        """Wait for the end of the job that ``invoke`` started: the final answer of its Describe or Get operation.

        Raises:
            TaskFailed: States.TaskFailed with that answer as the cause when the job ended badly.
        """
        resource = TaskResource(task.resource, task.pattern)
        job = find_job(resource.service, resource.action)
        if job is None:
            raise TaskFailed(RUNTIME, not_recognized(f"arn:aws:states:::{task.resource}.{task.pattern}"))
        wait = FIRST_POLL_SECONDS
        while True:
            answer = await self._look(job, task, submitted)
            match progress(job.status(answer)):
                case Progress.ENDED_WELL:
                    return await self._fitting(job, task, submitted, answer)
                case Progress.ENDED_BADLY:
                    raise TaskFailed(TASK_FAILED, to_json(answer))
            await asyncio.sleep(wait)
            wait = min(wait * _POLL_GROWTH, LONGEST_POLL_SECONDS)

    async def call(
        self, service: SdkService, operation: Operation, parameters: Any, task: Task, *, patient: bool = False
    ) -> dict[str, Any]:
        """The operation's answer, members capitalised.

        ``patient``: an error that says "try again" comes as it is, not as the task's failure.

        Raises:
            TaskFailed: States.Runtime for parameters that are none of the operation's, else the API's own error.
        """
        if not isinstance(parameters, Mapping):
            raise unusable(parameters, ["The parameters must be an object"])
        request: Any = operation.request_class.DESCRIPTOR
        encoded, problems = encode_request(request, _with_token(operation, parameters, task.idempotency_key))
        if problems:
            raise unusable(parameters, problems)
        request_id = new_request_id()
        try:
            answer = await self._platform.operations.call(
                operation,
                encoded,
                account=task.account,
                region=task.region,
                caller="states",
                request_id=request_id,
            )
        except errors.NonetError as error:
            if patient and error.retryable:
                raise
            raise _failure(service, operation, error, request_id) from error
        response: Any = operation.response_class.DESCRIPTOR
        return decode_answer(response, answer)

    async def _fitting(self, job: SyncJob, task: Task, submitted: Any, answer: dict[str, Any]) -> dict[str, Any]:
        """The final answer; of an operation that gives results in pages a smaller first one, if a state cannot hold it.
        Its NextToken leads to the rest.
        """
        request: Any = job.watch.request_class.DESCRIPTOR
        most = MOST_RESULTS if _PAGE_SIZE in fields_by_member(request) else 1
        while len(to_json(answer).encode()) > MAX_DATA_BYTES and most > 1:
            most //= 2
            answer = await self._look(job, task, submitted, {_PAGE_SIZE: most}) or answer
        return answer

    async def _look(
        self, job: SyncJob, task: Task, submitted: Any, page: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """What the watching operation says now; {} when it is too busy to say."""
        parameters = {**job.watch_parameters(task.parameters, submitted), **(page or {})}
        try:
            return await self.call(job.service, job.watch, parameters, task, patient=True)
        except errors.NonetError:
            return {}


def _with_token(operation: Operation, parameters: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    request: Any = operation.request_class.DESCRIPTOR
    for name, field in fields_by_member(request).items():
        if (name in _TOKENS or options.binding(field).idempotency_token) and parameters.get(name) is None:
            # Whatever the key looks like, this fits every token's pattern.
            token = uuid.UUID(bytes=hashlib.sha256(key.encode()).digest()[:16])
            return {**parameters, name: str(token)}
    return parameters


def _failure(service: SdkService, operation: Operation, error: errors.NonetError, request_id: str) -> TaskFailed:
    code = error.aws_code_for(operation.documented_errors)
    status = operation.documented_errors.get(code, error.http_status)
    return TaskFailed(exception_name(service, code), error_cause(error.message, service.prefix, status, request_id))
