from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.vision.images import MAX_BYTES, MAX_OBJECT_BYTES, Place, read_picture
from shared import errors
from shared.storage.blobs import open_blobs
from shared.storage.database import Database
from shared.storage.objects import ObjectStore

ACCOUNT = "000000000000"


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[ObjectStore]:
    database = Database.open(f"sqlite:///{tmp_path}/nonet.db")
    yield ObjectStore(database, open_blobs((tmp_path / "blobs").as_uri()))
    database.close()


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


GREEN = Image.new("RGB", (120, 90), (0, 200, 0))


async def test_bytes_and_objects_give_the_same_pixels(objects: ObjectStore) -> None:
    data = encoded(GREEN)
    await objects.create_bucket(ACCOUNT, "pictures")
    await objects.put(ACCOUNT, "pictures", "a/green.png", data)
    direct = await read_picture(data, ACCOUNT, objects)
    stored = await read_picture(Place("pictures", "a/green.png"), ACCOUNT, objects)
    assert direct.pixels.shape == (90, 120, 3) and (direct.pixels == stored.pixels).all()


async def test_objects_that_cannot_be_read(objects: ObjectStore) -> None:
    await objects.create_bucket(ACCOUNT, "pictures")
    await objects.put(ACCOUNT, "pictures", "mine.png", encoded(GREEN))
    for account, place in ((ACCOUNT, Place("nowhere", "x")), (ACCOUNT, Place("pictures", "x")), ("111111111111", Place("pictures", "mine.png"))):
        with pytest.raises(errors.InvalidObject):
            await read_picture(place, account, objects)


async def test_sizes(objects: ObjectStore) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1500, 1500, 3), dtype=np.uint8)
    large = encoded(Image.fromarray(noise), compress_level=0)
    assert MAX_BYTES < len(large) < MAX_OBJECT_BYTES
    with pytest.raises(errors.ImageTooLarge):
        await read_picture(large, ACCOUNT, objects)
    await objects.create_bucket(ACCOUNT, "pictures")
    await objects.put(ACCOUNT, "pictures", "large.png", large)
    assert (await read_picture(Place("pictures", "large.png"), ACCOUNT, objects)).pixels.shape == (1500, 1500, 3)
    await objects.put(ACCOUNT, "pictures", "larger.png", large + bytes(MAX_OBJECT_BYTES))
    with pytest.raises(errors.ImageTooLarge):
        await read_picture(Place("pictures", "larger.png"), ACCOUNT, objects)


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (GREEN.resize((79, 200)), errors.InvalidArgument),
        (Image.new("L", (10_001, 100)), errors.ImageTooLarge),
    ],
)
async def test_sides(objects: ObjectStore, image: Image.Image, error: type[errors.NonetError]) -> None:
    with pytest.raises(error):
        await read_picture(encoded(image), ACCOUNT, objects)


async def test_large_pictures_are_reduced(objects: ObjectStore) -> None:
    pixels = (await read_picture(encoded(Image.new("L", (8000, 4000))), ACCOUNT, objects)).pixels
    assert pixels.shape[0] * pixels.shape[1] <= 12_000_000 and pixels.shape[1] == 2 * pixels.shape[0]


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(100), b"not a picture", encoded(GREEN)[:60], encoded(GREEN, "BMP")])
async def test_what_is_no_picture(objects: ObjectStore, data: bytes) -> None:
    with pytest.raises(errors.InvalidImageFormat):
        await read_picture(data, ACCOUNT, objects)
