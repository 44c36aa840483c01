"""The services of this process: imports a service at its first call, and takes every call through the chain."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from shared import errors
from shared.contract.apis import Api, Operation, all_apis
from shared.contract.validation import validate
from shared.platform import Platform
from shared.rpc.account_limits import NO_LIMITS, AccountLimits
from shared.rpc.call import Call
from shared.rpc.chain import Interceptor, join
from shared.rpc.operations import Operations
from shared.rpc.remote import RemoteService

logger = logging.getLogger("nonet.host")

#: The name of a process that mounts no service and sends every call on.
GATEWAY = "gateway"


class ServiceHost:
    """Calls operations of services that are mounted here or run elsewhere (``settings.upstreams``).

    ``registry`` names the servicer class of each gRPC service: {"nonet.language.v1.Language": "module:Class"}. A
    service that is not used is never imported.

    Raises:
        ValueError: the settings name a service that there is not.
    """

    def __init__(
        self,
        platform: Platform,
        registry: Mapping[str, str],
        interceptors: Sequence[Interceptor],
        account_limits: AccountLimits = NO_LIMITS,
    ) -> None:
        """``account_limits``: of streams; unary calls meet theirs among the interceptors."""
        known = {GATEWAY, *map(service_folder, registry.values()), *(api.package for api in all_apis().values())}
        for setting, names in (
            ("NONET_SERVICES", platform.settings.named_services),
            ("NONET_UPSTREAMS", platform.settings.upstreams),
        ):
            if unknown := sorted(set(names) - known):
                raise ValueError(f"{setting} names {unknown[0]}; the services are {', '.join(sorted(known))}.")
        self._platform = platform
        self._registry = registry
        self._servicers: dict[str, Any] = {}
        self._loading: dict[str, asyncio.Lock] = {}
        self._remotes: dict[str, RemoteService] = {}
        self._account_limits = account_limits
        self._handler = join(interceptors, self._invoke)
        platform.operations = Operations(self)

    def mounted(self, api: Api) -> bool:
        """Whether calls of ``api`` are answered in this process."""
        reference = self._registry.get(api.full_name)
        return reference is not None and self._platform.settings.mounts(service_folder(reference))

    def upstream(self, api: Api) -> str | None:
        """Address of the process that answers ``api``; None when that is this one, or nobody."""
        if self.mounted(api):
            return None
        upstreams = self._platform.settings.upstreams
        reference = self._registry.get(api.full_name)
        return upstreams.get(service_folder(reference)) if reference is not None else upstreams.get(api.package)

    async def call(self, request: Message, call: Call) -> Message:
        """Take a unary call through the chain.

        Raises:
            NonetError: whatever the chain or the servicer refuses it with; a defect becomes Internal.
        """
        with self._platform.audit.watch(call), _defects_told(call):
            return await self._handler(request, call)

    async def stream(self, requests: AsyncIterator[Message], call: Call) -> AsyncIterator[Message]:
        """Take a streaming call to its servicer: the first message is held against the contract.

        Raises:
            NonetError: as ``call``.
        """
        with self._platform.audit.watch(call), _defects_told(call), self._account_limits.admit_call(call):
            remote = self._remote(call.operation.api)
            if remote is not None:
                answers = remote.stream(_validated(requests), call)
            else:
                method = await self._method(call.operation)
                answers = method(_validated(requests), call)
            async for answer in answers:
                yield answer

    async def servicer(self, api: Api) -> Any:
        """The servicer of ``api``, imported and made at the first call.

        Raises:
            Unimplemented: nobody built it yet, or it is not mounted here.
        """
        servicer = self._servicers.get(api.full_name)
        if servicer is not None:
            return servicer
        if not self.mounted(api):
            raise errors.Unimplemented(_why_absent(api, self._registry))
        async with self._loading.setdefault(api.full_name, asyncio.Lock()):
            if api.full_name not in self._servicers:
                module_name, _, class_name = self._registry[api.full_name].partition(":")
                module = await asyncio.to_thread(importlib.import_module, module_name)
                self._servicers[api.full_name] = getattr(module, class_name)(self._platform)
        return self._servicers[api.full_name]

    async def start(self) -> None:
        """Make the servicers that have background work (jobs to take up again), so that a restart resumes it."""
        for api in all_apis().values():
            if self.mounted(api):
                await self.servicer(api)

    async def close(self) -> None:
        """Let servicers that do work of their own (``async def close``) end it, and disconnect."""
        for servicer in self._servicers.values():
            if hasattr(servicer, "close"):
                await servicer.close()
        for remote in self._remotes.values():
            await remote.close()

    async def _invoke(self, request: Message, call: Call) -> Message:
        operation = call.operation
        remote = self._remote(operation.api)
        if remote is not None:
            return await remote.call(request, call)
        method = await self._method(operation)
        response = await method(request, call)
        if not isinstance(response, operation.response_class):
            raise TypeError(f"{operation.path} answered {type(response).__name__}")
        return response

    def _remote(self, api: Api) -> RemoteService | None:
        address = self.upstream(api)
        if address is None:
            return None
        if address not in self._remotes:
            self._remotes[address] = RemoteService(self._platform.upstream(address))
        return self._remotes[address]

    async def _method(self, operation: Operation) -> Any:
        servicer = await self.servicer(operation.api)
        method = getattr(servicer, operation.method_name, None)
        if method is None:
            raise errors.Unimplemented(
                f"{operation.name} is part of the contract, but this version of Nonet does not have it yet."
            )
        return method


def service_folder(reference: str) -> str:
    """ "services.echo.service:EchoService" -> "echo"."""
    return reference.split(".")[1]


def implemented(registry: Mapping[str, str], api: Api) -> frozenset[str]:
    """Names of the operations that the servicer class of ``api`` has a method for."""
    reference = registry.get(api.full_name)
    if reference is None:
        return frozenset()
    module_name, _, class_name = reference.partition(":")
    servicer_class = getattr(importlib.import_module(module_name), class_name)
    return frozenset(
        name for name, operation in api.operations.items() if hasattr(servicer_class, operation.method_name)
    )


def _why_absent(api: Api, registry: Mapping[str, str]) -> str:
    if api.full_name in registry:
        folder = service_folder(registry[api.full_name])
        return f"The {folder} service is not mounted here: see NONET_SERVICES and NONET_UPSTREAMS in docs/settings.md."
    return f"{api.client} is part of the contract, but this version of Nonet does not have it yet."


@contextlib.contextmanager
def _defects_told(call: Call) -> Iterator[None]:
    """The one place where a defect turns into an answer. The log has the traceback, the caller the request id."""
    try:
        yield
    except errors.NonetError:
        raise
    except Exception as defect:
        logger.exception("defect in %s", call.operation.path, extra={"request_id": call.request_id})
        raise errors.Internal(
            f"Internal error; the server's log tells more under request id {call.request_id}."
        ) from defect


async def _validated(requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
    first = True
    async for request in requests:
        if first:
            validate(request)
            first = False
        yield request
