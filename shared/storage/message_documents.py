"""Resources that are described by a message of the API: its document, with *facts* that only the service needs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from google.protobuf.message import Message

from shared.storage.resources import Resource

M = TypeVar("M", bound=Message)


def document(message: Message, facts: Mapping[str, Any]) -> bytes:
    """What the resource store keeps of a message and its facts."""
    return orjson.dumps({"message": base64.b64encode(message.SerializeToString()).decode(), "facts": dict(facts)})


def described(message_class: type[M], resource: Resource) -> tuple[M, Mapping[str, Any]]:
    """The message that ``document`` was made of, with the row's times where it has members for them, and the facts."""
    known = orjson.loads(resource.document)
    message = message_class.FromString(base64.b64decode(known["message"]))
    members = message.DESCRIPTOR.fields_by_name
    for member, seconds in (
        ("creation_date_time", resource.created_at),
        ("last_updated_date_time", resource.updated_at),
    ):
        if member in members:
            getattr(message, member).FromMilliseconds(round(seconds * 1000))
    return message, known["facts"]
