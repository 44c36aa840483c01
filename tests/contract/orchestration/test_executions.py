"""Executions through boto3: start, stop, redrive, look, nest; and what a restart leaves of them."""

from __future__ import annotations

import concurrent.futures
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.orchestration.function_server import FunctionServer, function_server
from tests.contract.orchestration.state_machine_client import StateMachineClient, call, level, one_database, wait
from tests.running import nonet

PASS = {"Type": "Pass"}
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}]


@pytest.fixture(scope="module")
def functions() -> Iterator[FunctionServer]:
    with function_server() as served:
        yield served


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, functions: FunctionServer) -> Iterator[StateMachineClient]:
    with nonet(tmp_path_factory.mktemp("executions"), services="orchestration", **functions.settings) as addresses:
        yield StateMachineClient(addresses, functions)


@pytest.fixture
def states(suite: StateMachineClient) -> StateMachineClient:
    suite.functions.reset()
    return suite


# -- start


def test_an_execution_from_start_to_end(states: StateMachineClient) -> None:
    machine = states.make(("A", PASS), ("W", wait(1)), ("T", call("echo")))
    done = states.run(machine, {"x": "ü"})
    assert (done["status"], json.loads(done["output"]), json.loads(done["input"])) == (
        "SUCCEEDED",
        {"x": "ü"},
        {"x": "ü"},
    )
    assert done["stopDate"] > done["startDate"]
    assert done["stateMachineArn"] == machine
    assert done["redriveStatus"] == "NOT_REDRIVABLE"
    assert states.types(done["executionArn"]) == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "WaitStateEntered", "WaitStateExited", "TaskStateEntered",
        "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_the_same_start_again(states: StateMachineClient) -> None:
    machine = states.make(("W", wait(60)))
    first = states.boto.start_execution(stateMachineArn=machine, name="n", input='{"x": 1}')
    again = states.boto.start_execution(stateMachineArn=machine, name="n", input='{"x":1}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    assert (
        states.code("start_execution", stateMachineArn=machine, name="n", input='{"x": 2}') == "ExecutionAlreadyExists"
    )
    states.boto.stop_execution(executionArn=first["executionArn"])
    states.ended(first["executionArn"])
    assert (
        states.code("start_execution", stateMachineArn=machine, name="n", input='{"x": 1}') == "ExecutionAlreadyExists"
    )


def test_many_starts_of_one_name_at_once(states: StateMachineClient) -> None:
    machine = states.make(("W", wait(60)))

    def start(number: int) -> str:
        try:
            return states.start(machine, {"x": number % 2}, name="one")
        except states.error as refused:
            return str(refused.response["Error"]["Code"])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(start, range(24)))
    assert len(set(answers)) == 2 and answers.count("ExecutionAlreadyExists") == 12
    assert len(states.boto.list_executions(stateMachineArn=machine)["executions"]) == 1


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"input": "no json"}, "InvalidExecutionInput"),
        ({"input": json.dumps("x" * 262_143)}, "ValidationException"),
        ({"input": json.dumps("ü" * 200_000, ensure_ascii=False)}, "InvalidExecutionInput"),
        ({"input": "[" * 300 + "]" * 300}, "InvalidExecutionInput"),
        ({"name": "a b"}, "InvalidName"),
        ({"name": "a*"}, "InvalidName"),
    ],
)
def test_starts_that_are_refused(states: StateMachineClient, parameters: dict[str, str], code: str) -> None:
    assert states.code("start_execution", stateMachineArn=states.make(("A", PASS)), **parameters) == code


def test_a_definition_of_a_mebibyte(states: StateMachineClient) -> None:
    text = "x" * (1024 * 1024 - 200)
    machine = states.make(("A", {**PASS, "Comment": text}))
    done = states.run(machine)
    assert done["status"] == "SUCCEEDED"
    told = states.boto.describe_state_machine_for_execution(executionArn=done["executionArn"])
    assert json.loads(told["definition"])["States"]["A"]["Comment"] == text


def test_an_execution_keeps_its_definition(states: StateMachineClient) -> None:
    machine = states.make(("W", wait(1)), ("A", {**PASS, "Result": "old"}))
    execution = states.start(machine)
    changed = json.dumps(level(("A", {**PASS, "Result": "new"})))
    states.boto.update_state_machine(stateMachineArn=machine, definition=changed)
    assert json.loads(states.ended(execution)["output"]) == "old"
    assert json.loads(states.run(machine)["output"]) == "new"


def test_an_endless_loop_leaves_others_their_turn(states: StateMachineClient) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "End"}], "Default": "A"}
    loop = states.make(("A", PASS), ("B", choice), ("End", PASS))
    loops = [states.start(loop) for _ in range(3)]
    others = states.make(("A", PASS), ("B", PASS))
    for number in range(5):
        assert json.loads(states.run(others, number)["output"]) == number
    for loop in loops:
        states.boto.stop_execution(executionArn=loop, error="Enough")
    for loop in loops:
        assert states.ended(loop)["status"] in ("ABORTED", "FAILED")


# -- stop


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (wait(60), "WaitStateEntered"),
        (call("gate"), "LambdaFunctionStarted"),
        (call("fail", Retry=RETRY), "LambdaFunctionFailed"),
        (
            {"Type": "Parallel", "Branches": [level(("P1", wait(60))), level(("P2", call("gate")))]},
            "LambdaFunctionStarted",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": "echo", "Payload": {}},
            },
            "TaskSubmitted",
        ),
    ],
    ids=["parked", "running", "retrying", "parallel", "token"],
)
def test_stop(states: StateMachineClient, state: dict[str, Any], event: str) -> None:
    execution = states.start(states.make(("S", state), ("After", PASS)))
    states.reaches(execution, event)
    stopped = states.boto.stop_execution(executionArn=execution, error="E", cause="C")
    # Whoever looks after the answer sees it stopped.
    done = states.boto.describe_execution(executionArn=execution)
    assert (done["status"], done["error"], done["cause"]) == ("ABORTED", "E", "C")
    assert done["stopDate"] == stopped["stopDate"]
    assert states.types(execution)[-1] == "ExecutionAborted"
    # A second stop changes nothing and says when it ended.
    assert states.boto.stop_execution(executionArn=execution, error="Other")["stopDate"] == done["stopDate"]
    assert states.ended(execution)["error"] == "E"
    states.functions.gate.set()


def test_an_execution_that_takes_too_long(states: StateMachineClient) -> None:
    done = states.run(states.make(("W", wait(60)), TimeoutSeconds=1))
    assert done["status"] == "TIMED_OUT"
    assert states.types(done["executionArn"])[-1] == "ExecutionTimedOut"


def test_causes_that_postgresql_cannot_hold(states: StateMachineClient) -> None:
    done = states.run(states.make(("F", {"Type": "Fail", "Error": "E", "CausePath": "$.c"})), {"c": "a\x00b"})
    assert (done["status"], done["error"]) == ("FAILED", "E")


# -- redrive


def test_redrive(states: StateMachineClient) -> None:
    branch = level(("B1", call("echo", Parameters={"from": "B1"})), ("B2", call("mended")))
    machine = states.make(
        ("P", {"Type": "Parallel", "Branches": [branch, level(("C", call("echo", Parameters={"from": "C"})))]}),
        ("After", PASS),
    )
    execution = states.start(machine)
    failed = states.ended(execution)
    assert (failed["status"], failed["error"], failed["redriveStatus"]) == ("FAILED", "Broken", "REDRIVABLE")
    states.functions.is_mended = True
    states.boto.redrive_execution(executionArn=execution)
    done = states.ended(execution)
    assert (done["status"], done["redriveCount"]) == ("SUCCEEDED", 1)
    assert "redriveDate" in done and done["startDate"] == failed["startDate"]
    # What had finished was not run again.
    assert sorted(payload["from"] for payload in states.functions.payloads("echo")) == ["B1", "C"]
    types = states.types(execution)
    assert types.count("ExecutionRedriven") == 1 and types.count("ExecutionStarted") == 1
    events = states.history(execution)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert states.code("redrive_execution", executionArn=execution) == "ExecutionNotRedrivable"


def test_redrive_of_one_that_was_stopped_twice(states: StateMachineClient) -> None:
    execution = states.start(states.make(("T", call("gate")), ("After", PASS)))
    states.reaches(execution, "LambdaFunctionStarted")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for _ in pool.map(lambda _: states.boto.stop_execution(executionArn=execution), range(3)):
            pass
    assert states.ended(execution)["status"] == "ABORTED"
    states.functions.gate.set()
    states.boto.redrive_execution(executionArn=execution)
    assert states.ended(execution)["status"] == "SUCCEEDED"


def test_what_runs_cannot_be_redriven(states: StateMachineClient) -> None:
    execution = states.start(states.make(("W", wait(60))))
    assert states.code("redrive_execution", executionArn=execution) == "ExecutionNotRedrivable"
    states.boto.stop_execution(executionArn=execution)


def test_two_redrives_at_once(states: StateMachineClient) -> None:
    execution = states.start(states.make(("T", call("mended"))))
    states.ended(execution)
    states.functions.is_mended = True

    def redrive(_: int) -> str:
        try:
            states.boto.redrive_execution(executionArn=execution)
        except states.error as refused:
            return str(refused.response["Error"]["Code"])
        return "redriven"

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(redrive, range(6)))
    assert sorted(set(answers)) == ["ExecutionNotRedrivable", "redriven"] and answers.count("redriven") == 1
    assert states.ended(execution)["redriveCount"] == 1
    assert states.types(execution).count("ExecutionRedriven") == 1


# -- look


def test_a_history_page_by_page(states: StateMachineClient) -> None:
    execution = states.run(states.make(*((f"S{number}", PASS) for number in range(30))))["executionArn"]
    for newest_first in (False, True):
        found: list[int] = []
        token: dict[str, str] = {}
        pages = 0
        while True:
            page = states.boto.get_execution_history(
                executionArn=execution, maxResults=7, reverseOrder=newest_first, **token
            )
            found += [event["id"] for event in page["events"]]
            pages += 1
            assert len(page["events"]) <= 7
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert found == sorted(range(1, 63), reverse=newest_first)
        assert pages == 9
    assert states.code("get_execution_history", executionArn=execution, nextToken="made up") == "InvalidToken"
    # A token of one listing is none of another.
    page = states.boto.get_execution_history(executionArn=execution, maxResults=7)
    assert (
        states.code("get_execution_history", executionArn=execution, reverseOrder=True, nextToken=page["nextToken"])
        == "InvalidToken"
    )


def test_a_history_without_its_data(states: StateMachineClient) -> None:
    execution = states.run(states.make(("A", PASS)), {"secret": 1})["executionArn"]
    for event in states.history(execution, includeExecutionData=False):
        assert "secret" not in json.dumps(event, default=str)


def test_listings(states: StateMachineClient) -> None:
    machine = states.make(
        ("C", {"Type": "Choice", "Choices": [{"Variable": "$.f", "BooleanEquals": True, "Next": "F"}], "Default": "W"}),
        ("F", {"Type": "Fail"}),
        ("W", wait(60)),
    )
    failed = [states.start(machine, {"f": True}) for _ in range(3)]
    running = [states.start(machine, {"f": False}) for _ in range(2)]
    for execution in failed:
        states.ended(execution)

    def listed(**options: Any) -> list[str]:
        pages = states.boto.get_paginator("list_executions").paginate(stateMachineArn=machine, **options)
        return [execution["executionArn"] for page in pages for execution in page["executions"]]

    assert listed() == [*reversed(running), *reversed(failed)]
    assert listed(statusFilter="FAILED") == list(reversed(failed))
    assert listed(statusFilter="RUNNING", PaginationConfig={"PageSize": 1}) == list(reversed(running))
    assert listed(statusFilter="TIMED_OUT") == []
    states.boto.redrive_execution(executionArn=failed[0])
    assert listed(redriveFilter="REDRIVEN") == [failed[0]]
    assert failed[0] not in listed(redriveFilter="NOT_REDRIVEN")
    for execution in running:
        states.boto.stop_execution(executionArn=execution)


def test_executions_that_there_are_not(states: StateMachineClient) -> None:
    nobody = "arn:aws:states:us-east-1:000000000000:execution:m:nobody"
    for operation in (
        "describe_execution",
        "stop_execution",
        "get_execution_history",
        "redrive_execution",
        "list_map_runs",
        "describe_state_machine_for_execution",
    ):
        assert states.code(operation, executionArn=nobody) == "ExecutionDoesNotExist", operation
    assert states.code("describe_execution", executionArn="no-arn") == "InvalidArn"


# -- nested


def nested(machine: str, pattern: str = "", **fields: Any) -> dict[str, Any]:
    parameters = {"StateMachineArn": machine, "Input.$": "$"}
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::states:startExecution{pattern}",
        "Parameters": parameters,
        **fields,
    }


def test_nested_executions(states: StateMachineClient) -> None:
    child = states.make(("A", {**PASS, "Parameters": {"y.$": "$.x"}}))
    for pattern, expected in (("", None), (".sync", '{"y":5}'), (".sync:2", {"y": 5})):
        done = states.run(states.make(("N", nested(child, pattern))), {"x": 5})
        assert done["status"] == "SUCCEEDED", done
        output = json.loads(done["output"])
        assert output["ExecutionArn"].startswith(child.replace(":stateMachine:", ":execution:"))
        assert output.get("Output") == expected
        assert states.ended(output["ExecutionArn"])["status"] == "SUCCEEDED"


def test_a_nested_execution_that_fails(states: StateMachineClient) -> None:
    child = states.make(("F", {"Type": "Fail", "Error": "Deep", "Cause": "down"}))
    done = states.run(states.make(("N", nested(child, ".sync:2"))))
    assert (done["status"], done["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(done["cause"])["Error"] == "Deep"
    done = states.run(states.make(("N", nested(child))))
    assert done["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"Input": "no json"}, "StepFunctions.InvalidExecutionInputException"),
        ({"Name": "two words"}, "StepFunctions.InvalidNameException"),
        ({"Name": "n" * 81}, "StepFunctions.InvalidNameException"),
        ({"Name": 5}, "States.Runtime"),
        ({"Inputs": {}}, "States.Runtime"),
    ],
)
def test_a_nested_execution_that_cannot_be_started(
    states: StateMachineClient, parameters: dict[str, Any], error: str
) -> None:
    child = states.make(("A", PASS))
    start = {**nested(child, ".sync:2"), "Parameters": {"StateMachineArn": child, **parameters}}
    done = states.run(states.make(("N", start)))
    assert (done["status"], done["error"]) == ("FAILED", error)
    assert next(iter(parameters)) in done["cause"] or error != "States.Runtime"
    assert states.boto.list_executions(stateMachineArn=child)["executions"] == []


def test_a_nested_machine_that_there_is_not(states: StateMachineClient) -> None:
    done = states.run(states.make(("N", nested("arn:aws:states:us-east-1:000000000000:stateMachine:nobody", ".sync"))))
    assert (done["status"], done["error"]) == ("FAILED", "StepFunctions.StateMachineDoesNotExistException")


def test_a_parent_that_is_stopped_stops_its_children(states: StateMachineClient) -> None:
    grandchild = states.make(("W", wait(60)))
    child = states.make(("N", nested(grandchild, ".sync")))
    execution = states.start(states.make(("N", nested(child, ".sync:2"))))
    states.reaches(execution, "TaskSubmitted")
    inner = states.wait(lambda: states.boto.list_executions(stateMachineArn=grandchild)["executions"])[0][
        "executionArn"
    ]
    states.boto.stop_execution(executionArn=execution)
    assert states.ended(execution)["status"] == "ABORTED"
    assert states.ended(inner)["status"] == "ABORTED"
    for one in states.boto.list_executions(stateMachineArn=child)["executions"]:
        assert states.ended(one["executionArn"])["status"] == "ABORTED"


def test_a_task_that_times_out_stops_its_child(states: StateMachineClient) -> None:
    child = states.make(("W", wait(60)))
    done = states.run(states.make(("N", nested(child, ".sync", TimeoutSeconds=1))))
    assert done["error"] == "States.Timeout"
    (one,) = states.boto.list_executions(stateMachineArn=child)["executions"]
    assert states.ended(one["executionArn"])["status"] == "ABORTED"


# -- express


def test_a_synchronous_express_execution(states: StateMachineClient) -> None:
    machine = states.make(("W", wait(1)), ("T", call("echo")), type="EXPRESS")
    done = states.boto.start_sync_execution(stateMachineArn=machine, input='{"x": 1}', name="n")
    assert (done["status"], json.loads(done["output"]), done["name"]) == ("SUCCEEDED", {"x": 1}, "n")
    failed = states.boto.start_sync_execution(
        stateMachineArn=states.make(("F", {"Type": "Fail", "Error": "E"}), type="EXPRESS")
    )
    assert (failed["status"], failed["error"]) == ("FAILED", "E")
    late = states.boto.start_sync_execution(
        stateMachineArn=states.make(("W", wait(60)), type="EXPRESS", TimeoutSeconds=1)
    )
    assert late["status"] == "TIMED_OUT"
    standard = states.make(("A", PASS))
    assert states.code("start_sync_execution", stateMachineArn=standard) == "StateMachineTypeNotSupported"


def test_an_asynchronous_express_execution(states: StateMachineClient) -> None:
    machine = states.make(("T", call("echo")), type="EXPRESS")
    # Its name may come again.
    for _ in range(2):
        arn = states.start(machine, {"x": 1}, name="again")
        assert ":express:" in arn
    states.wait(lambda: len(states.functions.payloads("echo")) == 2)
    assert states.code("list_executions", stateMachineArn=machine) == "StateMachineTypeNotSupported"
    assert states.code("get_execution_history", executionArn=arn) == "InvalidArn"
    assert states.code("stop_execution", executionArn=arn) is not None


# -- restarts


def test_what_a_restart_leaves(tmp_path: Path) -> None:
    """Executions that wait, run and retry when a process drains are taken up by the next one."""
    with function_server() as served:
        settings = {**served.settings, **one_database()}
        with nonet(tmp_path, services="orchestration", **settings) as addresses:
            before = StateMachineClient(addresses, served)
            arns = [
                before.start(before.make(("W", wait(2)), ("A", PASS)), 1),
                before.start(before.make(("G", call("gate")), ("A", PASS)), 2),
                before.start(
                    before.make(
                        (
                            "M",
                            call(
                                "mended",
                                Retry=[
                                    {
                                        "ErrorEquals": ["States.ALL"],
                                        "IntervalSeconds": 1,
                                        "BackoffRate": 1,
                                        "MaxAttempts": 99,
                                    }
                                ],
                            ),
                        ),
                        ("A", PASS),
                    ),
                    3,
                ),
            ]
            express = before.make(("E", call("echo")), ("G", call("gate")), ("E2", call("echo")), type="EXPRESS")
            before.start(express, "express")
            before.wait(lambda: len(served.payloads("gate")) == 2)
            before.reaches(arns[2], "LambdaFunctionFailed")
        served.gate.set()
        served.is_mended = True
        with nonet(tmp_path, services="orchestration", **settings) as addresses:
            after = StateMachineClient(addresses, served)
            for number, arn in enumerate(arns, 1):
                done = after.ended(arn)
                assert (done["status"], done["output"]) == ("SUCCEEDED", str(number))
                events = after.history(arn)
                assert [event["id"] for event in events] == list(range(1, len(events) + 1))
            # An express execution begins anew: its first state was run twice, its last once.
            after.wait(lambda: len(served.payloads("echo")) == 3)


def test_names_are_each_state_machines_own(states: StateMachineClient) -> None:
    name = uuid.uuid4().hex
    one, two = states.make(("A", PASS)), states.make(("A", PASS))
    assert states.start(one, name=name) != states.start(two, name=name)
