"""``sns:publish``, ``sqs:sendMessage`` and ``events:putEvents``: messages to webhooks that the settings name.

The setting ``topics`` says where the messages of a topic or an event bus go, ``queues`` where a queue's do; keys are
names, ARNs or queue URLs. A webhook gets the JSON that AWS's own HTTP delivery has: SNS's notification, the event of a
Lambda function on an SQS queue, EventBridge's event. Any 2xx takes the message; without one it is sent again, with the
same message id, which is also the same when an attempt is repeated after a crash.
"""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import struct
import uuid
from collections.abc import Mapping
from typing import Any

from services.orchestration.tasks.parameters import check_members, missing, text_member, to_json, unusable
from services.orchestration.tasks.sdk_names import error_cause
from services.orchestration.tasks.sdk_values import iso_instant
from services.orchestration.tasks.task import Task, TaskFailed
from shared.rpc.call import new_request_id
from shared.rpc.endpoints import Answer, Endpoints, NoAnswer, sdk_metadata

DELIVERY_ATTEMPTS = 3
DELIVERY_SECONDS = 15.0
RETRY_WAIT_SECONDS = 0.5
MAX_MESSAGE_BYTES = 262_144
MAX_ANSWER_BYTES = 65_536
MOST_EVENTS = 10
_TRANSPORT_TYPES = {"String": 1, "Number": 1, "Binary": 2}


class Topics:
    """``sns:publish``, and its SDK form."""

    def __init__(self, hooks: Mapping[str, str], endpoints: Endpoints) -> None:
        self._hooks = hooks
        self._endpoints = endpoints

    async def invoke(self, task: Task) -> Any:
        """Publish a message. Raises TaskFailed: SNS.NotFoundException for a topic that has no webhook."""
        prefix = "Sns" if task.resource.startswith("aws-sdk:") else "SNS"
        parameters = check_members(
            task.parameters,
            required=("Message",),
            optional=(
                "MessageAttributes", "MessageDeduplicationId", "MessageGroupId", "MessageStructure", "Subject",
                "TargetArn", "TopicArn",
            ),
        )  # fmt: skip
        arn = text_member(parameters, "TopicArn", text_member(parameters, "TargetArn"))
        if not arn:
            raise unusable(parameters, [missing("TopicArn")])
        url = _hook(self._hooks, arn)
        if url is None:
            raise _failure(prefix, "NotFoundException", f"Topic {arn} has no webhook: see NONET_TOPICS.", 404)
        message_id = _message_id(task, 0)
        notification = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": arn,
            **({"Subject": parameters["Subject"]} if parameters.get("Subject") else {}),
            "Message": text_member(parameters, "Message"),
            "Timestamp": _now(),
            "MessageAttributes": {
                name: {"Type": attribute["DataType"], "Value": _attribute_value(attribute)}
                for name, attribute in _attributes(parameters).items()
            },
        }
        headers = {
            "x-amz-sns-message-type": "Notification",
            "x-amz-sns-message-id": message_id,
            "x-amz-sns-topic-arn": arn,
        }
        answer = await _deliver(self._endpoints, url, headers, notification, prefix)
        result: dict[str, Any] = {"MessageId": message_id}
        if parameters.get("MessageGroupId"):
            result["SequenceNumber"] = _sequence_number()
        return result if prefix == "Sns" else {**result, **sdk_metadata(answer.status, answer.headers)}

    async def completion(self, task: Task, submitted: Any) -> Any:
        """Publishing has no ".sync"."""
        return submitted


class Queues:
    """``sqs:sendMessage``, and its SDK form."""

    def __init__(self, hooks: Mapping[str, str], endpoints: Endpoints) -> None:
        self._hooks = hooks
        self._endpoints = endpoints

    async def invoke(self, task: Task) -> Any:
        """Send a message. Raises TaskFailed: SQS.QueueDoesNotExistException for a queue that has no webhook."""
        prefix = "Sqs" if task.resource.startswith("aws-sdk:") else "SQS"
        parameters = check_members(
            task.parameters,
            required=("QueueUrl", "MessageBody"),
            optional=(
                "DelaySeconds", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId",
                "MessageSystemAttributes",
            ),
        )  # fmt: skip
        queue = text_member(parameters, "QueueUrl")
        url = _hook(self._hooks, queue)
        if url is None:
            message = f"Queue {queue} has no webhook: see NONET_QUEUES."
            raise _failure(prefix, "QueueDoesNotExistException", message, 400)
        if parameters.get("DelaySeconds"):
            raise unusable(parameters, ["DelaySeconds is not supported by queues that are webhooks: use a Wait state"])
        body, attributes = text_member(parameters, "MessageBody"), _attributes(parameters)
        result: dict[str, Any] = {
            "MD5OfMessageBody": hashlib.md5(body.encode("utf-8", "replace"), usedforsecurity=False).hexdigest(),
            "MessageId": _message_id(task, 0),
        }
        if attributes:
            result["MD5OfMessageAttributes"] = attributes_digest(attributes)
        if parameters.get("MessageGroupId"):
            result["SequenceNumber"] = _sequence_number()
        record = {
            "messageId": result["MessageId"],
            "body": body,
            "attributes": {
                name: str(parameters[name])
                for name in ("MessageGroupId", "MessageDeduplicationId")
                if parameters.get(name) is not None
            },
            "messageAttributes": {
                name: {value[:1].lower() + value[1:]: text for value, text in attribute.items()}
                for name, attribute in attributes.items()
            },
            "md5OfBody": result["MD5OfMessageBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{task.region}:{task.account}:{_last_part(queue)}",
            "awsRegion": task.region,
        }
        answer = await _deliver(self._endpoints, url, {}, {"Records": [record]}, prefix)
        return result if prefix == "Sqs" else {**result, **sdk_metadata(answer.status, answer.headers)}

    async def completion(self, task: Task, submitted: Any) -> Any:
        """Sending has no ".sync"."""
        return submitted


class Events:
    """``events:putEvents``, and its SDK form. Webhooks of buses stand among the topics, "default" is one."""

    def __init__(self, hooks: Mapping[str, str], endpoints: Endpoints) -> None:
        self._hooks = hooks
        self._endpoints = endpoints

    async def invoke(self, task: Task) -> Any:
        """Put events. Raises TaskFailed: EventBridge.FailedEntry when one of them could not be delivered."""
        parameters = check_members(task.parameters, required=("Entries",), optional=("EndpointId",))
        entries = parameters["Entries"]
        if not isinstance(entries, list) or not 0 < len(entries) <= MOST_EVENTS:
            raise unusable(parameters, [f"The value of the field 'Entries' is not a list of 1 to {MOST_EVENTS} events"])
        results = []
        for number, entry in enumerate(entries):
            event = check_members(
                entry,
                required=("Detail", "DetailType", "Source"),
                optional=("EventBusName", "Resources", "Time", "TraceHeader"),
            )
            bus = text_member(event, "EventBusName", "default")
            url = _hook(self._hooks, bus)
            if url is None:
                message = f"Event bus {bus} has no webhook: see NONET_TOPICS."
                raise _failure("EventBridge", "ResourceNotFoundException", message, 400)
            event_id = _message_id(task, number)
            await _deliver(self._endpoints, url, {}, _event(task, event, event_id), "EventBridge")
            results.append({"EventId": event_id})
        return {"Entries": results, "FailedEntryCount": 0}

    async def completion(self, task: Task, submitted: Any) -> Any:
        """Putting events has no ".sync"."""
        return submitted


def attributes_digest(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """SQS's MD5 of message attributes: names, types and values with their lengths, by name (SQS developer guide)."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        kind = str(attribute["DataType"])
        value = _attribute_value(attribute)
        for text in (name, kind):
            digest.update(struct.pack("!I", len(text.encode())) + text.encode())
        digest.update(bytes([_TRANSPORT_TYPES.get(kind.partition(".")[0], 1)]))
        digest.update(struct.pack("!I", len(value.encode())) + value.encode())
    return digest.hexdigest()


async def _deliver(
    endpoints: Endpoints, url: str, headers: Mapping[str, str], document: Mapping[str, Any], prefix: str
) -> Answer:
    """Send ``document`` until somebody takes it. Raises TaskFailed after the last attempt, or when it is refused."""
    body = to_json(document).encode("utf-8", "replace")
    if len(body) > MAX_MESSAGE_BYTES:
        message = f"The message has more than {MAX_MESSAGE_BYTES} bytes."
        raise _failure(prefix, "InvalidParameterException", message, 400)
    sent = {"Content-Type": "application/json", "User-Agent": "Nonet", **headers}
    why = ""
    for attempt in range(DELIVERY_ATTEMPTS):
        await asyncio.sleep(RETRY_WAIT_SECONDS * attempt)
        try:
            answer = await endpoints.send(
                "POST", url, sent, body, seconds=DELIVERY_SECONDS, max_answer_bytes=MAX_ANSWER_BYTES
            )
        except NoAnswer as failure:
            why = str(failure)
            continue
        if answer.succeeded:
            return answer
        why = f"its webhook answered with status {answer.status}"
        if answer.status < 500 and answer.status != 429:
            break
    kind = "FailedEntry" if prefix == "EventBridge" else "SdkClientException"
    raise TaskFailed(f"{prefix}.{kind}", f"The message was not delivered: {why}.")


def _event(task: Task, entry: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    detail = entry["Detail"]
    return {
        "version": "0",
        "id": event_id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": task.account,
        "time": text_member(entry, "Time", _now()),
        "region": task.region,
        # As on AWS, the execution is one of the event's resources.
        "resources": [task.execution_arn, *entry.get("Resources", ())],
        "detail": detail,
    }


def _attributes(parameters: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    attributes = parameters.get("MessageAttributes") or {}
    fits = isinstance(attributes, Mapping) and all(
        isinstance(attribute, Mapping) and isinstance(attribute.get("DataType"), str)
        for attribute in attributes.values()
    )
    if not fits:
        raise unusable(parameters, ["The value of the field 'MessageAttributes' is not a map of typed values"])
    return attributes


def _attribute_value(attribute: Mapping[str, Any]) -> str:
    return str(attribute.get("StringValue", attribute.get("BinaryValue", "")))


def _hook(hooks: Mapping[str, str], name: str) -> str | None:
    return hooks.get(name) or hooks.get(_last_part(name))


def _last_part(name: str) -> str:
    """ "alarms" of an ARN or a queue URL."""
    return name.replace("/", ":").rpartition(":")[2]


def _message_id(task: Task, number: int) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(f"{task.idempotency_key}/{number}".encode()).digest()[:16], version=4))


def _sequence_number() -> str:
    """Greater for later messages, 20 digits as on AWS."""
    return f"{int(datetime.datetime.now(datetime.UTC).timestamp() * 1e6):020d}"


def _now() -> str:
    return iso_instant(datetime.datetime.now(datetime.UTC))


def _failure(prefix: str, code: str, message: str, status: int) -> TaskFailed:
    return TaskFailed(f"{prefix}.{code}", error_cause(message, prefix, status, new_request_id()))
