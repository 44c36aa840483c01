"""Event stream messages: ours are read by botocore, and nothing that a stranger sends is more than an error."""

from __future__ import annotations

import struct
import zlib

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from gateway.aws.event_stream import EventMessage, decode_message, encode_message
from shared import errors

HEADERS = st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=60), max_size=5)


@given(HEADERS, st.binary(max_size=300))
def test_botocore_reads_what_we_write_and_so_do_we(headers: dict[str, str], payload: bytes) -> None:
    data = encode_message(EventMessage(headers, payload))
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    (read,) = list(buffer)
    assert (read.headers, read.payload) == (headers, payload)
    assert decode_message(data) == EventMessage(headers, payload)


def test_headers_of_other_types_are_passed_over() -> None:
    values = [b"\x00", b"\x01", b"\x02a", b"\x03ab", b"\x04abcd", b"\x05abcdefgh", b"\x06\x00\x02ab", b"\x08abcdefgh"]
    headers = b"".join(b"\x01" + bytes([97 + number]) + value for number, value in enumerate(values))
    headers += b"\x01u\x09" + bytes(16) + b"\x01z\x07\x00\x02ok"
    lengths = struct.pack(">II", 16 + len(headers) + 3, len(headers))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + b"abc"
    data = body + struct.pack(">I", zlib.crc32(body))
    assert decode_message(data) == EventMessage({"z": "ok"}, b"abc")


@given(st.binary(max_size=120))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(errors.MalformedRequest):
        decode_message(data)


@given(st.integers(0, 70), st.integers(1, 255))
def test_a_flipped_byte_is_found(place: int, change: int) -> None:
    data = bytearray(encode_message(EventMessage({":event-type": "AudioEvent", ":message-type": "event"}, b"sound")))
    data[place % len(data)] ^= change
    with pytest.raises(errors.MalformedRequest):
        decode_message(bytes(data))
