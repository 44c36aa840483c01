"""Which operations start work that ends later, and how its end is seen: read from the contract, for every API.

StartSentimentDetectionJob is followed by DescribeSentimentDetectionJob, CreatePredictor by DescribePredictor,
StartTranscriptionJob by GetTranscriptionJob. The follower must be answerable with members that the request or the
answer of the starting operation has, and tell a status whose words include a good and a bad end.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.orchestration.tasks.sdk_names import SERVICES, SdkService, find_operation
from services.orchestration.tasks.sdk_values import fields_by_member
from shared.contract import options
from shared.contract.apis import Operation, enumeration

_STARTS = ("Start", "Create", "Import", "Build")
_WATCHES = ("Describe", "Get")
#: Executions of state machines end by rules of their own: the engine has "states:startExecution.sync".
_OTHERWISE = frozenset({"sfn"})
_STATUS = re.compile(r"(Status|State)$")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_GOOD = frozenset(
    (
        "ACTIVE", "AVAILABLE", "BUILT", "COMPLETE", "COMPLETED", "ENABLED", "READY", "SERVICE", "SUCCEEDED", "SUCCESS",
        "TRAINED",
    )
)  # fmt: skip
_BAD = frozenset({"ABORTED", "CANCELED", "CANCELLED", "DELETED", "DELETING", "ERROR", "FAILED", "STOPPED"})


class Progress(enum.Enum):
    """What a status word says."""

    GOING_ON = enum.auto()
    ENDED_WELL = enum.auto()
    ENDED_BADLY = enum.auto()


def progress(status: str) -> Progress:
    """Read a status word of any of the APIs: "IN_PROGRESS", "CREATE FAILED", "ReadyExpressTesting", "completed".

    Good words come first ("COMPLETED_WITH_ERROR"); an unknown word means that work goes on.
    """
    words = [word.upper() for word in _WORD.findall(status)]
    if any(word in _GOOD for word in words):
        return Progress.ENDED_WELL
    return Progress.ENDED_BADLY if any(word in _BAD for word in words) else Progress.GOING_ON


@dataclass(frozen=True, slots=True)
class SyncJob:
    """An operation that starts work, and the one that tells its status."""

    service: SdkService
    start: Operation
    watch: Operation
    #: Members that the watching request needs.
    keys: Sequence[str]
    #: Where the answer has its status: ("TranscriptionJob", "TranscriptionJobStatus").
    status_path: Sequence[str]

    def watch_parameters(self, parameters: Mapping[str, Any], submitted: Mapping[str, Any]) -> dict[str, Any]:
        """The watching request, from what the starting one was given and answered."""
        nested = [value for value in submitted.values() if isinstance(value, Mapping)]
        sources = [submitted, *nested, parameters]
        return {key: next(source[key] for source in sources if source.get(key) is not None) for key in self.keys}

    def status(self, answer: Mapping[str, Any]) -> str:
        """The status word in the watching operation's answer; "" when it has none."""
        value: Any = answer
        for name in self.status_path:
            value = value.get(name, {})
        return value if isinstance(value, str) else ""


@functools.cache
def find_job(service: str, action: str) -> SyncJob | None:
    """The job that ``arn:aws:states:::<service>:<action>.sync`` starts and waits for; None when it starts none."""
    start = find_operation(service, action)
    if start is None or service in _OTHERWISE:
        return None
    for prefix in _STARTS:
        if start.name.startswith(prefix):
            for watching in _WATCHES:
                watch = start.api.operations.get(watching + start.name.removeprefix(prefix))
                job = _pair(SERVICES[service], start, watch) if watch is not None else None
                if job is not None:
                    return job
    return None


def _pair(service: SdkService, start: Operation, watch: Operation) -> SyncJob | None:
    known = {*_members(start.request_class.DESCRIPTOR), *_members(start.response_class.DESCRIPTOR)}
    request: Any = watch.request_class.DESCRIPTOR
    response: Any = start.response_class.DESCRIPTOR
    for field in response.fields:
        if not field.is_repeated and field.type == FieldDescriptor.TYPE_MESSAGE:
            known |= set(_members(options.message_of(field)))
    keys = [name for name, field in fields_by_member(request).items() if options.constraint(field).required]
    paths = sorted(_status_paths(watch.response_class.DESCRIPTOR), key=lambda path: (len(path), len(path[-1])))
    if not paths or not known.issuperset(keys):
        return None
    return SyncJob(service, start, watch, keys, paths[0])


def _members(descriptor: Any) -> Iterator[str]:
    yield from fields_by_member(descriptor)


def _status_paths(descriptor: Descriptor | Any, parents: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in fields_by_member(descriptor).items():
        if field.is_repeated:
            continue
        if field.type == FieldDescriptor.TYPE_STRING and _STATUS.search(name) and _tells_an_end(field):
            yield (*parents, name)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and not parents and not options.is_timestamp(field):
            yield from _status_paths(options.message_of(field), (name,))


def _tells_an_end(field: FieldDescriptor) -> bool:
    allowed = options.constraint(field).enumeration
    if not allowed:
        return True
    owner = field.containing_type
    assert owner is not None
    ends = {progress(word) for word in enumeration(owner.file, allowed)}
    return {Progress.ENDED_WELL, Progress.ENDED_BADLY} <= ends
