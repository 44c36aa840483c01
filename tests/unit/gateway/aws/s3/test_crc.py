"""Our CRCs against their published check values and against the bit-by-bit definition."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.aws.s3.crc import Crc, crc32c, crc64nvme


def by_definition(data: bytes, bits: int, polynomial: int) -> bytes:
    state = mask = (1 << bits) - 1
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (polynomial if state & 1 else 0)
    return (state ^ mask).to_bytes(bits // 8, "big")


@pytest.mark.parametrize(("make", "check"), [(crc32c, "e3069283"), (crc64nvme, "ae8b14860a799888")])
def test_check_values(make, check: str) -> None:  # type: ignore[no-untyped-def]
    crc = make()
    crc.update(b"123456789")
    assert crc.digest().hex() == check


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(max_size=3000), max_size=4), st.integers(0, 5000))
def test_definition(chunks: list[bytes], repeats: int) -> None:
    chunks = [*chunks, b"\xa5\x00z" * repeats]
    for bits, polynomial in ((32, 0x82F63B78), (64, 0x9A6C9329AC4BC9B5)):
        crc = Crc(bits, polynomial)
        for chunk in chunks:
            crc.update(chunk)
        assert crc.digest() == by_definition(b"".join(chunks), bits, polynomial)


def test_blocks_join() -> None:
    """More than one block, against zlib, whose CRC-32 is the same construction with another polynomial."""
    data = bytes(range(256)) * 10_000 + b"tail"
    crc = Crc(32, 0xEDB88320)
    for start in range(0, len(data), 70_000):
        crc.update(data[start : start + 70_000])
    assert crc.digest() == zlib.crc32(data).to_bytes(4, "big")
