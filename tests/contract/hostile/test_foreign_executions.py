"""Two accounts on one Nonet: nobody sees, changes, starts, stops or answers anything of the other's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from nonet.cli.keys import append
from shared.auth.principals import new_principal
from tests.running import client, nonet

ROLE = "arn:aws:iam::000000000001:role/states"
MAP = {
    "StartAt": "Wait",
    "States": {
        "Wait": {
            "Type": "Parallel",
            "End": True,
            "Branches": [
                {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "ACTIVITY", "End": True}}},
                {
                    "StartAt": "Each",
                    "States": {
                        "Each": {
                            "Type": "Map",
                            "ItemsPath": "$.items",
                            "ItemProcessor": {
                                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                                "StartAt": "Rest",
                                "States": {"Rest": {"Type": "Wait", "Seconds": 3600, "End": True}},
                            },
                            "End": True,
                        }
                    },
                },
            ],
        }
    },
}
#: What each member with an ARN or a token says when it is somebody else's.
UNKNOWN = {
    "activityArn": "ActivityDoesNotExist",
    "executionArn": "ExecutionDoesNotExist",
    "mapRunArn": "ResourceNotFound",
    "resourceArn": "ResourceNotFound",
    "stateMachineAliasArn": "ResourceNotFound",
    "stateMachineArn": "StateMachineDoesNotExist",
    "stateMachineVersionArn": "ResourceNotFound",
    "taskToken": "TaskDoesNotExist",
}
#: Deleting what is not there is no error, here as on AWS; that nothing was deleted is looked at afterwards.
IDEMPOTENT = {
    "delete_activity",
    "delete_state_machine",
    "delete_state_machine_version",
}
#: What operations need beside the ARN.
REST: dict[str, dict[str, Any]] = {
    "send_task_failure": {},
    "send_task_success": {"output": "{}"},
    "tag_resource": {"tags": [{"key": "a", "value": "b"}]},
    "untag_resource": {"tagKeys": ["owner"]},
    "update_map_run": {"maxConcurrency": 1},
    "update_state_machine": {"definition": json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}})},
    "update_state_machine_alias": {"description": "mine now"},
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Gives boto3 clients of "ann" (account 000000000001) and "bob" (000000000002)."""
    keys = tmp_path_factory.mktemp("keys") / "principals.toml"
    principals = {}
    for index, name in enumerate(("ann", "bob"), start=1):
        principals[name], _ = new_principal(name, f"{index:012d}")
        append(keys, principals[name])
    folder = tmp_path_factory.mktemp("foreign")
    with nonet(folder, principals_file=keys, services="orchestration") as addresses:

        def make(name: str) -> Any:
            return client(
                "stepfunctions", addresses, config={"inject_host_prefix": False},
                aws_access_key_id=principals[name].access_key_id,
                aws_secret_access_key=principals[name].secret_access_key,
            )  # fmt: skip

        yield make


@pytest.fixture(scope="module")
def ann(people: Callable[[str], Any]) -> Any:
    return people("ann")


@pytest.fixture(scope="module")
def bob(people: Callable[[str], Any]) -> Any:
    return people("bob")


@pytest.fixture(scope="module")
def belongings(ann: Any) -> dict[str, str]:
    """One of everything that has an ARN, and a task token; all of them ann's, the execution running."""
    activity = ann.create_activity(name="approve", tags=[{"key": "owner", "value": "ann"}])["activityArn"]
    definition = json.dumps(MAP).replace("ACTIVITY", activity)
    made = ann.create_state_machine(name="orders", definition=definition, roleArn=ROLE, publish=True)
    machine, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    alias = ann.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )["stateMachineAliasArn"]
    execution = ann.start_execution(stateMachineArn=machine, input=json.dumps({"items": [1, 2]}))["executionArn"]
    for _ in range(100):
        if runs := ann.list_map_runs(executionArn=execution)["mapRuns"]:
            break
        time.sleep(0.1)
    token = ann.get_activity_task(activityArn=activity)["taskToken"]
    return {
        "activityArn": activity,
        "executionArn": execution,
        "mapRunArn": runs[0]["mapRunArn"],
        "resourceArn": machine,
        "stateMachineAliasArn": alias,
        "stateMachineArn": machine,
        "stateMachineVersionArn": version,
        "taskToken": token,
    }


def operations(ann: Any) -> Iterator[tuple[str, str]]:
    """Every operation that takes somebody's ARN or token, and the member; roles are not ours."""
    model = ann.meta.service_model
    names = {wire: method for method, wire in ann.meta.method_to_api_mapping.items()}
    for operation in model.operation_names:
        for member in model.operation_model(operation).input_shape.members:
            if (member.endswith("Arn") and member != "roleArn") or member == "taskToken":
                yield names[operation], member


def test_every_operation_is_asked(ann: Any) -> None:
    found = list(operations(ann))
    assert len(found) >= 29
    assert {member for _, member in found} == set(UNKNOWN)


def settled(ann: Any, belongings: dict[str, str]) -> list[Any]:
    """``state``, once nothing of it moves any more: the task that was fetched has yet to become an event."""
    last = state(ann, belongings)
    for _ in range(100):
        time.sleep(0.3)
        now = state(ann, belongings)
        if now == last:
            return now
        last = now
    raise AssertionError("the execution never came to rest")


def state(ann: Any, belongings: dict[str, str]) -> list[Any]:
    """All that ann sees of her belongings."""
    answers = [
        ann.describe_activity(activityArn=belongings["activityArn"]),
        ann.describe_execution(executionArn=belongings["executionArn"]),
        ann.describe_map_run(mapRunArn=belongings["mapRunArn"]),
        ann.describe_state_machine(stateMachineArn=belongings["stateMachineArn"]),
        ann.describe_state_machine_alias(stateMachineAliasArn=belongings["stateMachineAliasArn"]),
        ann.list_state_machine_versions(stateMachineArn=belongings["stateMachineArn"]),
        ann.list_tags_for_resource(resourceArn=belongings["activityArn"]),
        ann.list_tags_for_resource(resourceArn=belongings["stateMachineArn"]),
        ann.get_execution_history(executionArn=belongings["executionArn"])["events"],
        ann.list_executions(stateMachineArn=belongings["stateMachineArn"])["executions"],
    ]
    for answer in answers:
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata", None)
    return answers


def test_what_is_another_accounts_does_not_exist(ann: Any, bob: Any, belongings: dict[str, str]) -> None:
    before = settled(ann, belongings)
    for operation, member in operations(ann):
        ask, parameters = getattr(bob, operation), {member: belongings[member], **REST.get(operation, {})}
        if operation in IDEMPOTENT:
            ask(**parameters)
            continue
        if operation == "list_state_machine_versions":  # of what is not there AWS lists none
            assert ask(**parameters)["stateMachineVersions"] == []
            continue
        with pytest.raises(ClientError) as refused:
            ask(**parameters)
        code = refused.value.response["Error"]["Code"]
        assert code == UNKNOWN[member], f"{operation}({member}): {code}"
    assert state(ann, belongings) == before


def test_listings_show_ones_own(bob: Any, belongings: dict[str, str]) -> None:
    assert bob.list_state_machines()["stateMachines"] == []
    assert bob.list_activities()["activities"] == []


def test_page_tokens_of_another_account_are_worth_nothing(ann: Any, bob: Any, belongings: dict[str, str]) -> None:
    ann.create_activity(name="another")
    token = ann.list_activities(maxResults=1)["nextToken"]
    with pytest.raises(ClientError) as refused:
        bob.list_activities(nextToken=token)
    assert refused.value.response["Error"]["Code"] == "InvalidToken"


def test_aliases_lead_to_ones_own_versions(bob: Any, belongings: dict[str, str]) -> None:
    route = {"stateMachineVersionArn": belongings["stateMachineVersionArn"], "weight": 100}
    with pytest.raises(ClientError) as refused:
        bob.create_state_machine_alias(name="mine", routingConfiguration=[route])
    assert refused.value.response["Error"]["Code"] in {"ResourceNotFound", "ValidationException"}


def run(who: Any, name: str, resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A Task state as a state machine of its own: how its execution ended, or stands after two seconds."""
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
    definition = json.dumps({"StartAt": "t", "States": {"t": task}})
    machine = who.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    execution = who.start_execution(stateMachineArn=machine)["executionArn"]
    for _ in range(40):
        described: dict[str, Any] = who.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            break
        time.sleep(0.05)
    return described


@pytest.mark.parametrize(
    ("name", "resource", "member", "error"),
    [
        ("nested", "states:startExecution", "stateMachineArn", "StepFunctions.StateMachineDoesNotExistException"),
        ("describe", "aws-sdk:sfn:describeExecution", "executionArn", "Sfn.ExecutionDoesNotExistException"),
        ("stop", "aws-sdk:sfn:stopExecution", "executionArn", "Sfn.ExecutionDoesNotExistException"),
        ("complete", "aws-sdk:sfn:sendTaskSuccess", "taskToken", "Sfn.TaskDoesNotExistException"),
    ],
)
def test_tasks_act_for_their_own_account(
    ann: Any, bob: Any, belongings: dict[str, str], name: str, resource: str, member: str, error: str
) -> None:
    before = state(ann, belongings)
    parameters = {member[0].upper() + member[1:]: belongings[member]}
    if name == "complete":
        parameters["Output"] = "{}"
    ended = run(bob, name, f"arn:aws:states:::{resource}", parameters)
    assert (ended["status"], ended["error"]) == ("FAILED", error), ended.get("cause")
    assert state(ann, belongings) == before


def test_activities_serve_their_own_account(ann: Any, bob: Any, belongings: dict[str, str]) -> None:
    """A task for another account's activity reaches none of its workers."""
    ended = run(bob, "smuggle", belongings["activityArn"], {"from": "bob"})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Permissions")
    events = bob.get_execution_history(executionArn=ended["executionArn"])["events"]
    (told,) = [event for event in events if event["type"] == "ActivityScheduleFailed"]
    assert told["activityScheduleFailedEventDetails"]["error"] == "States.Permissions"
    execution = ann.start_execution(
        stateMachineArn=belongings["stateMachineArn"], input=json.dumps({"items": [], "from": "ann"})
    )["executionArn"]
    task = ann.get_activity_task(activityArn=belongings["activityArn"])
    assert json.loads(task["input"])["from"] == "ann"
    ann.stop_execution(executionArn=execution)


def test_tokens_that_are_almost_right(ann: Any, belongings: dict[str, str]) -> None:
    token = belongings["taskToken"]
    for wrong in (token[:-1], token + "A", token.swapcase(), "A" * len(token), "x", "a\x00b", "' OR 1=1 --", "ü" * 20):
        with pytest.raises(ClientError) as refused:
            ann.send_task_success(taskToken=wrong, output="{}")
        assert refused.value.response["Error"]["Code"] in {"TaskDoesNotExist", "InvalidToken"}, wrong
    ann.send_task_heartbeat(taskToken=token)
