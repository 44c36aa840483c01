"""Versions of state machines: numbered snapshots that never change."""

from __future__ import annotations

import json
from collections.abc import Sequence

from services.orchestration.aliases import routes_to
from services.orchestration.resource_names import STATE_MACHINES, VERSIONS, StateMachineArn, invalid
from shared import errors
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceStore

MOST_VERSIONS = 1000


class StateMachineVersions:
    """The versions of all state machines; a version's ``parent`` is its state machine's ARN."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources

    async def publish(self, machine: Resource, description: str) -> Resource:
        """A version of ``machine`` as it was read: the latest one, where that is of the same revision.

        Numbers are never used twice. The row of a version is what claims its number, so that of two callers one makes
        the version and the other finds it.

        Raises:
            LimitExceeded: ServiceQuotaExceededException.
        """
        document = json.loads(machine.document)
        while True:
            latest = await self._latest(machine)
            if latest is not None:
                published = json.loads(latest.document)
                if published["revision_id"] == document["revision_id"]:
                    return latest
            number = 1 + max(document.get("last_version", 0), 0 if latest is None else int(latest.name))
            if number > MOST_VERSIONS and await self._are_too_many(machine):
                raise errors.LimitExceeded(
                    f"A state machine has at most {MOST_VERSIONS} versions.", aws_code="ServiceQuotaExceededException"
                )
            version = {**document, "version": number, "description": description}
            try:
                return await self._resources.create(
                    machine.account, VERSIONS, str(number), json.dumps(version).encode(),
                    parent=machine.arn, arn=f"{machine.arn}:{number}",
                )  # fmt: skip
            except errors.AlreadyExists:
                continue

    async def list(
        self, account: str, arn: str, max_results: int, next_token: str | None
    ) -> tuple[Sequence[Resource], str | None]:
        """A page of a state machine's versions, newest first. Raises ``InvalidPaginationToken``."""
        parent = StateMachineArn.parse_unqualified(arn).unqualified
        wanted = ResourceFilter(parent=parent, newest_first=True)
        page = await self._resources.list(account, VERSIONS, wanted, max_results=max_results, next_token=next_token)
        return page.resources, page.next_token

    async def delete(self, account: str, arn: str) -> None:
        """Delete a version; one that is not there is fine.

        Raises:
            InvalidArgument: InvalidArn; ValidationException when ``arn`` is not a version's.
            ResourceInUse: ConflictException while an alias routes to it.
        """
        parsed = StateMachineArn.parse(arn)
        if parsed.version is None:
            raise invalid("The ARN must be that of a state machine version.")
        users = await routes_to(self._resources, account, parsed.unqualified, arn)
        if users:
            raise errors.ResourceInUse(
                "Version to be deleted must not be referenced by an alias. "
                f"Current list of aliases referencing this version: [{', '.join(users)}]",
                aws_code="ConflictException",
            )
        number = parsed.version

        def remember(machine: Resource) -> Change:
            document = json.loads(machine.document)
            document["last_version"] = max(number, document.get("last_version", 0))
            return Change(document=json.dumps(document).encode())

        try:
            await self._resources.get(account, VERSIONS, arn)
            # Before the row goes: a number that was given must not be given again.
            await self._resources.modify(account, STATE_MACHINES, parsed.unqualified, remember)
            await self._resources.delete(account, VERSIONS, arn)
        except errors.NotFound:
            return

    async def _latest(self, machine: Resource) -> Resource | None:
        wanted = ResourceFilter(parent=machine.arn, newest_first=True)
        page = await self._resources.list(machine.account, VERSIONS, wanted, max_results=1)
        return page.resources[0] if page.resources else None

    async def _are_too_many(self, machine: Resource) -> bool:
        wanted = ResourceFilter(parent=machine.arn)
        page = await self._resources.list(machine.account, VERSIONS, wanted, max_results=MOST_VERSIONS)
        return len(page.resources) >= MOST_VERSIONS
