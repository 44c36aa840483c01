"""Both blob stores keep the same promises: whole or not at all, and nothing outside the folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared import errors
from shared.storage.blobs import CHUNK_BYTES, BlobStore, FolderBlobs, RemoteBlobs, blob_name, open_blobs


@pytest.fixture(params=["folder", "remote"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    import obstore.store

    return RemoteBlobs(obstore.store.MemoryStore())


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(blobs: BlobStore, name: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(name, start, length)])


async def test_write_and_read(blobs: BlobStore) -> None:
    data = bytes(range(256)) * 12_000  # three chunks
    name = blob_name()
    assert await blobs.write(name, chunks_of(data[:10], data[10 : 2 * CHUNK_BYTES], data[2 * CHUNK_BYTES :])) == len(
        data
    )
    assert await read(blobs, name) == data
    assert await read(blobs, name, 5, 10) == data[5:15]
    assert await read(blobs, name, CHUNK_BYTES - 3) == data[CHUNK_BYTES - 3 :]
    assert await read(blobs, name, 7, 0) == b""
    assert all([len(chunk) <= 2 * CHUNK_BYTES async for chunk in blobs.read(name)])
    await blobs.write("empty", chunks_of())
    assert await read(blobs, "empty") == b""


async def test_a_failed_write_leaves_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    async def breaks_off() -> AsyncIterator[bytes]:
        yield b"x" * (CHUNK_BYTES + 1)
        raise errors.Cancelled("gone")

    async def hangs() -> AsyncIterator[bytes]:
        yield b"x" * (CHUNK_BYTES + 1)
        await asyncio.sleep(60)

    with pytest.raises(errors.Cancelled):
        await blobs.write("failed", breaks_off())
    task = asyncio.create_task(blobs.write("failed", hangs()))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(errors.NotFound):
        await read(blobs, "failed")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_deleting(blobs: BlobStore) -> None:
    for name in ("results/a/1", "results/a/2", "results/ab/1"):
        await blobs.write(name, chunks_of(b"x"))
    await blobs.delete("results/a/1")
    await blobs.delete("results/a/1")
    with pytest.raises(errors.NotFound):
        await read(blobs, "results/a/1")
    await blobs.delete_below("results/a")
    with pytest.raises(errors.NotFound):
        await read(blobs, "results/a/2")
    assert await read(blobs, "results/ab/1") == b"x"
    await blobs.delete_below("results/never-there")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/../b", "/a", "a/", "a//b", "A", "a.b", "a\0b", "-a", "a\n"])
async def test_names_are_ours_only(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError):
        await blobs.write(name, chunks_of(b"x"))
    with pytest.raises(ValueError):
        await read(blobs, name)


async def test_stores_by_url(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    for url in (str(folder), folder.as_uri()):
        store = open_blobs(url)
        await store.write("a", chunks_of(b"x"))
    assert (folder / "a").read_bytes() == b"x"
    assert isinstance(open_blobs("memory:///"), RemoteBlobs)
