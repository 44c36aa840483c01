"""AWS's event stream encoding: messages of typed headers and a payload, each with two checksums.

    | total length, headers length, CRC of these two | headers | payload | CRC of all before |

Integers are big-endian, checksums CRC-32 (the one of zlib). A header is its name (1 byte of length), a type, a value.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from shared import errors

_PRELUDE = struct.Struct(">III")
_CRC_BYTES = 4
_BYTES, _STRING = 6, 7
#: Length of a value by the type of its header; those of bytes and strings have two bytes that say it.
_FIXED_LENGTHS = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


@dataclass(frozen=True, slots=True)
class EventMessage:
    """One message; of its headers those that are strings."""

    headers: Mapping[str, str]
    payload: bytes


def encode_message(message: EventMessage) -> bytes:
    """The message as bytes."""
    headers = b"".join(map(_encode_header, message.headers.items()))
    total = _PRELUDE.size + len(headers) + len(message.payload) + _CRC_BYTES
    lengths = struct.pack(">II", total, len(headers))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + message.payload
    return body + struct.pack(">I", zlib.crc32(body))


def decode_message(data: bytes) -> EventMessage:
    """The one message that ``data`` is.

    Raises:
        MalformedRequest: it is none, more than one, or damaged.
    """
    if len(data) < _PRELUDE.size + _CRC_BYTES:
        raise _damaged("it is too short")
    total, headers_length, lengths_crc = _PRELUDE.unpack_from(data)
    if total != len(data) or _PRELUDE.size + headers_length + _CRC_BYTES > total:
        raise _damaged("its lengths are not those of what came")
    if zlib.crc32(data[:8]) != lengths_crc or zlib.crc32(data[:-_CRC_BYTES]) != struct.unpack(">I", data[-4:])[0]:
        raise _damaged("a checksum is wrong")
    end = _PRELUDE.size + headers_length
    return EventMessage(_decode_headers(data[_PRELUDE.size : end]), data[end:-_CRC_BYTES])


def _encode_header(header: tuple[str, str]) -> bytes:
    name, value = header[0].encode(), header[1].encode()
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", _STRING, len(value)) + value


def _decode_headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    position = 0
    try:
        while position < len(data):
            name, position = _taken(data, position + 1, data[position])
            kind = data[position]
            position += 1
            if kind in (_BYTES, _STRING):
                (length,) = struct.unpack_from(">H", data, position)
                position += 2
            else:
                length = _FIXED_LENGTHS[kind]
            value, position = _taken(data, position, length)
            if kind == _STRING:
                headers[name.decode()] = value.decode()
    except (IndexError, KeyError, struct.error, UnicodeDecodeError):
        raise _damaged("its headers cannot be read") from None
    return headers


def _taken(data: bytes, position: int, length: int) -> tuple[bytes, int]:
    if position + length > len(data):
        raise IndexError(position)
    return data[position : position + length], position + length


def _damaged(why: str) -> errors.MalformedRequest:
    return errors.MalformedRequest(f"What came is no message of an event stream: {why}.")
