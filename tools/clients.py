"""Typed clients of every service, one generated module a proto package: ``sdk/nonet/<package>/v1/<package>_client.py``.

``tools.build_proto`` writes them together with the messages, from the same descriptors.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    MethodDescriptorProto,
)

PYTHON_TYPES = {
    FieldDescriptorProto.TYPE_STRING: "str",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_INT32: "int",
    FieldDescriptorProto.TYPE_INT64: "int",
    FieldDescriptorProto.TYPE_FLOAT: "float",
    FieldDescriptorProto.TYPE_DOUBLE: "float",
}


def client_module(file: FileDescriptorProto, method_names: dict[str, str], comments: dict[str, str]) -> str:
    """The module's text. ``method_names``: rpc -> Python name; ``comments``: rpc -> the proto's comment."""
    package = file.package.split(".")[1]
    messages = {f".{file.package}.{message.name}": message for message in file.message_type}
    lines = [
        f'"""Clients of nonet.{package}.v1. Made by tools/clients.py; never edited."""',
        "",
        "from __future__ import annotations",
        "",
        "import datetime",
        "from collections.abc import AsyncIterator, Iterable, Iterator, Mapping",
        "from typing import Any",
        "",
        "from google.protobuf.timestamp_pb2 import Timestamp",
        "",
        f"from nonet.{package}.v1 import {package}_pb2 as pb",
        "from nonet.transport import AsyncTransport, Transport",
    ]
    for service in file.service:
        for is_async in (False, True):
            prefix, transport = ("Async", "AsyncTransport") if is_async else ("", "Transport")
            lines += ["", "", f"class {prefix}{service.name}Client:"]
            lines += [f'    """Every operation of {file.package}.{service.name}."""', ""]
            lines += [f"    def __init__(self, transport: {transport}) -> None:", "        self._transport = transport"]
            for method in service.method:
                path = f"/{file.package}.{service.name}/{method.name}"
                lines.append("")
                lines += _method(
                    method, method_names[method.name], path, messages, is_async, comments.get(method.name, "")
                )
    return "\n".join(lines) + "\n"


def _method(
    method: MethodDescriptorProto,
    name: str,
    path: str,
    messages: dict[str, DescriptorProto],
    is_async: bool,
    comment: str,
) -> Iterator[str]:
    request, answer = method.input_type.rpartition(".")[2], method.output_type.rpartition(".")[2]
    if method.client_streaming:
        source, result = ("AsyncIterator", "AsyncIterator") if is_async else ("Iterable", "Iterator")
        yield f"    def {name}("
        yield f"        self, requests: {source}[pb.{request}], *, timeout: float | None = None"
        yield f"    ) -> {result}[pb.{answer}]:"
        yield f'        """{comment or method.name + ", a stream both ways."}"""'
        yield f'        return self._transport.stream("{path}", requests, pb.{answer}, timeout)'
        return
    fields = list(messages[method.input_type].field)
    yield f"    {'async def' if is_async else 'def'} {name}("
    yield "        self,"
    yield "        *,"
    for field in fields:
        yield f"        {_parameter(field.name)}: {_type(field, messages)} | None = None,"
    yield "        timeout: float | None = None,"
    yield f"    ) -> pb.{answer}:"
    yield f'        """{comment or method.name + "."}"""'
    yield f"        request = pb.{request}("
    for field in fields:
        if _parameter(field.name) == field.name:
            yield f"            {field.name}={field.name},"
        else:
            yield f'            **{{"{field.name}": {_parameter(field.name)}}},'
    yield "        )"
    call = f'self._transport.unary("{path}", request, pb.{answer}, timeout)'
    yield f"        return {'await ' if is_async else ''}{call}"


def _parameter(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name == "timeout" else name


def _type(field: FieldDescriptorProto, messages: dict[str, DescriptorProto]) -> str:
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        owner, _, name = field.type_name.rpartition(".")
        for nested in messages[owner].nested_type if owner in messages else ():
            if nested.name == name and nested.options.map_entry:
                return f"Mapping[str, {_element(nested.field[1])}]"
        return f"Iterable[{_element(field)}]"
    return _element(field)


def _element(field: FieldDescriptorProto) -> str:
    if field.type != FieldDescriptorProto.TYPE_MESSAGE:
        return PYTHON_TYPES[field.type]
    if field.type_name == ".google.protobuf.Timestamp":
        return "Timestamp | datetime.datetime"
    return f"pb.{field.type_name.rpartition('.')[2]} | Mapping[str, Any]"
