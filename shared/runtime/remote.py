"""The remote binding: a model that lies in another process (a pod with a GPU, say), reached over gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc

from nonet.runtime.v1 import runtime_pb2 as pb
from shared import errors
from shared.rpc.call import Priority
from shared.rpc.status import error_of, trailers
from shared.rpc.upstream import Upstream
from shared.runtime.codec import decode, encode
from shared.runtime.runtime import Runtime

RUN_PATH = "/nonet.runtime.v1.Runtime/Run"


class RemoteBinding:
    """One model of another process. That process batches; here nothing is loaded."""

    def __init__(self, upstream: Upstream, model_id: str) -> None:
        self._upstream = upstream
        self._model_id = model_id

    async def run(self, items: Sequence[Any]) -> Sequence[Any]:
        """As every binding.

        Raises:
            NonetError: what the other process raised, or Unavailable when it cannot be reached.
        """
        request = pb.RunRequest(model_id=self._model_id, items=encode(list(items)))
        channel = await self._upstream.connected()
        method = channel.unary_unary(
            RUN_PATH,
            request_serializer=pb.RunRequest.SerializeToString,
            response_deserializer=pb.RunResponse.FromString,
        )
        try:
            response: pb.RunResponse = await method(request, metadata=self._upstream.metadata)
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from failure
        results: Sequence[Any] = decode(response.results)
        return results

    async def close(self) -> None:
        await self._upstream.close()


class RuntimeHandlers(grpc.GenericRpcHandler):
    """The other end: runs items on this process's models. Only gateways may call it, or anybody on an open loopback."""

    def __init__(self, runtime: Runtime, admit: Any) -> None:
        self._runtime = runtime
        #: Metadata -> nothing; raises for callers who may not.
        self._admit = admit
        self._handler = grpc.unary_unary_rpc_method_handler(
            self._run, pb.RunRequest.FromString, pb.RunResponse.SerializeToString
        )

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._handler if handler_call_details.method == RUN_PATH else None

    async def _run(self, request: pb.RunRequest, context: Any) -> pb.RunResponse:
        try:
            self._admit({name: value for name, value in context.invocation_metadata() or ()})
            items = decode(request.items)
            if not isinstance(items, list):
                raise errors.MalformedRequest("The items must be a list.")
            async with await self._runtime.lease_model(request.model_id) as lease:
                priority = Priority.BATCH if request.batch_priority else Priority.INTERACTIVE
                results = await lease.run_each(items, priority)
        except errors.NonetError as error:
            await context.abort(grpc.StatusCode[error.grpc_code], error.message, trailers(error, None))
            raise AssertionError("abort raises") from error
        return pb.RunResponse(results=encode(results))
