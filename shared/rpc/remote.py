"""A service in another process: the same call over gRPC, the same error classes back."""

from __future__ import annotations

import grpc
from google.protobuf.message import Message

from shared.rpc.call import Call
from shared.rpc.status import CHANNEL_OPTIONS, error_of

#: Metadata by which a gateway tells a service who is calling. A service believes it only of a principal with
#: ``gateway = true``, or, without principals, on loopback.
ACCOUNT_KEY, REGION_KEY, REQUEST_ID_KEY, PRINCIPAL_KEY = (
    "nonet-account",
    "nonet-region",
    "nonet-request-id",
    "nonet-principal",
)


class RemoteService:
    """One channel to one address."""

    def __init__(self, address: str, bearer_key: str) -> None:
        self._authorization = (("authorization", f"Bearer {bearer_key}"),) if bearer_key else ()
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)

    async def call(self, request: Message, call: Call) -> Message:
        """Send a unary call on, with identity, deadline and trailers.

        Raises:
            NonetError: the class that the other process raised, or Unavailable when it cannot be reached.
        """
        operation = call.operation
        method = self._channel.unary_unary(
            operation.path,
            request_serializer=operation.request_class.SerializeToString,
            response_deserializer=operation.response_class.FromString,
        )
        metadata = (
            *self._authorization,
            (ACCOUNT_KEY, call.account),
            (PRINCIPAL_KEY, call.principal.name),
            (REGION_KEY, call.region),
            (REQUEST_ID_KEY, call.request_id),
        )
        rpc = method(request, timeout=call.time_remaining(), metadata=metadata)
        try:
            response: Message = await rpc
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from failure
        for name, value in await rpc.trailing_metadata() or ():
            if name.startswith("nonet-") and isinstance(value, str):
                call.trailers[name] = value
        return response

    async def close(self) -> None:
        await self._channel.close()
