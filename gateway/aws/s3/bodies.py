"""Request bodies of S3: unwrapped from aws-chunked, counted, and held against every checksum the client sent.

All checks end with the body: a body that fails one raises after its last byte, and the upload that was reading it
leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, MutableMapping
from typing import Protocol

from gateway.aws.s3.callers import ChunkSignatures
from gateway.aws.s3.crc import crc32c, crc64nvme
from shared import errors

CHECKSUM_PREFIX = "x-amz-checksum-"
#: Values of x-amz-content-sha256 that are not a hash.
_UNSIGNED = "UNSIGNED-PAYLOAD"
_CHUNKED_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHUNKED_SIGNED = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
_LONGEST_LINE = 8192
_GATHERED_BYTES = 256 * 1024
_LARGEST_SIGNED_CHUNK = 16 * 1024**2
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")


class Digest(Protocol):
    """What hashlib's objects have in common with our CRCs."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc32:
    """zlib's CRC-32 in hashlib's shape."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


#: By the last part of the x-amz-checksum-* header.
CHECKSUMS: dict[str, Callable[[], Digest]] = {
    "crc32": Crc32,
    "crc32c": crc32c,
    "crc64nvme": crc64nvme,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


async def read_body(
    received: AsyncIterator[bytes],
    headers: Mapping[str, str],
    max_bytes: int,
    chunks: ChunkSignatures | None,
    checksums: MutableMapping[str, str],
) -> AsyncIterator[bytes]:
    """The body's bytes, verified. ``checksums`` gets the x-amz-checksum-* headers and trailers that held.

    Raises InvalidArgument (BadDigest, IncompleteBody, EntityTooLarge, InvalidDigest, MissingContentLength,
    XAmzContentSHA256Mismatch, InvalidRequest), InvalidSignature, Cancelled.
    """
    promised = _length(headers, "content-length")
    declared = headers.get("x-amz-content-sha256", "")
    streaming = declared == _CHUNKED_UNSIGNED or declared in _CHUNKED_SIGNED
    if not streaming and declared not in ("", _UNSIGNED) and not _HEX_SHA256.fullmatch(declared):
        # A word that we do not know would leave the body unchecked, under a signature that looks as if it were not.
        raise errors.InvalidArgument("x-amz-content-sha256 is not known", aws_code="InvalidArgument")
    if promised is None and "transfer-encoding" not in headers:
        raise errors.InvalidArgument("the length of the body is not given", aws_code="MissingContentLength")
    if streaming:
        promised = _length(headers, "x-amz-decoded-content-length")
    if promised is not None and promised > max_bytes:
        raise errors.InvalidArgument(f"a body has at most {max_bytes} bytes", aws_code="EntityTooLarge")
    trailers: dict[str, str] = {}
    signed = chunks if declared in _CHUNKED_SIGNED else None
    body = unwrap_chunks(received, trailers, signed) if streaming else received
    digests = _expected_digests(headers)
    size = 0
    async for chunk in _gathered(body):
        size += len(chunk)
        if size > max_bytes:
            raise errors.InvalidArgument(f"a body has at most {max_bytes} bytes", aws_code="EntityTooLarge")
        if len(chunk) < _GATHERED_BYTES:
            _update(digests.values(), chunk)
        else:
            await asyncio.to_thread(_update, digests.values(), chunk)
        yield chunk
    if promised is not None and size != promised:
        raise errors.InvalidArgument("the body is not as long as was said", aws_code="IncompleteBody")
    for name, digest in digests.items():
        _compare(name, digest, trailers.get(name, headers.get(name)), checksums)


async def unwrap_chunks(
    body: AsyncIterator[bytes], trailers: MutableMapping[str, str], signed: ChunkSignatures | None
) -> AsyncIterator[bytes]:
    """The data in an aws-chunked body; its trailing headers go into ``trailers`` by lower-case name.

    Raises InvalidArgument (IncompleteBody, InvalidRequest) and InvalidSignature.
    """
    source = _Source(body)
    while True:
        head = (await source.line()).decode("ascii", "replace")
        digits, _, extension = head.partition(";")
        if not re.fullmatch(r"[0-9A-Fa-f]{1,16}", digits):
            raise errors.InvalidArgument("the body is not aws-chunked", aws_code="InvalidRequest")
        size = int(digits, 16)
        if signed is not None:
            # A signature covers its whole chunk, so the chunk must be held before any of it counts.
            if size > _LARGEST_SIGNED_CHUNK:
                raise errors.InvalidArgument("a signed chunk is too large", aws_code="InvalidChunkSizeError")
            data = b"".join([piece async for piece in source.data(size)])
            signed.check_chunk(data, extension.strip().removeprefix("chunk-signature="))
            if data:
                yield data
        else:
            async for piece in source.data(size):
                yield piece
        if size == 0:
            break
        if await source.line():
            raise errors.InvalidArgument("a chunk is longer than it says", aws_code="InvalidRequest")
    lines = ""
    async for line in source.rest_of_lines():
        name, _, value = line.decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "x-amz-trailer-signature":
            if signed is not None:
                signed.check_trailer(lines, value)
                signed = None
        elif name:
            lines += f"{name}:{value}\n"
            trailers[name] = value
    if signed is not None and trailers:
        raise errors.InvalidSignature("the trailing headers are not signed")


async def _gathered(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces that are worth a trip to a thread."""
    held = bytearray()
    async for chunk in body:
        held += chunk
        if len(held) >= _GATHERED_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _update(digests: Collection[Digest], chunk: bytes) -> None:
    for digest in digests:
        digest.update(chunk)


class _Source:
    """A byte stream read by lines and by counts, with bounded look-ahead."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._held = b""

    async def line(self) -> bytes:
        """Up to the next CR LF, which is taken as well."""
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _LONGEST_LINE or not await self._more():
                raise errors.InvalidArgument("the body breaks off", aws_code="IncompleteBody")
        line, self._held = self._held[:end], self._held[end + 2 :]
        return line

    async def data(self, size: int) -> AsyncIterator[bytes]:
        """The next ``size`` bytes."""
        while size:
            if not self._held and not await self._more():
                raise errors.InvalidArgument("the body breaks off", aws_code="IncompleteBody")
            piece, self._held = self._held[:size], self._held[size:]
            size -= len(piece)
            yield piece

    async def rest_of_lines(self) -> AsyncIterator[bytes]:
        """The lines up to the end of the body; their number is bounded."""
        while await self._more():
            if len(self._held) > _LONGEST_LINE:
                raise errors.InvalidArgument("the trailing headers are too long", aws_code="InvalidRequest")
        for line in self._held.split(b"\r\n"):
            yield line

    async def _more(self) -> bool:
        chunk = await anext(self._body, None)
        if chunk is None:
            return False
        self._held += chunk
        return True


def _expected_digests(headers: Mapping[str, str]) -> dict[str, Digest]:
    """A digest for each checksum that the client sent or announced as a trailer, by header name."""
    digests: dict[str, Digest] = {}
    announced = [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")]
    for name in {*headers, *announced}:
        algorithm = name.removeprefix(CHECKSUM_PREFIX)
        if name.startswith(CHECKSUM_PREFIX) and algorithm not in ("algorithm", "mode", "type"):
            if algorithm not in CHECKSUMS:
                raise errors.InvalidArgument("that checksum algorithm is not known", aws_code="InvalidRequest")
            digests[name] = CHECKSUMS[algorithm]()
    if "content-md5" in headers:
        digests["content-md5"] = hashlib.md5(usedforsecurity=False)
    if _HEX_SHA256.fullmatch(headers.get("x-amz-content-sha256", "")):
        digests["x-amz-content-sha256"] = hashlib.sha256()
    return digests


def _compare(name: str, digest: Digest, value: str | None, checksums: MutableMapping[str, str]) -> None:
    actual = digest.digest()
    if name == "x-amz-content-sha256":
        if not hmac.compare_digest(actual.hex(), value or ""):
            raise errors.InvalidArgument("the body has another SHA-256", aws_code="XAmzContentSHA256Mismatch")
        return
    if value is None:
        raise errors.InvalidArgument(f"the trailer {name} was announced and is missing", aws_code="InvalidRequest")
    try:
        expected = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.InvalidArgument(f"{name} is not Base64", aws_code="InvalidDigest") from error
    if len(expected) != len(actual):
        raise errors.InvalidArgument(f"{name} has the wrong length", aws_code="InvalidDigest")
    if expected != actual:
        raise errors.InvalidArgument(f"the body does not match its {name}", aws_code="BadDigest")
    if name.startswith(CHECKSUM_PREFIX):
        checksums[name] = value


def _length(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name)
    if value is None:
        return None
    if not value.isdecimal() or len(value) > 16:
        raise errors.InvalidArgument(f"{name} is not a length", aws_code="InvalidArgument")
    return int(value)
