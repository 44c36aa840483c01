"""Functions over HTTP: results, the function's own errors, and everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from services.orchestration.tasks import functions as module
from services.orchestration.tasks.functions import Functions, SdkFunctions
from services.orchestration.tasks.task import TaskFailed
from shared.rpc.endpoints import Endpoints
from tests.unit.services.orchestration.tasks.conftest import EXECUTION, make_task
from tests.unit.shared.rpc.endpoint_server import Asked, EndpointServer, Reply, as_json

ARN = "arn:aws:lambda:us-east-1:000000000000:function:shout"
EMULATOR = "/2015-03-31/functions/function/invocations"


@pytest.fixture
def functions(server: EndpointServer, endpoints: Endpoints) -> Functions:
    urls = {"shout": f"{server.url}/shout", "shout:LIVE": f"{server.url}/live", "emulated": f"{server.url}{EMULATOR}"}
    return Functions(urls, endpoints)


def shout(asked: Asked) -> Reply:
    return as_json({"loud": asked.json["text"].upper()})


async def failure(functions: Any, resource: str = "lambda:invoke", parameters: Any = None) -> TaskFailed:
    parameters = {"FunctionName": "shout", "Payload": {}} if parameters is None else parameters
    with pytest.raises(TaskFailed) as caught:
        await functions.invoke(make_task(resource, parameters))
    return caught.value


async def test_invoke(functions: Functions, server: EndpointServer) -> None:
    server.answer = shout
    parameters = {"FunctionName": "shout", "Payload": {"text": "ahoy ü"}}
    result = await functions.invoke(make_task("lambda:invoke", parameters))
    assert result["Payload"] == {"loud": "AHOY Ü"}
    assert (result["StatusCode"], result["ExecutedVersion"]) == (200, "$LATEST")
    assert result["SdkHttpMetadata"]["HttpHeaders"]["Content-Type"] == "application/json"
    assert result["SdkHttpMetadata"]["AllHttpHeaders"]["Content-Type"] == ["application/json"]
    assert result["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert result["SdkResponseMetadata"]["RequestId"]
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/shout")
    assert asked.headers["x-nonet-idempotency-key"] == "attempt-1"
    assert asked.headers["x-nonet-execution-arn"] == EXECUTION


async def test_a_bare_arn_gives_the_bare_result(functions: Functions, server: EndpointServer) -> None:
    server.answer = shout
    assert await functions.invoke(make_task(ARN, {"text": "ahoy"})) == {"loud": "AHOY"}


@pytest.mark.parametrize(
    ("name", "qualifier", "path"),
    [
        ("shout", None, "/shout"),
        ("shout", "LIVE", "/live"),
        ("shout:LIVE", None, "/live"),
        ("shout:7", None, "/shout"),
        (ARN, None, "/shout"),
        (f"{ARN}:LIVE", None, "/live"),
        ("000000000000:function:shout", None, "/shout"),
    ],
)
async def test_names_of_a_function(
    functions: Functions, server: EndpointServer, name: str, qualifier: str | None, path: str
) -> None:
    parameters = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
    result = await functions.invoke(make_task("lambda:invoke", parameters))
    assert server.asked[0].path == path
    assert result["ExecutedVersion"] == (qualifier or (name.rpartition(":")[2] if "shout:" in name else "$LATEST"))


async def test_a_function_that_nobody_has(functions: Functions, server: EndpointServer) -> None:
    failed = await failure(functions, parameters={"FunctionName": "whisper"})
    assert failed.error == "Lambda.ResourceNotFoundException"
    assert "NONET_FUNCTIONS" in failed.cause
    assert "Status Code: 404" in failed.cause


@pytest.mark.parametrize(
    "reply",
    [
        as_json({"errorType": "NotToday", "errorMessage": "no"}, 400),
        as_json({"errorType": "NotToday", "errorMessage": "no"}, 500),
        as_json({"errorType": "NotToday", "errorMessage": "no"}, 200, x_amz_function_error="Unhandled"),
    ],
    ids=["4xx", "5xx", "header"],
)
async def test_an_error_of_the_function(functions: Functions, server: EndpointServer, reply: Reply) -> None:
    server.answer = reply
    failed = await failure(functions)
    assert failed.error == "NotToday"
    assert json.loads(failed.cause) == {"errorType": "NotToday", "errorMessage": "no"}


async def test_the_runtime_interface_emulator_says_200_to_errors(functions: Functions, server: EndpointServer) -> None:
    server.answer = as_json({"errorType": "ValueError", "errorMessage": "no", "stackTrace": []})
    assert (await failure(functions, parameters={"FunctionName": "emulated"})).error == "ValueError"
    # Elsewhere an answer of 200 is a result, whatever its members are called.
    result = await functions.invoke(make_task("lambda:invoke", {"FunctionName": "shout"}))
    assert result["Payload"]["errorType"] == "ValueError"


async def test_an_error_without_a_type(functions: Functions, server: EndpointServer) -> None:
    server.answer = as_json({"errorMessage": "no"}, 500)
    failed = await failure(functions)
    assert failed.error == "Lambda.Unknown"
    assert '{"errorMessage": "no"}' in failed.cause


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "Lambda.AWSLambdaException"),
        (302, "Lambda.AWSLambdaException"),
        (404, "Lambda.ResourceNotFoundException"),
        (429, "Lambda.TooManyRequestsException"),
        (502, "Lambda.ServiceException"),
    ],
)
async def test_statuses_without_a_word(functions: Functions, server: EndpointServer, status: int, error: str) -> None:
    server.answer = Reply(status, b"<html>")
    assert (await failure(functions)).error == error


async def test_an_answer_that_is_not_json(functions: Functions, server: EndpointServer) -> None:
    server.answer = Reply(body=b"<html>")
    assert (await failure(functions)).error == "Lambda.Unknown"


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_that_is_nested_without_an_end(
    functions: Functions, server: EndpointServer, status: int
) -> None:
    server.answer = Reply(status, b"[" * 100_000 + b"]" * 100_000)
    assert (await failure(functions)).error == ("Lambda.Unknown" if status == 200 else "Lambda.ServiceException")


async def test_an_empty_answer_is_null(functions: Functions, server: EndpointServer) -> None:
    server.answer = Reply(204, b"", {})
    assert await functions.invoke(make_task(ARN, {})) is None


async def test_a_function_that_hangs(
    functions: Functions, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FUNCTION_SECONDS", 0.1)
    server.answer = Reply(delay=5)
    assert (await failure(functions)).error == "States.Timeout"


async def test_a_huge_answer(functions: Functions, server: EndpointServer) -> None:
    server.answer = Reply(body=b" " * 1024 * 1024, times=7)
    assert (await failure(functions)).error == "Function.ResponseSizeTooLarge"


async def test_a_huge_payload(functions: Functions, server: EndpointServer) -> None:
    failed = await failure(functions, parameters={"FunctionName": "shout", "Payload": "x" * 6 * 1024 * 1024})
    assert failed.error == "Lambda.RequestTooLargeException"
    assert not server.asked


async def test_nobody_listens(endpoints: Endpoints) -> None:
    functions = Functions({"shout": "http://127.0.0.1:1/"}, endpoints)
    assert (await failure(functions)).error == "Lambda.SdkClientException"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"Payload": {}},
        {"FunctionName": "shout", "payload": 1},
        [],
        {"FunctionName": "shout", "InvocationType": "X"},
    ],
)
async def test_parameters_that_are_none(functions: Functions, parameters: Any) -> None:
    assert (await failure(functions, parameters=parameters)).error == "States.Runtime"


async def test_an_event_is_delivered_after_its_answer(
    functions: Functions, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVENT_WAIT_SECONDS", 0.01)
    replies = iter([Reply(500), Reply(200)])
    server.answer = lambda asked: next(replies)
    parameters = {"FunctionName": "shout", "InvocationType": "Event", "Payload": {"n": 1}}
    result = await functions.invoke(make_task("lambda:invoke", parameters))
    assert (result["StatusCode"], result["Payload"]) == (202, "")
    async with asyncio.timeout(5):
        while len(server.asked) < 2:
            await asyncio.sleep(0.01)
    assert server.asked[1].headers["x-amz-invocation-type"] == "Event"
    await functions.close()


async def test_a_dry_run_calls_nobody(functions: Functions, server: EndpointServer) -> None:
    result = await functions.invoke(make_task("lambda:invoke", {"FunctionName": "shout", "InvocationType": "DryRun"}))
    assert result["StatusCode"] == 204
    assert not server.asked


async def test_the_sdk_form_gives_text_and_tells_errors_in_the_answer(
    functions: Functions, server: EndpointServer
) -> None:
    sdk = SdkFunctions(functions)
    server.answer = as_json({"a": 1})
    task = make_task("aws-sdk:lambda:invoke", {"FunctionName": "shout"})
    assert await sdk.invoke(task) == {"ExecutedVersion": "$LATEST", "Payload": '{"a": 1}', "StatusCode": 200}
    server.answer = as_json({"errorType": "NotToday"}, 500)
    assert (await sdk.invoke(task))["FunctionError"] == "Unhandled"
