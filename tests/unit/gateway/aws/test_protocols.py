"""Every operation of the contract through botocore's own serializer and parser, in every protocol it speaks."""

from __future__ import annotations

import io
import random
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel

from gateway.aws.protocols import build_error, build_response, parse_request
from gateway.aws.router import CBOR, JSON, REST_JSON, Router, Target
from gateway.http import Request
from shared import errors
from shared.contract.apis import all_apis, api_for_client
from shared.contract.transcode import JSON as JSON_FORMAT
from shared.contract.transcode import Transcoder
from tests.wire import parse, serialize, service_model, value_of

ROUTER = Router(all_apis().values())
CASES = [
    pytest.param(api.client, protocol, id=f"{api.client}-{protocol}")
    for api in all_apis().values()
    if api.client != "transcribe-streaming"  # botocore has no model of it
    for protocol in api.protocols
]


def request_of(sent: dict[str, Any], signing_name: str) -> tuple[Request, bytes]:
    query = urlencode(sent["query_string"], doseq=True) if sent["query_string"] else ""
    body = sent["body"]
    body = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else b""
    headers = [(name.lower().encode(), str(value).encode("latin-1")) for name, value in sent["headers"].items()]
    path, _, more = sent["url_path"].partition("?")
    scope = {
        "type": "http", "method": sent["method"], "path": path, "raw_path": path.encode(),
        "query_string": (query or more).encode(), "headers": headers,
    }  # fmt: skip
    return Request(scope, None), body  # type: ignore[arg-type]


def plain(value: Any) -> Any:
    """Values in the form in which our JSON transcoder shows them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return JSON_FORMAT.blob_out(value)
    if hasattr(value, "timestamp"):
        return value.timestamp()
    return value


def pruned(value: Any) -> Any:
    """Without empty lists and maps: the wire does not tell them from absent ones everywhere."""
    if isinstance(value, dict):
        return {key: pruned(item) for key, item in value.items() if item not in ([], {})}
    if isinstance(value, list):
        return [pruned(item) for item in value]
    return value


def streams(operation: OperationModel) -> bool:
    return operation.has_event_stream_input or operation.has_event_stream_output


@pytest.mark.parametrize(("client", "protocol"), CASES)
def test_requests_arrive_as_botocore_sends_them(client: str, protocol: str) -> None:
    api, model, rng = api_for_client(client), service_model(client), random.Random(7)
    for name in model.operation_names:
        operation = model.operation_model(name)
        if streams(operation):
            continue
        sent_values = value_of(operation.input_shape, rng) if operation.input_shape else {}
        sent = serialize(operation, sent_values, protocol)
        request, body = request_of(sent, api.signing_name)
        target = ROUTER.find(request.method, request.raw_path, request.headers, api.signing_name)
        assert target is not None and target.operation is api.operations[name], name
        assert target.protocol == protocol
        message = parse_request(target, request, body)
        seen = Transcoder(JSON_FORMAT).plain(message)
        assert pruned(seen) == pruned(plain(sent_values)), name


@pytest.mark.parametrize(("client", "protocol"), CASES)
def test_answers_are_read_by_botocore(client: str, protocol: str) -> None:
    api, model, rng = api_for_client(client), service_model(client), random.Random(11)
    for name in model.operation_names:
        operation = model.operation_model(name)
        if streams(operation) or operation.output_shape is None:
            continue
        values = value_of(operation.output_shape, rng)
        for member, shape in operation.output_shape.members.items():
            if shape.serialization.get("location") == "statusCode":
                values.pop(member)
        message = api.operations[name].response_class()
        Transcoder(JSON_FORMAT).parse(message, plain(values))
        response = build_response(Target(api.operations[name], protocol), message)
        headers = HeadersDict({**response.headers, "Content-Type": response.content_type})
        if operation.has_streaming_output:
            body: Any = io.BytesIO(response.body)
        else:
            body = response.body
        seen = parse(operation, response.status, headers, body, protocol)
        for member, value in list(seen.items()):
            if hasattr(value, "read"):
                seen[member] = value.read()
        assert pruned(plain(seen)) == pruned(plain(values)), name


@pytest.mark.parametrize("error_class", list(errors.error_classes()), ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("protocol", [JSON, REST_JSON, CBOR])
def test_errors_are_read_by_botocore(error_class: type[errors.NonetError], protocol: str) -> None:
    client = {JSON: "textract", REST_JSON: "polly", CBOR: "comprehendmedical"}[protocol]
    api = api_for_client(client)
    operation = next(iter(api.operations.values()))
    error = error_class("what went wrong")
    response = build_error(Target(operation, protocol), error)
    seen = parse(
        service_model(client).operation_model(operation.name),
        response.status,
        HeadersDict({**response.headers, "Content-Type": response.content_type}),
        response.body,
        protocol,
    )
    assert seen["Error"]["Code"] == error.aws_code_for(operation.documented_errors)
    assert seen["Error"]["Message"] == "what went wrong"
    assert response.status >= 400
