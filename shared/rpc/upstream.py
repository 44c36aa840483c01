"""The way to another process of the suite: one channel over all replicas that its address stands for."""

from __future__ import annotations

import asyncio
import json
import time

import grpc

from shared import errors
from shared.rpc.certificates import Certificates
from shared.rpc.status import CHANNEL_OPTIONS

#: How long a call waits for a process that is not there: as long as a restart takes on a busy machine. Clients of AWS
#: wait 60 seconds for an answer.
CONNECT_SECONDS = 30.0
#: How many calls wait at once for one address; more are refused at once, or they would keep out calls to others.
MAX_WAITING = 128
#: How often certificate files are looked at.
STAMP_SECONDS = 5.0

OPTIONS = (
    *CHANNEL_OPTIONS,
    # A name with several addresses (a headless Service of Kubernetes) is several replicas: calls go to each in turn.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A machine that has vanished sends no reset: only a ping that is not answered tells.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


class Upstream:
    """``address`` is host:port, or any other target of gRPC ("ipv4:10.0.0.1:4568,10.0.0.2:4568")."""

    def __init__(self, address: str, bearer_key: str = "", certificates: Certificates | None = None) -> None:
        self.address = address
        self.metadata = (("authorization", f"Bearer {bearer_key}"),) if bearer_key else ()
        self._certificates = certificates or Certificates()
        self._stamp = self._certificates.stamp()
        self._looked = time.monotonic()
        self._channel = self._open()
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def connected(self, patience_s: float | None = None) -> grpc.aio.Channel:
        """The channel, once a replica answers.

        Raises:
            Unavailable: none did within ``CONNECT_SECONDS`` or, if that is less, ``patience_s`` seconds; or
                ``MAX_WAITING`` calls wait already.
        """
        channel = self._current()
        if channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
            seconds = CONNECT_SECONDS if patience_s is None else min(CONNECT_SECONDS, patience_s)
            if self._waiting >= MAX_WAITING:
                raise errors.Unavailable(f"Nothing answers at {self.address}, and {MAX_WAITING} calls wait for it.")
            self._waiting += 1
            try:
                await asyncio.wait_for(channel.channel_ready(), seconds)
            except TimeoutError:
                raise errors.Unavailable(
                    f"Nothing answers at {self.address} after {seconds:.0f} s: is that process running?"
                ) from None
            finally:
                self._waiting -= 1
        return channel

    async def close(self) -> None:
        await asyncio.gather(*self._closing)
        await self._channel.close(None)

    def _open(self) -> grpc.aio.Channel:
        credentials = self._certificates.channel_credentials()
        if credentials is None:
            return grpc.aio.insecure_channel(self.address, options=OPTIONS)
        return grpc.aio.secure_channel(self.address, credentials, options=OPTIONS)

    def _current(self) -> grpc.aio.Channel:
        """The channel; a new one if our certificates were replaced. Calls on the old one come to their end."""
        now = time.monotonic()
        if now - self._looked < STAMP_SECONDS:
            return self._channel
        self._looked = now
        try:
            stamp = self._certificates.stamp()
            if stamp != self._stamp:
                old, self._channel, self._stamp = self._channel, self._open(), stamp
                closing = asyncio.create_task(old.close(None))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
        except OSError:  # in the middle of being replaced: looked at again in a moment
            pass
        return self._channel
