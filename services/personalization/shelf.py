"""The shelf: resources of every kind, and the jobs that make some of them.

    solution = await shelf.get(account, SOLUTION, arn)
    version = await shelf.create(account, SOLUTION_VERSION, name, message, parent=solution.arn, job=TRAINING)

A resource that a job makes is written first and its job submitted after it; whoever looks at it later submits the job
if the process died between the two (the job's token makes the second submission find the first).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.personalization.kinds import (
    ACTIVE,
    FAILED,
    IN_PROGRESS,
    OPEN,
    PENDING,
    STOPPED,
    Kind,
    Stored,
)
from shared import errors
from shared.jobs.queue import JobQueue
from shared.jobs.resource_jobs import end_of, submit_for
from shared.storage.message_documents import document
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceStore

M = TypeVar("M", bound=Message)

PAGE = 100


class Shelf:
    """Creates, gets, lists, changes and deletes. Raises Personalize's own errors."""

    def __init__(self, resources: ResourceStore, queue: JobQueue) -> None:
        self._resources = resources
        self._queue = queue

    async def create(
        self,
        account: str,
        kind: Kind[M],
        name: str,
        message: M,
        *,
        parent: str = "",
        arn: str | None = None,
        facts: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        job: str | None = None,
    ) -> Stored[M]:
        """A new resource, ACTIVE at once unless a ``job`` of that kind makes it.

        Raises:
            AlreadyExists: there is one of that name.
            LimitExceeded: too many tags.
        """
        known = dict(facts or {}) | ({"job": job, "job_id": ""} if job else {})
        try:
            resource = await self._resources.create(
                account,
                kind.resource,
                name,
                document(message, known),
                status=PENDING if job else ACTIVE,
                parent=parent,
                tags=tags,
                arn=arn,
            )
        except errors.AlreadyExists:
            raise errors.AlreadyExists(f"There is a {kind.noun} of that name already.") from None
        stored = Stored.of(kind, resource)
        return await self._submitted(kind, stored) if job else stored

    async def get(self, account: str, kind: Kind[M], arn: str) -> Stored[M]:
        """A resource as it now is. Raises ``NotFound``."""
        try:
            resource = await self._resources.get(account, kind.resource, arn)
        except errors.NotFound:
            raise missing(kind) from None
        return await self._fresh(kind, Stored.of(kind, resource))

    async def active(self, account: str, kind: Kind[M], arn: str) -> Stored[M]:
        """A resource that is ready to be used. Raises ``NotFound``, ``ResourceInUse`` while or if it is not."""
        stored = await self.get(account, kind, arn)
        if stored.resource.status != ACTIVE:
            raise errors.ResourceInUse(f"The {kind.noun} is {stored.resource.status}, it must be ACTIVE.")
        return stored

    async def page(
        self, account: str, kind: Kind[M], parent: str | None, max_results: int, next_token: str | None
    ) -> tuple[list[Stored[M]], str | None]:
        """A page of resources, those below ``parent`` alone if there is one, and the next page's token.

        Raises:
            InvalidPaginationToken: the token is not one of this listing.
        """
        page = await self._resources.list(
            account,
            kind.resource,
            ResourceFilter(parent=parent or None),
            max_results=max_results or PAGE,
            next_token=next_token or None,
        )
        return [await self._fresh(kind, Stored.of(kind, resource)) for resource in page.resources], page.next_token

    async def children(self, account: str, kind: Kind[M], parent: str | None) -> list[Stored[M]]:
        """All resources below ``parent``."""
        found: list[Stored[M]] = []
        token: str | None = None
        while True:
            page, token = await self.page(account, kind, parent, PAGE, token)
            found += page
            if token is None:
                return found

    async def change(
        self,
        account: str,
        kind: Kind[M],
        arn: str,
        change: Callable[[M, dict[str, Any]], str | None],
        only: Collection[str] | None = None,
    ) -> Stored[M]:
        """Change message and facts (maybe more than once); ``change`` gives the new status, None = as it is.

        ``only``: statuses in which it may still be changed; in others it stays. Raises ``NotFound``.
        """

        def changed(resource: Resource) -> Change:
            if only is not None and resource.status not in only:
                return Change()
            stored = Stored.of(kind, resource)
            facts = dict(stored.facts)
            status = change(stored.message, facts)
            return Change(document(stored.message, facts), status)

        try:
            return Stored.of(kind, await self._resources.modify(account, kind.resource, arn, changed))
        except errors.NotFound:
            raise missing(kind) from None

    async def delete(self, account: str, kind: Kind[M], arn: str) -> Stored[M]:
        """Delete a resource; what it was. Raises ``NotFound``, ``ResourceInUse`` while it is being made."""
        stored = await self.get(account, kind, arn)
        if stored.open:
            raise errors.ResourceInUse(f"The {kind.noun} is {stored.resource.status}: wait until that is over.")
        await self._resources.delete(account, kind.resource, arn)
        return stored

    async def stop(self, account: str, kind: Kind[M], arn: str, status: str) -> None:
        """Ask the job of a resource to stop; until it has, the resource has ``status``."""
        stored = await self.get(account, kind, arn)
        if not stored.open:
            raise errors.ResourceInUse(f"The {kind.noun} is {stored.resource.status}: there is nothing to stop.")
        await self.change(account, kind, arn, lambda message, facts: status, only=OPEN)
        await self._queue.stop(account, stored.facts["job_id"])

    async def resubmit(self, account: str, kind: Kind[M], arn: str, job: str, token: str) -> None:
        """Submit another job about a resource that is there already."""
        await self._queue.submit(account, job, arn.encode(), client_token=token, name=arn.rpartition("/")[2])

    async def start(self, account: str, kind: Kind[M], arn: str) -> Stored[M]:
        """What a job finds when it begins: its resource, now IN_PROGRESS. Raises ``NotFound``."""
        return await self.change(account, kind, arn, lambda message, facts: IN_PROGRESS, only=(PENDING, IN_PROGRESS))

    async def fail(self, account: str, kind: Kind[M], arn: str, reason: str) -> Stored[M]:
        """End the making of a resource badly."""

        def failed(message: M, facts: dict[str, Any]) -> str:
            if "failure_reason" in message.DESCRIPTOR.fields_by_name:
                message.failure_reason = reason  # type: ignore[attr-defined]
            return FAILED

        return await self.change(account, kind, arn, failed, only=OPEN)

    async def _submitted(self, kind: Kind[M], stored: Stored[M]) -> Stored[M]:
        """The resource with its job in the queue."""
        resource = stored.resource
        job_id = await submit_for(self._queue, stored.facts["job"], resource)

        def known(message: M, facts: dict[str, Any]) -> None:
            facts["job_id"] = job_id

        return await self.change(resource.account, kind, resource.arn, known)

    async def _fresh(self, kind: Kind[M], stored: Stored[M]) -> Stored[M]:
        """What the queue knows of an unfinished resource, its job may not have lived to write."""
        if not stored.open or "job" not in stored.facts:
            return stored
        account = stored.resource.account
        if not stored.facts["job_id"]:
            return await self._submitted(kind, stored)
        end = await end_of(self._queue, account, stored.facts["job_id"])
        if end is None:
            return stored
        if end.stopped:
            return await self.change(account, kind, stored.arn, lambda message, facts: STOPPED, only=OPEN)
        return await self.fail(account, kind, stored.arn, end.reason)


def missing(kind: Kind[Any]) -> errors.NotFound:
    """What every call about something that is not there raises."""
    return errors.NotFound(f"There is no {kind.noun} of that ARN.")
