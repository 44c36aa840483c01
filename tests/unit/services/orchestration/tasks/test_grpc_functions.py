"""Functions over gRPC: raw JSON bytes through a unary method."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from services.orchestration.tasks import functions as module
from services.orchestration.tasks.functions import Functions
from services.orchestration.tasks.task import TaskFailed
from shared.rpc.endpoints import Endpoints
from tests.unit.services.orchestration.tasks.conftest import make_task


async def shout(request: bytes, context: Any) -> bytes:
    text = json.loads(request)["text"]
    metadata = dict(context.invocation_metadata())
    if text == "refuse":
        context.set_trailing_metadata((("error-type", "NotToday"),))
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "come again")
    if text == "busy":
        await context.abort(grpc.StatusCode.UNAVAILABLE, "later")
    if text == "slow":
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "too slow")
    return json.dumps({"loud": text.upper(), "key": metadata["x-nonet-idempotency-key"]}).encode()


@pytest.fixture
async def functions(endpoints: Endpoints) -> AsyncIterator[Functions]:
    server = grpc.aio.server()
    handler = grpc.method_handlers_generic_handler("demo.Voice", {"Shout": grpc.unary_unary_rpc_method_handler(shout)})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    address = f"grpc://127.0.0.1:{port}/demo.Voice"
    functions = Functions({"shout": f"{address}/Shout", "absent": f"{address}/Absent"}, endpoints)
    yield functions
    await functions.close()
    await server.stop(None)


async def call(functions: Functions, text: str, name: str = "shout") -> Any:
    parameters = {"FunctionName": name, "Payload": {"text": text}}
    return (await functions.invoke(make_task("lambda:invoke", parameters)))["Payload"]


async def test_a_result(functions: Functions) -> None:
    assert await call(functions, "ahoy") == {"loud": "AHOY", "key": "attempt-1"}


@pytest.mark.parametrize(
    ("text", "name", "error"),
    [
        ("refuse", "shout", "NotToday"),
        ("busy", "shout", "Lambda.SdkClientException"),
        ("slow", "shout", "States.Timeout"),
        ("x", "absent", "Lambda.SdkClientException"),
    ],
)
async def test_errors(functions: Functions, text: str, name: str, error: str) -> None:
    with pytest.raises(TaskFailed) as caught:
        await call(functions, text, name)
    assert caught.value.error == error


async def test_the_limit_of_a_message_is_that_of_a_payload() -> None:
    from shared.rpc import grpc_functions

    assert grpc_functions.MAX_MESSAGE_BYTES == module.MAX_PAYLOAD_BYTES
