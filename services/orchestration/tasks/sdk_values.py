"""Parameters and answers of SDK calls: JSON with capitalised members <-> the members of the AWS wire.

    request, problems = encode_request(descriptor, {"Text": "Hello", "LanguageCode": "en"})

What JSON has no type for:

* A timestamp is ISO 8601 text, as the SDK for Java prints it; a request may also give seconds since 1970.
* A blob is base64 text, in requests and answers, as on the services' own JSON wire: scans and recordings are what these
  APIs take and give, and text would not survive. (The bodies of S3 objects are plain text: see ``s3_calls``.)
* Where an operation takes text, an object or a list is written as JSON: the input of a state machine, for one.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.orchestration.tasks.parameters import missing, to_json, unsupported
from services.orchestration.tasks.sdk_names import pascal
from shared.contract import options
from shared.contract.transcode import parse_timestamp


@functools.cache
def fields_by_member(descriptor: Descriptor) -> Mapping[str, FieldDescriptor]:
    """Capitalised member name -> field."""
    return {pascal(field.json_name): field for field in descriptor.fields}


def encode_request(descriptor: Descriptor, parameters: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The request under its wire names, and what is wrong with ``parameters`` in AWS's words: members that the
    operation does not have or that it cannot do without. Types and limits are left to the operation itself.
    """
    problems: list[str] = []
    return _encode_structure(descriptor, parameters, problems), problems


def _encode_structure(descriptor: Descriptor, value: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    fields = fields_by_member(descriptor)
    encoded: dict[str, Any] = {}
    for name, member in value.items():
        field = fields.get(name)
        if field is None:
            problems.append(unsupported(name))
        elif member is not None:
            encoded[field.json_name] = _encode(field, member, problems)
    for name, field in fields.items():
        if options.constraint(field).required and value.get(name) is None:
            problems.append(missing(name))
    return encoded


def _encode(field: FieldDescriptor, value: Any, problems: list[str]) -> Any:
    if options.is_map(field):
        if not isinstance(value, Mapping):
            return value
        of_value = options.map_value(field)
        return {key: _encode_one(of_value, item, problems) for key, item in value.items()}
    if field.is_repeated:
        return [_encode_one(field, item, problems) for item in value] if isinstance(value, list) else value
    return _encode_one(field, value, problems)


def _encode_one(field: FieldDescriptor, value: Any, problems: list[str]) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING and isinstance(value, (dict, list)):
        return to_json(value)
    if field.type != FieldDescriptor.TYPE_MESSAGE or options.is_timestamp(field):
        return value
    message = options.message_of(field)
    if options.is_wrapper(message):
        return _encode(message.fields[0], value, problems)
    return _encode_structure(message, value, problems) if isinstance(value, Mapping) else value


def decode_answer(descriptor: Descriptor, answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of ``Operations.call`` with capitalised members and timestamps as text."""
    fields = {field.json_name: field for field in descriptor.fields}
    return {pascal(name): _decode(fields[name], value) for name, value in answer.items()}


def _decode(field: FieldDescriptor, value: Any) -> Any:
    if options.is_map(field):
        of_value = options.map_value(field)
        return {key: _decode_one(of_value, item) for key, item in value.items()}
    if field.is_repeated:
        return [_decode_one(field, item) for item in value]
    return _decode_one(field, value)


def _decode_one(field: FieldDescriptor, value: Any) -> Any:
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        return value
    if options.is_timestamp(field):
        return iso_instant(parse_timestamp(value, field.json_name).ToDatetime(datetime.UTC))
    message = options.message_of(field)
    return _decode(message.fields[0], value) if options.is_wrapper(message) else decode_answer(message, value)


def iso_instant(moment: datetime.datetime) -> str:
    """ISO 8601 as Java prints an instant: milliseconds only where there are any."""
    digits = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(datetime.UTC).isoformat(timespec=digits).replace("+00:00", "Z")
