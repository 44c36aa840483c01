"""The contract's options of a descriptor, read in one place: protobuf's own types for extensions are too weak."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from nonet.api.v1 import annotations_pb2


def _option(descriptor: Any, extension: Any) -> Any:
    return descriptor.GetOptions().Extensions[extension]


def api(service: Any) -> annotations_pb2.Api:
    return _option(service, annotations_pb2.api)  # type: ignore[no-any-return]


def operation(method: Any) -> annotations_pb2.Operation:
    return _option(method, annotations_pb2.operation)  # type: ignore[no-any-return]


def no_side_effects(method: Any) -> bool:
    """Whether an operation changes nothing, so that a call whose answer was lost may be made again."""
    return bool(method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS)


def shape(message: Descriptor) -> annotations_pb2.Shape:
    return _option(message, annotations_pb2.shape)  # type: ignore[no-any-return]


def constraint(field: FieldDescriptor) -> annotations_pb2.Constraint:
    return _option(field, annotations_pb2.constraint)  # type: ignore[no-any-return]


def binding(field: FieldDescriptor) -> annotations_pb2.Binding:
    return _option(field, annotations_pb2.binding)  # type: ignore[no-any-return]


def enumerations(file: Any) -> list[annotations_pb2.Enumeration]:
    return list(_option(file, annotations_pb2.enumeration))


def message_of(field: FieldDescriptor) -> Descriptor:
    """The message type of a field that has one."""
    descriptor = field.message_type
    assert descriptor is not None
    return descriptor


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def map_value(field: FieldDescriptor) -> FieldDescriptor:
    """The value field of a map."""
    return message_of(field).fields_by_name["value"]


def is_timestamp(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp"


def is_wrapper(message: Descriptor) -> bool:
    """Whether a message stands for a list or map inside a list or map."""
    return shape(message).wrapper
