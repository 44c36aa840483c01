"""Messages <-> plain values (dict, list, str ...) of a wire format. Compiled once a message class, from the contract.

The formats differ only in how they spell blobs and timestamps, so a ``Format`` is those four functions.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import email.utils
import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cbor2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from shared import errors
from shared.contract import options

#: Deepest nesting of structures in a request; the deepest shape of the contract that people use has about 20.
MAX_DEPTH = 100
INT_RANGES = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
}
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

#: message, value, path, depth -> sets the field
Setter = Callable[[Any, Any, str, int], None]
#: value -> plain value
Plain = Callable[[Any], Any]


class Empty(enum.Enum):
    """What an answer shows of a member that has no value."""

    SCALAR = enum.auto()  # nothing, but an empty text or a zero is a value
    HIDDEN = enum.auto()
    SHOWN = enum.auto()
    SHOWN_AT_TOP = enum.auto()  # an empty list, where the member stands at the top of the answer


@dataclass(frozen=True, slots=True)
class Format:
    """How a wire format spells what JSON has no type for."""

    name: str
    blob_in: Callable[[Any, str], bytes]
    blob_out: Callable[[bytes], Any]
    float_out: Callable[[float], Any]


def _bad(path: str, expected: str) -> errors.MalformedRequest:
    return errors.MalformedRequest(f"'{path or 'request'}' must be {expected}.")


def _blob_from_json(value: Any, path: str) -> bytes:
    if not isinstance(value, str):
        raise _bad(path, "base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _bad(path, "base64 text") from None


def _blob_from_cbor(value: Any, path: str) -> bytes:
    if not isinstance(value, bytes):
        raise _bad(path, "a byte string")
    return value


def _float_to_json(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


JSON = Format("json", _blob_from_json, lambda data: base64.b64encode(data).decode("ascii"), _float_to_json)
CBOR = Format("cbor", _blob_from_cbor, lambda data: data, lambda value: value)


class Transcoder:
    """Parses and serialises every message class in one format; plans are made at first use and kept."""

    def __init__(self, wire_format: Format) -> None:
        self._format = wire_format
        self._setters: dict[str, dict[str, Setter]] = {}
        self._getters: dict[str, list[tuple[str, str, Empty, Plain]]] = {}

    # -- plain values -> message

    def parse(self, message: Message, value: Any, path: str = "", depth: int = 0) -> None:
        """Fill ``message`` from a dict; members that the contract does not have are ignored, as AWS does.

        Raises:
            MalformedRequest: a value has the wrong type, or the nesting is too deep.
        """
        if not isinstance(value, dict):
            raise _bad(path, "a structure")
        if depth > MAX_DEPTH:
            raise errors.MalformedRequest(f"The request is nested more than {MAX_DEPTH} levels deep.")
        descriptor: Any = message.DESCRIPTOR
        setters = self._setters.get(descriptor.full_name) or self._compile_setters(descriptor)
        for name, member in value.items():
            setter = setters.get(name)
            if setter is not None and member is not None:
                setter(message, member, f"{path}.{name}" if path else name, depth)

    def set_member(self, message: Message, wire_name: str, value: Any) -> None:
        """Set one member, as ``parse`` would."""
        self.parse(message, {wire_name: value})

    def _compile_setters(self, descriptor: Descriptor) -> dict[str, Setter]:
        setters = {field.json_name: self._setter(field) for field in descriptor.fields}
        self._setters[descriptor.full_name] = setters
        return setters

    def _setter(self, field: FieldDescriptor) -> Setter:
        name = field.name
        if options.is_map(field):
            return self._map_setter(field)
        if field.is_repeated:
            return self._list_setter(field)
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if options.is_timestamp(field):

                def set_timestamp(message: Any, value: Any, path: str, depth: int) -> None:
                    getattr(message, name).CopyFrom(parse_timestamp(value, path))

                return set_timestamp

            def set_message(message: Any, value: Any, path: str, depth: int) -> None:
                child = getattr(message, name)
                child.SetInParent()
                self.parse(child, value, path, depth + 1)

            return set_message
        scalar = self._scalar(field)

        def set_scalar(message: Any, value: Any, path: str, depth: int) -> None:
            setattr(message, name, scalar(value, path))

        return set_scalar

    def _list_setter(self, field: FieldDescriptor) -> Setter:
        name = field.name
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            fill = self._fill(field)

            def set_messages(message: Any, value: Any, path: str, depth: int) -> None:
                if not isinstance(value, list):
                    raise _bad(path, "a list")
                container = getattr(message, name)
                for index, item in enumerate(value):
                    fill(container.add(), item, f"{path}[{index}]", depth)

            return set_messages
        scalar = self._scalar(field)

        def set_scalars(message: Any, value: Any, path: str, depth: int) -> None:
            if not isinstance(value, list):
                raise _bad(path, "a list")
            getattr(message, name).extend([scalar(item, f"{path}[{index}]") for index, item in enumerate(value)])

        return set_scalars

    def _map_setter(self, field: FieldDescriptor) -> Setter:
        name = field.name
        value_field = options.map_value(field)
        fill = self._fill(value_field) if value_field.type == FieldDescriptor.TYPE_MESSAGE else None
        scalar = self._scalar(value_field) if fill is None else None
        takes_null = options.binding(field).empty_is_null

        def set_map(message: Any, value: Any, path: str, depth: int) -> None:
            if not isinstance(value, dict):
                raise _bad(path, "a map")
            container = getattr(message, name)
            for key, item in value.items():
                if not isinstance(key, str):
                    raise _bad(path, "a map with text keys")
                checked = _text(key, path)
                if item is None:
                    if takes_null:
                        container[checked].SetInParent()
                    continue
                if fill is not None:
                    fill(container[checked], item, f"{path}.value", depth)
                elif scalar is not None:
                    container[checked] = scalar(item, f"{path}.value")

        return set_map

    def _fill(self, field: FieldDescriptor) -> Setter:
        """Fills a message that stands in a list or map; a wrapper is invisible on the wire."""
        if options.is_timestamp(field):
            return lambda message, value, path, depth: message.CopyFrom(parse_timestamp(value, path))
        if options.is_wrapper(options.message_of(field)):
            wrapped = options.message_of(field).fields[0]

            def fill_wrapper(message: Any, value: Any, path: str, depth: int) -> None:
                if depth > MAX_DEPTH:
                    raise errors.MalformedRequest(f"The request is nested more than {MAX_DEPTH} levels deep.")
                # Made at call time: a wrapper may hold its own kind.
                self._setter(wrapped)(message, value, path, depth + 1)

            return fill_wrapper
        return lambda message, value, path, depth: self.parse(message, value, path, depth + 1)

    def _scalar(self, field: FieldDescriptor) -> Callable[[Any, str], Any]:
        if field.type == FieldDescriptor.TYPE_STRING:
            return _text
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._format.blob_in
        if field.type == FieldDescriptor.TYPE_BOOL:
            return _boolean
        if field.type in INT_RANGES:
            low, high = INT_RANGES[field.type]
            return lambda value, path: _integer(value, path, low, high)
        return _number

    # -- message -> plain values

    def plain(self, message: Message, top: bool = False) -> dict[str, Any]:
        """The message as a dict. At the top of an answer empty lists are shown, unless the contract omits them."""
        descriptor: Any = message.DESCRIPTOR
        getters = self._getters.get(descriptor.full_name) or self._compile_getters(descriptor)
        result: dict[str, Any] = {}
        for name, wire_name, empty, plain in getters:
            if empty is Empty.SCALAR:
                if message.HasField(name):
                    result[wire_name] = plain(getattr(message, name))
                continue
            values = getattr(message, name)
            if values or empty is Empty.SHOWN or (top and empty is Empty.SHOWN_AT_TOP):
                result[wire_name] = plain(values)
        return result

    def _compile_getters(self, descriptor: Descriptor) -> list[tuple[str, str, Empty, Plain]]:
        getters: list[tuple[str, str, Empty, Plain]] = []
        for field in descriptor.fields:
            getters.append((field.name, field.json_name, _when_empty(field), self._plain_field(field)))
        self._getters[descriptor.full_name] = getters
        return getters

    def _plain_field(self, field: FieldDescriptor) -> Plain:
        if options.is_map(field):
            value = self._plain_value(options.map_value(field))
            if options.binding(field).empty_is_null:
                return lambda entries: {key: value(entries[key]) or None for key in entries}
            return lambda entries: {key: value(entries[key]) for key in entries}
        value = self._plain_value(field)
        if field.is_repeated:
            if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_BOOL):
                return list
            return lambda values: [value(item) for item in values]
        return value

    def _plain_value(self, field: FieldDescriptor) -> Plain:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if options.is_timestamp(field):
                binding = options.binding(field)
                return self._plain_timestamp(binding.timestamp_format)
            if options.is_wrapper(options.message_of(field)):
                wrapped = options.message_of(field).fields[0]
                return lambda message: self._plain_field(wrapped)(getattr(message, wrapped.name))
            return self.plain
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._format.blob_out
        if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
            return self._format.float_out
        return _same

    def _plain_timestamp(self, timestamp_format: str) -> Plain:
        if self._format is CBOR:
            return lambda value: cbor2.CBORTag(1, epoch_seconds(value))
        if timestamp_format:
            return lambda value: format_timestamp(value, timestamp_format)
        return epoch_seconds


def _when_empty(field: FieldDescriptor) -> Empty:
    if not field.is_repeated:
        return Empty.SCALAR
    binding = options.binding(field)
    if binding.always_present:
        return Empty.SHOWN
    return Empty.HIDDEN if binding.omit_when_empty or options.is_map(field) else Empty.SHOWN_AT_TOP


def _same(value: Any) -> Any:
    return value


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _bad(path, "text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:  # a lone surrogate: JSON can spell it, UTF-8 cannot
            raise _bad(path, "valid Unicode text") from None
    return value


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _bad(path, "true or false")
    return value


def _integer(value: Any, path: str, low: int, high: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _bad(path, "a whole number")
    if not low <= value <= high:
        raise _bad(path, f"a whole number from {low} to {high}")
    return value


def _number(value: Any, path: str) -> float:
    if isinstance(value, str) and value in NON_FINITE:
        return NON_FINITE[value]
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _bad(path, "a number")
    try:
        return float(value)
    except OverflowError:
        raise _bad(path, "a number that a double can hold") from None


def parse_timestamp(value: Any, path: str) -> Timestamp:
    """A timestamp from epoch seconds, RFC 3339 or RFC 822 text, or CBOR tag 1.

    Raises:
        MalformedRequest: it is none of these, or outside the years 1 to 9999.
    """
    timestamp = Timestamp()
    try:
        if isinstance(value, datetime.datetime):
            moment = value
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            moment = datetime.datetime.fromtimestamp(value, datetime.UTC)
        elif isinstance(value, str) and value[:1].isdigit():
            moment = datetime.datetime.fromisoformat(value)
        elif isinstance(value, str):
            moment = email.utils.parsedate_to_datetime(value)
        else:
            raise _bad(path, "a timestamp")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        timestamp.FromDatetime(moment)
    except (ValueError, OverflowError, OSError, TypeError):
        raise _bad(path, "a timestamp") from None
    return timestamp


def epoch_seconds(value: Timestamp) -> float:
    """Seconds since 1970 with milliseconds, as the AWS services give them."""
    return value.seconds + round(value.nanos / 1e9, 3)


def format_timestamp(value: Timestamp, timestamp_format: str) -> Any:
    if timestamp_format == "iso8601":
        return value.ToDatetime(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if timestamp_format == "rfc822":
        return email.utils.format_datetime(value.ToDatetime(datetime.UTC), usegmt=True)
    return epoch_seconds(value)
