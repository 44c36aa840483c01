"""``nonet SERVICE OPERATION --member value ...``: any operation of any service but streams, over gRPC.

A value is text; a structure, list or map is JSON with the API's own member names. ``@FILE`` stands for the file's
content, so ``--document @scan.png`` is a whole document.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from nonet.cli import files, server
from nonet.cli.output import render
from nonet.transport import Transport
from shared import errors
from shared.contract import options
from shared.contract.apis import Api, Operation, all_apis


def main(arguments: list[str]) -> int:
    api = find_api(arguments[0])
    if len(arguments) < 2 or arguments[1] in ("-h", "--help"):
        print(f"usage: nonet {arguments[0]} OPERATION [options]\n")
        names = sorted(kebab(one) for one in api.operations.values() if not streams(one))
        print("\n".join(f"  {name}" for name in names or ["(streams alone: call them from a program)"]))
        return 0
    operation = find_operation(api, arguments[1])
    parser = make_parser(arguments[0], operation)
    chosen = vars(parser.parse_args(arguments[2:]))
    request = operation.request_class()
    for field in fields_of(operation):
        value = chosen[f"member_{field.name}"]
        if value is not None:
            set_member(request, field, value)
    with server.connection(chosen["address"]) as connection, closing(Transport(connection)) as transport:
        answer = transport.unary(operation.path, request, operation.response_class, None)
    if chosen["json"] or not sys.stdout.isatty():
        print(json_format.MessageToJson(answer, ensure_ascii=False))
    else:
        print(render(answer))
    return 0


def find_api(name: str) -> Api:
    """By boto3's client name or by the package: comprehend, language.

    Raises:
        NotFound: no service is called that.
    """
    for api in all_apis().values():
        if name in (api.client, api.package, api.package.replace("_", "-")):
            return api
    known = ", ".join(sorted(api.client for api in all_apis().values()))
    raise errors.NotFound(f"There is no command or service {name!r}. Commands: nonet --help. Services: {known}")


def find_operation(api: Api, name: str) -> Operation:
    """By boto3's name or the API's own.

    Raises:
        NotFound: the service has none of that name.
        Unimplemented: it is a stream.
    """
    for operation in api.operations.values():
        if name in (kebab(operation), operation.name, operation.method_name):
            if streams(operation):
                raise errors.Unimplemented(
                    f"{kebab(operation)} is a stream of messages, which a command cannot hold: call it from a program."
                )
            return operation
    raise errors.NotFound(f"{api.client} has no operation {name!r}. See: nonet {api.client} --help")


def fields_of(operation: Operation) -> list[FieldDescriptor]:
    descriptor: Any = operation.request_class.DESCRIPTOR
    return list(descriptor.fields)


def streams(operation: Operation) -> bool:
    return operation.client_streaming or operation.server_streaming


def kebab(operation: Operation) -> str:
    return operation.method_name.replace("_", "-")


def make_parser(service: str, operation: Operation) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"nonet {service} {kebab(operation)}", description="@FILE as a value stands for the file's content."
    )
    for field in fields_of(operation):
        constraint = options.constraint(field)
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            dest=f"member_{field.name}",
            required=constraint.required,
            metavar=kind_of(field),
            help=field.json_name,
        )
    server.add_address(parser)
    parser.add_argument("--json", action="store_true", help="JSON, as it is when the output is not a terminal")
    return parser


def kind_of(field: FieldDescriptor) -> str:
    if field.is_repeated or field.type == FieldDescriptor.TYPE_MESSAGE:
        return "JSON"
    if field.type == FieldDescriptor.TYPE_STRING:
        return "TEXT"
    return "@FILE" if field.type == FieldDescriptor.TYPE_BYTES else "VALUE"


def set_member(request: Message, field: FieldDescriptor, text: str) -> None:
    """Put one option into the request.

    Raises:
        InvalidArgument: it is not what the member takes.
    """
    if field.type == FieldDescriptor.TYPE_MESSAGE and not field.is_repeated and text.startswith("@"):
        # A document or image: its bytes are the one thing that a file can be.
        content = next((f for f in options.message_of(field).fields if f.type == FieldDescriptor.TYPE_BYTES), None)
        if content is None:
            raise errors.InvalidArgument(f"--{field.name.replace('_', '-')} takes JSON, not a file.")
        setattr(getattr(request, field.name), content.name, files.read_bytes(named(text)))
        return
    value: Any
    if field.is_repeated or field.type == FieldDescriptor.TYPE_MESSAGE:
        try:
            value = with_files(json.loads(text), field)
        except json.JSONDecodeError as error:
            raise errors.InvalidArgument(f"--{field.name.replace('_', '-')} is not JSON: {error}") from None
    elif field.type == FieldDescriptor.TYPE_BYTES:
        value = base64.b64encode(files.read_bytes(named(text))).decode()
    elif field.type == FieldDescriptor.TYPE_STRING:
        value = files.read_text(named(text)) if text.startswith("@") else text
    else:
        value = {"true": True, "false": False}.get(text, text)
    try:
        json_format.ParseDict({field.json_name: value}, request)
    except json_format.ParseError as error:
        raise errors.InvalidArgument(f"--{field.name.replace('_', '-')}: {error}") from None


def with_files(value: Any, field: FieldDescriptor) -> Any:
    """JSON with "@FILE" in blobs replaced by the files' content in base64."""
    if isinstance(value, list):
        return [with_files(item, field) for item in value]
    if isinstance(value, dict) and field.message_type is not None:
        members = {member.json_name: member for member in field.message_type.fields}
        return {name: with_files(item, members[name]) if name in members else item for name, item in value.items()}
    if field.type == FieldDescriptor.TYPE_BYTES and isinstance(value, str) and value.startswith("@"):
        return base64.b64encode(files.read_bytes(named(value))).decode()
    return value


def named(text: str) -> Path:
    """The file that "@FILE" names."""
    return Path(text.removeprefix("@"))
