"""Records -> the text of one proto file. Comments are short and our own: what a value must be, and when it fails."""

from __future__ import annotations

import json

from botocore import xform_name

from tools.contract.model import ConstraintRecord, FieldRecord, MessageRecord, OperationRecord, ServiceModel
from tools.contract.numbers import MessageNumbers


def quote(text: str) -> str:
    """A proto string literal: JSON's escapes are a subset of proto's, once non-ASCII is spelt out."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\342\\200\\250")


def number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def constraint_text(constraint: ConstraintRecord, nested: bool = False) -> str:
    """The constraint as a proto aggregate value, without the outer braces."""
    parts: list[str] = []
    if constraint.required:
        parts.append("required: true")
    if constraint.min is not None:
        parts.append(f"min: {number(constraint.min)}")
    if constraint.max is not None:
        parts.append(f"max: {number(constraint.max)}")
    if constraint.pattern:
        parts.append(f"pattern: {quote(constraint.pattern)}")
    if constraint.enumeration:
        parts.append(f"enumeration: {quote(constraint.enumeration)}")
    if constraint.max_bytes is not None:
        parts.append(f"max_bytes: {constraint.max_bytes}")
    if constraint.items is not None and not nested_empty(constraint.items):
        parts.append(f"items {{ {constraint_text(constraint.items, True)} }}")
    if constraint.keys is not None and not nested_empty(constraint.keys):
        parts.append(f"keys {{ {constraint_text(constraint.keys, True)} }}")
    if constraint.too_large_error:
        parts.append(f"too_large_error: {quote(constraint.too_large_error)}")
    if constraint.not_allowed_error:
        parts.append(f"not_allowed_error: {quote(constraint.not_allowed_error)}")
    return " ".join(parts)


def nested_empty(constraint: ConstraintRecord) -> bool:
    return not constraint_text(constraint, True)


def binding_text(field: FieldRecord) -> str:
    parts: list[str] = []
    if field.location:
        parts.append(f"location: {field.location}")
    if field.location_name:
        parts.append(f"name: {quote(field.location_name)}")
    if field.timestamp_format:
        parts.append(f"timestamp_format: {quote(field.timestamp_format)}")
    for flag in ("idempotency_token", "omit_when_empty", "always_present", "empty_is_null", "sensitive"):
        if getattr(field, flag):
            parts.append(f"{flag}: true")
    return " ".join(parts)


def field_comment(field: FieldRecord) -> str:
    """What a reader wants to know at a glance: required, bounds, unit of the bounds."""
    words: list[str] = []
    if field.comment:
        words.append(field.comment)
    constraint = field.constraint
    if constraint.required:
        words.append("Required.")
    unit = {"repeated": "items"}.get(field.label, "characters" if field.type == "string" else "")
    if field.type == "bytes":
        unit = "bytes"
    if constraint.min is not None or constraint.max is not None:
        low = "" if constraint.min is None else number(constraint.min)
        high = "" if constraint.max is None else number(constraint.max)
        span = f"{low}..{high}" if low and high else f"at least {low}" if low else f"at most {high}"
        if span.endswith(" 1") and unit:
            unit = unit.removesuffix("s")
        words.append(f"{span} {unit}".strip().capitalize() + ".")
    if constraint.max_bytes is not None:
        words.append(f"At most {constraint.max_bytes} bytes of UTF-8.")
    return " ".join(words)


def field_lines(field: FieldRecord, field_number: int) -> list[str]:
    options = [f"json_name = {quote(field.wire_name)}"]
    constraint = constraint_text(field.constraint)
    if constraint:
        options.append(f"(nonet.api.v1.constraint) = {{ {constraint} }}")
    binding = binding_text(field)
    if binding:
        options.append(f"(nonet.api.v1.binding) = {{ {binding} }}")
    label = f"{field.label} " if field.label else ""
    lines = []
    comment = field_comment(field)
    if comment:
        lines.append(f"  // {comment}")
    lines.append(f"  {label}{field.type} {field.name} = {field_number} [{', '.join(options)}];")
    return lines


def message_lines(message: MessageRecord, numbers: MessageNumbers) -> list[str]:
    lines = [f"message {message.name} {{"]
    if message.union:
        lines.append("  option (nonet.api.v1.shape) = { union: true };")
    if message.wrapper:
        lines.append("  option (nonet.api.v1.shape) = { wrapper: true };")
    if numbers.retired:
        lines.append(f"  reserved {', '.join(str(n) for n in numbers.retired.values())};")
        lines.append(f"  reserved {', '.join(quote(name) for name in numbers.retired)};")
    for field in message.fields:
        lines.extend(field_lines(field, numbers.used[field.name]))
    lines.append("}")
    return lines


def operation_lines(operation: OperationRecord) -> list[str]:
    options: list[str] = [f"method_name: {quote(xform_name(operation.name))}"]
    if (operation.http_method, operation.http_path) != ("POST", "/"):
        options.append(f"http_method: {quote(operation.http_method)}")
        options.append(f"http_path: {quote(operation.http_path)}")
    if operation.http_status != 200:
        options.append(f"http_status: {operation.http_status}")
    options.append(f"priority: {quote(operation.priority)}")
    if operation.host_prefix:
        options.append(f"host_prefix: {quote(operation.host_prefix)}")
    if operation.long_poll:
        options.append("long_poll: true")
    if operation.presigned_get:
        options.append("presigned_get: true")
    request = f"stream {operation.request}" if operation.streams_in else operation.request
    response = f"stream {operation.response}" if operation.streams_out else operation.response
    lines = []
    if operation.comment:
        lines.append(f"  // {operation.comment}")
    lines.append(f"  rpc {operation.name}({request}) returns ({response}) {{")
    if operation.no_side_effects:
        lines.append("    option idempotency_level = NO_SIDE_EFFECTS;")
    lines.append("    option (nonet.api.v1.operation) = {")
    lines.extend(f"      {option}" for option in options)
    lines.extend(f"      errors {{ code: {quote(code)} http_status: {status} }}" for code, status in operation.errors)
    lines.append("    };")
    lines.append("  }")
    return lines


def proto_text(service: ServiceModel, numbers: dict[str, MessageNumbers]) -> str:
    """The whole file. ``numbers`` are those of the file on disk; messages are written in alphabetical order."""
    overlay, metadata = service.overlay, service.metadata
    operations = service.operations  # reading them collects the messages
    lines = [
        "// Made by `python -m tools.contract`; change tools/contract/overlays instead of this file.",
        'syntax = "proto3";',
        "",
        f"package nonet.{overlay.package}.v1;",
        "",
        'import "google/protobuf/timestamp.proto";' if uses_timestamp(service) else "",
        'import "nonet/api/v1/annotations.proto";',
        "",
    ]
    lines = [line for index, line in enumerate(lines) if line or index in (2, 4, 7)]
    for name, values in sorted(service.enumerations.items()):
        lines.append("option (nonet.api.v1.enumeration) = {")
        lines.append(f"  name: {quote(name)}")
        lines.extend(f"  values: {quote(value)}" for value in values)
        lines.append("};")
    lines += ["", f"// {overlay.comment}", f"service {overlay.service} {{", "  option (nonet.api.v1.api) = {"]
    lines.append(f"    client: {quote(overlay.client)}")
    lines.extend(f"    protocols: {quote(protocol)}" for protocol in service.protocols)
    if "jsonVersion" in metadata:
        lines.append(f"    json_version: {quote(metadata['jsonVersion'])}")
    if "targetPrefix" in metadata:
        lines.append(f"    target_prefix: {quote(metadata['targetPrefix'])}")
    lines.append(f"    signing_name: {quote(metadata.get('signingName', metadata['endpointPrefix']))}")
    lines.append("  };")
    for operation in operations:
        lines.append("")
        lines.extend(operation_lines(operation))
    lines.append("}")
    for name, message in sorted(service.messages.items()):
        assigned = numbers.get(name, MessageNumbers()).assign([field.name for field in message.fields])
        lines.append("")
        lines.extend(message_lines(message, assigned))
    return "\n".join(lines) + "\n"


def uses_timestamp(service: ServiceModel) -> bool:
    return any("Timestamp" in field.type for message in service.messages.values() for field in message.fields)
