"""Resource ARNs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.tasks.resources import TaskResource, parse, supports

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:shout"
ACTIVITY = "arn:aws:states:us-east-1:000000000000:activity:sort"


@pytest.mark.parametrize(
    ("resource", "name", "pattern"),
    [
        ("arn:aws:states:::aws-sdk:comprehend:detectSentiment", "aws-sdk:comprehend:detectSentiment", ""),
        (
            "arn:aws:states:::aws-sdk:sfn:listExecutions.waitForTaskToken",
            "aws-sdk:sfn:listExecutions",
            "waitForTaskToken",
        ),
        ("arn:aws-cn:states:::lambda:invoke", "lambda:invoke", ""),
        ("arn:aws:states:::states:startExecution.sync:2", "states:startExecution", "sync:2"),
        ("arn:aws:states:::emr-serverless:startJobRun.sync", "emr-serverless:startJobRun", "sync"),
        (FUNCTION, FUNCTION, ""),
        (f"{FUNCTION}:$LATEST", f"{FUNCTION}:$LATEST", ""),
        (ACTIVITY, ACTIVITY, ""),
    ],
)
def test_parse(resource: str, name: str, pattern: str) -> None:
    assert parse(resource) == TaskResource(name, pattern)


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::aws-sdk:comprehend:detectSentiment",
        "arn:aws:states:::aws-sdk:comprehend:detectSentiment.waitForTaskToken",
        "arn:aws:states:::aws-sdk:dynamodb:getItem",
        "arn:aws:states:::transcribe:startTranscriptionJob.sync",
        "arn:aws:states:::textract:startDocumentAnalysis",
        "arn:aws:states:::dynamodb:putItem",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::http:invoke",
        "arn:aws:states:::states:startExecution.sync:2",
        FUNCTION,
        ACTIVITY,
    ],
)
def test_what_a_standard_machine_can_have(resource: str) -> None:
    assert supports(resource, "STANDARD") is None


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::aws-sdk:comprehend:detectFeelings",
        "arn:aws:states:::aws-sdk:comprehend:DetectSentiment",
        "arn:aws:states:::aws-sdk:comprehend:startSentimentDetectionJob.sync",
        "arn:aws:states:::comprehend:detectSentiment.sync",
        "arn:aws:states:::comprehend:detectSentiment",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::http:invoke.waitForTaskToken",
        "arn:aws:states:::lambda:invoke.later",
        "arn:aws:states:::nobody:knows",
        "arn:aws:states:::aws-sdk:comprehend",
        "arn:aws:s3:::bucket",
        "text",
        "",
    ],
)
def test_what_is_not_recognized(resource: str) -> None:
    assert "not recognized" in (supports(resource, "STANDARD") or "")


@pytest.mark.parametrize(
    "resource",
    [
        ACTIVITY,
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::polly:startSpeechSynthesisTask.sync",
    ],
)
def test_what_an_express_machine_cannot_have(resource: str) -> None:
    assert supports(resource, "STANDARD") is None
    assert supports(resource, "EXPRESS")


@given(st.one_of(st.text(), st.from_regex(r"arn:aws:states:::[a-z:.-]*", fullmatch=True)))
def test_any_text_gets_an_answer(resource: str) -> None:
    assert supports(resource, "STANDARD") is None or "recognized" in str(supports(resource, "STANDARD"))
