"""Which integration a Resource names."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.orchestration.tasks.functions import Functions, SdkFunctions
from services.orchestration.tasks.http_calls import HttpCalls
from services.orchestration.tasks.notifications import Events, Queues, Topics
from services.orchestration.tasks.registry import TaskRegistry
from services.orchestration.tasks.s3_calls import S3Calls
from services.orchestration.tasks.sdk_calls import SdkCalls
from services.orchestration.tasks.sts_calls import StsCalls
from services.orchestration.tasks.task import TaskFailed
from shared.platform import Platform
from tests.unit.services.orchestration.tasks.conftest import make_task


@pytest.fixture
async def registry(platform: Platform) -> AsyncIterator[TaskRegistry]:
    registry = TaskRegistry(platform)
    yield registry
    await registry.close()


@pytest.mark.parametrize(
    ("resource", "kind", "name", "pattern"),
    [
        ("arn:aws:states:::aws-sdk:comprehend:detectSentiment", SdkCalls, "aws-sdk:comprehend:detectSentiment", ""),
        (
            "arn:aws:states:::comprehend:startTopicsDetectionJob.sync",
            SdkCalls,
            "comprehend:startTopicsDetectionJob",
            "sync",
        ),
        ("arn:aws:states:::aws-sdk:s3:getObject", S3Calls, "aws-sdk:s3:getObject", ""),
        ("arn:aws:states:::aws-sdk:sts:getCallerIdentity", StsCalls, "aws-sdk:sts:getCallerIdentity", ""),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", Functions, "lambda:invoke", "waitForTaskToken"),
        ("arn:aws:states:::aws-sdk:lambda:invoke", SdkFunctions, "aws-sdk:lambda:invoke", ""),
        ("arn:aws:states:::http:invoke", HttpCalls, "http:invoke", ""),
        ("arn:aws:states:::sns:publish", Topics, "sns:publish", ""),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", Queues, "sqs:sendMessage", "waitForTaskToken"),
        ("arn:aws:states:::events:putEvents", Events, "events:putEvents", ""),
        (
            "arn:aws:lambda:us-east-1:000000000000:function:f:LIVE",
            Functions,
            "arn:aws:lambda:us-east-1:000000000000:function:f:LIVE",
            "",
        ),
    ],
)
async def test_find(registry: TaskRegistry, resource: str, kind: type, name: str, pattern: str) -> None:
    integration, found, found_pattern = registry.find(resource)
    assert isinstance(integration, kind)
    assert (found, found_pattern) == (name, pattern)


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("arn:aws:states:::aws-sdk:comprehend:detectFeelings", "States.Runtime"),
        ("arn:aws:states:::nobody:knows", "States.Runtime"),
        ("text", "States.Runtime"),
        ("arn:aws:states:::dynamodb:putItem", "States.TaskFailed"),
        ("arn:aws:states:::aws-sdk:ec2:describeInstances", "States.TaskFailed"),
    ],
)
async def test_what_cannot_be_called(registry: TaskRegistry, resource: str, error: str) -> None:
    with pytest.raises(TaskFailed) as caught:
        registry.find(resource)
    assert caught.value.error == error
    assert resource.removeprefix("arn:aws:states:::") in caught.value.cause


async def test_who_an_execution_is(registry: TaskRegistry) -> None:
    integration, name, _ = registry.find("arn:aws:states:::aws-sdk:sts:getCallerIdentity")
    assert (await integration.invoke(make_task(name)))["Account"] == "000000000000"
    with pytest.raises(TaskFailed):
        await integration.invoke(make_task("aws-sdk:sts:assumeRole"))
