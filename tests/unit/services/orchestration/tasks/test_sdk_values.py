"""Parameters and answers under the SDK's names."""

from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.tasks.sdk_names import SERVICES, class_name, exception_name, find_operation, pascal
from services.orchestration.tasks.sdk_values import decode_answer, encode_request
from shared.contract.transcode import JSON, Transcoder


def request_of(service: str, action: str) -> Any:
    operation = find_operation(service, action)
    assert operation is not None
    return operation.request_class.DESCRIPTOR


def answer_of(service: str, action: str) -> Any:
    operation = find_operation(service, action)
    assert operation is not None
    return operation.response_class.DESCRIPTOR


def test_names_of_services_whose_wire_begins_small() -> None:
    parameters = {
        "StateMachineArn": "arn", "Name": "n", "Tags": [{"Key": "k", "Value": "v"}],
        "LoggingConfiguration": {"Level": "ALL", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": "a"}}]},
        "Definition": {"StartAt": "A"}, "RoleArn": "r",
    }  # fmt: skip
    encoded, problems = encode_request(request_of("sfn", "createStateMachine"), parameters)
    assert problems == ['The field "StateMachineArn" is not supported by Step Functions']
    assert encoded == {
        "name": "n",
        "tags": [{"key": "k", "value": "v"}],
        "loggingConfiguration": {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": "a"}}]},
        "definition": '{"StartAt":"A"}',
        "roleArn": "r",
    }


def test_what_is_missing_or_unknown_inside() -> None:
    parameters = {"Image": {"S3Object": {"Bucket": "b", "Nam": "x"}}, "Attributes": ["ALL"]}
    _, problems = encode_request(request_of("rekognition", "detectFaces"), parameters)
    assert problems == ['The field "Nam" is not supported by Step Functions']
    _, problems = encode_request(request_of("comprehend", "detectSentiment"), {"Text": None})
    assert problems == [
        "The field 'Text' is required but was missing",
        "The field 'LanguageCode' is required but was missing",
    ]


def test_lists_of_lists_and_maps() -> None:
    # A batch of recommendations' filter values is a map, a sheet of values a list of lists.
    parameters = {"CampaignArn": "c", "Context": {"deviceType": "phone"}, "FilterValues": {"GENRE": '"x"'}}
    encoded, problems = encode_request(request_of("personalizeruntime", "getRecommendations"), parameters)
    assert not problems
    # Keys of a map are the caller's own.
    assert encoded["context"] == {"deviceType": "phone"}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_member_of_every_operation_can_be_named(service: str) -> None:
    """What the contract can say comes back under the wire's names when it is told under the SDK's."""
    count = 0
    for operation in SERVICES[service].api.operations.values():
        request: Any = operation.request_class.DESCRIPTOR
        names = {pascal(field.json_name): field.json_name for field in request.fields}
        assert len(names) == len(request.fields)
        encoded, _ = encode_request(request, dict.fromkeys(names, 7))
        assert encoded == dict.fromkeys(names.values(), 7)
        count += 1
    assert count


def test_answers() -> None:
    answer = {
        "executions": [{"executionArn": "a", "startDate": 1700000000.25, "stopDate": 1700000000}],
        "nextToken": "t",
    }
    assert decode_answer(answer_of("sfn", "listExecutions"), answer) == {
        "Executions": [
            {"ExecutionArn": "a", "StartDate": "2023-11-14T22:13:20.250Z", "StopDate": "2023-11-14T22:13:20Z"}
        ],
        "NextToken": "t",
    }


def test_blobs_are_base64_both_ways() -> None:
    operation = find_operation("textract", "detectDocumentText")
    assert operation is not None
    encoded, problems = encode_request(
        request_of("textract", "detectDocumentText"), {"Document": {"Bytes": "aGVsbG8="}}
    )
    assert not problems
    message: Any = operation.request_class()
    Transcoder(JSON).parse(message, encoded)
    assert message.document.bytes == b"hello"


def test_names_of_errors() -> None:
    comprehend, sfn = SERVICES["comprehend"], SERVICES["sfn"]
    assert exception_name(comprehend, "TextSizeLimitExceededException") == "Comprehend.TextSizeLimitExceededException"
    assert exception_name(sfn, "ExecutionDoesNotExist") == "Sfn.ExecutionDoesNotExistException"
    assert exception_name(comprehend, "SomethingElse") == "Comprehend.ComprehendException"
    assert class_name("NoSuchKey") == "NoSuchKeyException"
    assert class_name("InternalFault") == "InternalException"


def test_every_client_has_its_api() -> None:
    assert all(service.api.operations for service in SERVICES.values())
