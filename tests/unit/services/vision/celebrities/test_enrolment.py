"""Photos to faces, with the real models: one face, no face, several, and files that are no photos."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.vision.celebrities.enrolment import Enrolment, Photo
from services.vision.faces.analysis import FaceAnalyzer
from shared import errors
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from tests.vision_models import SERVICE


@pytest.fixture
async def enrolment(models: ModelStore) -> AsyncIterator[Enrolment]:
    runtime = Runtime(Catalog.load([SERVICE]), models, [Device("cpu", 4 << 30)])
    yield Enrolment(FaceAnalyzer(runtime))
    await runtime.close()


@pytest.fixture
def photos(shared_directory: Path) -> Path:
    return shared_directory / "data" / "vision"


def photo(path: Path) -> Photo:
    return Photo(path.name, path.read_bytes())


async def test_one_face_a_photo(enrolment: Enrolment, photos: Path) -> None:
    people = [photo(photos / "faces_ageitgey" / name) for name in ("obama.jpg", "obama2.jpg", "biden.jpg")]
    first, second, other = await enrolment.faces(people, None)
    assert first.model == second.model == other.model
    assert first.vector.ndim == 1 and first.vector.shape == other.vector.shape
    assert np.linalg.norm(first.vector - second.vector) < np.linalg.norm(first.vector - other.vector)
    for face in (first, second, other):
        assert 0 <= face.box.left < face.box.right <= 1 and 0 <= face.box.top < face.box.bottom <= 1
        assert 0.5 < face.confidence <= 1
    assert len({first.image_id, second.image_id, other.image_id}) == 3
    (again,) = await enrolment.faces(people[:1], first.model)
    assert (again.image_id, again.model) == (first.image_id, first.model)


@pytest.mark.parametrize(
    ("name", "shows"),
    [("faces_ageitgey/two_people.jpg", "2 faces"), ("google_vision/shoes_1.jpg", "no face")],
)
async def test_photos_with_no_or_several_faces_are_refused_by_name(
    enrolment: Enrolment, photos: Path, name: str, shows: str
) -> None:
    good = photo(photos / "faces_ageitgey" / "obama.jpg")
    with pytest.raises(errors.InvalidArgument, match=shows) as caught:
        await enrolment.faces([good, photo(photos / name)], None)
    assert caught.value.message.startswith(Path(name).name)


async def test_files_that_are_no_photos_are_refused_by_name(enrolment: Enrolment) -> None:
    with pytest.raises(errors.InvalidImageFormat, match=r"notes\.txt"):
        await enrolment.faces([Photo("notes.txt", b"not a photo")], None)
    bitmap = io.BytesIO()
    Image.new("RGB", (200, 200)).save(bitmap, "BMP")
    with pytest.raises(errors.InvalidImageFormat, match=r"old\.bmp"):
        await enrolment.faces([Photo("old.bmp", bitmap.getvalue())], None)
