"""The gRPC face: generic handlers over the contract, so that a service needs no generated servicer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from shared import errors
from shared.auth.principals import Principal, PrincipalTable
from shared.contract.apis import Operation, all_apis
from shared.observability.audit import Audit, Event
from shared.platform import Platform
from shared.rpc.call import Call, new_request_id
from shared.rpc.host import ServiceHost
from shared.rpc.remote import ACCOUNT_KEY, PRINCIPAL_KEY, REGION_KEY, REQUEST_ID_KEY
from shared.rpc.status import CHANNEL_OPTIONS, details, trailers
from shared.runtime.remote import RuntimeHandlers

SERVER_OPTIONS = (
    ("grpc.so_reuseport", 0),
    # A client that has to connect anew asks the name service again, and so finds replicas that are new.
    ("grpc.max_connection_age_ms", 5 * 60 * 1000),
    # Processes of the suite ping one another (shared/rpc/upstream.py) oftener than gRPC allows by default.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)

Context = grpc.aio.ServicerContext[Any, Any]


class OperationHandlers(grpc.GenericRpcHandler):
    """gRPC path -> handler, made at the first call of each operation."""

    def __init__(self, host: ServiceHost, principals: PrincipalTable, default_region: str, audit: Audit) -> None:
        self._host = host
        self._identify = _Identification(principals, default_region, audit)
        self._operations = {op.path: op for api in all_apis().values() for op in api.operations.values()}
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        path = str(handler_call_details.method)
        handler = self._handlers.get(path)
        if handler is None:
            operation = self._operations.get(path)
            if operation is None:
                return None
            handler = self._handlers[path] = self._make(operation)
        return handler

    def _make(self, operation: Operation) -> grpc.RpcMethodHandler[Any, Any]:
        # Requests are decoded inside the handler: a request that cannot be decoded is then the caller's error
        # (INVALID_ARGUMENT), where grpc itself would call it INTERNAL.
        serialize = operation.response_class.SerializeToString
        if operation.client_streaming:
            return grpc.stream_stream_rpc_method_handler(self._stream(operation), None, serialize)
        return grpc.unary_unary_rpc_method_handler(self._unary(operation), None, serialize)

    def _unary(self, operation: Operation) -> Callable[[bytes, Context], Awaitable[Message]]:
        async def handle(data: bytes, context: Context) -> Message:
            metadata = _metadata(context)
            request_id = metadata.get(REQUEST_ID_KEY) or new_request_id()
            call: Call | None = None
            try:
                call = self._identify(operation, metadata, context, request_id)
                response = await self._host.call(_decode(operation, data), call)
            except errors.NonetError as error:
                await _abort(context, error, operation, request_id)
            context.set_trailing_metadata(((REQUEST_ID_KEY, request_id), *call.trailers.items()))
            return response

        return handle

    def _stream(self, operation: Operation) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Message]]:
        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[Message]:
            metadata = _metadata(context)
            request_id = metadata.get(REQUEST_ID_KEY) or new_request_id()
            try:
                call = self._identify(operation, metadata, context, request_id)
                async for response in self._host.stream(_decoded(operation, requests), call):
                    yield response
            except errors.NonetError as error:
                await _abort(context, error, operation, request_id)
            context.set_trailing_metadata(((REQUEST_ID_KEY, request_id), *call.trailers.items()))

        return handle


class _Identification:
    """Metadata -> who is calling, and until when."""

    def __init__(self, principals: PrincipalTable, default_region: str, audit: Audit) -> None:
        self._principals = principals
        self._default_region = default_region
        self._audit = audit

    def __call__(self, operation: Operation, metadata: Mapping[str, str], context: Context, request_id: str) -> Call:
        remaining = context.time_remaining()
        address = _address(context.peer())
        try:
            principal, passed_on = self._principal(metadata)
        except errors.Unauthenticated as error:
            agent = metadata.get("user-agent", "")
            self._audit.refused(Event(operation.api.signing_name, operation.name, request_id, address, agent), error)
            raise
        return Call(
            operation=operation,
            principal=principal,
            region=metadata.get(REGION_KEY, self._default_region),
            request_id=request_id,
            metadata=metadata,
            address=address,
            passed_on=passed_on,
            deadline=None if remaining is None else asyncio.get_running_loop().time() + remaining,
        )

    def _principal(self, metadata: Mapping[str, str]) -> tuple[Principal, bool]:
        """Who calls, and whether a gateway says so."""
        if self._principals.open:
            principal, trusted = self._principals.anonymous, True
        else:
            principal = self._principals.by_authorization(metadata)
            trusted = principal.gateway
        account = metadata.get(ACCOUNT_KEY)
        if account is None or not trusted:
            return principal, False
        if len(account) != 12 or not account.isdigit():
            raise errors.InvalidArgument("nonet-account must be 12 digits.")
        return self._principals.named(metadata.get(PRINCIPAL_KEY) or principal.name, account), True


def _address(peer: str) -> str:
    """ "ipv4:127.0.0.1:50051" -> "127.0.0.1"; the brackets of IPv6 arrive percent-encoded."""
    _, _, rest = peer.partition(":")
    return unquote(rest).rpartition(":")[0].strip("[]")


def _metadata(context: Context) -> dict[str, str]:
    return {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}


def _decode(operation: Operation, data: bytes) -> Message:
    try:
        return operation.request_class.FromString(data)
    except DecodeError:
        raise errors.MalformedRequest(
            f"The request is not a valid {operation.request_class.DESCRIPTOR.full_name}."
        ) from None


async def _decoded(operation: Operation, requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    async for data in requests:
        yield _decode(operation, data)


async def _abort(context: Context, error: errors.NonetError, operation: Operation, request_id: str) -> NoReturn:
    metadata = ((REQUEST_ID_KEY, request_id), *trailers(error, operation))
    await context.abort(grpc.StatusCode[error.grpc_code], details(error), metadata)
    raise AssertionError("abort raises")


class GrpcServer:
    """One grpc.aio server with every operation of the contract, health and reflection."""

    def __init__(self, host: ServiceHost, platform: Platform) -> None:
        principals, default_region = platform.principals, platform.settings.default_region
        self._credentials = platform.certificates.server_credentials()
        self._server = grpc.aio.server(options=(*CHANNEL_OPTIONS, *SERVER_OPTIONS))
        operations = OperationHandlers(host, principals, default_region, platform.audit)
        self._server.add_generic_rpc_handlers((operations, RuntimeHandlers(platform.runtime, principals.admit_gateway)))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [api.full_name for api in all_apis().values()]
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        self._served = [api.full_name for api in all_apis().values() if host.mounted(api) or host.upstream(api)]

    async def start(self, address: str, port: int) -> int:
        """Bind and serve; gives the port, which is a free one when ``port`` was 0.

        Raises:
            OSError: somebody else has the port.
        """
        literal = f"[{address}]" if ":" in address else address
        try:
            if self._credentials is None:
                bound = int(self._server.add_insecure_port(f"{literal}:{port}"))
            else:
                bound = int(self._server.add_secure_port(f"{literal}:{port}", self._credentials))
        except RuntimeError as failure:
            raise OSError(f"cannot listen on {literal}:{port}") from failure
        await self._server.start()
        for name in ("", *self._served):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return bound

    async def stop(self, grace_seconds: float) -> None:
        """Tell health checkers first, then take no new calls and wait for the running ones."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)
