"""The service's resources: what Describe tells of each, and facts that only the service knows.

A resource that takes a job to make (an import, a predictor, a forecast, an export) is CREATE_PENDING with its job in
the queue, then CREATE_IN_PROGRESS, then ACTIVE, CREATE_FAILED or CREATE_STOPPED. Its row is the truth; the queue is
asked only about a resource that is still open, for a job may end without its handler (killed too often, or stopped).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from google.protobuf.message import Message

from nonet.forecasting.v1 import forecasting_pb2 as pb
from services.forecasting.kinds import FAILED, NOUNS, OPEN, PENDING, QUEUES, STOPPED, STOPPING, kind_of
from shared import errors
from shared.jobs.queue import JobQueue
from shared.jobs.resource_jobs import end_of, submit_for
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceKind, ResourceStore

Described = TypeVar("Described", bound=Message)
Facts = dict[str, Any]

_LENGTH = struct.Struct(">I")
#: In the row beside the facts: the message's name.
_SHAPE = "shape"
#: Fact: the number of a resource's job in the queue.
JOB = "job"
#: Fact: why it failed, or a remark; shown as Message.
MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Stored(Generic[Described]):
    """A resource. ``described`` is its Describe answer but for status, message and times, which ``told`` adds."""

    resource: Resource
    described: Described
    facts: Facts

    @property
    def open(self) -> bool:
        return self.resource.status in OPEN

    def told(self) -> Described:
        """The whole Describe answer."""
        answer = type(self.described).FromString(self.described.SerializeToString())
        known = answer.DESCRIPTOR.fields_by_name
        answer.status = self.resource.status  # type: ignore[attr-defined]
        if self.facts.get(MESSAGE) and "message" in known:
            answer.message = self.facts[MESSAGE]  # type: ignore[attr-defined]
        set_times(answer, self.resource)
        return answer


def set_times(message: Any, resource: Resource) -> None:
    """Fill CreationTime and LastModificationTime."""
    message.creation_time.FromMilliseconds(round(resource.created_at * 1000))
    message.last_modification_time.FromMilliseconds(round(resource.updated_at * 1000))


class ForecastResources:
    """Creates, reads, changes, lists and deletes. Raises the AWS API's errors, with messages that name the resource."""

    def __init__(self, resources: ResourceStore, queue: JobQueue) -> None:
        self._resources = resources
        self._queue = queue

    async def create(
        self,
        account: str,
        kind: ResourceKind,
        name: str,
        described: Described,
        facts: Facts | None = None,
        *,
        tags: Mapping[str, str],
        parent: str = "",
        arn_field: str = "",
    ) -> Stored[Described]:
        """A new resource, queued where it takes a job. ``arn_field``: the field of ``described`` that is its ARN.

        Raises ``AlreadyExists``, ``LimitExceeded``.
        """
        if arn_field:
            setattr(described, arn_field, kind.arn(account, name, parent))
        status = PENDING if kind.name in QUEUES else "ACTIVE"
        try:
            resource = await self._resources.create(
                account, kind, name, _document(described, facts or {}), status=status, parent=parent, tags=tags
            )
        except errors.AlreadyExists:
            raise errors.AlreadyExists(f"There is a {NOUNS[kind.name]} of that name already.") from None
        stored = Stored(resource, described, facts or {})
        return await self._queued(kind, stored) if kind.name in QUEUES else stored

    async def get(self, account: str, kind: ResourceKind, arn: str, shape: type[Described]) -> Stored[Described]:
        """The resource as it now is. Raises ``NotFound``."""
        if kind_of(arn) is not kind:
            raise errors.NotFound(f"That is not the ARN of a {NOUNS[kind.name]} here.")
        try:
            resource = await self._resources.get(account, kind, arn)
        except errors.NotFound:
            raise errors.NotFound(f"There is no such {NOUNS[kind.name]}.") from None
        return await self._fresh(kind, _stored(resource, shape))

    async def active(self, account: str, kind: ResourceKind, arn: str, shape: type[Described]) -> Stored[Described]:
        """The resource, which must be ACTIVE. Raises ``NotFound``, ``ResourceInUse``."""
        stored = await self.get(account, kind, arn, shape)
        if stored.resource.status != "ACTIVE":
            raise errors.ResourceInUse(f"The {NOUNS[kind.name]} is {stored.resource.status}, not ACTIVE.")
        return stored

    async def change(
        self,
        stored: Stored[Described],
        kind: ResourceKind,
        change: Callable[[Described, Facts], str | None],
        *,
        only: Collection[str] | None = None,
    ) -> Stored[Described]:
        """Let ``change`` alter both parts (maybe more than once); it gives the new status, or None.

        ``only``: statuses in which it may still be changed; in others it stays. Raises ``NotFound``.
        """

        def changed(current: Resource) -> Change:
            if only is not None and current.status not in only:
                return Change()
            now = _stored(current, type(stored.described))
            status = change(now.described, now.facts)
            return Change(_document(now.described, now.facts), status)

        resource = await self._resources.modify(stored.resource.account, kind, stored.resource.arn, changed)
        return _stored(resource, type(stored.described))

    async def page(
        self, account: str, kind: ResourceKind, shape: type[Described], *, max_results: int, next_token: str | None,
        statuses: frozenset[str] = frozenset(),
    ) -> tuple[list[Stored[Described]], str | None]:  # fmt: skip
        """A page, the newest first, and the token of the next. Raises ``InvalidPaginationToken``."""
        page = await self._resources.list(
            account, kind, ResourceFilter(statuses=statuses, newest_first=True), max_results=max_results,
            next_token=next_token,
        )  # fmt: skip
        return [await self._fresh(kind, _stored(one, shape)) for one in page.resources], page.next_token

    async def every(self, account: str, kind: ResourceKind, shape: type[Described]) -> list[Stored[Described]]:
        """All of an account's resources of a kind."""
        found: list[Stored[Described]] = []
        token: str | None = None
        while True:
            some, token = await self.page(account, kind, shape, max_results=100, next_token=token)
            found += some
            if token is None:
                return found

    async def delete(self, stored: Stored[Any], kind: ResourceKind) -> None:
        """Delete it; fine when it is gone. Raises ``ResourceInUse`` while a job makes it."""
        if stored.open:
            raise errors.ResourceInUse(f"The {NOUNS[kind.name]} is {stored.resource.status}: stop it, or wait.")
        try:
            await self._resources.delete(stored.resource.account, kind, stored.resource.arn)
        except errors.NotFound:
            return

    async def stop(self, stored: Stored[Any], kind: ResourceKind) -> None:
        """Ask the job that makes a resource to stop; nothing happens to one that is made."""
        if not stored.open or not stored.facts.get(JOB):
            return
        await self.change(stored, kind, lambda _, facts: STOPPING, only=OPEN)
        await self._queue.stop(stored.resource.account, stored.facts[JOB])

    async def end(
        self, stored: Stored[Described], kind: ResourceKind, status: str, message: str
    ) -> Stored[Described]:
        """End the making of a resource that did not become ACTIVE. Raises ``NotFound``."""

        def ended(_: Described, facts: Facts) -> str:
            facts[MESSAGE] = message
            return status

        return await self.change(stored, kind, ended, only=OPEN)

    async def _queued(self, kind: ResourceKind, stored: Stored[Described]) -> Stored[Described]:
        """The resource with its job's number. The token makes a second call find what the first one made."""
        job_id = await submit_for(self._queue, QUEUES[kind.name], stored.resource)

        def changed(_: Described, facts: Facts) -> None:
            facts[JOB] = job_id

        return await self.change(stored, kind, changed)

    async def _fresh(self, kind: ResourceKind, stored: Stored[Described]) -> Stored[Described]:
        if not stored.open:
            return stored
        if JOB not in stored.facts:
            # The process died between the two writes of ``create``.
            return await self._queued(kind, stored)
        end = await end_of(self._queue, stored.resource.account, stored.facts[JOB])
        if end is None:
            return stored
        return await self.end(stored, kind, STOPPED if end.stopped else FAILED, end.reason)


def _document(described: Message, facts: Facts) -> bytes:
    body = described.SerializeToString()
    return _LENGTH.pack(len(body)) + body + orjson.dumps({**facts, _SHAPE: described.DESCRIPTOR.name})


def _stored(resource: Resource, shape: type[Described]) -> Stored[Described]:
    """``shape`` tells the type checker what the caller knows; predictors are of one of two."""
    (length,) = _LENGTH.unpack_from(resource.document)
    end = _LENGTH.size + length
    facts = orjson.loads(resource.document[end:])
    written: type[Described] = getattr(pb, facts.pop(_SHAPE))
    return Stored(resource, written.FromString(resource.document[_LENGTH.size : end]), facts)
