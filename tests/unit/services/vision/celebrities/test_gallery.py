"""Who is in the gallery, and whose face a vector is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.vision.celebrities.gallery import ACCOUNT, COLLECTION, CelebrityGallery
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared import errors
from shared.storage.database import Database
from shared.storage.resources import ResourceStore
from tests.unit.services.vision.collections.people import MODEL, new_face, people, pictures


@pytest.fixture
def gallery(collections: FaceCollections, search: FaceSearch, database: Database) -> CelebrityGallery:
    return CelebrityGallery(collections, search, ResourceStore(database))


async def test_an_empty_gallery_knows_nobody(gallery: CelebrityGallery) -> None:
    assert await gallery.list() == []
    assert await gallery.model_id() is None
    assert await gallery.match(people(1)[0], 4.0) is None
    for call in (gallery.get("nobody"), gallery.remove("nobody")):
        with pytest.raises(errors.NotFound):
            await call


async def test_people_are_added_recognized_and_removed(
    gallery: CelebrityGallery, database: Database, tmp_path: Path
) -> None:
    ada, grace, stranger = people(3)
    urls = ["https://example.org/ada", "https://example.org/lovelace"]
    first = await gallery.add("Ada Lovelace", urls, "Female", [new_face(ada), new_face(pictures(ada[None], 0.3)[0])])
    second = await gallery.add("Grace Hopper", [], None, [new_face(grace)])
    assert first.id.isalnum() and first.id.isascii() and first.id != second.id
    assert await gallery.list() == [first, second]
    assert await gallery.get(first.id) == first
    assert (first.urls, first.known_gender, len(first.face_ids)) == (tuple(urls), "Female", 2)
    assert await gallery.model_id() == MODEL

    query = pictures(grace[None], 0.4, seed=9)[0]
    assert await gallery.match(query, 0.6) == (second, pytest.approx(float(np.linalg.norm(grace - query)), rel=1e-5))
    assert await gallery.match(stranger, 0.6) is None

    # A running server, while the command line takes somebody out.
    server_search = FaceSearch(database, tmp_path / "server")
    server = CelebrityGallery(
        FaceCollections(database, ResourceStore(database), server_search.discard),
        server_search,
        ResourceStore(database),
    )
    assert await server.match(ada, 0.6) == (first, 0.0)
    assert await gallery.remove(first.id) == first
    assert await server.match(ada, 0.6) is None
    assert await server.list() == [second]
    await server_search.close()


async def test_nothing_stays_of_somebody_who_could_not_be_added(
    gallery: CelebrityGallery, collections: FaceCollections
) -> None:
    await gallery.add("Ada", [], None, [new_face(people(1)[0])])
    with pytest.raises(errors.FailedPrecondition):
        await gallery.add("Grace", [], None, [new_face(people(1)[0], model="another")])
    with pytest.raises(errors.InvalidArgument):
        await gallery.add("Nobody", [], None, [])
    with pytest.raises(errors.InvalidArgument, match="name"):
        await gallery.add(" ", [], None, [new_face(people(1)[0])])
    with pytest.raises(errors.InvalidArgument, match="Nonbinary"):
        await gallery.add("Ada", [], "female", [new_face(people(1)[0])])
    assert [celebrity.name for celebrity in await gallery.list()] == ["Ada"]
    assert (await collections.describe_collection(ACCOUNT, COLLECTION)).face_count == 1
