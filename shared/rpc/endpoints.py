"""Calls of HTTP endpoints: one request, one answer, limits on both; no redirects, cookies or proxies.

    answer = await endpoints.send("POST", url, headers, body, seconds=60, max_answer_bytes=262_144)

Endpoints that the operator named in the settings are called as they stand. URLs that a state machine's author wrote are
called with ``guarded=True``: only public addresses, unless the settings allow the host. The address that was checked is
the one that is connected to, so a name that resolves to something else a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import httpcore2

from shared.rpc.call import new_request_id

MAX_CONNECTIONS = 100
CONNECT_SECONDS = 10.0
#: Servers close idle connections after 5 s and more; a request on one that just closed would fail.
KEEP_ALIVE_SECONDS = 2.0
DEFAULT_PORTS = {"http": 80, "https": 443}

#: Addresses that only stand for others, which is_global does not look through, and those that were private once.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10", "192.0.0.0/24",
    )
)  # fmt: skip


class NoAnswer(Exception):
    """The endpoint gave no usable answer. The text says why and quotes nothing of the request."""


class Refused(NoAnswer):
    """We did not call: the URL is malformed, or leads where a state machine may not go."""


class Unreachable(NoAnswer):
    """No connection, or it broke."""


class TimedOut(NoAnswer):
    """The answer took too long."""


class AnswerTooLarge(NoAnswer):
    """The answer has more bytes than are taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. Header names are as "Content-Type", in the order of their first appearance."""

    status: int
    reason: str
    headers: Mapping[str, Sequence[str]]
    body: bytes

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        """The first value of a header; "" without one."""
        return next(iter(self.headers.get(name, ())), "")


class Endpoints:
    """Connections of one process to HTTP endpoints. ``allowed_hosts``: as ``Settings.http_allowed_hosts``."""

    def __init__(self, allowed_hosts: Sequence[str] = ()) -> None:
        self._allowed_hosts = tuple(entry.lower() for entry in allowed_hosts)
        self._pools: dict[bool, httpcore2.AsyncConnectionPool] = {}

    def allows(self, host: str, port: int) -> bool:
        """Whether the settings name the host, as "name", "name:port" or "*.domain"."""
        for entry in self._allowed_hosts:
            name, _, allowed_port = entry.rpartition(":") if _has_port(entry) else (entry, "", "")
            if allowed_port and int(allowed_port) != port:
                continue
            name = name.strip("[]")
            if name == host or (name.startswith("*.") and host.endswith(name[1:])):
                return True
        return False

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        seconds: float,
        max_answer_bytes: int,
        guarded: bool = False,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        Raises:
            NoAnswer: ``Refused``, ``Unreachable``, ``TimedOut`` or ``AnswerTooLarge``.
        """
        parts = split_url(url)
        host, port = str(parts.hostname), parts.port or DEFAULT_PORTS[parts.scheme]
        if guarded and parts.scheme != "https" and not self.allows(host, port):
            raise Refused(f"{host} may only be called by https: NONET_HTTP_ALLOWED_HOSTS names the exceptions")
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
        request = httpcore2.Request(
            method,
            httpcore2.URL(scheme=parts.scheme, host=host, port=port, target=target),
            headers=[("Host", parts.netloc), *headers.items(), ("Content-Length", str(len(body)))],
            content=body,
            extensions={"timeout": {"connect": min(CONNECT_SECONDS, seconds), "pool": seconds}},
        )
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(self._pool(guarded), request, max_answer_bytes)
        except (TimeoutError, httpcore2.ReadTimeout, httpcore2.WriteTimeout):
            raise TimedOut(f"{host} did not answer within {seconds:g} seconds") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise Unreachable(f"{host} could not be reached: {str(error) or type(error).__name__}") from error

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()

    async def _exchange(
        self, pool: httpcore2.AsyncConnectionPool, request: httpcore2.Request, max_answer_bytes: int
    ) -> Answer:
        response = await pool.handle_async_request(request)
        try:
            body = bytearray()
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > max_answer_bytes:
                    raise AnswerTooLarge(f"the answer has more than {max_answer_bytes} bytes")
        finally:
            await response.aclose()
        headers: dict[str, list[str]] = {}
        for name, value in response.headers:
            headers.setdefault(_header_name(name.decode("latin-1")), []).append(value.decode("latin-1"))
        reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
        return Answer(response.status, reason, headers, bytes(body))

    def _pool(self, guarded: bool) -> httpcore2.AsyncConnectionPool:
        if guarded not in self._pools:
            self._pools[guarded] = httpcore2.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                max_connections=MAX_CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                network_backend=_GuardedNetwork(self) if guarded else httpcore2.AnyIOBackend(),
            )
        return self._pools[guarded]


class _GuardedNetwork(httpcore2.AnyIOBackend):
    """Connects to public addresses only, or to hosts that the settings allow."""

    def __init__(self, endpoints: Endpoints) -> None:
        super().__init__()
        self._endpoints = endpoints

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        if not self._endpoints.allows(host.lower(), port):
            host = await _public_address(host, port)
        return await super().connect_tcp(host, port, timeout, local_address, socket_options)


async def _public_address(host: str, port: int) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise Unreachable(f"{host} could not be resolved") from error
    addresses = [str(entry[4][0]) for entry in found]
    # One private address among public ones is reason enough: which one would be taken is chance.
    if not addresses or not all(is_public(address) for address in addresses):
        raise Refused(f"{host} has a private address: NONET_HTTP_ALLOWED_HOSTS names the exceptions")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet at large, seen through IPv4 in IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if any(parsed in network for network in _NOT_PUBLIC):
        return False
    return parsed.is_global and not parsed.is_multicast


def split_url(url: str) -> SplitResult:
    """Take an http(s) URL apart. Raises Refused for anything else, and for user names or control characters in it."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        raise Refused("the URL is malformed") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or not port_is_fine:
        raise Refused("a URL begins with https:// or http:// and names a host")
    if parts.username is not None or not url.isascii() or any(character <= " " for character in url):
        raise Refused("a URL has neither user names nor spaces, nor characters that are not percent-encoded")
    return parts


def sdk_metadata(status: int, headers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What an optimised integration tells of the HTTP answer beside the answer itself."""
    request_id = next(iter(headers.get("X-Amzn-Requestid", ())), "") or new_request_id()
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: list(values) for name, values in headers.items()},
            "HttpHeaders": {name: values[0] for name, values in headers.items()},
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def _has_port(entry: str) -> bool:
    return entry.rpartition(":")[2].isdigit() and (entry.count(":") == 1 or "]:" in entry)


def _header_name(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
