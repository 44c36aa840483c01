"""State machines, their versions and aliases, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import json

import pytest

from services.orchestration.aliases import Aliases, Route
from services.orchestration.resource_names import ALIASES, STATE_MACHINES, VERSIONS
from services.orchestration.state_machines import (
    DELETING,
    INITIAL,
    STANDARD,
    Configuration,
    StateMachine,
    StateMachines,
    Update,
)
from shared import errors
from shared.storage.database import Database
from shared.storage.resources import Change, ResourceStore

ACCOUNT, OTHER, REGION = "000000000000", "111111111111", "eu-west-1"
ROLE = "arn:aws:iam::000000000000:role/states"
ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"


def definition(comment: str) -> str:
    return json.dumps({"Comment": comment, "StartAt": "a", "States": {"a": {"Type": "Succeed"}}})


ONE = Configuration(definition("one"), ROLE)


@pytest.fixture
def resources(database: Database) -> ResourceStore:
    return ResourceStore(database)


@pytest.fixture
def machines(resources: ResourceStore) -> StateMachines:
    return StateMachines(resources)


@pytest.fixture
def aliases(resources: ResourceStore) -> Aliases:
    return Aliases(resources)


async def make(machines: StateMachines, name: str = "orders", configuration: Configuration = ONE) -> StateMachine:
    return await machines.create(ACCOUNT, REGION, name, STANDARD, configuration, {})


def code(raised: pytest.ExceptionInfo[errors.NonetError]) -> str | None:
    return raised.value.explicit_aws_code


async def test_create_describes_back(machines: StateMachines, resources: ResourceStore) -> None:
    logging = {"level": "OFF", "includeExecutionData": True}
    made = await machines.create(
        ACCOUNT, REGION, "orders", "EXPRESS", dataclasses.replace(ONE, logging=logging), {"team": "web"}
    )
    assert made.arn == ARN
    assert made == await machines.get(ACCOUNT, ARN)
    assert (made.type, made.status, made.revision_id) == ("EXPRESS", "ACTIVE", INITIAL)
    assert made.configuration.logging == logging
    assert await resources.list_tags(ACCOUNT, ARN) == {"team": "web"}


async def test_equal_creations_are_one(machines: StateMachines) -> None:
    made = await make(machines)
    assert await make(machines) == made
    other_role = dataclasses.replace(ONE, role_arn=f"{ROLE}-2")
    assert await make(machines, configuration=other_role) == made, "AWS ignores another role here"
    for different in (
        dataclasses.replace(ONE, definition=definition("two")),
        dataclasses.replace(ONE, tracing={"enabled": True}),
    ):
        with pytest.raises(errors.AlreadyExists) as raised:
            await make(machines, configuration=different)
        assert code(raised) == "StateMachineAlreadyExists"
        assert raised.value.message == f"State Machine Already Exists: '{ARN}'"
    with pytest.raises(errors.AlreadyExists):
        await machines.create(ACCOUNT, REGION, "orders", "EXPRESS", ONE, {})


async def test_regions_and_accounts_are_apart(machines: StateMachines) -> None:
    await make(machines)
    await machines.create(ACCOUNT, "us-east-1", "orders", STANDARD, ONE, {})
    await machines.create(OTHER, REGION, "orders", STANDARD, ONE, {})
    found, _ = await machines.list(ACCOUNT, REGION, 100, None)
    assert [machine.arn for machine in found] == [ARN]
    with pytest.raises(errors.NotFound):
        await machines.get(OTHER, ARN)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"role_arn": "admin"}, "InvalidArn"),
        ({"definition": "{"}, "InvalidDefinition"),
        ({"definition": json.dumps({"StartAt": "b", "States": {"a": {"Type": "Succeed"}}})}, "InvalidDefinition"),
        ({"encryption": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}}, "InvalidEncryptionConfiguration"),
        ({"logging": {"level": "ALL"}}, "InvalidLoggingConfiguration"),
    ],
)
async def test_what_create_and_update_refuse(machines: StateMachines, change: dict[str, str], expected: str) -> None:
    with pytest.raises(errors.InvalidArgument) as raised:
        await make(machines, configuration=dataclasses.replace(ONE, **change))
    assert code(raised) == expected
    await make(machines)
    with pytest.raises(errors.InvalidArgument) as raised:
        await machines.update(ACCOUNT, ARN, Update(**change))
    assert code(raised) == expected
    assert (await machines.get(ACCOUNT, ARN)).configuration == ONE


async def test_a_name_with_forbidden_characters(machines: StateMachines) -> None:
    with pytest.raises(errors.InvalidArgument) as raised:
        await make(machines, name="two words")
    assert code(raised) == "InvalidName"


async def test_updates_make_revisions(machines: StateMachines) -> None:
    await make(machines)
    second = await machines.update(ACCOUNT, ARN, Update(definition=definition("two")))
    assert second.revision_id != INITIAL
    assert second.configuration == dataclasses.replace(ONE, definition=definition("two"))
    again = await machines.update(ACCOUNT, ARN, Update(definition=definition("two"), role_arn=ROLE))
    assert again.revision_id == second.revision_id, "nothing differs"
    third = await machines.update(ACCOUNT, ARN, Update(role_arn=f"{ROLE}-2"))
    assert third.revision_id not in (INITIAL, second.revision_id)
    with pytest.raises(errors.InvalidArgument) as raised:
        await machines.update(ACCOUNT, ARN, Update())
    assert code(raised) == "MissingRequiredParameter"
    with pytest.raises(errors.NotFound) as missing:
        await machines.update(ACCOUNT, f"{ARN}2", Update(role_arn=ROLE))
    assert code(missing) == "StateMachineDoesNotExist"


async def test_versions_are_snapshots_of_revisions(machines: StateMachines) -> None:
    await make(machines)
    first = await machines.publish(ACCOUNT, ARN, description="one")
    assert (first.arn, first.version, first.description) == (f"{ARN}:1", 1, "one")
    assert await machines.publish(ACCOUNT, ARN, revision_id=INITIAL) == first, "the revision has its version"
    updated = await machines.update(ACCOUNT, ARN, Update(definition=definition("two")))
    with pytest.raises(errors.AlreadyExists) as raised:
        await machines.publish(ACCOUNT, ARN, revision_id=INITIAL)
    assert code(raised) == "ConflictException"
    second = await machines.publish(ACCOUNT, ARN, revision_id=updated.revision_id)
    assert second.version == 2
    assert (await machines.get(ACCOUNT, first.arn)).configuration == ONE
    assert (await machines.get(ACCOUNT, second.arn)).revision_id == updated.revision_id
    listed, token = await machines.versions.list(ACCOUNT, ARN, 1, None)
    assert [version.arn for version in listed] == [second.arn]
    listed, token = await machines.versions.list(ACCOUNT, ARN, 1, token)
    assert ([version.arn for version in listed], token) == ([first.arn], None)


async def test_numbers_of_versions_are_never_used_again(machines: StateMachines) -> None:
    await make(machines)
    await machines.publish(ACCOUNT, ARN)
    for number in (2, 3):
        await machines.update(ACCOUNT, ARN, Update(definition=definition(str(number))))
        await machines.publish(ACCOUNT, ARN)
    await machines.versions.delete(ACCOUNT, f"{ARN}:3")
    await machines.versions.delete(ACCOUNT, f"{ARN}:2")
    assert (await machines.publish(ACCOUNT, ARN)).version == 4
    await machines.versions.delete(ACCOUNT, f"{ARN}:2")  # gone already, which is fine
    with pytest.raises(errors.InvalidArgument) as raised:
        await machines.versions.delete(ACCOUNT, ARN)
    assert code(raised) == "ValidationException"


async def test_publishing_at_once_makes_one_version(machines: StateMachines) -> None:
    await make(machines)
    made = await asyncio.gather(*(machines.publish(ACCOUNT, ARN) for _ in range(8)))
    assert {version.arn for version in made} == {f"{ARN}:1"}


async def published(machines: StateMachines, count: int) -> list[str]:
    """ARNs of that many versions."""
    await make(machines)
    arns = [(await machines.publish(ACCOUNT, ARN)).arn]
    for number in range(1, count):
        await machines.update(ACCOUNT, ARN, Update(definition=definition(f"v{number}")))
        arns.append((await machines.publish(ACCOUNT, ARN)).arn)
    return arns


async def test_an_alias_routes_by_weight(machines: StateMachines, aliases: Aliases) -> None:
    one, two = await published(machines, 2)
    alias = await aliases.create(ACCOUNT, "PROD", "", (Route(one, 30), Route(two, 70)))
    assert alias.arn == f"{ARN}:PROD"
    counts = collections.Counter([(await machines.resolve(ACCOUNT, alias.arn)).version_arn for _ in range(400)])
    assert set(counts) == {one, two}
    # Six standard deviations of a binomial distribution.
    assert abs(counts[two] - 280) < 55
    executable = await machines.resolve(ACCOUNT, alias.arn)
    assert (executable.arn, executable.alias_arn) == (ARN, alias.arn)
    await aliases.update(ACCOUNT, alias.arn, None, (Route(two, 0), Route(one, 100)))
    assert {(await machines.resolve(ACCOUNT, alias.arn)).version_arn for _ in range(20)} == {one}


async def test_resolving_machines_and_versions(machines: StateMachines) -> None:
    one, two = await published(machines, 2)
    current = await machines.resolve(ACCOUNT, ARN)
    assert (current.arn, current.version_arn, current.alias_arn) == (ARN, None, None)
    assert (current.name, current.type, current.role_arn) == ("orders", STANDARD, ROLE)
    assert current.definition_text == definition("v1")
    first = await machines.resolve(ACCOUNT, one)
    assert (first.arn, first.version_arn, first.definition_text) == (ARN, one, definition("one"))
    assert first.revision_id == INITIAL and (await machines.resolve(ACCOUNT, two)).revision_id == current.revision_id
    for missing in (f"{ARN}:9", f"{ARN}:NONE", f"{ARN}2"):
        with pytest.raises(errors.NotFound) as raised:
            await machines.resolve(ACCOUNT, missing)
        assert code(raised) == "StateMachineDoesNotExist"
        assert raised.value.message == f"State Machine Does Not Exist: '{missing}'"


async def test_aliases_are_idempotent(machines: StateMachines, aliases: Aliases) -> None:
    one, two = await published(machines, 2)
    made = await aliases.create(ACCOUNT, "PROD", "live", (Route(one, 100),))
    assert await aliases.create(ACCOUNT, "PROD", "live", (Route(one, 100),)) == made
    for description, route in (("other", Route(one, 100)), ("live", Route(two, 100))):
        with pytest.raises(errors.AlreadyExists) as raised:
            await aliases.create(ACCOUNT, "PROD", description, (route,))
        assert code(raised) == "ConflictException"
    changed = await aliases.update(ACCOUNT, made.arn, "next", None)
    assert (changed.description, changed.routes) == ("next", made.routes)
    assert await aliases.get(ACCOUNT, made.arn) == changed


async def test_routings_that_are_refused(machines: StateMachines, aliases: Aliases) -> None:
    one, two = await published(machines, 2)
    await machines.create(ACCOUNT, REGION, "other", STANDARD, ONE, {})
    other = (await machines.publish(ACCOUNT, f"{ARN.rpartition(':')[0]}:other")).arn
    await aliases.create(ACCOUNT, "PROD", "", (Route(one, 100),))
    for routes, expected in (
        ((Route(one, 99),), "ValidationException"),
        ((Route(one, 50), Route(two, 51)), "ValidationException"),
        ((Route(one, 50), Route(one, 50)), "ValidationException"),
        ((Route(one, 50), Route(other, 50)), "ValidationException"),
        ((Route(ARN, 100),), "ValidationException"),
        ((Route("version-1", 100),), "InvalidArn"),
        ((Route(f"{ARN}:7", 100),), "ResourceNotFound"),
    ):
        for attempt in (
            aliases.create(ACCOUNT, "NEW", "", routes),
            aliases.update(ACCOUNT, f"{ARN}:PROD", None, routes),
        ):
            with pytest.raises(errors.NonetError) as raised:
                await attempt
            assert code(raised) == expected, routes
    with pytest.raises(errors.InvalidArgument):
        await aliases.update(ACCOUNT, f"{ARN}:PROD", None, (Route(other, 100),))
    with pytest.raises(errors.InvalidArgument):
        await aliases.update(ACCOUNT, f"{ARN}:PROD", None, None)
    for operation in (aliases.get, aliases.delete):
        with pytest.raises(errors.NotFound) as missing:
            await operation(ACCOUNT, f"{ARN}:NONE")
        assert code(missing) == "ResourceNotFound"
        with pytest.raises(errors.InvalidArgument):
            await operation(ACCOUNT, one)


async def test_a_version_in_use_stays(machines: StateMachines, aliases: Aliases) -> None:
    one, two = await published(machines, 2)
    for name in ("PROD", "BETA"):
        await aliases.create(ACCOUNT, name, "", (Route(one, 100),))
    await aliases.create(ACCOUNT, "NEXT", "", (Route(two, 100),))
    with pytest.raises(errors.ResourceInUse) as raised:
        await machines.versions.delete(ACCOUNT, one)
    assert code(raised) == "ConflictException"
    assert "[BETA, PROD]" in raised.value.message
    listed, _ = await aliases.list(ACCOUNT, one, 10, None)
    assert [alias.name for alias in listed] == ["BETA", "PROD"], "newest first"
    listed, _ = await aliases.list(ACCOUNT, ARN, 10, None)
    assert [alias.name for alias in listed] == ["NEXT", "BETA", "PROD"]
    for name in ("PROD", "BETA"):
        await aliases.delete(ACCOUNT, f"{ARN}:{name}")
    await machines.versions.delete(ACCOUNT, one)
    with pytest.raises(errors.NotFound):
        await machines.get(ACCOUNT, one)
    with pytest.raises(errors.NotFound) as missing:
        await aliases.list(ACCOUNT, f"{ARN}2", 10, None)
    assert code(missing) == "StateMachineDoesNotExist"


async def test_deleting_takes_versions_and_aliases_along(
    machines: StateMachines, aliases: Aliases, resources: ResourceStore
) -> None:
    one, _ = await published(machines, 2)
    await aliases.create(ACCOUNT, "PROD", "", (Route(one, 100),))
    with pytest.raises(errors.InvalidArgument) as raised:
        await machines.delete(ACCOUNT, one)
    assert code(raised) == "ValidationException"
    await machines.delete(ACCOUNT, ARN)
    for kind in (STATE_MACHINES, VERSIONS, ALIASES):
        assert await resources.count(ACCOUNT, kind) == 0
    await machines.delete(ACCOUNT, ARN)  # gone already, which is fine
    await make(machines)
    assert (await machines.publish(ACCOUNT, ARN)).version == 1


async def test_nothing_starts_from_what_is_being_deleted(machines: StateMachines, resources: ResourceStore) -> None:
    one, _ = await published(machines, 2)
    await resources.modify(ACCOUNT, STATE_MACHINES, ARN, lambda _: Change(status=DELETING))
    for attempt in (
        machines.resolve(ACCOUNT, ARN),
        machines.publish(ACCOUNT, ARN),
        machines.update(ACCOUNT, ARN, Update(role_arn=f"{ROLE}-2")),
        make(machines),
        Aliases(resources).create(ACCOUNT, "PROD", "", (Route(one, 100),)),
    ):
        with pytest.raises(errors.AlreadyExists) as raised:
            await attempt
        assert code(raised) == "StateMachineDeleting"
    assert (await machines.get(ACCOUNT, ARN)).status == DELETING
    await machines.delete(ACCOUNT, ARN)
    with pytest.raises(errors.NotFound):
        await machines.get(ACCOUNT, ARN)


async def test_a_label_names_no_machine(machines: StateMachines) -> None:
    await make(machines)
    for operation in (machines.get, machines.resolve, machines.delete, machines.publish):
        with pytest.raises(errors.InvalidArgument) as raised:
            await operation(ACCOUNT, f"{ARN}/each")
        assert code(raised) == "ValidationException"


async def test_too_many_tags(machines: StateMachines) -> None:
    with pytest.raises(errors.LimitExceeded) as raised:
        await machines.create(ACCOUNT, REGION, "orders", STANDARD, ONE, {str(n): "" for n in range(51)})
    assert code(raised) == "TooManyTags"
    with pytest.raises(errors.NotFound):
        await machines.get(ACCOUNT, ARN)
