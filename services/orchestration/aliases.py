"""Aliases of state machines: names that route executions to one version, or to two by weight."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from services.orchestration.resource_names import (
    ALIASES,
    STATE_MACHINES,
    VERSIONS,
    StateMachineArn,
    does_not_exist,
    invalid,
    is_deleting,
)
from shared import errors
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceStore

MOST_ALIASES = 100


@dataclass(frozen=True, slots=True)
class Route:
    """A version, and how many of 100 executions it gets."""

    version_arn: str
    weight: int


@dataclass(frozen=True, slots=True)
class StateMachineAlias:
    """An alias. Times in Unix seconds."""

    arn: str
    name: str
    description: str
    routes: tuple[Route, ...]
    created_at: float
    updated_at: float

    @classmethod
    def of(cls, resource: Resource) -> StateMachineAlias:
        """From its row in the resource store."""
        document = json.loads(resource.document)
        routes = tuple(Route(*route) for route in document["routes"])
        return cls(
            resource.arn, resource.name, document["description"], routes, resource.created_at, resource.updated_at
        )

    def choose(self, source: random.Random) -> str:
        """The ARN of the version that the next execution runs."""
        weights = [route.weight for route in self.routes]
        return source.choices([route.version_arn for route in self.routes], weights)[0]


class Aliases:
    """The aliases of all state machines."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources

    async def create(self, account: str, name: str, description: str, routes: Sequence[Route]) -> StateMachineAlias:
        """Create one, or find the one that an equal request has created before.

        Raises:
            InvalidArgument: ValidationException, InvalidArn.
            NotFound: ResourceNotFound, for a version or its state machine.
            AlreadyExists: ConflictException when the alias exists with another routing or description;
                StateMachineDeleting.
            LimitExceeded: ServiceQuotaExceededException.
        """
        machine_arn = _check_routes(routes)
        await self._check_versions(account, machine_arn, routes)
        parent = ResourceFilter(parent=machine_arn)
        present = (await self._resources.list(account, ALIASES, parent, max_results=MOST_ALIASES)).resources
        if len(present) >= MOST_ALIASES and name not in {alias.name for alias in present}:
            raise errors.LimitExceeded(
                f"A state machine has at most {MOST_ALIASES} aliases.", aws_code="ServiceQuotaExceededException"
            )
        try:
            made = await self._resources.create(
                account, ALIASES, name, _document(description, routes), parent=machine_arn, arn=f"{machine_arn}:{name}"
            )
        except errors.AlreadyExists:
            alias = await self.get(account, f"{machine_arn}:{name}")
            if (alias.description, alias.routes) == (description, tuple(routes)):
                return alias
            raise errors.AlreadyExists(
                "Failed to create alias because an alias with the same name and a different routing configuration "
                "already exists.",
                aws_code="ConflictException",
            ) from None
        return StateMachineAlias.of(made)

    async def get(self, account: str, arn: str) -> StateMachineAlias:
        """Raises ``InvalidArgument`` (InvalidArn, ValidationException), ``NotFound`` (ResourceNotFound)."""
        _check_alias_arn(arn)
        try:
            return StateMachineAlias.of(await self._resources.get(account, ALIASES, arn))
        except errors.NotFound:
            raise _not_found() from None

    async def update(
        self, account: str, arn: str, description: str | None, routes: Sequence[Route] | None
    ) -> StateMachineAlias:
        """Give an alias another description or routing.

        Raises:
            InvalidArgument: ValidationException, InvalidArn.
            NotFound: ResourceNotFound, for the alias or a version.
        """
        if description is None and routes is None:
            raise invalid("Either the description or the routing configuration must be specified.")
        await self.get(account, arn)
        if routes is not None:
            machine_arn = _check_routes(routes)
            if StateMachineArn.parse(arn).unqualified != machine_arn:
                raise invalid("The routing configuration must name versions of the alias's own state machine.")
            await self._check_versions(account, machine_arn, routes)

        def change(resource: Resource) -> Change:
            current = StateMachineAlias.of(resource)
            return Change(
                document=_document(
                    current.description if description is None else description,
                    current.routes if routes is None else routes,
                )
            )

        try:
            return StateMachineAlias.of(await self._resources.modify(account, ALIASES, arn, change))
        except errors.NotFound:
            raise _not_found() from None

    async def list(
        self, account: str, arn: str, max_results: int, next_token: str | None
    ) -> tuple[list[StateMachineAlias], str | None]:
        """A page of the aliases of a state machine, or of those that route to a version; newest first.

        Raises:
            InvalidArgument: InvalidArn.
            NotFound: StateMachineDoesNotExist.
            InvalidPaginationToken: as InvalidToken.
        """
        parsed = StateMachineArn.parse(arn)
        if parsed.alias is not None or parsed.label is not None:
            raise invalid("The ARN must be that of a state machine or of a version.")
        try:
            await self._resources.get(account, STATE_MACHINES, parsed.unqualified)
        except errors.NotFound:
            raise does_not_exist(arn) from None
        wanted = ResourceFilter(parent=parsed.unqualified, newest_first=True)
        page = await self._resources.list(account, ALIASES, wanted, max_results=max_results, next_token=next_token)
        found = [StateMachineAlias.of(resource) for resource in page.resources]
        if parsed.version is not None:
            found = [alias for alias in found if any(route.version_arn == arn for route in alias.routes)]
        return found, page.next_token

    async def delete(self, account: str, arn: str) -> None:
        """Raises ``InvalidArgument`` (InvalidArn, ValidationException), ``NotFound`` (ResourceNotFound)."""
        _check_alias_arn(arn)
        try:
            await self._resources.delete(account, ALIASES, arn)
        except errors.NotFound:
            raise _not_found() from None

    async def _check_versions(self, account: str, machine_arn: str, routes: Sequence[Route]) -> None:
        try:
            machine = await self._resources.get(account, STATE_MACHINES, machine_arn)
            for route in routes:
                await self._resources.get(account, VERSIONS, route.version_arn)
        except errors.NotFound:
            raise _not_found() from None
        if machine.status == "DELETING":
            raise is_deleting(machine_arn)


async def routes_to(resources: ResourceStore, account: str, machine_arn: str, version_arn: str) -> list[str]:
    """Names of the aliases that route to a version, sorted."""
    page = await resources.list(account, ALIASES, ResourceFilter(parent=machine_arn), max_results=MOST_ALIASES)
    aliases = [StateMachineAlias.of(resource) for resource in page.resources]
    return sorted(alias.name for alias in aliases if any(route.version_arn == version_arn for route in alias.routes))


def _check_routes(routes: Sequence[Route]) -> str:
    """The ARN of the one state machine whose versions ``routes`` name."""
    parsed = [StateMachineArn.parse(route.version_arn) for route in routes]
    if any(arn.version is None for arn in parsed):
        raise invalid("A routing configuration must name state machine versions.")
    if len({arn.unqualified for arn in parsed}) != 1:
        raise invalid("A routing configuration must name versions of one state machine.")
    if len({route.version_arn for route in routes}) != len(routes):
        raise invalid("Routing configuration must contain distinct state machine version ARNs.")
    if sum(route.weight for route in routes) != 100:
        raise invalid("Sum of routing configuration weights must equal 100.")
    return parsed[0].unqualified


def _check_alias_arn(arn: str) -> None:
    if StateMachineArn.parse(arn).alias is None:
        raise invalid("The ARN must be that of a state machine alias.")


def _not_found() -> errors.NotFound:
    return errors.NotFound("Request references a resource that does not exist.", aws_code="ResourceNotFound")


def _document(description: str, routes: Sequence[Route]) -> bytes:
    listed = [(route.version_arn, route.weight) for route in routes]
    return json.dumps({"description": description, "routes": listed}).encode()
