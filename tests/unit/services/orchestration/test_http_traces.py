"""What TestState shows of an HTTP task's request and response, with secrets and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.orchestration.http_traces import HIDDEN, TracedHttpCalls
from services.orchestration.tasks.task import Task, TaskFailed
from shared.settings import Settings
from tests.unit.shared.rpc.endpoint_server import EndpointServer, as_json

ARN = "arn:aws:events:us-east-1:000000000000:connection/shop/1"


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with EndpointServer() as running:
        yield running


def settings(server: EndpointServer) -> Settings:
    connection = {
        "authorization": "API_KEY",
        "name": "X-Key",
        "value": "sesame",
        "query": {"q": "secret"},
        "body": {"b": "secret"},
    }
    return Settings(http_allowed_hosts=[f"127.0.0.1:{server.port}"], http_connections={ARN: connection})


async def traced(server: EndpointServer, *, reveal: bool = False, **parameters: Any) -> dict[str, Any]:
    calls = TracedHttpCalls(settings(server))
    parameters = {"ApiEndpoint": f"{server.url}/pay", "Method": "POST", **parameters}
    task = Task("http:invoke", "", parameters, "key", "000000000000", "us-east-1", "", "state")
    try:
        await calls.invoke(task)
    except TaskFailed:
        pass
    finally:
        await calls.close()
    return calls.inspection(parameters, reveal_secrets=reveal)


PARAMETERS: dict[str, Any] = {
    "Headers": {"X-Shop": "7"},
    "QueryParameters": {"page": 2},
    "RequestBody": {"total": 12},
    "Authentication": {"ConnectionArn": ARN},
}


async def test_request_and_response(server: EndpointServer) -> None:
    server.answer = as_json({"ok": True})
    found = await traced(server, RequestBody={"total": 12}, Headers={"X-Shop": "7"})
    assert found["request"]["method"] == "POST"
    assert (found["request"]["protocol"], found["request"]["url"]) == ("http", f"{server.url}/pay")
    assert "X-Shop: 7" in found["request"]["headers"]
    assert json.loads(found["request"]["body"]) == {"total": 12}
    assert (found["response"]["statusCode"], found["response"]["statusMessage"]) == ("200", "OK")
    assert json.loads(found["response"]["body"]) == {"ok": True}


async def test_what_a_connection_adds_is_hidden(server: EndpointServer) -> None:
    server.answer = as_json({"ok": True})
    found = await traced(server, **PARAMETERS)
    assert "sesame" not in str(found) and "secret" not in str(found)
    assert f"X-Key: {HIDDEN}" in found["request"]["headers"] and "X-Shop: 7" in found["request"]["headers"]
    assert found["request"]["url"] == f"{server.url}/pay?page=2&q={HIDDEN}"
    assert json.loads(found["request"]["body"]) == {"total": 12, "b": HIDDEN}


async def test_secrets_can_be_revealed(server: EndpointServer) -> None:
    server.answer = as_json({"ok": True})
    found = await traced(server, reveal=True, **PARAMETERS)
    assert "X-Key: sesame" in found["request"]["headers"]
    assert found["request"]["url"] == f"{server.url}/pay?page=2&q=secret"
    assert json.loads(found["request"]["body"]) == {"total": 12, "b": "secret"}


async def test_failures_are_shown_as_far_as_they_got(server: EndpointServer) -> None:
    server.answer = as_json({"why": "no"}, status=404)
    assert (await traced(server))["response"]["statusCode"] == "404"
    refused = await traced(server, ApiEndpoint="http://192.0.2.1/x")
    assert set(refused) == {"request"}
    assert await traced(server, Method="NOTHING") == {}
