"""Unary gRPC calls of bytes, to servers whose contract we do not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RawCallFailed(Exception):
    """The call ended with a status other than OK. ``status`` is its name, "UNAVAILABLE"."""

    def __init__(self, status: str, details: str, trailers: Mapping[str, str]) -> None:
        super().__init__(f"{status}: {details}")
        self.status = status
        self.details = details
        self.trailers = trailers


class RawCalls:
    """Channels of one process, made at the first call of each address."""

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._channels: dict[tuple[str, bool], Any] = {}

    async def call(
        self, address: str, path: str, message: bytes, metadata: Mapping[str, str], seconds: float, *, tls: bool
    ) -> bytes:
        """The answer of the method ``path`` ("/package.Service/Method") at ``address`` ("host:port").

        Raises:
            RawCallFailed: it did not come within ``seconds``, or was no answer.
        """
        # grpc takes 30 ms to import, and most installations call nobody this way.
        import grpc

        method = self._channel(address, tls).unary_unary(path)
        try:
            answer: bytes = await method(message, metadata=list(metadata.items()), timeout=seconds)
        except grpc.aio.AioRpcError as error:
            trailers = {str(name): str(value) for name, value in error.trailing_metadata() or ()}
            raise RawCallFailed(error.code().name, error.details() or "", trailers) from error
        return answer

    async def close(self) -> None:
        """Close all channels."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    def _channel(self, address: str, tls: bool) -> Any:
        import grpc

        channel = self._channels.get((address, tls))
        if channel is None:
            limits = [
                ("grpc.max_receive_message_length", self._max_message_bytes),
                ("grpc.max_send_message_length", self._max_message_bytes),
            ]
            if tls:
                channel = grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(), options=limits)
            else:
                channel = grpc.aio.insecure_channel(address, options=limits)
            self._channels[address, tls] = channel
        return channel
