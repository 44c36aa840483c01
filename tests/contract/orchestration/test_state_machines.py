"""State machines, versions, aliases, activities and tags as boto3 sees them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.answers import Recorder
from tests.contract.orchestration.conftest import ROLE, definition

Refused = Callable[..., str]


def name() -> str:
    return f"n-{uuid.uuid4().hex}"


def test_a_state_machine_is_described_back(stepfunctions: Recorder) -> None:
    called = name()
    logging = {"level": "OFF", "includeExecutionData": True}
    made = stepfunctions.ask(
        "create_state_machine",
        name=called,
        definition=definition(),
        roleArn=ROLE,
        type="EXPRESS",
        loggingConfiguration=logging,
        tracingConfiguration={"enabled": True},
        tags=[{"key": "team", "value": "web"}],
        publish=True,
        versionDescription="the first",
    )
    arn = made["stateMachineArn"]
    assert arn == f"arn:aws:states:us-east-1:000000000000:stateMachine:{called}"
    assert made["stateMachineVersionArn"] == f"{arn}:1"
    described = stepfunctions.ask("describe_state_machine", stateMachineArn=arn)
    described.pop("creationDate")
    assert described == {
        "stateMachineArn": arn,
        "name": called,
        "status": "ACTIVE",
        "definition": definition(),
        "roleArn": ROLE,
        "type": "EXPRESS",
        "loggingConfiguration": logging,
        "tracingConfiguration": {"enabled": True},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    metadata = stepfunctions.ask("describe_state_machine", stateMachineArn=arn, includedData="METADATA_ONLY")
    assert metadata["definition"] == "{}"
    version = stepfunctions.ask("describe_state_machine", stateMachineArn=f"{arn}:1")
    assert (version["stateMachineArn"], version["description"]) == (f"{arn}:1", "the first")
    tags = stepfunctions.ask("list_tags_for_resource", resourceArn=arn)
    assert tags["tags"] == [{"key": "team", "value": "web"}]


def test_creating_again(stepfunctions: Recorder, refused: Refused) -> None:
    wanted: dict[str, Any] = {"name": name(), "definition": definition(), "roleArn": ROLE}
    first = stepfunctions.ask("create_state_machine", **wanted)
    assert stepfunctions.ask("create_state_machine", **wanted) == first
    different = {**wanted, "definition": definition("another")}
    assert refused("create_state_machine", **different) == "StateMachineAlreadyExists"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "two words"}, "InvalidName"),
        ({"name": "a" * 81}, "ValidationException"),
        ({"definition": "{"}, "InvalidDefinition"),
        ({"definition": "{}"}, "InvalidDefinition"),
        ({"roleArn": "admin"}, "InvalidArn"),
        ({"type": "FAST"}, "ValidationException"),
        ({"versionDescription": "one"}, "ValidationException"),
        ({"loggingConfiguration": {"level": "ALL"}}, "InvalidLoggingConfiguration"),
        (
            {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "key"}},
            "InvalidEncryptionConfiguration",
        ),
        ({"tags": [{"key": str(number), "value": ""} for number in range(51)]}, "TooManyTags"),
    ],
)
def test_what_cannot_be_created(refused: Refused, change: dict[str, Any], code: str) -> None:
    wanted = {"name": name(), "definition": definition(), "roleArn": ROLE}
    assert refused("create_state_machine", **{**wanted, **change}) == code


def test_updating(stepfunctions: Recorder, refused: Refused, machine: str) -> None:
    answer = stepfunctions.ask(
        "update_state_machine", stateMachineArn=machine, definition=definition("two"), publish=True
    )
    assert answer["stateMachineVersionArn"] == f"{machine}:1"
    described = stepfunctions.ask("describe_state_machine", stateMachineArn=machine)
    assert (described["definition"], described["revisionId"]) == (definition("two"), answer["revisionId"])
    again = stepfunctions.ask("update_state_machine", stateMachineArn=machine, definition=definition("two"))
    assert again["revisionId"] == answer["revisionId"]
    assert refused("update_state_machine", stateMachineArn=machine) == "MissingRequiredParameter"
    assert refused("update_state_machine", stateMachineArn=f"{machine}x", roleArn=ROLE) == "StateMachineDoesNotExist"
    assert refused("update_state_machine", stateMachineArn="m", roleArn=ROLE) == "InvalidArn"
    assert refused("update_state_machine", stateMachineArn=f"{machine}:1", roleArn=ROLE) == "ValidationException"


def test_deleting(stepfunctions: Recorder, refused: Refused, machine: str) -> None:
    stepfunctions.ask("delete_state_machine", stateMachineArn=machine)
    assert refused("describe_state_machine", stateMachineArn=machine) == "StateMachineDoesNotExist"
    assert refused("start_execution", stateMachineArn=machine) == "StateMachineDoesNotExist"
    stepfunctions.ask("delete_state_machine", stateMachineArn=machine)
    assert refused("delete_state_machine", stateMachineArn="m") == "InvalidArn"


def test_listing_in_pages(stepfunctions: Recorder, refused: Refused) -> None:
    made = {
        stepfunctions.ask("create_state_machine", name=name(), definition=definition(), roleArn=ROLE)["stateMachineArn"]
        for _ in range(5)
    }
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = stepfunctions.ask("list_state_machines", maxResults=2, **token)
        assert len(page["stateMachines"]) <= 2
        found += [machine["stateMachineArn"] for machine in page["stateMachines"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert made <= set(found) and len(found) == len(set(found))
    assert refused("list_state_machines", nextToken="made-up") == "InvalidToken"


def test_validating_a_definition(stepfunctions: Recorder) -> None:
    good = stepfunctions.ask("validate_state_machine_definition", definition=definition())
    assert good == {"result": "OK", "diagnostics": [], "truncated": False}
    bad = '{"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "c"}, "d": {"Type": "Pass", "Next": "e"}}}'
    answer = stepfunctions.ask("validate_state_machine_definition", definition=bad)
    assert answer["result"] == "FAIL" and len(answer["diagnostics"]) > 1
    assert {diagnostic["severity"] for diagnostic in answer["diagnostics"]} == {"ERROR"}
    first = stepfunctions.ask("validate_state_machine_definition", definition=bad, maxResults=1)
    assert (first["diagnostics"], first["truncated"]) == (answer["diagnostics"][:1], True)
    with_warnings = stepfunctions.ask("validate_state_machine_definition", definition=bad, severity="WARNING")
    assert len(with_warnings["diagnostics"]) >= len(answer["diagnostics"])


def test_versions(stepfunctions: Recorder, refused: Refused, machine: str) -> None:
    first = stepfunctions.ask("publish_state_machine_version", stateMachineArn=machine, revisionId="INITIAL")
    assert first["stateMachineVersionArn"] == f"{machine}:1"
    assert stepfunctions.ask("publish_state_machine_version", stateMachineArn=machine) == first
    stepfunctions.ask("update_state_machine", stateMachineArn=machine, definition=definition("two"))
    conflict = refused("publish_state_machine_version", stateMachineArn=machine, revisionId="INITIAL")
    assert conflict == "ConflictException"
    stepfunctions.ask("publish_state_machine_version", stateMachineArn=machine, description="second")
    listed = stepfunctions.ask("list_state_machine_versions", stateMachineArn=machine)["stateMachineVersions"]
    assert [version["stateMachineVersionArn"] for version in listed] == [f"{machine}:2", f"{machine}:1"]
    stepfunctions.ask("delete_state_machine_version", stateMachineVersionArn=f"{machine}:1")
    assert refused("describe_state_machine", stateMachineArn=f"{machine}:1") == "StateMachineDoesNotExist"
    assert refused("publish_state_machine_version", stateMachineArn=f"{machine}x") == "StateMachineDoesNotExist"


def test_aliases(stepfunctions: Recorder, refused: Refused, machine: str) -> None:
    one = stepfunctions.ask("publish_state_machine_version", stateMachineArn=machine)["stateMachineVersionArn"]
    routing = [{"stateMachineVersionArn": one, "weight": 100}]
    made = stepfunctions.ask("create_state_machine_alias", name="PROD", routingConfiguration=routing)
    alias = made["stateMachineAliasArn"]
    assert alias == f"{machine}:PROD"
    assert stepfunctions.ask("create_state_machine_alias", name="PROD", routingConfiguration=routing) == made
    two = stepfunctions.ask(
        "update_state_machine", stateMachineArn=machine, definition=definition("two"), publish=True
    )["stateMachineVersionArn"]
    both = [{"stateMachineVersionArn": one, "weight": 20}, {"stateMachineVersionArn": two, "weight": 80}]
    conflict = refused("create_state_machine_alias", name="PROD", routingConfiguration=both)
    assert conflict == "ConflictException"
    stepfunctions.ask(
        "update_state_machine_alias", stateMachineAliasArn=alias, description="live", routingConfiguration=both
    )
    described = stepfunctions.ask("describe_state_machine_alias", stateMachineAliasArn=alias)
    assert (described["name"], described["description"]) == ("PROD", "live")
    assert described["routingConfiguration"] == both
    started = stepfunctions.ask("start_execution", stateMachineArn=alias)
    execution = stepfunctions.ask("describe_execution", executionArn=started["executionArn"])
    assert execution["stateMachineAliasArn"] == alias
    assert execution["stateMachineVersionArn"] in (one, two)
    for arn in (machine, one):
        listed = stepfunctions.ask("list_state_machine_aliases", stateMachineArn=arn)["stateMachineAliases"]
        assert [entry["stateMachineAliasArn"] for entry in listed] == [alias]
    assert refused("delete_state_machine_version", stateMachineVersionArn=one) == "ConflictException"
    for weights in ((50, 51), (100, 100)):
        wrong = [{**route, "weight": weight} for route, weight in zip(both, weights, strict=True)]
        assert refused("create_state_machine_alias", name="X", routingConfiguration=wrong) == "ValidationException"
    assert refused("create_state_machine_alias", name="1", routingConfiguration=both) == "ValidationException"
    stepfunctions.ask("delete_state_machine_alias", stateMachineAliasArn=alias)
    assert refused("describe_state_machine_alias", stateMachineAliasArn=alias) == "ResourceNotFound"
    assert refused("delete_state_machine_alias", stateMachineAliasArn=alias) == "ResourceNotFound"


def test_tags(stepfunctions: Recorder, refused: Refused, machine: str) -> None:
    stepfunctions.ask("tag_resource", resourceArn=machine, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": ""}])
    stepfunctions.ask("tag_resource", resourceArn=machine, tags=[{"key": "a", "value": "2"}])
    assert stepfunctions.ask("list_tags_for_resource", resourceArn=machine)["tags"] == [
        {"key": "a", "value": "2"},
        {"key": "b", "value": ""},
    ]
    stepfunctions.ask("untag_resource", resourceArn=machine, tagKeys=["a", "unknown"])
    assert stepfunctions.ask("list_tags_for_resource", resourceArn=machine)["tags"] == [{"key": "b", "value": ""}]
    many = [{"key": str(number), "value": ""} for number in range(50)]
    assert refused("tag_resource", resourceArn=machine, tags=many) == "TooManyTags"
    assert refused("list_tags_for_resource", resourceArn=f"{machine}x") == "ResourceNotFound"
    assert refused("tag_resource", resourceArn=f"{machine}x", tags=many[:1]) == "ResourceNotFound"
    assert refused("untag_resource", resourceArn="machine", tagKeys=["a"]) == "InvalidArn"


def test_activities(stepfunctions: Recorder, refused: Refused) -> None:
    called = name()
    made = stepfunctions.ask("create_activity", name=called, tags=[{"key": "a", "value": "1"}])
    arn = made["activityArn"]
    assert arn == f"arn:aws:states:us-east-1:000000000000:activity:{called}"
    assert stepfunctions.ask("create_activity", name=called) == made
    described = stepfunctions.ask("describe_activity", activityArn=arn)
    assert (described["name"], described["creationDate"]) == (called, made["creationDate"])
    assert arn in [entry["activityArn"] for entry in stepfunctions.ask("list_activities")["activities"]]
    assert stepfunctions.ask("list_tags_for_resource", resourceArn=arn)["tags"] == [{"key": "a", "value": "1"}]
    stepfunctions.ask("delete_activity", activityArn=arn)
    assert refused("describe_activity", activityArn=arn) == "ActivityDoesNotExist"
    stepfunctions.ask("delete_activity", activityArn=arn)
    assert refused("create_activity", name="a/b") == "InvalidName"
    assert refused("describe_activity", activityArn="activity") == "InvalidArn"


def test_variables_are_told_by_state(stepfunctions: Recorder) -> None:
    text = (
        '{"QueryLanguage": "JSONata", "StartAt": "a", "States": {'
        '"a": {"Type": "Pass", "Assign": {"x": 1}, "Next": "b"},'
        '"b": {"Type": "Pass", "Output": "{% $x + 1 %}", "End": true}}}'
    )
    arn = stepfunctions.ask("create_state_machine", name=name(), definition=text, roleArn=ROLE)["stateMachineArn"]
    described = stepfunctions.ask("describe_state_machine", stateMachineArn=arn)
    assert described["variableReferences"] == {"b": ["x"]}


def test_a_running_execution_outlives_its_state_machine(stepfunctions: Recorder, refused: Refused) -> None:
    text = '{"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 1, "End": true}}}'
    arn = stepfunctions.ask("create_state_machine", name=name(), definition=text, roleArn=ROLE)["stateMachineArn"]
    execution = stepfunctions.ask("start_execution", stateMachineArn=arn, input="[1]")["executionArn"]
    stepfunctions.ask("delete_state_machine", stateMachineArn=arn)
    assert refused("start_execution", stateMachineArn=arn) == "StateMachineDoesNotExist"
    described = stepfunctions.ask("describe_state_machine_for_execution", executionArn=execution)
    assert (described["stateMachineArn"], described["definition"]) == (arn, text)
    for _ in range(200):
        ended = stepfunctions.ask("describe_execution", executionArn=execution)
        if ended["status"] != "RUNNING":
            break
        time.sleep(0.05)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "[1]")
