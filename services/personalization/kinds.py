"""The kinds of resources that Personalize has, each with the message that describes it.

A resource's document is a message of the API, as Describe gives it but for what the row says itself (names, ARN,
status, times), and *facts*: what only this service needs to know (blobs, jobs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from nonet.personalization.v1 import personalization_pb2 as pb
from shared.storage.message_documents import described
from shared.storage.resources import Resource, ResourceKind

M = TypeVar("M", bound=Message)

PENDING, IN_PROGRESS, ACTIVE, FAILED = "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "CREATE FAILED"
STOPPING, STOPPED = "CREATE STOPPING", "CREATE STOPPED"
OPEN = frozenset({PENDING, IN_PROGRESS, STOPPING})


@dataclass(frozen=True, slots=True)
class Kind(Generic[M]):
    """``noun``: what callers call it; ``member``: the message's members that name it and its ARN."""

    resource: ResourceKind
    message: type[M]
    noun: str
    name_member: str
    arn_member: str


def _kind(noun: str, message: type[M], path: str, name_member: str = "name", arn_member: str = "") -> Kind[M]:
    slug = noun.replace(" ", "-")
    arn_member = arn_member or f"{noun.replace(' ', '_')}_arn"
    return Kind(ResourceKind(f"personalize.{slug}", "personalize", path), message, noun, name_member, arn_member)


SCHEMA = _kind("schema", pb.DatasetSchema, "schema/{name}")
DATASET_GROUP = _kind("dataset group", pb.DatasetGroup, "dataset-group/{name}")
DATASET = _kind("dataset", pb.Dataset, "dataset/{name}")
IMPORT_JOB = _kind("dataset import job", pb.DatasetImportJob, "dataset-import-job/{name}", name_member="job_name")
EVENT_TRACKER = _kind("event tracker", pb.EventTracker, "event-tracker/{name}")
FILTER = _kind("filter", pb.Filter, "filter/{name}")
SOLUTION = _kind("solution", pb.Solution, "solution/{name}")
SOLUTION_VERSION = _kind("solution version", pb.SolutionVersion, "solution/{name}")
CAMPAIGN = _kind("campaign", pb.Campaign, "campaign/{name}")
#: Finds a group's tracker by its tracking id.
TRACKING_ID = ResourceKind("personalize.tracking-id", "personalize", "tracking-id/{name}")


@dataclass(frozen=True, slots=True)
class Stored(Generic[M]):
    """A resource with its message, complete, and its facts."""

    resource: Resource
    message: M
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: Kind[M], resource: Resource) -> Stored[M]:
        message, facts = described(kind.message, resource)
        setattr(message, kind.arn_member, resource.arn)
        if not getattr(message, kind.name_member):
            setattr(message, kind.name_member, resource.name)
        if "status" in message.DESCRIPTOR.fields_by_name:
            message.status = resource.status  # type: ignore[attr-defined]
        return cls(resource, message, facts)

    @property
    def arn(self) -> str:
        return self.resource.arn

    @property
    def id(self) -> int:
        """The resource's number, which no other ever has."""
        return self.resource.id

    @property
    def open(self) -> bool:
        """Whether it is still being made."""
        return self.resource.status in OPEN
