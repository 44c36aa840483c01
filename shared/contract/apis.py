"""APIs and their operations, read from the generated descriptors: the proto is the only place that knows them."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

from google.protobuf import message_factory
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

import nonet
from shared.contract import options


@dataclass(frozen=True, slots=True)
class Operation:
    """One rpc: what it takes and gives, how HTTP reaches it, which errors it documents."""

    api: Api
    #: "DetectSentiment"
    name: str
    #: "detect_sentiment": boto3's method, and the servicer's.
    method_name: str
    request_class: type[Message]
    response_class: type[Message]
    client_streaming: bool
    server_streaming: bool
    http_method: str
    http_path: str
    http_status: int
    priority: str
    #: Whether a call waits for something to happen, and does nothing until then.
    long_poll: bool
    #: Whether it may come as a GET whose query has the members of the body.
    presigned_get: bool
    #: ``options.no_side_effects``
    no_side_effects: bool
    #: AWS error code -> HTTP status.
    documented_errors: Mapping[str, int]

    @property
    def path(self) -> str:
        """The gRPC path, "/nonet.language.v1.Language/DetectSentiment"."""
        return f"/{self.api.full_name}/{self.name}"


@dataclass(frozen=True, slots=True)
class Api:
    """One AWS API and the gRPC service that stands for it."""

    #: "nonet.language.v1.Language"
    full_name: str
    #: boto3's client name, "comprehend".
    client: str
    protocols: tuple[str, ...]
    json_version: str
    target_prefix: str
    signing_name: str
    operations: Mapping[str, Operation] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """Short name of the proto package, "language"."""
        return self.full_name.split(".")[1]


def _contract_modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.iter_modules(nonet.__path__) if module.ispkg]
    modules = []
    for name in names:
        try:
            modules.append(importlib.import_module(f"nonet.{name}.v1.{name}_pb2"))
        except ModuleNotFoundError as missing:
            # A package of the SDK that is no proto package; anything else that is missing is a defect.
            if missing.name is None or not missing.name.startswith(f"nonet.{name}"):
                raise
    return modules


def _api(descriptor: ServiceDescriptor) -> Api | None:
    option = options.api(descriptor)
    if not option.client:
        return None
    operations: dict[str, Operation] = {}
    api = Api(
        full_name=descriptor.full_name,
        client=option.client,
        protocols=tuple(option.protocols),
        json_version=option.json_version,
        target_prefix=option.target_prefix,
        signing_name=option.signing_name,
        operations=operations,
    )
    for method in descriptor.methods:
        operations[method.name] = _operation(api, method)
    return api


def _operation(api: Api, method: MethodDescriptor) -> Operation:
    option = options.operation(method)
    return Operation(
        api=api,
        name=method.name,
        method_name=option.method_name,
        request_class=message_factory.GetMessageClass(method.input_type),
        response_class=message_factory.GetMessageClass(method.output_type),
        client_streaming=method.client_streaming,
        server_streaming=method.server_streaming,
        http_method=option.http_method or "POST",
        http_path=option.http_path or "/",
        http_status=option.http_status or 200,
        priority=option.priority,
        long_poll=option.long_poll,
        presigned_get=option.presigned_get,
        no_side_effects=options.no_side_effects(method),
        documented_errors={error.code: error.http_status for error in option.errors},
    )


@functools.cache
def all_apis() -> Mapping[str, Api]:
    """Full gRPC service name -> API, for every API of the contract, built or not."""
    apis: dict[str, Api] = {}
    for module in _contract_modules():
        for descriptor in module.DESCRIPTOR.services_by_name.values():
            api = _api(descriptor)
            if api is not None:
                apis[api.full_name] = api
    return apis


@functools.cache
def api_for_client(client: str) -> Api:
    """The API of a boto3 client name; KeyError when the contract has none."""
    return next(api for api in all_apis().values() if api.client == client)


@functools.cache
def enumeration(file: FileDescriptor, name: str) -> frozenset[str]:
    """The allowed strings called ``name`` in a proto file."""
    for entry in options.enumerations(file):
        if entry.name == name:
            return frozenset(entry.values)
    raise KeyError(f"{file.name} has no enumeration {name}")
