"""TestState: what a test may say, and what it shows of a state's values."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.orchestration import messages
from services.orchestration.language.jsonata import Jsonata
from services.orchestration.mock_results import FieldValidation
from services.orchestration.tasks.task import Task, TaskFailed
from services.orchestration.test_state_requests import MockText, StateTest, TestConfiguration
from services.orchestration.test_states import StateTests
from shared import errors
from shared.settings import Settings

ACCOUNT = "000000000000"
LAMBDA = "arn:aws:states:::lambda:invoke"


class Echo:
    """An integration that answers with what it was asked."""

    async def invoke(self, task: Task) -> Any:
        if isinstance(task.parameters, dict) and "error" in task.parameters:
            raise TaskFailed(task.parameters["error"], "because")
        return {"echo": task.parameters}

    async def completion(self, task: Task, submitted: Any) -> Any:
        raise AssertionError("only called for .sync")


class Registry:
    def find(self, resource: str) -> tuple[Echo, str, str]:
        return Echo(), resource.split(":::")[1], ""


@pytest.fixture(scope="module")
def jsonata() -> Iterator[Jsonata]:
    engine = Jsonata(1)
    yield engine
    engine.close()


@pytest.fixture
def tests(jsonata: Jsonata) -> StateTests:
    return StateTests(jsonata, Registry(), Settings())  # type: ignore[arg-type]


def state_test(state: Mapping[str, Any], value: Any = None, **parts: Any) -> StateTest:
    given = None if value is None else json.dumps(value)
    for name in ("variables", "context"):
        if name in parts:
            parts[name] = json.dumps(parts[name])
    return StateTest(ACCOUNT, "us-east-1", json.dumps(state), input=given, **parts)


def result(value: Any, validation: FieldValidation = FieldValidation.NONE) -> MockText:
    return MockText(result=json.dumps(value), validation=validation)


FAILURE = MockText(has_error=True, error="Sad", cause="very")



# -- values on the way


async def test_every_step_of_a_task_in_jsonpath(tests: StateTests) -> None:
    state = {
        "Type": "Task",
        "Resource": LAMBDA,
        "InputPath": "$.a",
        "Parameters": {"p.$": "$.b"},
        "ResultSelector": {"r.$": "$.out"},
        "ResultPath": "$.result",
        "OutputPath": "$.result",
        "Next": "after",
    }
    done = await tests.run(state_test(state, {"a": {"b": 1}}, mock=result({"out": 2, "more": 3})))
    assert (done.status, done.output, done.next_state) == ("SUCCEEDED", [{"r": 2}], "after")
    assert done.inspection == {
        "input": {"a": {"b": 1}},
        "afterInputPath": {"b": 1},
        "afterParameters": {"p": 1},
        "result": {"out": 2, "more": 3},
        "afterResultSelector": {"r": 2},
        "afterResultPath": {"a": {"b": 1}, "result": {"r": 2}},
    }


async def test_a_task_in_jsonata_with_variables(tests: StateTests) -> None:
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": LAMBDA,
        "Arguments": {"a": "{% $x + $states.input.y %}"},
        "Output": "{% $states.result.n %}",
        "Assign": {"z": "{% $states.result.n * 2 %}"},
        "End": True,
    }
    done = await tests.run(state_test(state, {"y": 2}, variables={"x": 1}, mock=result({"n": 5})))
    assert (done.status, done.output, done.next_state) == ("SUCCEEDED", [5], None)
    assert done.inspection == {
        "input": {"y": 2},
        "afterArguments": {"a": 3},
        "result": {"n": 5},
        "variables": {"x": 1, "z": 10},
    }


async def test_states_that_run_without_a_mock(tests: StateTests) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "big"}], "Default": "d"}
    done = await tests.run(state_test(choice, {"n": 2}))
    assert (done.status, done.next_state, done.output) == ("SUCCEEDED", "big", [{"n": 2}])
    assert (await tests.run(state_test(choice, {"n": 0}))).next_state == "d"
    done = await tests.run(state_test({"Type": "Pass", "Result": 1, "ResultPath": "$.r", "End": True}, {"n": 0}))
    assert (done.output, done.inspection["result"]) == ([{"n": 0, "r": 1}], 1)
    done = await tests.run(state_test({"Type": "Wait", "SecondsPath": "$.n", "Next": "x"}, {"n": 0}))
    assert (done.status, done.next_state) == ("SUCCEEDED", "x")
    done = await tests.run(state_test({"Type": "Wait", "Seconds": 1, "End": True}, {"n": 0}))
    assert (done.status, done.output) == ("SUCCEEDED", [{"n": 0}])
    done = await tests.run(state_test({"Type": "Fail", "ErrorPath": "$.e", "Cause": "why"}, {"e": "Sad"}))
    assert (done.status, done.error, done.cause, done.output) == ("FAILED", "Sad", "why", [])
    done = await tests.run(state_test({"Type": "Pass", "InputPath": "$.none", "End": True}, {"n": 0}))
    assert (done.status, done.error) == ("FAILED", "States.Runtime")


async def test_a_task_without_a_mock_is_called(tests: StateTests) -> None:
    state = {"Type": "Task", "Resource": LAMBDA, "Parameters": {"a.$": "$.b"}, "End": True}
    done = await tests.run(state_test(state, {"b": 1}))
    assert (done.status, done.output) == ("SUCCEEDED", [{"echo": {"a": 1}}])
    state = {**state, "Parameters": {"error": "Sad"}, "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "c"}]}
    done = await tests.run(state_test(state, {}))
    assert (done.status, done.error, done.cause, done.next_state) == ("CAUGHT_ERROR", "Sad", "because", "c")


async def test_the_context_object(tests: StateTests) -> None:
    state = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    done = await tests.run(state_test(state, {"a": 1}, role_arn="arn:aws:iam::000000000000:role/r"))
    context = done.output[0]["c"]
    assert context["Execution"]["Input"] == {"a": 1}
    assert context["Execution"]["RoleArn"] == "arn:aws:iam::000000000000:role/r"
    assert (context["State"]["Name"], context["State"]["RetryCount"]) == ("StateName", 0)
    task = {"Type": "Task", "Resource": LAMBDA, "ResultSelector": {"c.$": "$$"}, "End": True}
    done = await tests.run(state_test(task, {}, context={"Task": {"Token": "t"}}, mock=result({})))
    assert done.output == [{"c": {"Task": {"Token": "t"}}}]
    callback = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"MessageBody.$": "$$.Task.Token", "QueueUrl": "q"},
        "End": True,
    }
    done = await tests.run(state_test(callback, {}, mock=result({})))
    assert len(done.inspection["afterParameters"]["MessageBody"]) > 20


async def test_one_state_of_a_whole_machine(tests: StateTests) -> None:
    inner = {"StartAt": "deep", "States": {"deep": {"Type": "Pass", "Output": "{% $states.input + 1 %}", "End": True}}}
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "first",
        "States": {
            "first": {"Type": "Pass", "Next": "all"},
            "all": {"Type": "Map", "ItemProcessor": inner, "End": True},
        },
    }
    done = await tests.run(state_test(machine, 1, state_name="deep"))
    assert (done.status, done.output) == ("SUCCEEDED", [2])
    done = await tests.run(state_test(machine, {}, state_name="first"))
    assert done.next_state == "all"


# -- errors


RETRIED = {
    "Type": "Task",
    "Resource": LAMBDA,
    "Retry": [
        {"ErrorEquals": ["Other"]},
        {"ErrorEquals": ["Sad"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 3, "MaxDelaySeconds": 10},
    ],
    "End": True,
}


@pytest.mark.parametrize(("count", "seconds"), [(None, 3), (0, 3), (1, 6), (2, 10)])
async def test_a_retry_to_come(tests: StateTests, count: int | None, seconds: int) -> None:
    configuration = TestConfiguration(retrier_retry_count=count)
    done = await tests.run(state_test(RETRIED, {}, mock=FAILURE, configuration=configuration))
    assert (done.status, done.error, done.cause, done.next_state) == ("RETRIABLE", "Sad", "very", None)
    assert done.inspection["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": seconds}


async def test_retries_that_are_used_up(tests: StateTests) -> None:
    used_up = TestConfiguration(retrier_retry_count=3)
    done = await tests.run(state_test(RETRIED, {}, mock=FAILURE, configuration=used_up))
    assert (done.status, done.inspection["errorDetails"]) == ("FAILED", {"retryIndex": 1})
    caught = {**RETRIED, "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "c"}]}
    done = await tests.run(state_test(caught, {"a": 1}, mock=FAILURE, configuration=used_up))
    assert (done.status, done.next_state) == ("CAUGHT_ERROR", "c")
    assert done.output == [{"a": 1, "error": {"Error": "Sad", "Cause": "very"}}]
    assert done.inspection["errorDetails"] == {"retryIndex": 1, "catchIndex": 0}


async def test_a_catcher_whose_own_fields_fail(tests: StateTests) -> None:
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": LAMBDA,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $nothing %}", "Next": "c"}],
        "End": True,
    }
    done = await tests.run(state_test(state, {}, mock=FAILURE))
    assert (done.status, done.error, done.next_state) == ("FAILED", "States.QueryEvaluationError", None)


# -- Map and Parallel


async def test_a_map_state(tests: StateTests) -> None:
    state = {
        "Type": "Map",
        "InputPath": "$.all",
        "ItemsPath": "$.items",
        "ItemSelector": {"n.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"},
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b.$": "$.k"}},
        "MaxConcurrencyPath": "$.most",
        "ToleratedFailurePercentage": 50,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "a",
            "States": {"a": {"Type": "Pass", "End": True}},
        },
        "ResultPath": "$.r",
        "End": True,
    }
    value = {"all": {"items": [5, 6, 7], "most": 4, "k": 9}}
    done = await tests.run(state_test(state, value, mock=result([1, 2])))
    selected = [{"n": 5, "at": 0}, {"n": 6, "at": 1}, {"n": 7, "at": 2}]
    assert (done.status, done.output) == ("SUCCEEDED", [{**value, "r": [1, 2]}])
    assert done.inspection == {
        "input": value,
        "afterInputPath": value["all"],
        "afterItemsPath": [5, 6, 7],
        "maxConcurrency": 4,
        "toleratedFailurePercentage": 50.0,
        "afterItemSelector": selected,
        "afterItemBatcher": [
            {"Items": selected[:2], "BatchInput": {"b": 9}},
            {"Items": selected[2:], "BatchInput": {"b": 9}},
        ],
        "afterResultSelector": [1, 2],
        "afterResultPath": {**value, "r": [1, 2]},
    }


@pytest.mark.parametrize(
    ("fields", "failures", "exceeded"),
    [
        ({}, 0, False),
        ({}, 1, True),
        ({"ToleratedFailureCount": 2}, 2, False),
        ({"ToleratedFailureCount": 2}, 3, True),
        ({"ToleratedFailurePercentage": 50}, 2, False),
        ({"ToleratedFailurePercentage": 50}, 3, True),
        ({"ToleratedFailurePercentage": 50, "ToleratedFailureCount": 1}, 2, True),
        ({"ToleratedFailurePercentage": 25, "ToleratedFailureCount": 4}, 2, True),
    ],
)
async def test_failures_that_a_map_tolerates(
    tests: StateTests, fields: dict[str, int], failures: int, exceeded: bool
) -> None:
    state = {
        "Type": "Map",
        **fields,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "a",
            "States": {"a": {"Type": "Pass", "End": True}},
        },
        "End": True,
    }
    configuration = TestConfiguration(map_iteration_failure_count=failures)
    done = await tests.run(state_test(state, [1, 2, 3, 4], mock=result([]), configuration=configuration))
    expected = ("FAILED", "States.ExceedToleratedFailureThreshold") if exceeded else ("SUCCEEDED", None)
    assert (done.status, done.error) == expected


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"InputType": "JSON"}, '[{"a": "1"}, {"a": "2"}]'),
        ({"InputType": "JSON", "ItemsPointer": "/x/y~1z"}, '{"x": {"y/z": [{"a": "1"}, {"a": "2"}]}}'),
        ({"InputType": "JSONL"}, '{"a": "1"}\n\n{"a": "2"}\n'),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "a\n1\n2\n"),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"]}, "1\n2\n"),
    ],
)
async def test_what_an_item_reader_read(tests: StateTests, config: dict[str, Any], text: str) -> None:
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": config,
            "Parameters": {"Bucket": "b", "Key": "k"},
        },
        "ItemSelector": {"n.$": "$$.Map.Item.Value.a"},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "a",
            "States": {"a": {"Type": "Pass", "End": True}},
        },
        "End": True,
    }
    configuration = TestConfiguration(map_item_reader_data=text)
    done = await tests.run(state_test(state, {}, mock=result([1, 2]), configuration=configuration))
    assert done.inspection["afterItemSelector"] == [{"n": "1"}, {"n": "2"}]
    broken = TestConfiguration(map_item_reader_data='"text"' if config["InputType"] == "JSON" else "\x00{")
    if config["InputType"] != "CSV":
        with pytest.raises(errors.InvalidArgument):
            await tests.run(state_test(state, {}, mock=result([]), configuration=broken))


PARALLEL = {"Type": "Parallel", "Branches": [{"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}], "End": True}


async def test_an_error_inside_a_parallel_state(tests: StateTests) -> None:
    state = {**PARALLEL, "Catch": [{"ErrorEquals": ["Sad"], "Next": "c"}]}
    configuration = TestConfiguration(error_caused_by_state="a")
    done = await tests.run(state_test(state, {}, mock=FAILURE, configuration=configuration))
    assert (done.status, done.output, done.next_state) == ("CAUGHT_ERROR", [{"Error": "Sad", "Cause": "very"}], "c")
    assert done.inspection == {"input": {}, "errorDetails": {"catchIndex": 0}}


# -- what is refused


PASS = {"Type": "Pass", "End": True}
TASK = {"Type": "Task", "Resource": LAMBDA, "End": True}
MAP = {"Type": "Map", "ItemProcessor": {"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}, "End": True}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (StateTest(ACCOUNT, "r", json.dumps(PASS), input="{"), "InvalidExecutionInput"),
        (StateTest(ACCOUNT, "r", json.dumps(PASS), role_arn="admin"), "InvalidArn"),
        (StateTest(ACCOUNT, "r", "{"), "InvalidDefinition"),
        (StateTest(ACCOUNT, "r", "[]"), "InvalidDefinition"),
        (StateTest(ACCOUNT, "r", '{"Type": "Pass"}'), "InvalidDefinition"),
        (StateTest(ACCOUNT, "r", json.dumps(PASS), state_name="a"), "InvalidDefinition"),
        (state_test({"StartAt": "a", "States": {"a": PASS}}, state_name="b"), "ValidationException"),
        (state_test({"StartAt": "a", "States": {"a": PASS}}), "InvalidDefinition"),
        (StateTest(ACCOUNT, "r", json.dumps(PASS), variables="[]"), "ValidationException"),
        (StateTest(ACCOUNT, "r", json.dumps(PASS), variables="{"), "ValidationException"),
        (state_test(PASS, context={}), "ValidationException"),
        (state_test(TASK, mock=result({}), context=[]), "ValidationException"),
        *((state_test({"Type": "Succeed"}, mock=mock), "ValidationException") for mock in (result({}), FAILURE)),
        (state_test(TASK, mock=MockText()), "ValidationException"),
        (state_test(TASK, mock=MockText(result="{}", has_error=True, error="e")), "ValidationException"),
        (state_test(TASK, mock=MockText(has_error=True)), "ValidationException"),
        (state_test(TASK, mock=MockText(result="{")), "ValidationException"),
        (state_test(TASK, mock=result({"StatusCode": "1"}, FieldValidation.STRICT)), "ValidationException"),
        (state_test(TASK, mock=result({}), reveal_secrets=True), "ValidationException"),
        (state_test(TASK, mock=result({}), context={"Mine": {}}), "ValidationException"),
        (state_test(TASK, mock=result({}), context={"State": {"RetryCount": "1"}}), "ValidationException"),
        (state_test(PARALLEL), "InvalidDefinition"),
        (state_test(MAP), "InvalidDefinition"),
        (state_test(PARALLEL, mock=result([1, 2])), "ValidationException"),
        (state_test(PARALLEL, mock=result({})), "ValidationException"),
        (state_test(MAP, mock=result("text")), "ValidationException"),
        (
            state_test(MAP, [1], mock=result([]), configuration=TestConfiguration(map_iteration_failure_count=2)),
            "ValidationException",
        ),
        (state_test({**TASK, "Resource": f"{LAMBDA}.waitForTaskToken"}), "InvalidDefinition"),
        (state_test({**TASK, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a"}), "InvalidDefinition"),
        *(
            (state_test(TASK, configuration=TestConfiguration(**{name: value})), "ValidationException")
            for name, value in (
                ("retrier_retry_count", 0),
                ("error_caused_by_state", "a"),
                ("map_iteration_failure_count", 0),
                ("map_item_reader_data", "[]"),
            )
        ),
        *(
            (state_test(TASK, mock=FAILURE, configuration=TestConfiguration(**{name: value})), "ValidationException")
            for name, value in (
                ("error_caused_by_state", "a"),
                ("map_iteration_failure_count", 0),
                ("map_item_reader_data", "[]"),
            )
        ),
        (
            state_test(PARALLEL, mock=FAILURE, configuration=TestConfiguration(error_caused_by_state="elsewhere")),
            "ValidationException",
        ),
    ],
)
async def test_what_is_refused(tests: StateTests, request_: StateTest, code: str) -> None:
    with pytest.raises(errors.InvalidArgument) as raised:
        await tests.run(request_)
    assert raised.value.explicit_aws_code == code


# -- whatever is asked

VALUES = st.sampled_from(
    [None, True, 0, -1, 1.5, 1e308, 10**30, "", "a", "$", "$.a", "$$", "$$.x", "$x", "{% 1 %}", "{% $states %}",
     "{% null %}", "States.UUID()", [], [1], {}, {"a": 1}, {"a.$": "$.b"}, ["States.ALL"], "x" * 300]
)  # fmt: skip
FIELDS = st.sampled_from(
    ["InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Arguments", "Output", "Assign", "Retry",
     "Catch", "MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailureCount", "ToleratedFailurePercentage", "Items",
     "ItemsPath", "ItemSelector", "ItemBatcher", "ItemReader", "ResultWriter", "TimeoutSeconds", "Error", "CausePath",
     "Result", "Choices", "Default", "Next", "QueryLanguage", "Type", "Resource", "ItemProcessor", "Branches"]
)  # fmt: skip
CHOICE = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "n"}], "Default": "d"}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([PASS, TASK, MAP, PARALLEL, CHOICE, {"Type": "Fail"}, {"Type": "Succeed"}]),
    st.dictionaries(FIELDS, VALUES, max_size=2),
    VALUES,
    st.sampled_from([None, result([1]), FAILURE]),
)
def test_any_state_is_tried_or_refused(
    tests: StateTests, state: dict[str, Any], fields: dict[str, Any], value: Any, mock: MockText | None
) -> None:
    request = StateTest(ACCOUNT, "us-east-1", json.dumps({**state, **fields}), input=json.dumps(value), mock=mock)
    try:
        done = asyncio.run(tests.run(request))
    except errors.InvalidArgument:
        return
    assert done.status in ("SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR")
    assert bool(done.output) is (done.status in ("SUCCEEDED", "CAUGHT_ERROR"))
    messages.tested(done, with_inspection=True)
