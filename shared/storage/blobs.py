"""Blobs: immutable byte strings under names that we choose ourselves.

Objects and job results are kept as blobs. A blob's name never comes from a caller, so no bucket name or object key can
lead a path astray; a blob is there whole or not at all, and never changes once it is there.

    BlobStore
     +- FolderBlobs     a folder of this machine (the default)
     +- RemoteBlobs     a bucket of any S3-compatible store, through obstore
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl
from urllib.request import url2pathname

from shared import errors

if TYPE_CHECKING:
    import obstore.store

#: Bytes that one read hands on, and that a write gathers before it goes to a thread.
CHUNK_BYTES = 1024 * 1024

_NAME = re.compile(r"[a-z0-9]+(?:[/-][a-z0-9]+)*")


class BlobStore(Protocol):
    """Where blobs live. Names are lower-case words joined by ``/`` or ``-``."""

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        """Keep ``chunks`` under ``name``, durably, and return how many bytes they were.

        When ``chunks`` raises or the caller is cancelled, nothing is left behind.
        """

    def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start``, ``length`` of them (None = all that follow), in chunks of bounded size.

        Raises ``NotFound`` at the first chunk when there is no such blob.
        """

    async def delete(self, name: str) -> None:
        """Forget ``name``; fine when it is not there."""

    async def delete_below(self, folder: str) -> None:
        """Forget every blob whose name begins with ``folder/``."""


def open_blobs(url: str) -> BlobStore:
    """The store at ``url``: a ``file://`` URL or path, or one that obstore knows (``s3://bucket/prefix?endpoint=...``).

    The query has obstore's own settings (endpoint, region, ...); credentials come from the usual AWS_* variables.

    Raises:
        ValueError: obstore does not know the kind of store, or a setting of the query.
    """
    if "://" not in url:
        return FolderBlobs(Path(url))
    if url.startswith("file://"):
        return FolderBlobs(Path(url2pathname(url.removeprefix("file://"))))
    import obstore.exceptions
    import obstore.store

    address, _, query = url.partition("?")
    config: Any = dict(parse_qsl(query))
    client_options: obstore.store.ClientConfig = {"allow_http": config.get("endpoint", "").startswith("http://")}
    try:
        return RemoteBlobs(obstore.store.from_url(address, config=config, client_options=client_options))
    except obstore.exceptions.BaseError as failure:
        raise ValueError(f"NONET_OBJECT_STORE_URL does not name a store: {str(failure).splitlines()[0]}") from failure


def blob_name(*parts: str) -> str:
    """``parts`` joined by ``/``; with none, a new random name, spread over 256 folders."""
    if parts:
        return _checked("/".join(parts))
    random = uuid.uuid4().hex
    return f"{random[:2]}/{random[2:]}"


class FolderBlobs:
    """Blobs as files below ``root``: written to ``root/incoming``, synced, then renamed into place."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        path = self._path(name)
        temporary = self._incoming / uuid.uuid4().hex
        try:
            with await asyncio.to_thread(temporary.open, "xb") as file:
                size = await _gather(chunks, file)
                await asyncio.to_thread(_sync, file)
            await asyncio.to_thread(_publish, temporary, path)
        finally:
            # Renamed away when all went well; otherwise this is what is left of a failed write.
            temporary.unlink(missing_ok=True)
        return size

    async def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._path(name).open, "rb")
        except FileNotFoundError as error:
            raise errors.NotFound("the stored bytes are gone") from error
        with file:
            if start:
                file.seek(start)
            left = length
            while left is None or left > 0:
                chunk = await asyncio.to_thread(file.read, CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
                if not chunk:
                    return
                if left is not None:
                    left -= len(chunk)
                yield chunk

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def delete_below(self, folder: str) -> None:
        await asyncio.to_thread(shutil.rmtree, self._path(folder), ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._root / _checked(name)


class RemoteBlobs:
    """Blobs as objects of an S3-compatible store.

    Incoming bytes wait in a local temporary file first: an upload that the caller breaks off never reaches the
    remote store, where it would stay behind as an invisible, paid-for multipart upload.
    """

    def __init__(self, store: obstore.store.ObjectStore) -> None:
        self._store = store

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        import obstore

        with tempfile.TemporaryFile() as file:
            size = await _gather(chunks, file)
            file.seek(0)
            with _store_failures():
                await obstore.put_async(self._store, _checked(name), file)
        return size

    async def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        import obstore

        if length == 0:
            return
        options: obstore.GetOptions = {}
        if length is not None:
            options["range"] = (start, start + length)
        elif start:
            options["range"] = {"offset": start}
        with _store_failures():
            try:
                result = await obstore.get_async(self._store, _checked(name), options=options)
            except (FileNotFoundError, obstore.exceptions.NotFoundError) as error:
                raise errors.NotFound("the stored bytes are gone") from error
            async for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
                # A store may hand on more at once than was asked for.
                for offset in range(0, len(chunk), CHUNK_BYTES):
                    yield bytes(chunk[offset : offset + CHUNK_BYTES])

    async def delete(self, name: str) -> None:
        import obstore

        # S3 does not mind a name that is not there; other stores do.
        with _store_failures(), contextlib.suppress(FileNotFoundError, obstore.exceptions.NotFoundError):
            await obstore.delete_async(self._store, _checked(name))

    async def delete_below(self, folder: str) -> None:
        import obstore

        with _store_failures():
            async for page in obstore.list(self._store, _checked(folder) + "/"):
                await obstore.delete_async(self._store, [item["path"] for item in page])


@contextlib.contextmanager
def _store_failures() -> Iterator[None]:
    """What keeps a remote store from answering, as ``Unavailable`` that says what to look at."""
    import obstore

    try:
        yield
    except obstore.exceptions.BaseError as failure:
        raise errors.Unavailable(
            f"The object store did not do it ({type(failure).__name__}): is it there, does NONET_OBJECT_STORE_URL name "
            "one of its buckets, and may the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY use it?"
        ) from failure


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a blob name: {name!r}")
    return name


async def _gather(chunks: AsyncIterable[bytes], file: IO[bytes]) -> int:
    """Write ``chunks`` to ``file`` in pieces worth a trip to a thread."""
    size = 0
    pending = bytearray()
    async for chunk in chunks:
        size += len(chunk)
        pending += chunk
        if len(pending) >= CHUNK_BYTES:
            await asyncio.to_thread(file.write, pending)
            pending = bytearray()
    if pending:
        await asyncio.to_thread(file.write, pending)
    return size


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _publish(temporary: Path, path: Path) -> None:
    """Rename and sync the folders, so that the name survives a power loss as the bytes do."""
    made = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.rename(path)
    for folder in (path.parent, path.parent.parent) if made else (path.parent,):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
