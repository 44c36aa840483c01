"""State machines: what a caller creates, updates, describes and deletes, and what an execution is started from."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from services.orchestration.aliases import StateMachineAlias
from services.orchestration.language import validation
from services.orchestration.resource_names import (
    ALIASES,
    STATE_MACHINE,
    STATE_MACHINES,
    VERSIONS,
    StateMachineArn,
    check_name,
    check_role,
    does_not_exist,
    invalid,
    is_deleting,
    own_arn,
)
from services.orchestration.versions import StateMachineVersions
from shared import errors
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceStore

STANDARD = "STANDARD"
EXPRESS = "EXPRESS"
DELETING = "DELETING"
#: Of a state machine that nobody updated yet: PublishStateMachineVersion takes this word for its revision.
INITIAL = "INITIAL"
MOST_STATE_MACHINES = 10_000
DEFAULT_LOGGING: Mapping[str, Any] = {"level": "OFF", "includeExecutionData": False}
DEFAULT_TRACING: Mapping[str, Any] = {"enabled": False}
DEFAULT_ENCRYPTION: Mapping[str, Any] = {"type": "AWS_OWNED_KEY"}


@dataclass(frozen=True, slots=True)
class ExecutableMachine:
    """What an execution runs: a state machine's revision, named directly, by a version or by an alias."""

    arn: str
    name: str
    type: str
    definition_text: str
    role_arn: str
    revision_id: str
    version_arn: str | None = None
    alias_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a revision of a state machine consists of. The three mappings are in the words of the API's JSON."""

    definition: str
    role_arn: str
    logging: Mapping[str, Any] = field(default_factory=lambda: DEFAULT_LOGGING)
    tracing: Mapping[str, Any] = field(default_factory=lambda: DEFAULT_TRACING)
    encryption: Mapping[str, Any] = field(default_factory=lambda: DEFAULT_ENCRYPTION)


@dataclass(frozen=True, slots=True)
class Update:
    """New values for parts of a configuration; None leaves one as it is."""

    definition: str | None = None
    role_arn: str | None = None
    logging: Mapping[str, Any] | None = None
    tracing: Mapping[str, Any] | None = None
    encryption: Mapping[str, Any] | None = None

    @property
    def values(self) -> Mapping[str, Any]:
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A state machine, or a version of one (``version`` is its number, ``arn`` the version's own). Unix seconds."""

    arn: str
    name: str
    type: str
    status: str
    configuration: Configuration
    revision_id: str
    created_at: float
    updated_at: float
    version: int | None = None
    description: str = ""

    @classmethod
    def of(cls, resource: Resource) -> StateMachine:
        """From its row in the resource store."""
        document = json.loads(resource.document)
        return cls(
            arn=resource.arn,
            name=document["name"],
            type=document["type"],
            status=resource.status,
            configuration=Configuration(**document["configuration"]),
            revision_id=document["revision_id"],
            created_at=resource.created_at,
            updated_at=resource.updated_at,
            version=document.get("version"),
            description=document.get("description", ""),
        )


class StateMachines:
    """The state machines of all accounts."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources
        self.versions = StateMachineVersions(resources)
        # Which of an alias's versions an execution gets need not be a secret, only fair.
        self._random = random.Random()

    async def create(
        self,
        account: str,
        region: str,
        name: str,
        type: str,
        configuration: Configuration,
        tags: Mapping[str, str],
    ) -> StateMachine:
        """Create one, or find the one that an equal request has created before.

        Raises:
            InvalidArgument: InvalidName, InvalidDefinition, InvalidArn, InvalidLoggingConfiguration or
                InvalidEncryptionConfiguration.
            AlreadyExists: StateMachineAlreadyExists, StateMachineDeleting.
            LimitExceeded: StateMachineLimitExceeded, TooManyTags.
        """
        check_name(name)
        await asyncio.to_thread(_check, configuration, type)
        arn = own_arn(account, region, STATE_MACHINE, name)
        document = {"name": name, "type": type, "configuration": asdict(configuration), "revision_id": INITIAL}
        try:
            made = await self._resources.create(
                account, STATE_MACHINES, name, json.dumps(document).encode(),
                arn=arn, parent=region, tags=tags, most=MOST_STATE_MACHINES,
            )  # fmt: skip
        except errors.AlreadyExists:
            return await self._same(account, arn, type, configuration)
        except errors.LimitExceeded as error:
            if error.explicit_aws_code is not None:
                raise errors.LimitExceeded(error.message, aws_code="TooManyTags") from None
            raise errors.LimitExceeded(error.message, aws_code="StateMachineLimitExceeded") from None
        return StateMachine.of(made)

    async def _same(self, account: str, arn: str, type: str, configuration: Configuration) -> StateMachine:
        present = await self.get(account, arn)
        if present.status == DELETING:
            raise is_deleting(arn)
        # Another role is no other state machine: AWS ignores the difference, and so do we.
        wanted = replace(configuration, role_arn=present.configuration.role_arn)
        if present.type != type or present.configuration != wanted:
            raise errors.AlreadyExists(f"State Machine Already Exists: '{arn}'", aws_code="StateMachineAlreadyExists")
        return present

    async def update(self, account: str, arn: str, update: Update) -> StateMachine:
        """Make a new revision, unless nothing differs.

        Raises:
            InvalidArgument: MissingRequiredParameter, or as ``create`` does.
            NotFound: StateMachineDoesNotExist.
            AlreadyExists: StateMachineDeleting.
        """
        if not update.values:
            raise errors.InvalidArgument(
                "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the "
                "EncryptionConfiguration must be specified",
                aws_code="MissingRequiredParameter",
            )
        current = await self.get(account, StateMachineArn.parse_unqualified(arn).unqualified)
        wanted = replace(current.configuration, **update.values)
        await asyncio.to_thread(_check, wanted, current.type)

        def change(resource: Resource) -> Change:
            if resource.status == DELETING:
                raise is_deleting(arn)
            document = json.loads(resource.document)
            updated = {**document["configuration"], **update.values}
            if updated == document["configuration"]:
                return Change()
            document.update(configuration=updated, revision_id=str(uuid.uuid4()))
            return Change(document=json.dumps(document).encode())

        return StateMachine.of(await self._resources.modify(account, STATE_MACHINES, current.arn, change))

    async def get(self, account: str, arn: str) -> StateMachine:
        """The state machine or version that ``arn`` names; for an alias, the version that its first route names.

        Raises:
            InvalidArgument: InvalidArn, or ValidationException for a Distributed Map's label.
            NotFound: StateMachineDoesNotExist.
        """
        parsed = StateMachineArn.parse(arn)
        _refuse_label(parsed)
        if parsed.alias is not None:
            return await self.get(account, (await self._alias(account, arn)).routes[0].version_arn)
        kind = STATE_MACHINES if parsed.version is None else VERSIONS
        try:
            return StateMachine.of(await self._resources.get(account, kind, arn))
        except errors.NotFound:
            raise does_not_exist(arn) from None

    async def resolve(self, account: str, arn: str) -> ExecutableMachine:
        """What a new execution of ``arn`` runs. An alias chooses among its versions at random, by their weights.

        Raises:
            InvalidArgument: InvalidArn.
            NotFound: StateMachineDoesNotExist.
            AlreadyExists: StateMachineDeleting.
        """
        parsed = StateMachineArn.parse(arn)
        alias_arn = None
        version_arn = arn if parsed.version is not None else None
        if parsed.alias is not None:
            alias_arn = arn
            version_arn = (await self._alias(account, arn)).choose(self._random)
        machine = await self.get(account, version_arn or arn)
        if machine.status == DELETING:
            raise is_deleting(arn)
        return ExecutableMachine(
            arn=parsed.unqualified,
            name=machine.name,
            type=machine.type,
            definition_text=machine.configuration.definition,
            role_arn=machine.configuration.role_arn,
            revision_id=machine.revision_id,
            version_arn=version_arn,
            alias_arn=alias_arn,
        )

    async def list(
        self, account: str, region: str, max_results: int, next_token: str | None
    ) -> tuple[list[StateMachine], str | None]:
        """A page of the region's state machines. Raises ``InvalidPaginationToken``."""
        page = await self._resources.list(
            account, STATE_MACHINES, ResourceFilter(parent=region), max_results=max_results, next_token=next_token
        )
        return [StateMachine.of(resource) for resource in page.resources], page.next_token

    async def publish(
        self, account: str, arn: str, *, revision_id: str | None = None, description: str = ""
    ) -> StateMachine:
        """A version of the current revision: a new one, or the one that there is already.

        Raises:
            NotFound: StateMachineDoesNotExist.
            AlreadyExists: ConflictException when ``revision_id`` is not the current one; StateMachineDeleting.
            LimitExceeded: ServiceQuotaExceededException.
        """
        parsed = StateMachineArn.parse_unqualified(arn)
        machine = await self.get(account, parsed.unqualified)
        if machine.status == DELETING:
            raise is_deleting(arn)
        if revision_id is not None and revision_id != machine.revision_id:
            raise errors.AlreadyExists(
                f"Failed to publish the State Machine version for revision {revision_id}. "
                f"The current State Machine revision is {machine.revision_id}.",
                aws_code="ConflictException",
            )
        resource = await self._resources.get(account, STATE_MACHINES, parsed.unqualified)
        return StateMachine.of(await self.versions.publish(resource, description))

    async def delete(self, account: str, arn: str) -> None:
        """Delete a state machine with its versions and aliases. One that is not there is fine.

        Executions that run hold their definition themselves, and go on. The deletion can be broken off at any point
        and asked for again: until the last step the state machine is there, DELETING, and nothing starts from it.

        Raises:
            InvalidArgument: InvalidArn; ValidationException for an ARN with a qualifier.
        """
        arn = StateMachineArn.parse_unqualified(arn).unqualified
        try:
            await self._resources.modify(account, STATE_MACHINES, arn, lambda _: Change(status=DELETING))
            for kind in (ALIASES, VERSIONS):
                while (page := await self._resources.list(account, kind, ResourceFilter(parent=arn))).resources:
                    for resource in page.resources:
                        await self._resources.delete(account, kind, resource.arn)
            await self._resources.delete(account, STATE_MACHINES, arn)
        except errors.NotFound:
            return  # it was deleted before, or by somebody else in the meantime

    async def _alias(self, account: str, arn: str) -> StateMachineAlias:
        try:
            return StateMachineAlias.of(await self._resources.get(account, ALIASES, arn))
        except errors.NotFound:
            raise does_not_exist(arn) from None


def _refuse_label(arn: StateMachineArn) -> None:
    if arn.label is not None:
        raise invalid("The ARN of a Distributed Map state is not accepted here.")


def _check(configuration: Configuration, type: str) -> None:
    check_role(configuration.role_arn)
    validation.check(configuration.definition, type)
    check_encryption(configuration.encryption)
    level = configuration.logging.get("level", "OFF")
    destinations = configuration.logging.get("destinations", [])
    if len(destinations) > 1 or (level != "OFF" and not destinations):
        raise errors.InvalidArgument(
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
            aws_code="InvalidLoggingConfiguration",
        )


def check_encryption(encryption: Mapping[str, Any]) -> None:
    """Raises ``InvalidArgument`` (InvalidEncryptionConfiguration) for keys of a KMS, which there is none of."""
    if encryption.get("type", "AWS_OWNED_KEY") != "AWS_OWNED_KEY" or "kmsKeyId" in encryption:
        raise errors.InvalidArgument(
            "Invalid Encryption Configuration: there is no key management service here. Use AWS_OWNED_KEY and encrypt "
            "the disk or database that Nonet writes to.",
            aws_code="InvalidEncryptionConfiguration",
        )
