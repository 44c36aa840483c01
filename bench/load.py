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
    """Sends the next request as soon as the answer is complete."""

    def __init__(self, bodies: itertools.cycle[bytes], until: float, load: Load, done: asyncio.Future[None]) -> None:
        self._bodies, self._until, self._load, self._done = bodies, until, load, done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._started = time.perf_counter()
        if self._started >= self._until:
            self._transport.close()
            return
        self._transport.write(next(self._bodies))

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
        status = int(head[9:12])
        self._buffer = self._buffer[head_end + 4 + length :]
        self._load.latencies.append(time.perf_counter() - self._started)
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def run_load(host: str, port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Load:
    """``clients`` connections that each wait for an answer before they send the next of ``requests``."""
    loop = asyncio.get_running_loop()
    load = Load(seconds)
    until = time.perf_counter() + seconds
    waits = []
    for index in range(clients):
        done: asyncio.Future[None] = loop.create_future()
        offset = index * len(requests) // clients
        bodies = itertools.cycle([*requests[offset:], *requests[:offset]])
        await loop.create_connection(lambda b=bodies, d=done: _Connection(b, until, load, d), host, port)  # type: ignore[misc]
        waits.append(done)
    await asyncio.gather(*waits)
    return load


def post(path: str, headers: dict[str, str], body: bytes, host: str = "127.0.0.1") -> bytes:
    """The bytes of one POST request."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
