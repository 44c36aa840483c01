"""Activities and task tokens through boto3: workers that poll, answer, beat, and go."""

from __future__ import annotations

import concurrent.futures
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.orchestration.function_server import FunctionServer, function_server
from tests.contract.orchestration.state_machine_client import StateMachineClient
from tests.running import nonet


@pytest.fixture(scope="module")
def functions() -> Iterator[FunctionServer]:
    with function_server() as served:
        yield served


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory, functions: FunctionServer) -> Iterator[StateMachineClient]:
    with nonet(tmp_path_factory.mktemp("activities"), services="orchestration", **functions.settings) as addresses:
        yield StateMachineClient(addresses, functions)


@pytest.fixture
def activity(states: StateMachineClient) -> str:
    return str(states.boto.create_activity(name=uuid.uuid4().hex)["activityArn"])


def worked(activity: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "Work", {"Type": "Task", "Resource": activity, **fields}


def take(states: StateMachineClient, activity: str, worker: str = "w") -> dict[str, Any]:
    task: dict[str, Any] = states.boto.get_activity_task(activityArn=activity, workerName=worker)
    return task


def test_a_worker_does_a_task(states: StateMachineClient, activity: str) -> None:
    execution = states.start(states.make(worked(activity)), {"x": 1})
    task = take(states, activity, "worker-7")
    assert json.loads(task["input"]) == {"x": 1}
    states.boto.send_task_heartbeat(taskToken=task["taskToken"])
    states.boto.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    done = states.ended(execution)
    assert json.loads(done["output"]) == {"done": True}
    events = states.history(execution)
    assert [event["type"] for event in events][2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "worker-7"}
    for operation, parameters in (
        ("send_task_success", {"output": "1"}),
        ("send_task_failure", {}),
        ("send_task_heartbeat", {}),
    ):
        assert states.code(operation, taskToken=task["taskToken"], **parameters) == "TaskTimedOut"


def test_a_worker_that_waits_is_served(states: StateMachineClient, activity: str) -> None:
    machine = states.make(worked(activity))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(take, states, activity)
        execution = states.start(machine, 5)
        task = waiting.result(50)
    states.boto.send_task_failure(taskToken=task["taskToken"], error="E", cause="C")
    done = states.ended(execution)
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "E", "C")


def test_each_task_goes_to_one_worker(states: StateMachineClient, activity: str) -> None:
    machine = states.make(
        (
            "M",
            {
                "Type": "Map",
                "ItemProcessor": {"StartAt": "Work", "States": {"Work": {**worked(activity)[1], "End": True}}},
            },
        )
    )
    execution = states.start(machine, list(range(12)))

    def work(worker: int) -> list[int]:
        inputs = []
        for _ in range(3):
            task = take(states, activity, f"w{worker}")
            inputs.append(json.loads(task["input"]))
            states.boto.send_task_success(taskToken=task["taskToken"], output=task["input"])
        return inputs

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        inputs = [one for mine in pool.map(work, range(4)) for one in mine]
    assert sorted(inputs) == list(range(12))
    assert json.loads(states.ended(execution)["output"]) == list(range(12))


def test_a_worker_that_is_gone(states: StateMachineClient, activity: str) -> None:
    retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    execution = states.start(states.make(worked(activity, HeartbeatSeconds=5, Retry=retry)))
    first = take(states, activity, "gone")
    states.reaches(execution, "ActivityTimedOut")
    assert states.code("send_task_success", taskToken=first["taskToken"], output="1") == "TaskTimedOut"
    second = take(states, activity, "another")
    states.boto.send_task_success(taskToken=second["taskToken"], output='"by another"')
    assert json.loads(states.ended(execution)["output"]) == "by another"


def test_a_task_that_nobody_takes(states: StateMachineClient, activity: str) -> None:
    done = states.run(states.make(worked(activity, TimeoutSeconds=1)))
    assert done["error"] == "States.Timeout"


def test_a_stopped_executions_task_is_not_handed_out(states: StateMachineClient, activity: str) -> None:
    machine = states.make(worked(activity))
    stopped = states.start(machine, "stopped")
    states.reaches(stopped, "ActivityScheduled")
    states.boto.stop_execution(executionArn=stopped)
    states.ended(stopped)
    states.start(machine, "other")
    assert json.loads(take(states, activity)["input"]) == "other"


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("send_task_success", {"taskToken": "unknown", "output": "1"}, "TaskDoesNotExist"),
        ("send_task_success", {"taskToken": "unknown", "output": "no json"}, "InvalidOutput"),
        ("send_task_success", {"taskToken": "ü", "output": "1"}, "InvalidToken"),
        ("send_task_failure", {"taskToken": "unknown"}, "TaskDoesNotExist"),
        ("send_task_heartbeat", {"taskToken": "unknown"}, "TaskDoesNotExist"),
        (
            "get_activity_task",
            {"activityArn": "arn:aws:states:us-east-1:000000000000:activity:nobody"},
            "ActivityDoesNotExist",
        ),
        ("get_activity_task", {"activityArn": "x"}, "InvalidArn"),
    ],
)
def test_calls_that_are_refused(
    states: StateMachineClient, operation: str, parameters: dict[str, str], code: str
) -> None:
    assert states.code(operation, **parameters) == code


def test_a_callback(states: StateMachineClient) -> None:
    """A function is given a token, and whoever holds it ends the task, from wherever."""
    state = {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "echo", "Payload": {"token.$": "$$.Task.Token"}},
        "Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 1}],
    }  # fmt: skip
    states.functions.reset()
    execution = states.start(states.make(("T", state)))
    token = states.wait(lambda: states.functions.payloads("echo"))[0]["token"]
    states.boto.send_task_failure(taskToken=token, error="Again")
    second = states.wait(lambda: states.functions.payloads("echo")[1:])[0]["token"]
    assert second != token
    assert states.code("send_task_success", taskToken=token, output="1") == "TaskTimedOut"
    states.boto.send_task_success(taskToken=second, output='{"by": "callback"}')
    done = states.ended(execution)
    assert json.loads(done["output"]) == {"by": "callback"}
