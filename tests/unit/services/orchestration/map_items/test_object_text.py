"""Bytes and text of objects."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language.errors import StateError
from services.orchestration.map_items import object_text as module
from services.orchestration.map_items.object_text import _unpacked, object_bytes, object_text
from shared.storage.objects import ObjectStore
from tests.unit.services.orchestration.map_items.conftest import ACCOUNT, BUCKET
from tests.unit.services.orchestration.map_items.pieces import collect, in_pieces, lengths


async def text_of(objects: ObjectStore, data: bytes) -> str:
    await objects.put(ACCOUNT, BUCKET, "a", data)
    return "".join(await collect(object_text(objects, ACCOUNT, BUCKET, "a")))


@given(st.binary(max_size=300), st.binary(max_size=20), lengths)
def test_gzip_in_pieces(data: bytes, more: bytes, sizes: list[int]) -> None:
    packed = gzip.compress(data) + gzip.compress(more)
    assert b"".join(asyncio.run(collect(_unpacked(in_pieces(packed, sizes))))) == data + more


@given(st.binary(max_size=30).filter(lambda data: not data.startswith(b"\x1f\x8b")), lengths)
def test_other_bytes_stay(data: bytes, sizes: list[int]) -> None:
    assert b"".join(asyncio.run(collect(_unpacked(in_pieces(data, sizes))))) == data


async def test_text(objects: ObjectStore) -> None:
    assert await text_of(objects, "\ufeffgrüezi".encode()) == "grüezi"
    assert await text_of(objects, gzip.compress("\ufeffgrüezi".encode())) == "grüezi"
    assert await text_of(objects, b"") == ""


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfea", "grü".encode()[:-1], gzip.compress(b"abc")[:-4], b"\x1f\x8b\x08nonsense, not packed"],
    ids=["no UTF-8", "half a letter", "half a file", "no gzip"],
)
async def test_what_is_no_text(objects: ObjectStore, data: bytes) -> None:
    with pytest.raises(StateError) as caught:
        await text_of(objects, data)
    assert caught.value.error == "States.ItemReaderFailed"


async def test_an_object_that_is_not_there(objects: ObjectStore) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        await collect(object_text(objects, ACCOUNT, BUCKET, "nothing"))


async def test_a_bomb_is_unpacked_a_piece_at_a_time(objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TEXT_BYTES", 8 * 1024 * 1024)
    await objects.put(ACCOUNT, BUCKET, "bomb", gzip.compress(b"\0" * 64 * 1024 * 1024))
    largest = 0
    with pytest.raises(StateError, match="bytes"):
        async for piece in object_bytes(objects, ACCOUNT, BUCKET, "bomb"):
            largest = max(largest, len(piece))
    assert 0 < largest <= module.PIECE_BYTES


async def test_others_get_their_turn_while_an_object_unpacks(objects: ObjectStore) -> None:
    """Some kilobytes that are minutes of empty text: nobody who waits may have to wait until the end."""
    await objects.put(ACCOUNT, BUCKET, "a", gzip.compress(b"\n" * 20 * module.PIECE_BYTES))
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(another())
    seen = [turns async for _ in object_text(objects, ACCOUNT, BUCKET, "a")]
    waiting.cancel()
    assert len(seen) >= 20
    assert len(set(seen)) == len(seen), "no turn between two pieces"
