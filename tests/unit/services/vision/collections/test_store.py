"""Collections and faces on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from services.vision.collections.faces import StoredFace
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import COLLECTION, FaceCollections
from shared import errors
from shared.media.boxes import Box
from shared.storage.database import Database
from shared.storage.resources import ResourceStore
from tests.unit.services.vision.collections.people import (
    ACCOUNT,
    DIMENSIONS,
    MODEL,
    NAME,
    OTHER_ACCOUNT,
    new_face,
    new_faces,
    people,
)


def rows(connection: Connection) -> dict[str, int]:
    tables = ("face_collections", "faces", "removed_faces", "resources", "resource_tags")
    return {name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()) for name in tables}


async def everything(collections: FaceCollections) -> list[StoredFace]:
    found: list[StoredFace] = []
    token: str | None = None
    while True:
        page = await collections.list(ACCOUNT, NAME, max_results=7, next_token=token)
        found += page.faces
        token = page.next_token
        if token is None:
            return found


async def test_a_collection_is_made_described_listed_and_deleted(
    collections: FaceCollections, database: Database
) -> None:
    made = await collections.create_collection(ACCOUNT, NAME, {"team": "doors"})
    assert made.arn == f"arn:aws:rekognition:us-east-1:{ACCOUNT}:collection/{NAME}"
    assert (made.face_count, made.model) == (0, None)
    with pytest.raises(errors.AlreadyExists):
        await collections.create_collection(ACCOUNT, NAME)
    await collections.create_collection(OTHER_ACCOUNT, NAME)
    for name in ("b", "c"):
        await collections.create_collection(ACCOUNT, name)
    await collections.add(ACCOUNT, NAME, new_faces(people(3)))

    described = await collections.describe_collection(ACCOUNT, NAME)
    assert (described.face_count, described.model, described.created_at) == (3, MODEL, made.created_at)
    first = await collections.list_collections(ACCOUNT, max_results=2)
    assert [one.name for one in first.collections] == [NAME, "b"]
    assert [one.face_count for one in first.collections] == [3, 0]
    rest = await collections.list_collections(ACCOUNT, max_results=2, next_token=first.next_token)
    assert [one.name for one in rest.collections] == ["c"] and rest.next_token is None
    assert await ResourceStore(database).list_tags(ACCOUNT, made.arn) == {"team": "doors"}

    await collections.delete_collection(ACCOUNT, NAME)
    for call in (
        collections.describe_collection(ACCOUNT, NAME),
        collections.delete_collection(ACCOUNT, NAME),
        collections.list(ACCOUNT, NAME),
        collections.get(ACCOUNT, NAME, "x"),
        collections.add(ACCOUNT, NAME, new_faces(people(1))),
        collections.delete(ACCOUNT, NAME, ["x"]),
    ):
        with pytest.raises(errors.NotFound) as caught:
            await call
        assert caught.value.aws_code_for(["ResourceNotFoundException"]) == "ResourceNotFoundException"
    assert (await collections.describe_collection(OTHER_ACCOUNT, NAME)).face_count == 0


async def test_nothing_is_left_of_a_deleted_collection(
    collections: FaceCollections, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.vision.collections.store.BATCH", 3)
    await collections.create_collection(ACCOUNT, NAME, {"a": "b"})
    added = await collections.add(ACCOUNT, NAME, new_faces(people(20)))
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in added[:8]])
    await collections.delete_collection(ACCOUNT, NAME)
    assert set((await database.read(rows)).values()) == {0}


async def test_the_rest_of_a_collection_is_found_after_a_crash(
    collections: FaceCollections, database: Database
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    await collections.add(ACCOUNT, NAME, new_faces(people(4)))
    await collections.create_collection(ACCOUNT, "alive")
    await collections.add(ACCOUNT, "alive", new_faces(people(2)))
    await ResourceStore(database).delete(ACCOUNT, COLLECTION, NAME)  # and then the process died
    (abandoned,) = await collections.abandoned()
    await collections.remove_rows(abandoned)
    assert await collections.abandoned() == []
    assert (await database.read(rows))["faces"] == 2


async def test_a_face_comes_back_as_it_went_in(collections: FaceCollections) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vector = people(1)[0]
    (added,) = await collections.add(ACCOUNT, NAME, [new_face(vector, "ada")])
    face, stored = await collections.get(ACCOUNT, NAME, added.face_id)
    assert face == added
    assert face.box == Box(0.1, 0.2, 0.3, 0.5)
    assert (face.image_id, face.external_image_id, face.confidence, face.model) == ("image", "ada", 0.9, MODEL)
    assert np.array_equal(stored, vector) and stored.dtype == np.float32
    with pytest.raises(errors.NotFound) as caught:
        await collections.get(ACCOUNT, NAME, "somebody-else")
    assert caught.value.explicit_aws_code == "InvalidParameterException"


async def test_faces_are_listed_in_order_page_by_page(collections: FaceCollections) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    await collections.create_collection(ACCOUNT, "other")
    added = await collections.add(ACCOUNT, NAME, new_faces(people(20)))
    assert await everything(collections) == list(added)
    first = await collections.list(ACCOUNT, NAME, max_results=7)
    # Removing what has been listed does not shift what comes.
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in first.faces[2:]])
    second = await collections.list(ACCOUNT, NAME, max_results=7, next_token=first.next_token)
    assert second.faces == added[7:14]
    some = [added[9].face_id, "nobody", added[8].face_id, added[9].face_id]
    assert (await collections.list(ACCOUNT, NAME, some)).faces == added[8:10]
    for name, token in (("other", first.next_token), (NAME, "made-up")):
        with pytest.raises(errors.InvalidPaginationToken):
            await collections.list(ACCOUNT, name, next_token=token)
    with pytest.raises(errors.InvalidPaginationToken):
        await collections.list(ACCOUNT, NAME, some, next_token=first.next_token)


async def test_deleting_gives_the_ids_that_were_there(collections: FaceCollections, database: Database) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    assert await collections.delete(ACCOUNT, NAME, ["nobody"]) == []
    added = await collections.add(ACCOUNT, NAME, new_faces(people(5)))
    ids = [face.face_id for face in added]
    assert await collections.delete(ACCOUNT, NAME, [ids[3], "nobody", ids[1], ids[3]]) == [ids[3], ids[1]]
    assert await collections.delete(ACCOUNT, NAME, [ids[3]]) == []
    assert [face.face_id for face in await everything(collections)] == [ids[0], ids[2], ids[4]]
    assert (await collections.describe_collection(ACCOUNT, NAME)).face_count == 3

    def remembered(connection: Connection) -> list[str]:
        return list(connection.execute(text("SELECT * FROM removed_faces")).keys())

    assert await database.read(remembered) == ["collection", "number", "face", "removed_at"], "nothing of the face"


async def test_all_faces_of_a_call_are_added_or_none(collections: FaceCollections) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    new = new_faces(people(4))
    await collections.add(ACCOUNT, NAME, new[:1])
    with pytest.raises(IntegrityError):
        await collections.add(ACCOUNT, NAME, [*new[1:], new[0]])  # an id that is there already, at the end
    assert [face.face_id for face in await everything(collections)] == [new[0].face_id]
    assert (await collections.describe_collection(ACCOUNT, NAME)).face_count == 1
    assert await collections.add(ACCOUNT, NAME, []) == []


async def test_vectors_of_another_model_are_refused(collections: FaceCollections) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    (added,) = await collections.add(ACCOUNT, NAME, [new_face(people(1)[0])])
    other = new_face(people(1)[0], model="another")
    with pytest.raises(errors.FailedPrecondition, match="new collection"):
        await collections.add(ACCOUNT, NAME, [other])
    await collections.delete(ACCOUNT, NAME, [added.face_id])
    await collections.add(ACCOUNT, NAME, [other])  # empty: it may begin anew
    assert (await collections.describe_collection(ACCOUNT, NAME)).model == "another"


@pytest.mark.parametrize(
    "vectors",
    [
        [np.full(DIMENSIONS, np.nan, np.float32)],
        [np.empty(0, np.float32)],
        [np.zeros((2, DIMENSIONS), np.float32)],
        [np.zeros(DIMENSIONS, np.float32), np.zeros(DIMENSIONS + 1, np.float32)],
        [np.zeros(DIMENSIONS + 1, np.float32)],
    ],
)
async def test_vectors_that_cannot_be_compared_are_refused(
    collections: FaceCollections, vectors: list[np.ndarray]
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    await collections.add(ACCOUNT, NAME, [new_face(people(1)[0])])
    with pytest.raises(ValueError):
        await collections.add(ACCOUNT, NAME, [new_face(vector) for vector in vectors])
    assert (await collections.describe_collection(ACCOUNT, NAME)).face_count == 1


async def test_a_full_collection_takes_no_more(
    collections: FaceCollections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.vision.collections.store.MOST_FACES", 5)
    await collections.create_collection(ACCOUNT, NAME)
    await collections.add(ACCOUNT, NAME, new_faces(people(4)))
    with pytest.raises(errors.LimitExceeded) as caught:
        await collections.add(ACCOUNT, NAME, new_faces(people(2)))
    assert caught.value.explicit_aws_code == "ServiceQuotaExceededException"
    await collections.add(ACCOUNT, NAME, new_faces(people(1)))


async def test_whoever_sees_a_change_has_seen_every_earlier_one(
    collections: FaceCollections, database: Database, search: FaceSearch
) -> None:
    """Many writers at once, and readers that follow by number: they never find anything behind where they stand."""
    await collections.create_collection(ACCOUNT, NAME)
    vectors = people(60)
    seen: list[int] = []
    done = asyncio.Event()

    async def write(which: int) -> None:
        for at in range(which, 60, 6):
            added = await collections.add(ACCOUNT, NAME, new_faces(vectors[at : at + 1], at))
            if at % 3 == 0:
                await collections.delete(ACCOUNT, NAME, [added[0].face_id])

    def after(connection: Connection, position: int) -> tuple[list[int], int]:
        last = connection.execute(text("SELECT max(last_change) FROM face_collections")).scalar() or 0
        query = text(
            "SELECT number FROM faces WHERE number > :after AND number <= :upto "
            "UNION SELECT number FROM removed_faces WHERE number > :after AND number <= :upto "
            "UNION SELECT face FROM removed_faces WHERE face > :after AND face <= :upto"
        )
        return list(connection.execute(query, {"after": position, "upto": last}).scalars()), int(last)

    async def follow() -> None:
        position = 0
        while not done.is_set() or position < 80:
            numbers, position = await database.read(after, position)
            seen.extend(numbers)

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(which) for which in range(6)))
    done.set()
    await asyncio.wait_for(following, 30)
    assert sorted(seen) == list(range(1, 81)), "60 additions and 20 removals, each once"


async def test_adding_and_deleting_the_collection_at_once_leaves_nothing(
    collections: FaceCollections, database: Database
) -> None:
    for _ in range(5):
        await collections.create_collection(ACCOUNT, NAME)

        async def add(at: int) -> bool:
            try:
                await collections.add(ACCOUNT, NAME, new_faces(people(2, at)))
            except errors.NotFound:
                return False
            return True

        await asyncio.gather(*(add(at) for at in range(4)), collections.delete_collection(ACCOUNT, NAME))
        for collection in await collections.abandoned():
            await collections.remove_rows(collection)
        assert set((await database.read(rows)).values()) == {0}
