"""Messages to webhooks."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from services.orchestration.tasks import notifications as module
from services.orchestration.tasks.notifications import Events, Queues, Topics, attributes_digest
from services.orchestration.tasks.task import TaskFailed
from shared.rpc.endpoints import Endpoints
from tests.unit.services.orchestration.tasks.conftest import EXECUTION, make_task
from tests.unit.shared.rpc.endpoint_server import EndpointServer, Reply

TOPIC = "arn:aws:sns:us-east-1:000000000000:alarms"
QUEUE = "https://sqs.us-east-1.amazonaws.com/000000000000/orders"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_WAIT_SECONDS", 0.01)


@pytest.fixture
def hooks(server: EndpointServer) -> dict[str, str]:
    return {name: f"{server.url}/{name}" for name in ("alarms", "orders", "default")}


async def failure(integration: Any, resource: str, parameters: Any) -> TaskFailed:
    with pytest.raises(TaskFailed) as caught:
        await integration.invoke(make_task(resource, parameters))
    return caught.value


async def test_publish(hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer) -> None:
    attributes = {"kind": {"DataType": "String", "StringValue": "fire"}}
    parameters = {"TopicArn": TOPIC, "Subject": "Hot", "Message": {"a": 1}, "MessageAttributes": attributes}
    result = await Topics(hooks, endpoints).invoke(make_task("sns:publish", parameters))
    (asked,) = server.asked
    assert asked.path == "/alarms"
    assert asked.headers["x-amz-sns-message-type"] == "Notification"
    told = asked.json
    assert (told["TopicArn"], told["Subject"], told["Message"]) == (TOPIC, "Hot", '{"a":1}')
    assert told["MessageAttributes"] == {"kind": {"Type": "String", "Value": "fire"}}
    assert result["MessageId"] == told["MessageId"]
    assert result["SdkHttpMetadata"]["HttpStatusCode"] == 200


async def test_a_repeated_attempt_has_the_same_message_id(
    hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer
) -> None:
    topics = Topics(hooks, endpoints)
    parameters = {"TopicArn": TOPIC, "Message": "x"}
    ids = [
        (await topics.invoke(make_task("aws-sdk:sns:publish", parameters, key=key)))["MessageId"]
        for key in ("one", "one", "two")
    ]
    assert ids[0] == ids[1] != ids[2]


async def test_send_message(hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer) -> None:
    parameters = {"QueueUrl": QUEUE, "MessageBody": {"n": "ü"}, "MessageGroupId": "g"}
    result = await Queues(hooks, endpoints).invoke(make_task("sqs:sendMessage", parameters))
    (record,) = server.asked[0].json["Records"]
    assert json.loads(record["body"]) == {"n": "ü"}
    assert result["MD5OfMessageBody"] == record["md5OfBody"] == hashlib.md5('{"n":"ü"}'.encode()).hexdigest()
    assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:000000000000:orders"
    assert record["attributes"] == {"MessageGroupId": "g"}
    assert len(result["SequenceNumber"]) == 20


def test_the_digest_of_attributes_is_that_of_sqs() -> None:
    # By the recipe of the SQS developer guide, worked out by hand for one attribute.
    by_hand = b"\0\0\0\1a\0\0\0\6String\1\0\0\0\1b"
    attributes = {"a": {"DataType": "String", "StringValue": "b"}}
    assert attributes_digest(attributes) == hashlib.md5(by_hand).hexdigest()


async def test_put_events(hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer) -> None:
    entries = [
        {"Source": "shop", "DetailType": "Order", "Detail": {"n": number}, "Resources": ["arn:aws:s3:::b"]}
        for number in range(2)
    ]
    result = await Events(hooks, endpoints).invoke(make_task("events:putEvents", {"Entries": entries}))
    assert result["FailedEntryCount"] == 0
    events = [asked.json for asked in server.asked]
    assert [event["id"] for event in events] == [entry["EventId"] for entry in result["Entries"]]
    assert len({event["id"] for event in events}) == 2
    assert events[1]["detail"] == {"n": 1}
    assert events[0]["resources"] == [EXECUTION, "arn:aws:s3:::b"]


async def test_delivery_is_tried_again(hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer) -> None:
    replies = iter([Reply(500), Reply(429), Reply(202)])
    server.answer = lambda asked: next(replies)
    await Topics(hooks, endpoints).invoke(make_task("sns:publish", {"TopicArn": TOPIC, "Message": "x"}))
    assert len({asked.json["MessageId"] for asked in server.asked}) == 1
    assert len(server.asked) == 3


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (302, 1), (503, 3)])
async def test_a_message_that_nobody_takes(
    hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer, status: int, attempts: int
) -> None:
    server.answer = Reply(status)
    failed = await failure(Queues(hooks, endpoints), "sqs:sendMessage", {"QueueUrl": QUEUE, "MessageBody": "x"})
    assert failed.error == "SQS.SdkClientException"
    assert str(status) in failed.cause
    assert len(server.asked) == attempts


async def test_a_webhook_that_hangs(
    hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELIVERY_SECONDS", 0.05)
    server.answer = Reply(delay=5)
    parameters = {"Entries": [{"Source": "s", "DetailType": "t", "Detail": {}}]}
    assert (await failure(Events(hooks, endpoints), "events:putEvents", parameters)).error == "EventBridge.FailedEntry"


@pytest.mark.parametrize(
    ("kind", "resource", "parameters", "error", "setting"),
    [
        (Topics, "sns:publish", {"TopicArn": "arn:x:y", "Message": "m"}, "SNS.NotFoundException", "NONET_TOPICS"),
        (Topics, "aws-sdk:sns:publish", {"TopicArn": "a", "Message": "m"}, "Sns.NotFoundException", "NONET_TOPICS"),
        (
            Queues,
            "sqs:sendMessage",
            {"QueueUrl": "q", "MessageBody": "m"},
            "SQS.QueueDoesNotExistException",
            "NONET_QUEUES",
        ),
        (
            Events,
            "events:putEvents",
            {"Entries": [{"Source": "s", "DetailType": "t", "Detail": {}, "EventBusName": "other"}]},
            "EventBridge.ResourceNotFoundException",
            "NONET_TOPICS",
        ),
    ],
)
async def test_what_is_not_configured_names_the_setting(
    endpoints: Endpoints, kind: Any, resource: str, parameters: Any, error: str, setting: str
) -> None:
    failed = await failure(kind({}, endpoints), resource, parameters)
    assert failed.error == error
    assert setting in failed.cause


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (Topics, {"TopicArn": TOPIC}),
        (Topics, {"Message": "m"}),
        (Topics, {"TopicArn": TOPIC, "Message": "m", "MessageAttributes": {"a": "b"}}),
        (Queues, {"QueueUrl": QUEUE, "MessageBody": "m", "DelaySeconds": 5}),
        (Queues, "text"),
        (Events, {"Entries": []}),
        (Events, {"Entries": [{"Source": "s"}]}),
    ],
)
async def test_parameters_that_are_none(
    hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer, kind: Any, parameters: Any
) -> None:
    assert (await failure(kind(hooks, endpoints), "x:y", parameters)).error == "States.Runtime"
    assert not server.asked


async def test_a_huge_message(hooks: dict[str, str], endpoints: Endpoints, server: EndpointServer) -> None:
    parameters = {"QueueUrl": QUEUE, "MessageBody": "x" * 262_144}
    assert (
        await failure(Queues(hooks, endpoints), "sqs:sendMessage", parameters)
    ).error == "SQS.InvalidParameterException"
    assert not server.asked
