"""Distributed maps through boto3: readers, batches, bounds, tolerance, results, stop, redrive."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.orchestration.function_server import FunctionServer, function_server
from tests.contract.orchestration.state_machine_client import StateMachineClient, call, distributed, one_database
from tests.running import nonet

PASS = ("P", {"Type": "Pass"})
GATE = ("G", call("gate"))
#: Fails for the items that say so.
SOME_FAIL = (
    ("C", {"Type": "Choice", "Choices": [{"Variable": "$.fails", "BooleanEquals": True, "Next": "F"}], "Default": "P"}),
    ("F", {"Type": "Fail", "Error": "Item"}),
    PASS,
)


@pytest.fixture(scope="module")
def functions() -> Iterator[FunctionServer]:
    with function_server() as served:
        yield served


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, functions: FunctionServer) -> Iterator[StateMachineClient]:
    with nonet(tmp_path_factory.mktemp("maps"), services="orchestration", **functions.settings) as addresses:
        yield StateMachineClient(addresses, functions)


@pytest.fixture
def states(suite: StateMachineClient) -> StateMachineClient:
    suite.functions.reset()
    return suite


@pytest.fixture(scope="module")
def bucket(suite: StateMachineClient) -> str:
    name = f"b-{uuid.uuid4().hex}"
    suite.s3.create_bucket(Bucket=name)
    return name


def reader(bucket: str, key: str, kind: str, **config: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": bucket, "Key": key},
        "ReaderConfig": {"InputType": kind, **config},
    }  # fmt: skip


def map_run(states: StateMachineClient, execution: str) -> dict[str, Any]:
    (run,) = states.wait(lambda: states.boto.list_map_runs(executionArn=execution)["mapRuns"])
    described: dict[str, Any] = states.boto.describe_map_run(mapRunArn=run["mapRunArn"])
    return described


def children(states: StateMachineClient, arn: str, **options: Any) -> list[dict[str, Any]]:
    pages = states.boto.get_paginator("list_executions").paginate(mapRunArn=arn, **options)
    return [execution for page in pages for execution in page["executions"]]


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_items_from_the_input(states: StateMachineClient, execution_type: str) -> None:
    machine = states.make(
        (
            "M",
            distributed(
                PASS,
                execution_type=execution_type,
                ItemSelector={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
            ),
        )
    )
    done = states.run(machine, ["a", "b", "c"])
    assert json.loads(done["output"]) == [{"i": 0, "v": "a"}, {"i": 1, "v": "b"}, {"i": 2, "v": "c"}]
    run = map_run(states, done["executionArn"])
    assert (run["status"], run["itemCounts"]["succeeded"], run["executionCounts"]["total"]) == ("SUCCEEDED", 3, 3)
    assert (run["itemCounts"]["pendingRedrive"], run["executionCounts"]["failuresNotRedrivable"]) == (0, 0)
    assert {child["status"] for child in children(states, run["mapRunArn"])} == {"SUCCEEDED"}


@pytest.mark.parametrize(
    ("key", "body", "kind", "config", "items"),
    [
        ("a.json", '[{"x": 1}, 2, null]', "JSON", {}, [{"x": 1}, 2, None]),
        ("a.jsonl", '{"x": 1}\n{"x": 2}\n', "JSONL", {}, [{"x": 1}, {"x": 2}]),
        ("a.csv", 'n,t\n1,"a,b"\n2,c\n', "CSV", {"CSVHeaderLocation": "FIRST_ROW"}, [{"n": "1", "t": "a,b"}, {"n": "2", "t": "c"}]),
        ("b.csv", "1;x\n2;y\n", "CSV", {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["n", "t"], "CSVDelimiter": "SEMICOLON"}, [{"n": "1", "t": "x"}, {"n": "2", "t": "y"}]),
        ("most.json", "[1, 2, 3, 4]", "JSON", {"MaxItems": 2}, [1, 2]),
        ("empty.json", "[]", "JSON", {}, []),
    ],
)  # fmt: skip
def test_items_from_an_object(
    states: StateMachineClient, bucket: str, key: str, body: str, kind: str, config: Any, items: Any
) -> None:
    states.s3.put_object(Bucket=bucket, Key=key, Body=body.encode())
    done = states.run(states.make(("M", distributed(PASS, ItemReader=reader(bucket, key, kind, **config)))))
    assert done["status"] == "SUCCEEDED", done
    assert json.loads(done["output"]) == items


def test_items_from_a_listing(states: StateMachineClient, bucket: str) -> None:
    for number in range(3):
        states.s3.put_object(Bucket=bucket, Key=f"listed/{number}", Body=b"x" * number)
    listing = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": bucket, "Prefix": "listed/"}}
    done = states.run(states.make(("M", distributed(PASS, ItemReader=listing))))
    assert [(item["Key"], item["Size"]) for item in json.loads(done["output"])] == [
        (f"listed/{number}", number) for number in range(3)
    ]


def test_an_object_that_is_not_there(states: StateMachineClient, bucket: str) -> None:
    done = states.run(states.make(("M", distributed(PASS, ItemReader=reader(bucket, "nothing", "JSON")))))
    assert (done["status"], done["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert map_run(states, done["executionArn"])["status"] == "FAILED"


def test_batches(states: StateMachineClient) -> None:
    batcher = {"MaxItemsPerBatch": 3, "BatchInput": {"all": True}}
    done = states.run(states.make(("M", distributed(PASS, ItemBatcher=batcher))), list(range(7)))
    assert json.loads(done["output"]) == [
        {"Items": items, "BatchInput": {"all": True}} for items in ([0, 1, 2], [3, 4, 5], [6])
    ]
    run = map_run(states, done["executionArn"])
    assert (run["itemCounts"]["total"], run["executionCounts"]["total"]) == (7, 3)


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_max_concurrency_bounds_and_can_be_changed(states: StateMachineClient, execution_type: str) -> None:
    execution = states.start(
        states.make(("M", distributed(GATE, execution_type=execution_type, MaxConcurrency=3))), list(range(12))
    )
    states.wait(lambda: states.functions.inside == 3)
    run = map_run(states, execution)
    assert (run["maxConcurrency"], run["status"]) == (3, "RUNNING")
    assert run["executionCounts"]["running"] == 3
    assert run["itemCounts"]["total"] == 12 or run["itemCounts"]["total"] <= 12
    states.boto.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=5)
    states.wait(lambda: states.functions.inside == 5)
    assert states.boto.describe_map_run(mapRunArn=run["mapRunArn"])["maxConcurrency"] == 5
    states.functions.gate.set()
    assert json.loads(states.ended(execution)["output"]) == list(range(12))
    assert states.functions.most_inside == 5
    assert states.code("update_map_run", mapRunArn=run["mapRunArn"], maxConcurrency=1) == "ValidationException"


@pytest.mark.parametrize(
    ("fields", "failing", "status"),
    [
        ({}, 0, "SUCCEEDED"),
        ({}, 1, "FAILED"),
        ({"ToleratedFailureCount": 2}, 2, "SUCCEEDED"),
        ({"ToleratedFailureCount": 2}, 3, "FAILED"),
        ({"ToleratedFailurePercentage": 30}, 3, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 30}, 4, "FAILED"),
        ({"ToleratedFailurePercentage": 100}, 10, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 90}, 2, "FAILED"),
    ],
)
def test_tolerance(states: StateMachineClient, fields: dict[str, Any], failing: int, status: str) -> None:
    items = [{"fails": number < failing} for number in range(10)]
    done = states.run(states.make(("M", distributed(*SOME_FAIL, **fields))), items)
    assert done["status"] == status, done
    if status == "FAILED":
        assert done["error"] == "States.ExceedToleratedFailureThreshold"
        assert states.types(done["executionArn"])[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    else:
        assert len(json.loads(done["output"])) == 10 - failing
    run = map_run(states, done["executionArn"])
    assert run["status"] == status
    assert run["toleratedFailureCount"] == fields.get("ToleratedFailureCount", 0)


def test_results_in_a_bucket(states: StateMachineClient, bucket: str) -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "out"}}
    items = [{"n": number, "fails": number == 1} for number in range(3)]
    done = states.run(states.make(("M", distributed(*SOME_FAIL, ResultWriter=writer, ToleratedFailureCount=1))), items)
    output = json.loads(done["output"])
    details = output["ResultWriterDetails"]
    assert output["MapRunArn"] == map_run(states, done["executionArn"])["mapRunArn"]
    manifest = json.loads(states.s3.get_object(Bucket=details["Bucket"], Key=details["Key"])["Body"].read())
    assert manifest["MapRunArn"] == output["MapRunArn"]
    found: dict[str, list[Any]] = {}
    for kind, files in manifest["ResultFiles"].items():
        for file in files:
            found.setdefault(kind, []).extend(
                json.loads(states.s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read())
            )
    assert sorted(json.loads(result["Input"])["n"] for result in found["SUCCEEDED"]) == [0, 2]
    assert [(result["Status"], result["Error"]) for result in found["FAILED"]] == [("FAILED", "Item")]


@pytest.mark.slow
@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_two_thousand_items(states: StateMachineClient, bucket: str, execution_type: str) -> None:
    states.s3.put_object(
        Bucket=bucket, Key="many.jsonl", Body=b"".join(b'{"n": %d}\n' % number for number in range(2000))
    )
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": bucket, "Prefix": f"many-{execution_type}"},
    }
    mapped = distributed(
        PASS, execution_type=execution_type, ItemReader=reader(bucket, "many.jsonl", "JSONL"), ResultWriter=writer
    )
    done = states.run(states.make(("M", mapped)))
    assert done["status"] == "SUCCEEDED", done
    run = map_run(states, done["executionArn"])
    assert (run["itemCounts"]["succeeded"], run["itemCounts"]["resultsWritten"]) == (2000, 2000)
    details = json.loads(done["output"])["ResultWriterDetails"]
    manifest = json.loads(states.s3.get_object(Bucket=bucket, Key=details["Key"])["Body"].read())
    results = [
        json.loads(result["Output"])["n"]
        for file in manifest["ResultFiles"]["SUCCEEDED"]
        for result in json.loads(states.s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read())
    ]
    assert sorted(results) == list(range(2000))


def test_a_result_that_is_too_large_for_an_output(states: StateMachineClient) -> None:
    big = {"Type": "Pass", "Result": "x" * 100_000}
    done = states.run(states.make(("M", distributed(("P", big)))), [1, 2, 3])
    assert (done["status"], done["error"]) == ("FAILED", "States.DataLimitExceeded")


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_stop_ends_all_of_it(states: StateMachineClient, execution_type: str) -> None:
    execution = states.start(
        states.make(("M", distributed(GATE, execution_type=execution_type, MaxConcurrency=4))), list(range(9))
    )
    states.wait(lambda: states.functions.inside == 4)
    arn = map_run(states, execution)["mapRunArn"]
    states.boto.stop_execution(executionArn=execution)
    assert states.ended(execution)["status"] == "ABORTED"
    run = states.wait(
        lambda: (one := states.boto.describe_map_run(mapRunArn=arn))["executionCounts"]["running"] == 0 and one
    )
    assert run["status"] == "ABORTED"
    assert run["executionCounts"]["aborted"] == run["executionCounts"]["total"] == 4
    states.functions.gate.set()


def test_a_child_may_be_stopped_by_itself(states: StateMachineClient) -> None:
    execution = states.start(states.make(("M", distributed(GATE, ToleratedFailureCount=1))), [1, 2])
    states.wait(lambda: states.functions.inside == 2)
    one, _ = children(states, map_run(states, execution)["mapRunArn"])
    states.boto.stop_execution(executionArn=one["executionArn"])
    assert states.ended(one["executionArn"])["status"] == "ABORTED"
    states.functions.gate.set()
    done = states.ended(execution)
    assert done["status"] == "SUCCEEDED" and len(json.loads(done["output"])) == 1


def test_redrive_runs_what_failed_again_and_nothing_else(states: StateMachineClient) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Mended"}], "Default": "Echo"}
    states_of_items = (("C", choice), ("Mended", call("mended", End=True)), ("Echo", call("echo")))
    # One at a time: beside the one that fails, an item may have called and not have ended yet, and is run again.
    execution = states.start(states.make(("M", distributed(*states_of_items, MaxConcurrency=1))), [0, 1, 2])
    assert states.ended(execution)["status"] == "FAILED"
    assert states.functions.payloads("echo") == [0]
    arn = map_run(states, execution)["mapRunArn"]
    states.functions.is_mended = True
    states.boto.redrive_execution(executionArn=execution)
    done = states.ended(execution)
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", [0, 1, 2])
    run = map_run(states, execution)
    assert (run["mapRunArn"], run["redriveCount"], run["status"]) == (arn, 1, "SUCCEEDED")
    assert states.functions.payloads("echo") == [0, 2]
    assert "MapRunRedriven" in states.types(execution)


def test_a_restart_goes_on_behind_what_was_started(tmp_path: Path) -> None:
    with function_server() as served:
        settings = {**served.settings, **one_database()}
        with nonet(tmp_path, services="orchestration", **settings) as addresses:
            before = StateMachineClient(addresses, served)
            execution = before.start(before.make(("M", distributed(GATE, MaxConcurrency=4))), list(range(10)))
            before.wait(lambda: served.inside == 4)
        served.gate.set()
        with nonet(tmp_path, services="orchestration", **settings) as addresses:
            after = StateMachineClient(addresses, served)
            assert json.loads(after.ended(execution)["output"]) == list(range(10))
            run = map_run(after, execution)
            assert run["executionCounts"]["total"] == 10
            assert len(children(after, run["mapRunArn"])) == 10


def test_map_runs_that_there_are_not(states: StateMachineClient) -> None:
    nobody = "arn:aws:states:us-east-1:000000000000:mapRun:m/l:nobody"
    assert states.code("describe_map_run", mapRunArn=nobody) == "ResourceNotFound"
    assert states.code("update_map_run", mapRunArn=nobody, maxConcurrency=1) == "ResourceNotFound"
