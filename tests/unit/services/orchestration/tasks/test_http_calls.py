"""HTTP tasks."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from services.orchestration.tasks import http_calls as module
from services.orchestration.tasks.http_calls import HttpCalls
from services.orchestration.tasks.task import TaskFailed
from shared.rpc.endpoints import Endpoints
from tests.unit.services.orchestration.tasks.conftest import make_task
from tests.unit.shared.rpc.endpoint_server import Asked, EndpointServer, Reply, as_json

CRM = "arn:aws:events:us-east-1:000000000000:connection/crm/8b6c2f4e"


@pytest.fixture
def calls(allowing: Callable[..., Endpoints], server: EndpointServer) -> HttpCalls:
    connections = {
        "crm": {"authorization": "API_KEY", "name": "x-api-key", "value": "s3cret", "query": {"tenant": "7"}},
        "basic": {"authorization": "BASIC", "username": "ada", "password": "pa:ss", "body": {"site": "north"}},
        "oauth": {
            "authorization": "OAUTH_CLIENT_CREDENTIALS",
            "token_endpoint": f"{server.url}/token",
            "client_id": "id",
            "client_secret": "s3cret",
            "scope": "read",
        },
        "broken": {"authorization": "BASIC", "password": "s3cret"},
    }
    return HttpCalls(connections, allowing("127.0.0.1"))


def parameters(server: EndpointServer, **more: Any) -> dict[str, Any]:
    return {"ApiEndpoint": f"{server.url}/api", "Method": "POST", **more}


async def invoke(calls: HttpCalls, values: Any) -> Any:
    return await calls.invoke(make_task("http:invoke", values))


async def failure(calls: HttpCalls, values: Any) -> TaskFailed:
    with pytest.raises(TaskFailed) as caught:
        await invoke(calls, values)
    return caught.value


async def test_a_call(calls: HttpCalls, server: EndpointServer) -> None:
    server.answer = as_json({"id": 7}, 201, x_rate="9")
    result = await invoke(
        calls,
        parameters(
            server,
            Headers={"X-Trace": "t", "X-Many": ["a", "b"]},
            QueryParameters={"page": 2, "tag": ["x", "y z"]},
            RequestBody={"name": "Ü"},
        ),
    )
    assert result["StatusCode"] == 201
    assert result["StatusText"] == "Created"
    assert result["ResponseBody"] == {"id": 7}
    assert result["Headers"]["x-rate"] == ["9"]
    (asked,) = server.asked
    assert asked.json == {"name": "Ü"}
    assert parse_qsl(asked.query) == [("page", "2"), ("tag", "x"), ("tag", "y z")]
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-many"] == "a, b"


async def test_text_stays_text(calls: HttpCalls, server: EndpointServer) -> None:
    server.answer = Reply(200, "grüezi".encode(), {"content-type": "text/plain; charset=utf-8"})
    result = await invoke(
        calls, {"ApiEndpoint": f"{server.url}/api?a=1#part", "Method": "GET", "QueryParameters": {"b": "2"}}
    )
    assert result["ResponseBody"] == "grüezi"
    assert server.asked[0].query == "a=1&b=2"
    assert server.asked[0].body == b""


async def test_a_form(calls: HttpCalls, server: EndpointServer) -> None:
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "COMMAS"}}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = {"items": [1, 2], "name": "a&b"}
    await invoke(calls, parameters(server, Headers=form, Transform=transform, RequestBody=body))
    assert server.asked[0].body == b"items=1%2C2&name=a%26b"
    assert (await failure(calls, parameters(server, Transform=transform, RequestBody=body))).error == "States.Runtime"


async def test_a_plain_body(calls: HttpCalls, server: EndpointServer) -> None:
    await invoke(calls, parameters(server, Headers={"content-type": "text/xml"}, RequestBody="<a/>"))
    assert server.asked[0].body == b"<a/>"


@pytest.mark.parametrize("status", [301, 400, 404, 418, 500, 503])
async def test_statuses(calls: HttpCalls, server: EndpointServer, status: int) -> None:
    server.answer = Reply(status, b"because", {"location": f"{server.url}/elsewhere"})
    failed = await failure(calls, parameters(server))
    assert failed.error == f"States.Http.StatusCode.{status}"
    assert failed.cause == "because"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"{", {"content-type": "application/json"}),
        Reply(200, b"[" * 100_000 + b"]" * 100_000, {"content-type": "application/json"}),
        Reply(200, b"\xff\xfe", {"content-type": "text/plain"}),
        Reply(200, b"\x89PNG", {"content-type": "image/png"}),
        Reply(200, b"\x1f\x8b", {"content-type": "text/plain", "content-encoding": "gzip"}),
    ],
    ids=["half a document", "a deep one", "no UTF-8", "an image", "packed"],
)
async def test_answers_that_no_state_can_hold(calls: HttpCalls, server: EndpointServer, reply: Reply) -> None:
    server.answer = reply
    assert (await failure(calls, parameters(server))).error == "States.Runtime"


async def test_a_huge_answer(calls: HttpCalls, server: EndpointServer) -> None:
    server.answer = Reply(200, b"x" * 65_536, times=5)
    assert (await failure(calls, parameters(server))).error == "States.DataLimitExceeded"


async def test_a_huge_request(calls: HttpCalls, server: EndpointServer) -> None:
    assert (await failure(calls, parameters(server, RequestBody="x" * 262_145))).error == "States.DataLimitExceeded"
    assert not server.asked


async def test_an_endpoint_that_hangs(
    calls: HttpCalls, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.1)
    server.answer = Reply(delay=5)
    assert (await failure(calls, parameters(server))).error == "States.Http.Socket"


async def test_private_addresses_are_not_called(endpoints: Endpoints, server: EndpointServer) -> None:
    failed = await failure(HttpCalls({}, endpoints), parameters(server))
    assert failed.error == "States.Runtime"
    assert "NONET_HTTP_ALLOWED_HOSTS" in failed.cause
    assert not server.asked


@pytest.mark.parametrize(
    "wrong",
    [
        {"Method": "TRACE"},
        {"Headers": {"Authorization": "Bearer x"}},
        {"Headers": {"host": "example.org"}},
        {"Headers": {"X-Amz-Date": "1"}},
        {"Headers": {"X-A": "1\r\nX-B: 2"}},
        {"Headers": []},
        {"QueryParameters": "a=1"},
        {"Transform": {"RequestBodyEncoding": "ROT13"}, "RequestBody": {}},
        {"InvocationConfig": {}},
        {"Timeout": 3},
        {"ApiEndpoint": "file:///etc/passwd"},
        {"ApiEndpoint": None},
    ],
)
async def test_requests_that_are_not_sent(calls: HttpCalls, server: EndpointServer, wrong: dict[str, Any]) -> None:
    failed = await failure(calls, parameters(server, **wrong))
    assert failed.error == "States.Runtime"
    assert not server.asked


async def test_an_api_key(calls: HttpCalls, server: EndpointServer) -> None:
    values = parameters(server, InvocationConfig={"ConnectionArn": CRM}, Headers={"X-API-KEY": "mine"})
    await invoke(calls, values)
    assert server.asked[0].headers["x-api-key"] == "s3cret"
    assert server.asked[0].query == "tenant=7"


async def test_basic_authorization_and_the_connections_body(calls: HttpCalls, server: EndpointServer) -> None:
    await invoke(
        calls, parameters(server, Authentication={"ConnectionArn": "basic"}, RequestBody={"site": "x", "a": 1})
    )
    assert base64.b64decode(server.asked[0].headers["authorization"].removeprefix("Basic ")) == b"ada:pa:ss"
    assert server.asked[0].json == {"site": "north", "a": 1}


async def test_client_credentials_are_fetched_once(calls: HttpCalls, server: EndpointServer) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path != "/token":
            return Reply()
        assert parse_qsl(asked.body.decode()) == [("grant_type", "client_credentials"), ("scope", "read")]
        return as_json({"access_token": "t0k", "expires_in": 3600})

    server.answer = answer
    for _ in range(2):
        await invoke(calls, parameters(server, Authentication={"ConnectionArn": "oauth"}))
    assert [asked.path for asked in server.asked] == ["/token", "/api", "/api"]
    assert server.asked[2].headers["authorization"] == "Bearer t0k"


@pytest.mark.parametrize(
    ("name", "reply", "error"),
    [
        ("oauth", Reply(401), "InvalidConnectionState"),
        ("oauth", Reply(200, b"<html>"), "InvalidConnectionState"),
        ("oauth", Reply(200, b'{"access_token": 7}'), "InvalidConnectionState"),
        ("broken", Reply(), "InvalidConnectionState"),
        ("nobody", Reply(), "NotFound"),
    ],
)
async def test_connections_that_cannot_be_used(
    calls: HttpCalls, server: EndpointServer, name: str, reply: Reply, error: str
) -> None:
    server.answer = reply
    failed = await failure(calls, parameters(server, Authentication={"ConnectionArn": name}))
    assert failed.error == f"Events.ConnectionResource.{error}"
    assert "s3cret" not in failed.cause
    assert all(asked.path == "/token" for asked in server.asked)


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ({"hosts": ["127.0.0.1"]}, None),
        ({"hosts": ["crm.example", "*.example"]}, "Events.ConnectionResource.InvalidConnectionState"),
        ({"hosts": ["*.0.0.1"], "accounts": ["000000000000"]}, None),
        ({"accounts": ["000000000007"]}, "Events.ConnectionResource.NotFound"),
    ],
)
async def test_credentials_go_where_they_may(
    allowing: Callable[..., Endpoints], server: EndpointServer, limits: dict[str, Any], error: str | None
) -> None:
    """A state machine's author names both the connection and the host: together they must not give a secret away."""
    key = {"authorization": "API_KEY", "name": "x-api-key", "value": "s3cret", **limits}
    calls = HttpCalls({"crm": key}, allowing("127.0.0.1"))
    server.answer = as_json({})
    asking = parameters(server, Authentication={"ConnectionArn": CRM})
    if error is None:
        await invoke(calls, asking)
        assert server.asked[0].headers["x-api-key"] == "s3cret"
        return
    failed = await failure(calls, asking)
    assert failed.error == error
    assert "s3cret" not in str(failed)
    assert server.asked == []
