"""How a client's calls travel: channels, identity, retries, and errors as exceptions of ``shared.errors``."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from shared.contract import options
from shared.rpc.status import CHANNEL_OPTIONS, PAUSES, error_of, is_lost

Answer = TypeVar("Answer", bound=Message)

#: gRPC retries by itself what a server refused before it began.
RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.2s",
                    "maxBackoff": "5s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["RESOURCE_EXHAUSTED"],
                },
            }
        ]
    }
)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the server is and who calls it."""

    address: str = "127.0.0.1:4568"
    bearer_key: str = ""
    #: TLS with the machine's certificates; without it, plain HTTP/2.
    tls: bool = False
    #: Seconds that a call may take unless it says otherwise.
    timeout: float = 300.0

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.bearer_key}"),) if self.bearer_key else ()

    @property
    def options(self) -> tuple[tuple[str, Any], ...]:
        return (*CHANNEL_OPTIONS, ("grpc.service_config", RETRIES))


class Transport:
    """Blocking calls."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        if connection.tls:
            credentials = grpc.ssl_channel_credentials()
            self._channel = grpc.secure_channel(connection.address, credentials, connection.options)
        else:
            self._channel = grpc.insecure_channel(connection.address, connection.options)

    def unary(self, path: str, request: Message, answer: type[Answer], timeout: float | None) -> Answer:
        """One answer for one request.

        Raises:
            NonetError: the class that the server raised.
        """
        call = self._channel.unary_unary(path, request_serializer=_serialize, response_deserializer=answer.FromString)
        for pause in (*PAUSES, None):
            try:
                response: Answer = call(
                    request, timeout=timeout or self._connection.timeout, metadata=self._connection.metadata
                )
                return response
            except grpc.RpcError as failure:
                if pause is None or not _may_repeat(path, request, failure):
                    raise error_of(failure) from failure
                time.sleep(pause)
        raise AssertionError("the last failure is raised")

    def stream(
        self, path: str, requests: Iterable[Message], answer: type[Answer], timeout: float | None
    ) -> Iterator[Answer]:
        """Answers as they come, while requests are still being sent."""
        call = self._channel.stream_stream(path, request_serializer=_serialize, response_deserializer=answer.FromString)
        try:
            yield from call(iter(requests), timeout=timeout, metadata=self._connection.metadata)
        except grpc.RpcError as failure:
            raise error_of(failure) from failure

    def close(self) -> None:
        self._channel.close()


class AsyncTransport:
    """The same on an event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        if connection.tls:
            credentials = grpc.ssl_channel_credentials()
            self._channel = grpc.aio.secure_channel(connection.address, credentials, connection.options)
        else:
            self._channel = grpc.aio.insecure_channel(connection.address, connection.options)

    async def unary(self, path: str, request: Message, answer: type[Answer], timeout: float | None) -> Answer:
        """As ``Transport.unary``."""
        call = self._channel.unary_unary(path, request_serializer=_serialize, response_deserializer=answer.FromString)
        for pause in (*PAUSES, None):
            try:
                response: Answer = await call(
                    request, timeout=timeout or self._connection.timeout, metadata=self._connection.metadata
                )
                return response
            except grpc.aio.AioRpcError as failure:
                if pause is None or not _may_repeat(path, request, failure):
                    raise error_of(failure) from failure
                await asyncio.sleep(pause)
        raise AssertionError("the last failure is raised")

    async def stream(
        self, path: str, requests: AsyncIterator[Message], answer: type[Answer], timeout: float | None
    ) -> AsyncIterator[Answer]:
        """As ``Transport.stream``."""
        call = self._channel.stream_stream(path, request_serializer=_serialize, response_deserializer=answer.FromString)
        try:
            async for response in call(requests, timeout=timeout, metadata=self._connection.metadata):
                yield response
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from failure

    async def close(self) -> None:
        await self._channel.close(None)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def _may_repeat(path: str, request: Message, failure: grpc.RpcError) -> bool:
    """Whether the connection broke under a call that the contract says changes nothing."""
    service, _, method = path.lstrip("/").rpartition("/")
    descriptor = request.DESCRIPTOR.file.services_by_name.get(service.rpartition(".")[2])
    return descriptor is not None and is_lost(failure) and options.no_side_effects(descriptor.methods_by_name[method])
