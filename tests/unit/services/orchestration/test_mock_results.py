"""Mocked results against the shapes of the APIs that they stand for."""

from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.mock_results import FieldValidation, check_result
from shared import errors

SDK = "arn:aws:states:::aws-sdk:"
OPTIMISED = "arn:aws:states:::"


def complaint(resource: str, result: Any, validation: FieldValidation = FieldValidation.STRICT) -> str:
    """The field that is complained about and how; "" where nothing is."""
    try:
        check_result(resource, result, validation)
    except errors.InvalidArgument as refused:
        assert refused.explicit_aws_code == "ValidationException"
        prefix = "Mock result schema validation error: "
        assert refused.message.startswith(prefix)
        return refused.message.removeprefix(prefix)
    return ""


@pytest.mark.parametrize(
    ("resource", "result", "expected"),
    [
        (f"{SDK}kms:encrypt", {"KeyId": 1}, "Field 'KeyId' must be a string"),
        (f"{SDK}kms:encrypt", {"KeyId": ""}, "Field 'KeyId' is smaller than the minimum length"),
        (f"{SDK}kms:encrypt", {"KeyId": "k" * 2049}, "Field 'KeyId' exceeds the maximum length"),
        (f"{SDK}kms:encrypt", {"CiphertextBlob": "x" * 6145}, "Field 'CiphertextBlob' exceeds the maximum length"),
        (f"{SDK}kms:encrypt", [], "Field 'result' must be an object"),
        (f"{SDK}lambda:getFunction", {"Configuration": []}, "Field 'Configuration' must be an object"),
        (f"{SDK}lambda:getFunction", {"Configuration": {"Timeout": 0}}, "Field 'Timeout' is less than the minimum value"),
        (f"{SDK}lambda:getFunction", {"Configuration": {"Timeout": 1.5}}, "Field 'Timeout' must be an integer"),
        (f"{SDK}lambda:getFunction", {"Configuration": {"Layers": {}}}, "Field 'Layers' must be an array"),
        (f"{SDK}lambda:getFunction", {"Tags": {"a": 1}}, "Field 'a' must be a string"),
        (f"{SDK}lambda:getFunction", {"Tags": []}, "Field 'Tags' must be an object"),
        (f"{SDK}s3:getObject", {"DeleteMarker": "true"}, "Field 'DeleteMarker' must be a boolean"),
        (f"{SDK}s3:getObject", {"LastModified": 1}, "Field 'LastModified' must be a string"),
        (f"{OPTIMISED}states:startExecution.sync:2", {"Output": {}}, "Required field 'ExecutionArn' is missing"),
        (f"{OPTIMISED}sagemaker:createTrainingJob.sync", {"TrainingJobName": 1}, "Field 'TrainingJobName' must be a string"),
        (f"{OPTIMISED}dynamodb:getItem", {"Item": {"id": {"S": 1}}}, "Field 'S' must be a string"),
        (f"{OPTIMISED}dynamodb:getItem", {"Item": {"id": {"L": [{"BOOL": 1}]}}}, "Field 'BOOL' must be a boolean"),
        (f"{SDK}eventbridge:putEvents", {"FailedEntryCount": True}, "Field 'FailedEntryCount' must be a number"),
        (f"{SDK}sfn:startExecution", {"ExecutionArn": "a"}, "Required field 'StartDate' is missing"),
        (f"{SDK}comprehend:detectSentiment", {"Sentiment": "GOOD"}, "Field 'Sentiment' is not an expected value"),
        (f"{SDK}lexruntimev2:recognizeText", {"SessionId": "!!"}, "Field 'SessionId' does not match the expected pattern"),
    ],
)
def test_what_does_not_fit(resource: str, result: Any, expected: str) -> None:
    assert complaint(resource, result) == expected
    assert complaint(resource, result, FieldValidation.NONE) == ""


@pytest.mark.parametrize(
    ("resource", "result"),
    [
        (f"{OPTIMISED}lambda:invoke", {"Payload": {"any": ["JSON"]}, "StatusCode": 200, "SdkHttpMetadata": {}}),
        (f"{OPTIMISED}lambda:invoke", {"unknown": 1}),
        (f"{OPTIMISED}sqs:sendMessage", {"MessageId": "1", "MD5OfMessageBody": None}),
        (f"{OPTIMISED}dynamodb:getItem", {"Item": {"id": {"M": {"a": {"L": [{"N": "1"}]}}}}}),
        (f"{OPTIMISED}states:startExecution", {"ExecutionArn": "a", "StartDate": "2026-01-01T00:00:00Z"}),
        (f"{SDK}sfn:startExecution", {"ExecutionArn": "a", "StartDate": "2026-01-31T12:00:00Z"}),
    ],
)
def test_what_fits(resource: str, result: Any) -> None:
    assert complaint(resource, result) == ""


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        "arn:aws:states:us-east-1:000000000000:activity:a",
        f"{OPTIMISED}http:invoke",
        f"{OPTIMISED}apigateway:invoke",
        f"{OPTIMISED}sqs:sendMessage.waitForTaskToken",
        f"{OPTIMISED}ecs:runTask.sync",
        f"{SDK}nosuchservice:call",
        f"{SDK}kms:noSuchOperation",
        f"{SDK}kms",
        OPTIMISED,
    ],
)
def test_what_no_model_tells_is_let_through(resource: str) -> None:
    assert complaint(resource, ["anything"]) == ""


def test_presence_is_asked_for_in_strict_mode_alone() -> None:
    resource = f"{SDK}sfn:startExecution"
    assert complaint(resource, {}, FieldValidation.PRESENT) == ""
    assert complaint(resource, {}) == "Required field 'ExecutionArn' is missing"
    assert complaint(resource, {"ExecutionArn": 1}, FieldValidation.PRESENT) == "Field 'ExecutionArn' must be a string"


def test_an_execution_that_is_waited_for_is_described() -> None:
    resource = f"{OPTIMISED}states:startExecution.sync:2"
    described = {"StopDate": 1.5, "Status": "SUCCEEDED"}
    assert complaint(resource, described, FieldValidation.PRESENT) == "Field 'StopDate' must be a string"
    described = {"Output": {"as": "JSON"}}
    assert complaint(resource, described, FieldValidation.PRESENT) == "Field 'Output' must be a string"
    assert complaint(resource, {"Output": '{"as": "text"}'}, FieldValidation.PRESENT) == ""


def test_functions_have_less_memory_than_the_model_says() -> None:
    resource = f"{SDK}lambda:getFunction"
    assert complaint(resource, {"Configuration": {"MemorySize": 10_240}}) == ""
    assert complaint(resource, {"Configuration": {"MemorySize": 10_241}}) == "Field 'MemorySize' exceeds the maximum value"
