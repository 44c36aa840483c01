"""A service in another process: the same call over gRPC, the same error classes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.message import Message

from shared import errors
from shared.contract.apis import Operation
from shared.rpc.call import HOST_KEY, Call
from shared.rpc.status import PAUSES, error_of, is_lost
from shared.rpc.upstream import Upstream

#: Metadata by which a gateway tells a service who is calling. A service believes it only of a principal with
#: ``gateway = true``, or, without principals, on loopback.
ACCOUNT_KEY, REGION_KEY, REQUEST_ID_KEY, PRINCIPAL_KEY = (
    "nonet-account",
    "nonet-region",
    "nonet-request-id",
    "nonet-principal",
)

#: What of a caller's metadata goes on to the other process: W3C trace context, so that the spans of both join, and the
#: address that links lead to.
PASSED_KEYS = ("traceparent", "tracestate", HOST_KEY)


class RemoteService:
    """The service at one address."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def call(self, request: Message, call: Call) -> Message:
        """Send a unary call on, with identity, deadline and trailers.

        When the other process dies with the call, one that changes nothing is made again, as replicas answer or the
        process comes back; any other may have happened or not, and its caller has to look.

        Raises:
            NonetError: the class that the other process raised, or Unavailable when it cannot be reached.
        """
        operation = call.operation
        for pause in (*PAUSES, None):
            channel = await self._upstream.connected(call.time_remaining())
            rpc = channel.unary_unary(operation.path, **_codecs(operation))(
                request, timeout=call.time_remaining(), metadata=self._metadata(call)
            )
            try:
                response: Message = await rpc
            except grpc.aio.AioRpcError as failure:
                if not is_lost(failure):
                    raise error_of(failure) from failure
                if pause is None or not operation.no_side_effects:
                    raise errors.Unavailable(
                        "The service ended with the call; look whether it happened before you make it again "
                        f"({failure.details()})."
                    ) from failure
                await asyncio.sleep(pause)
            else:
                _take_trailers(call, await rpc.trailing_metadata())
                return response
        raise AssertionError("the last failure is raised")

    async def stream(self, requests: AsyncIterator[Message], call: Call) -> AsyncIterator[Message]:
        """Send a streaming call on, message by message, with the flow control of HTTP/2 on both sides.

        Raises:
            NonetError: as ``call``; or the one that ``requests`` end in.
        """
        operation = call.operation
        refused: list[errors.NonetError] = []

        async def told() -> AsyncIterator[Message]:
            # gRPC cancels a call whose requests end in an error, and does not say which.
            try:
                async for request in requests:
                    yield request
            except errors.NonetError as error:
                refused.append(error)
                raise

        channel = await self._upstream.connected(call.time_remaining())
        rpc = channel.stream_stream(operation.path, **_codecs(operation))(
            told(), timeout=call.time_remaining(), metadata=self._metadata(call)
        )
        try:
            async for response in rpc:
                yield response
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as failure:
            if refused:
                raise refused[0] from failure
            if isinstance(failure, grpc.aio.AioRpcError):
                raise error_of(failure) from failure
            raise
        finally:
            rpc.cancel()  # whoever reads no further; nothing after the end
        _take_trailers(call, await rpc.trailing_metadata())

    def _metadata(self, call: Call) -> tuple[tuple[str, str], ...]:
        return (
            *self._upstream.metadata,
            (ACCOUNT_KEY, call.account),
            (PRINCIPAL_KEY, call.principal.name),
            (REGION_KEY, call.region),
            (REQUEST_ID_KEY, call.request_id),
            *((name, value) for name, value in call.metadata.items() if name in PASSED_KEYS),
        )

    async def close(self) -> None:
        await self._upstream.close()


def _codecs(operation: Operation) -> dict[str, Any]:
    """How a channel writes and reads the messages of an operation."""
    return {
        "request_serializer": operation.request_class.SerializeToString,
        "response_deserializer": operation.response_class.FromString,
    }


def _take_trailers(call: Call, metadata: Any) -> None:
    """What the other process told beside its answer is told on; its request id is ours already."""
    for name, value in metadata or ():
        if name.startswith("nonet-") and name != REQUEST_ID_KEY and isinstance(value, str):
            call.trailers[name] = value
