"""HTTP calls: what is sent, what is taken, and where a guarded call does not go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rpc import endpoints as module
from shared.rpc.endpoints import (
    AnswerTooLarge,
    Endpoints,
    Refused,
    TimedOut,
    Unreachable,
    is_public,
    split_url,
)
from tests.unit.shared.rpc.endpoint_server import EndpointServer, Reply


async def send(endpoints: Endpoints, url: str, **options: Any) -> Any:
    options = {"seconds": 5.0, "max_answer_bytes": 1000, **options}
    return await endpoints.send("POST", url, {"X-Name": "value"}, b"hello", **options)


async def test_a_request_and_its_answer(endpoints: Endpoints, server: EndpointServer) -> None:
    server.answer = Reply(201, b"made", {"x-thing": "1"})
    answer = await send(endpoints, f"{server.url}/a%20b/c?x=1")
    assert (answer.status, answer.reason, answer.body, answer.header("X-Thing")) == (201, "Created", b"made", "1")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/a b/c", "x=1", b"hello")
    assert asked.headers["x-name"] == "value"
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"


async def test_connections_are_used_again(endpoints: Endpoints, server: EndpointServer) -> None:
    for _ in range(20):
        await send(endpoints, server.url)
    assert len(server.asked) == 20


async def test_a_redirect_is_an_answer(endpoints: Endpoints, server: EndpointServer) -> None:
    server.answer = Reply(302, b"", {"location": f"{server.url}/elsewhere"})
    assert (await send(endpoints, server.url)).status == 302
    assert len(server.asked) == 1


async def test_an_endpoint_that_hangs(endpoints: Endpoints, server: EndpointServer) -> None:
    server.answer = Reply(delay=5)
    with pytest.raises(TimedOut):
        await send(endpoints, server.url, seconds=0.2)


async def test_an_answer_without_an_end(endpoints: Endpoints, server: EndpointServer) -> None:
    server.answer = Reply(body=b"x" * 100_000, times=10_000)
    with pytest.raises(AnswerTooLarge):
        await send(endpoints, server.url, max_answer_bytes=200_000)


async def test_nobody_listens(endpoints: Endpoints) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable):
            await send(endpoints, f"http://127.0.0.1:{held.getsockname()[1]}")


async def test_a_server_that_speaks_no_http(endpoints: Endpoints) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as babbler:
        port = babbler.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable):
            await send(endpoints, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org:99999/",
        "https://example.org/a b",
        "https://example.org/\r\nX: 1",
        "//example.org/",
        "http://[::1",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        split_url(url)


@given(st.text())
def test_any_text_is_a_url_or_refused(text: str) -> None:
    try:
        parts = split_url(text)
    except Refused:
        return
    assert parts.scheme in ("http", "https")
    assert parts.hostname


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.8",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:224.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "fec0::1", "ff02::1", "nonsense",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


async def test_a_guarded_call_needs_https(endpoints: Endpoints, server: EndpointServer) -> None:
    with pytest.raises(Refused, match="https"):
        await send(endpoints, server.url, guarded=True)
    assert not server.asked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1"])
async def test_a_guarded_call_does_not_go_to_private_addresses(endpoints: Endpoints, host: str) -> None:
    with pytest.raises(Refused):
        await send(endpoints, f"https://{host}:1/", guarded=True)


async def test_a_name_that_resolves_to_a_private_address(
    endpoints: Endpoints, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port))
            for address in ("93.184.216.34", "127.0.0.1")
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    with pytest.raises(Refused, match="private"):
        await module._public_address("public.example.org", server.port)


async def test_the_checked_address_is_the_one_connected_to(
    endpoints: Endpoints, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []

    async def record(self: Any, host: str, *_: Any) -> Any:
        connected.append(host)
        raise OSError("recorded")

    async def resolve(*_: Any) -> str:
        return "93.184.216.34"

    monkeypatch.setattr(module, "_public_address", resolve)
    monkeypatch.setattr(module.httpcore2.AnyIOBackend, "connect_tcp", record)
    with pytest.raises(Unreachable):
        await send(endpoints, "https://example.org/", guarded=True)
    assert connected == ["93.184.216.34"]


async def test_hosts_that_the_settings_allow(allowing: Callable[..., Endpoints], server: EndpointServer) -> None:
    assert (await send(allowing("127.0.0.1"), server.url, guarded=True)).status == 200
    assert (await send(allowing(f"127.0.0.1:{server.port}"), server.url, guarded=True)).status == 200
    with pytest.raises(Refused):
        await send(allowing("127.0.0.1:1"), server.url, guarded=True)


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("*.corp.example", "api.corp.example", 443, True),
        ("*.corp.example", "corp.example", 443, False),
        ("*.corp.example", "evilcorp.example", 443, False),
        ("api.example:8443", "api.example", 8443, True),
        ("api.example:8443", "api.example", 443, False),
        ("[::1]:80", "::1", 80, True),
        ("::1", "::1", 80, True),
        ("API.example", "api.example", 443, True),
    ],
)
def test_how_allowed_hosts_are_spelt(entry: str, host: str, port: int, allowed: bool) -> None:
    assert Endpoints([entry]).allows(host, port) is allowed
