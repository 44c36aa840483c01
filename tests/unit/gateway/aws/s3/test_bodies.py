"""Request bodies: aws-chunked in any slicing, signed chunks, checksums in headers and trailers, broken input."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.aws.s3.bodies import read_body, unwrap_chunks
from gateway.aws.s3.callers import ChunkSignatures
from shared import errors

KEY, STAMP, SCOPE, SEED = b"k" * 32, "20260101T000000Z", "20260101/us-east-1/s3/aws4_request", "ab" * 32


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def sign(previous: str, data: bytes) -> str:
    empty = hashlib.sha256(b"").hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", STAMP, SCOPE, previous, empty, hashlib.sha256(data).hexdigest()])
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def wrapped(chunks: list[bytes], trailer: str = "", *, signed: bool = False) -> bytes:
    body, previous = b"", SEED
    for chunk in [*chunks, b""]:
        extension = ""
        if signed:
            previous = sign(previous, chunk)
            extension = f";chunk-signature={previous}"
        body += f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    if signed and trailer:
        text = "\n".join(
            ["AWS4-HMAC-SHA256-TRAILER", STAMP, SCOPE, previous, hashlib.sha256(f"{trailer}\n".encode()).hexdigest()]
        )
        trailer += "\r\nx-amz-trailer-signature:" + hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()
    return body + (f"{trailer}\r\n" if trailer else "").encode() + b"\r\n"


def signatures() -> ChunkSignatures:
    return ChunkSignatures(KEY, STAMP, SCOPE, SEED)


async def unwrap(body: bytes, size: int, signed: ChunkSignatures | None = None) -> tuple[bytes, dict[str, str]]:
    trailers: dict[str, str] = {}
    data = b"".join([chunk async for chunk in unwrap_chunks(pieces(body, size), trailers, signed)])
    return data, trailers


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=6), st.integers(1, 64), st.booleans(), st.booleans())
async def test_any_slicing_gives_the_same_data(chunks: list[bytes], size: int, signed: bool, trailer: bool) -> None:
    body = wrapped(chunks, "x-amz-checksum-crc32:AAAAAA==" if trailer else "", signed=signed)
    data, trailers = await unwrap(body, size, signatures() if signed else None)
    assert data == b"".join(chunks)
    assert trailers == ({"x-amz-checksum-crc32": "AAAAAA=="} if trailer else {})


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 50))
async def test_nonsense_ends_in_one_of_our_errors(body: bytes, size: int) -> None:
    try:
        await unwrap(body, size)
    except errors.InvalidArgument as error:
        assert error.explicit_aws_code in ("IncompleteBody", "InvalidRequest")


async def test_a_changed_chunk_or_trailer_is_refused() -> None:
    body = wrapped([b"hello", b"world"], "x-amz-checksum-crc32:AAAAAA==", signed=True)
    await unwrap(body, 7, signatures())
    for changed in (body.replace(b"world", b"w0rld"), body.replace(b"AAAAAA", b"BAAAAA"),
                    body.replace(b"x-amz-trailer-signature", b"x-amz-other"), wrapped([b"hello"])):  # fmt: skip
        with pytest.raises(errors.InvalidSignature):
            await unwrap(changed, 7, signatures())


async def test_a_head_line_without_end_is_bounded() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1000
            yield b"0" * 1000

    with pytest.raises(errors.InvalidArgument):
        async for _ in unwrap_chunks(endless(), {}, None):
            pass
    assert taken < 20_000


async def receive(data: bytes, headers: dict[str, str], limit: int = 1000) -> tuple[bytes, dict[str, str]]:
    checksums: dict[str, str] = {}
    body = read_body(pieces(data, 10), {"content-length": str(len(data)), **headers}, limit, None, checksums)
    return b"".join([chunk async for chunk in body]), checksums


def encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


async def test_checksums_in_headers_and_trailers() -> None:
    data = b"some bytes"
    good = encoded(zlib.crc32(data).to_bytes(4, "big"))
    sha = encoded(hashlib.sha256(data).digest())
    assert await receive(data, {"x-amz-checksum-sha256": sha}) == (data, {"x-amz-checksum-sha256": sha})
    streaming = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": str(len(data)),
    }
    body = wrapped([data], f"x-amz-checksum-crc32:{good}")
    assert await receive(body, streaming) == (data, {"x-amz-checksum-crc32": good})
    for wrong, code in [
        (wrapped([data], "x-amz-checksum-crc32:AAAAAA=="), "BadDigest"),
        (wrapped([data], "x-amz-checksum-crc32:AAA"), "InvalidDigest"),
        (wrapped([data], "x-amz-checksum-crc32:AAAA"), "InvalidDigest"),
        (wrapped([data]), "InvalidRequest"),
        (wrapped([data[:-1]], f"x-amz-checksum-crc32:{good}"), "IncompleteBody"),
        (body[:-30], "InvalidRequest"),
        (body[:8], "IncompleteBody"),
    ]:
        with pytest.raises(errors.InvalidArgument) as caught:
            await receive(wrong, streaming)
        assert caught.value.explicit_aws_code == code, wrong


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-amz-content-sha256": "0" * 64}, "XAmzContentSHA256Mismatch"),
        ({"content-md5": encoded(b"0" * 16)}, "BadDigest"),
        ({"content-length": "11"}, "IncompleteBody"),
        ({"content-length": "9999"}, "EntityTooLarge"),
        ({"content-length": "-1"}, "InvalidArgument"),
        ({"x-amz-checksum-md4": "x"}, "InvalidRequest"),
    ],
)
async def test_what_does_not_match_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        await receive(b"some bytes", headers)
    assert caught.value.explicit_aws_code == code


async def test_a_body_longer_than_it_says_is_cut_off() -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        await receive(b"x" * 100, {"content-length": "50"}, limit=60)
    assert caught.value.explicit_aws_code == "EntityTooLarge"
    with pytest.raises(errors.InvalidArgument) as caught:
        async for _ in read_body(pieces(b"x", 1), {}, 10, None, {}):
            pass
    assert caught.value.explicit_aws_code == "MissingContentLength"


async def test_hashes_of_an_unknown_kind_are_refused() -> None:
    """Taken silently, they would leave the body unchecked."""
    for declared in ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "x", "0" * 63):
        with pytest.raises(errors.InvalidArgument):
            await receive(b"some bytes", {"x-amz-content-sha256": declared})
    assert (await receive(b"some bytes", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}))[0] == b"some bytes"
