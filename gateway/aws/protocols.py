"""Bodies and headers of the three protocols: AWS JSON 1.0/1.1, REST-JSON, Smithy RPC v2 CBOR."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import cbor2
import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.aws import router
from gateway.aws.router import Target
from gateway.http import Request, Response
from nonet.api.v1 import annotations_pb2
from shared import errors
from shared.contract import options
from shared.contract.apis import Operation
from shared.contract.transcode import CBOR, JSON, Transcoder, format_timestamp

Location = annotations_pb2.Binding.Location
REQUEST_ID_HEADER = "x-amzn-RequestId"

_json = Transcoder(JSON)
_cbor = Transcoder(CBOR)


def parse_request(target: Target, request: Request, body: bytes) -> Message:
    """The request message.

    Raises:
        MalformedRequest: the body is not what the protocol says.
    """
    operation = target.operation
    message = operation.request_class()
    if target.protocol == router.REST_JSON:
        _parse_rest(message, target, request, body)
    elif target.protocol == router.CBOR:
        _cbor.parse(message, _load_cbor(body))
    else:
        _json.parse(message, _load_json(body))
    for name in _idempotency_tokens(operation.request_class.DESCRIPTOR):
        if not message.HasField(name):
            setattr(message, name, str(uuid.uuid4()))
    return message


def build_response(target: Target, message: Message) -> Response:
    """The answer of a call that went well."""
    operation = target.operation
    if target.protocol == router.REST_JSON:
        return _build_rest(operation, message)
    if target.protocol == router.CBOR:
        body = cbor2.dumps(_cbor.plain(message, top=True))
        return Response(200, body, "application/cbor", {"smithy-protocol": "rpc-v2-cbor"})
    content_type = f"application/x-amz-json-{operation.api.json_version}"
    return Response(200, orjson.dumps(_json.plain(message, top=True)), content_type)


def build_error(target: Target | None, error: errors.NonetError) -> Response:
    """The answer of a call that failed: the body and headers from which boto3 makes its exception."""
    documented = target.operation.documented_errors if target is not None else {}
    code = error.aws_code_for(documented)
    status = documented.get(code, error.http_status)
    if target is not None and target.protocol == router.CBOR:
        body = cbor2.dumps({"__type": code, "message": error.message, **error.members})
        return Response(status, body, "application/cbor", {"smithy-protocol": "rpc-v2-cbor"})
    headers = {"x-amzn-ErrorType": code}
    if target is not None and target.protocol == router.REST_JSON:
        return Response(status, orjson.dumps({"message": error.message, **error.members}), "application/json", headers)
    version = target.operation.api.json_version if target is not None else "1.1"
    body = orjson.dumps({"__type": code, "message": error.message, **error.members})
    return Response(status, body, f"application/x-amz-json-{version}", headers)


def _load_json(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise errors.MalformedRequest("The request body is not valid JSON in UTF-8.") from None


def _load_cbor(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return cbor2.loads(body)
    except (cbor2.CBORDecodeError, RecursionError, ValueError, TypeError, OverflowError, ArithmeticError):
        raise errors.MalformedRequest("The request body is not valid CBOR.") from None


# -- REST-JSON: parts of a message travel in the path, the query and headers


@functools.cache
def _bound_fields(descriptor: Descriptor) -> tuple[tuple[FieldDescriptor, annotations_pb2.Binding], ...]:
    bound = []
    for field in descriptor.fields:
        binding = options.binding(field)
        if binding.location:
            bound.append((field, binding))
    return tuple(bound)


@functools.cache
def _idempotency_tokens(descriptor: Descriptor) -> tuple[str, ...]:
    fields = descriptor.fields
    return tuple(f.name for f in fields if options.binding(f).idempotency_token)


def _parse_rest(message: Message, target: Target, request: Request, body: bytes) -> None:
    if target.operation.presigned_get and not body:
        _parse_presigned(message, request)
        return
    query: dict[str, list[str]] | None = None
    payload = None
    for field, binding in _bound_fields(message.DESCRIPTOR):
        if binding.location == Location.LOCATION_PAYLOAD:
            payload = field
        elif binding.location == Location.LOCATION_PATH:
            _set_from_text(message, field, [target.labels[binding.name]])
        elif binding.location == Location.LOCATION_HEADER:
            value = request.headers.get(binding.name.lower())
            if value is not None:
                _set_from_text(message, field, [value])
        elif binding.location == Location.LOCATION_QUERY:
            if query is None:
                query = _query(request)
            if binding.name in query:
                _set_from_text(message, field, query[binding.name])
    if payload is None:
        if body:
            _json.parse(message, _load_json(body))
    elif payload.type == FieldDescriptor.TYPE_BYTES:
        setattr(message, payload.name, body)
    elif body:
        _json.set_member(message, payload.json_name, _load_json(body))


def _parse_presigned(message: Message, request: Request) -> None:
    """A presigned URL: the members of the body are in the query, beside the signature."""
    query = _query(request)
    descriptor: Any = message.DESCRIPTOR
    for field in descriptor.fields:
        if field.json_name in query:
            _set_from_text(message, field, query[field.json_name])


def parse_settings(message: Message, request: Request, prefix: str) -> None:
    """Members that travel in headers called ``prefix`` and a name, here in the query under that name alone.

    Raises:
        MalformedRequest: a value is not of its member's type.
    """
    query = _query(request)
    for field, binding in _bound_fields(message.DESCRIPTOR):
        name = binding.name.removeprefix(prefix)
        if binding.location == Location.LOCATION_HEADER and name in query:
            _set_from_text(message, field, query[name])


def _query(request: Request) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.raw_query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return query


def _set_from_text(message: Message, field: FieldDescriptor, values: list[str]) -> None:
    """Set a field from the text of a header, query parameter or label."""
    plain: list[Any] = []
    for value in values:
        if field.type == FieldDescriptor.TYPE_BOOL:
            if value not in ("true", "false"):
                raise errors.MalformedRequest(f"'{field.json_name}' must be true or false.")
            plain.append(value == "true")
        elif field.type == FieldDescriptor.TYPE_STRING or field.type == FieldDescriptor.TYPE_MESSAGE:
            plain.append(value)
        else:
            try:
                plain.append(float(value) if "." in value else int(value))
            except ValueError:
                raise errors.MalformedRequest(f"'{field.json_name}' must be a number.") from None
    _json.set_member(message, field.json_name, plain if field.is_repeated else plain[-1])


def _build_rest(operation: Operation, message: Message) -> Response:
    headers: dict[str, str] = {}
    status = operation.http_status
    plain: dict[str, Any] | None = None
    payload = None
    in_headers: set[str] = set()
    for field, binding in _bound_fields(message.DESCRIPTOR):
        if binding.location == Location.LOCATION_PAYLOAD:
            payload = field
            continue
        in_headers.add(field.json_name)
        if not message.HasField(field.name):
            continue
        value = getattr(message, field.name)
        if binding.location == Location.LOCATION_STATUS:
            status = int(value)
        elif binding.location == Location.LOCATION_HEADER:
            headers[binding.name] = _header_text(field, binding, value)
    content_type = next((headers.pop(name) for name in list(headers) if name.lower() == "content-type"), "")
    if payload is not None:
        if payload.type == FieldDescriptor.TYPE_BYTES:
            return Response(status, getattr(message, payload.name), content_type or "application/octet-stream", headers)
        plain = _json.plain(getattr(message, payload.name))
    else:
        plain = {name: value for name, value in _json.plain(message, top=True).items() if name not in in_headers}
    return Response(status, orjson.dumps(plain), content_type or "application/json", headers)


def _header_text(field: FieldDescriptor, binding: annotations_pb2.Binding, value: Any) -> str:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return str(format_timestamp(value, binding.timestamp_format or "rfc822"))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return "true" if value else "false"
    return str(value)


def describe_headers(trailers: Mapping[str, str], request_id: str) -> dict[str, str]:
    """Headers that every answer of a service carries."""
    return {REQUEST_ID_HEADER: request_id, **trailers}
