"""TestState as boto3 sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.answers import Recorder
from tests.contract.orchestration.conftest import ROLE

SENTIMENT: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::aws-sdk:comprehend:detectSentiment",
    "Parameters": {"Text.$": "$.text", "LanguageCode": "en"},
    "ResultPath": "$.found",
    "OutputPath": "$.found.Sentiment",
    "Next": "after",
}


def test_a_task_that_is_really_called(stepfunctions: Recorder) -> None:
    answer = stepfunctions.ask(
        "test_state",
        definition=json.dumps(SENTIMENT),
        roleArn=ROLE,
        input=json.dumps({"text": "What a wonderful day, I love it!"}),
        inspectionLevel="DEBUG",
    )
    assert (answer["status"], answer["output"], answer["nextState"]) == ("SUCCEEDED", '"POSITIVE"', "after")
    data = answer["inspectionData"]
    assert json.loads(data["afterParameters"])["LanguageCode"] == "en"
    assert json.loads(data["result"])["Sentiment"] == "POSITIVE"
    assert set(data) == {
        "input",
        "afterInputPath",
        "afterParameters",
        "result",
        "afterResultSelector",
        "afterResultPath",
    }


def test_a_mock_stands_for_the_call(stepfunctions: Recorder) -> None:
    answer = stepfunctions.ask(
        "test_state",
        definition=json.dumps(SENTIMENT),
        input='{"text": "-"}',
        mock={"result": '{"Sentiment": "MIXED"}'},
    )
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '"MIXED"')
    assert "inspectionData" not in answer


def test_a_real_error_is_caught(stepfunctions: Recorder) -> None:
    state = {**SENTIMENT, "Catch": [{"ErrorEquals": ["Comprehend.UnsupportedLanguageException"], "Next": "other"}]}
    state["Parameters"] = {"Text": "a", "LanguageCode": "xx"}
    answer = stepfunctions.ask("test_state", definition=json.dumps(state), inspectionLevel="TRACE")
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "other")
    assert answer["error"] == "Comprehend.UnsupportedLanguageException"
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 0}


def test_numbers_of_a_map_state(stepfunctions: Recorder) -> None:
    state = {
        "Type": "Map",
        "MaxConcurrency": 10**12,
        "ToleratedFailurePercentage": 12.5,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "a",
            "States": {"a": {"Type": "Succeed"}},
        },
        "End": True,
    }
    answer = stepfunctions.ask(
        "test_state", definition=json.dumps(state), input="[1]", mock={"result": "[2]"}, inspectionLevel="TRACE"
    )
    data = answer["inspectionData"]
    assert (data["maxConcurrency"], data["toleratedFailurePercentage"]) == (2**31 - 1, 12.5)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"definition": "{"}, "InvalidDefinition"),
        ({"definition": '{"Type": "Succeed"}', "input": "{"}, "InvalidExecutionInput"),
        ({"definition": '{"Type": "Succeed"}', "roleArn": "admin"}, "InvalidArn"),
        ({"definition": '{"Type": "Succeed"}', "mock": {"result": "1"}}, "ValidationException"),
        ({"definition": '{"Type": "Succeed"}', "inspectionLevel": "ALL"}, "ValidationException"),
        (
            {"definition": json.dumps(SENTIMENT), "mock": {"result": '{"Sentiment": "GOOD"}'}},
            "ValidationException",
        ),
    ],
)
def test_what_is_refused(refused: Callable[..., str], request_: dict[str, Any], code: str) -> None:
    assert refused("test_state", **request_) == code
