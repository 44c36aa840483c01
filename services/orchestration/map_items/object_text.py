"""The text of an S3 object, a piece at a time: unpacked when it is gzip, decoded as UTF-8, within limits."""

from __future__ import annotations

import asyncio
import codecs
import zlib
from collections.abc import AsyncIterable, AsyncIterator

from services.orchestration.language.errors import ITEM_READER_FAILED, StateError
from shared import errors
from shared.storage.objects import ObjectStore

#: Largest text that is read, unpacked; AWS's limit for an ItemReader's object.
MAX_TEXT_BYTES = 10 * 1024**3
#: Largest piece that unpacking gives at once, however well the object is packed.
PIECE_BYTES = 256 * 1024
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31


def reader_failed(cause: str) -> StateError:
    """The items cannot be read."""
    return StateError(ITEM_READER_FAILED, cause)


async def object_bytes(objects: ObjectStore, account: str, bucket: str, key: str) -> AsyncIterator[bytes]:
    """The bytes of an object, unpacked when they begin like gzip.

    Raises:
        StateError: States.ItemReaderFailed.
    """
    try:
        reader = await objects.open(account, bucket, key)
    except errors.NonetError as error:
        raise reader_failed(f"The object {key} in bucket {bucket} cannot be read: {error.message}") from error
    left = MAX_TEXT_BYTES
    async for piece in _unpacked(aiter(reader)):
        left -= len(piece)
        if left < 0:
            raise reader_failed(f"The object has more than {MAX_TEXT_BYTES} bytes of text")
        yield piece
        # A hundred kilobytes of gzip unpack to minutes of empty lines: between two pieces it is others' turn.
        await asyncio.sleep(0)


async def object_text(objects: ObjectStore, account: str, bucket: str, key: str) -> AsyncIterator[str]:
    """The text of an object, without a byte order mark.

    Raises:
        StateError: States.ItemReaderFailed, when there is no such object or it is not UTF-8.
    """
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    try:
        async for piece in object_bytes(objects, account, bucket, key):
            if text := decode(piece):
                yield text
        if text := decode(b"", True):
            yield text
    except UnicodeDecodeError:
        raise reader_failed("The object is not UTF-8 text") from None


async def _unpacked(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    head = b""
    unpacker: zlib._Decompress | None = None
    decided = False
    async for piece in pieces:
        if not decided:
            head += piece
            if len(head) < len(_GZIP):
                continue
            decided, piece, head = True, head, b""
            if piece.startswith(_GZIP):
                unpacker = zlib.decompressobj(_GZIP_WINDOW)
        if unpacker is None:
            yield piece
            continue
        while piece:
            if unpacker.eof:  # gzip files may be concatenated
                unpacker = zlib.decompressobj(_GZIP_WINDOW)
            try:
                unpacked = unpacker.decompress(piece, PIECE_BYTES)
            except zlib.error:
                raise reader_failed("The object is a damaged gzip file") from None
            if unpacked:
                yield unpacked
            piece = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if unpacker is not None and not unpacker.eof:
        raise reader_failed("The object is a gzip file that ends too early")
    if head:
        yield head
