"""A body on its way into the blob store: counted, hashed, limited, and gone again unless somebody keeps it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator

from shared import errors
from shared.storage.blobs import BlobStore, blob_name
from shared.storage.database import Database
from shared.storage.object_tables import expect_blob, forget_garbage

#: hashlib lets other threads run from 2 KB on; a trip to a thread is worth its price for big chunks only.
_HASHED_INLINE_BYTES = 64 * 1024


class IncomingBlob:
    """A body being received: its blob, size and MD5 are known once the context is entered."""

    def __init__(
        self, database: Database, blobs: BlobStore, body: bytes | AsyncIterable[bytes], max_bytes: int
    ) -> None:
        self.blob = blob_name()
        self.size = 0
        self._database = database
        self._blobs = blobs
        self._body = _once(body) if isinstance(body, bytes) else body
        self._max_bytes = max_bytes
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._kept = False

    @property
    def etag(self) -> str:
        """MD5 of the bytes, in hexadecimal."""
        return self._md5.hexdigest()

    def keep(self) -> None:
        """The blob has been adopted by a commit."""
        self._kept = True

    async def __aenter__(self) -> IncomingBlob:
        await self._database.run(expect_blob, self._database, self.blob)
        written = False
        try:
            await self._blobs.write(self.blob, self._metered())
            written = True
        finally:
            if not written:
                await self._discard()
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._kept:
            await self._discard()

    async def _discard(self) -> None:
        await self._blobs.delete(self.blob)
        await self._database.run(forget_garbage, [self.blob])

    async def _metered(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self.size += len(chunk)
            if self.size > self._max_bytes:
                raise errors.InvalidArgument(
                    f"an upload has at most {self._max_bytes} bytes", aws_code="EntityTooLarge"
                )
            if len(chunk) > _HASHED_INLINE_BYTES:
                await asyncio.to_thread(self._md5.update, chunk)
            else:
                self._md5.update(chunk)
            yield chunk


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
