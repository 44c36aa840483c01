"""A light HTTP/1.1 load client: keep-alive connections on raw asyncio protocols, to leave the work to the server."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Load:
    """What a run of requests gave; times in seconds."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return statistics.quantiles(self.latencies, n=1000)[round(share * 1000) - 1]


class _Connection(asyncio.Protocol):
    """Sends one request after the other; ``closed`` is done when the server has closed, or the time is over."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._buffer = b""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(next(self._client.requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < head_end + 4 + length:
            return
        self._buffer = self._buffer[head_end + 4 + length :]
        self._client.answered(int(head[9:12]))
        if self._client.over or b"connection: close" in head:
            self._transport.close()
        else:
            self._transport.write(next(self._client.requests))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


class _Client:
    """One caller: waits for each answer, and connects anew where the server closes (its latency includes that)."""

    def __init__(self, requests: itertools.cycle[bytes], until: float, load: Load) -> None:
        self.requests, self._until, self._load = requests, until, load
        self._started = 0.0

    @property
    def over(self) -> bool:
        return time.perf_counter() >= self._until

    def answered(self, status: int) -> None:
        now = time.perf_counter()
        self._load.latencies.append(now - self._started)
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        self._started = now

    async def run(self, host: str, port: int) -> None:
        while not self.over:
            self._started = time.perf_counter()
            _, connection = await asyncio.get_running_loop().create_connection(lambda: _Connection(self), host, port)
            await connection.closed


async def run_load(host: str, port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Load:
    """``clients`` connections that each wait for an answer before they send the next of ``requests``."""
    load = Load(seconds)
    until = time.perf_counter() + seconds
    callers = []
    for index in range(clients):
        offset = index * len(requests) // clients
        share = itertools.cycle([*requests[offset:], *requests[:offset]])
        callers.append(_Client(share, until, load).run(host, port))
    # A server that stops answering must not hang the measurement.
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*callers)
    return load


def post(path: str, headers: dict[str, str], body: bytes, host: str = "127.0.0.1") -> bytes:
    """The bytes of one POST request."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
