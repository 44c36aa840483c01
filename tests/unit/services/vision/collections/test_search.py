"""Search through indexes that follow the database: several replicas, restarts, and files that lie."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, text

from services.vision.collections import follower
from services.vision.collections.changes import ChangeLog, Changes, CollectionState
from services.vision.collections.faces import Vectors
from services.vision.collections.follower import FaceIndex, IndexPolicy
from services.vision.collections.index import QuantisedFaces
from services.vision.collections.search import FaceSearch
from services.vision.collections.snapshots import Snapshots
from services.vision.collections.store import FaceCollections
from shared import errors
from shared.storage.database import Database
from shared.storage.resources import ResourceStore
from tests.unit.services.vision.collections.people import (
    ACCOUNT,
    DIMENSIONS,
    MODEL,
    NAME,
    OTHER_ACCOUNT,
    SMALL,
    new_face,
    new_faces,
    people,
    pictures,
)

pytestmark = pytest.mark.slow

FAR = 4.0


@pytest.fixture
def other_database(database: Database, database_url: str) -> Iterator[Database]:
    """Another replica's connections to the same database."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


def index_of(search: FaceSearch) -> FaceIndex:
    (index,) = search._indexes.values()
    return index


async def names(search: FaceSearch, vector: np.ndarray, count: int = 1, far: float = FAR) -> list[str | None]:
    found = await search.search(ACCOUNT, NAME, vector, count, far)
    return [face.external_image_id for face, _ in found]


async def enrolled(collections: FaceCollections, count: int, first: int = 0) -> Vectors:
    vectors = people(count, seed=first)
    await collections.add(ACCOUNT, NAME, new_faces(vectors, first))
    return vectors


async def saved(search: FaceSearch, tmp_path: Path) -> Path:
    await search.settled()
    await search.save()
    (path,) = (tmp_path / "face-indexes").glob("*.index")
    return path


@pytest.mark.parametrize("count", [1, 60, 400], ids=["one", "exact", "quantised"])
async def test_answers_are_those_of_a_comparison_with_each(
    collections: FaceCollections, search: FaceSearch, count: int
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, count)
    for query in pictures(vectors[:40], 0.5):
        distances = np.linalg.norm(vectors - query, axis=1)
        expected = [str(at) for at in np.argsort(distances)[:3]]
        found = await search.search(ACCOUNT, NAME, query, 3, FAR)
        assert [face.external_image_id for face, _ in found] == expected
        assert [distance for _, distance in found] == pytest.approx(sorted(distances)[:3], rel=1e-5)
        assert all(face.model == MODEL for face, _ in found)
        near = await search.search(ACCOUNT, NAME, query, count, 0.6)
        assert len(near) == int((distances <= 0.6).sum())
    assert isinstance(index_of(search)._copy.array, QuantisedFaces) == (count > SMALL.exact_faces)  # type: ignore[union-attr]


async def test_as_many_are_found_as_are_near(collections: FaceCollections, search: FaceSearch) -> None:
    """More than a search looks for at first, all of one person, in a collection that is quantised."""
    await collections.create_collection(ACCOUNT, NAME)
    (ada,) = people(1, seed=77)
    await enrolled(collections, 300)
    await collections.add(ACCOUNT, NAME, new_faces(pictures(np.tile(ada, (150, 1)), 0.3), 1000))
    for count, expected in ((1, 1), (64, 64), (65, 65), (149, 149), (4096, 150)):
        found = await search.search(ACCOUNT, NAME, ada, count, 0.31)
        assert len(found) == expected
        assert len({face.face_id for face, _ in found}) == expected
        assert all(int(face.external_image_id or 0) >= 1000 for face, _ in found)
    assert len(await search.search(ACCOUNT, NAME, ada, 4096, FAR)) == 450


async def test_a_collection_without_faces_finds_nothing(collections: FaceCollections, search: FaceSearch) -> None:
    with pytest.raises(errors.NotFound):
        await search.search(ACCOUNT, NAME, people(1)[0], 1, FAR)
    await collections.create_collection(ACCOUNT, NAME)
    assert await names(search, people(1)[0]) == []
    (added,) = await collections.add(ACCOUNT, NAME, new_faces(people(1)))
    assert await names(search, people(1)[0]) == ["0"]
    await collections.delete(ACCOUNT, NAME, [added.face_id])
    assert await names(search, people(1)[0]) == []


async def test_a_face_can_be_left_out(collections: FaceCollections, search: FaceSearch) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = people(5)
    added = await collections.add(ACCOUNT, NAME, new_faces(vectors))
    found = await search.search(ACCOUNT, NAME, vectors[2], 4, FAR, exclude=added[2].face_id)
    assert {face.face_id for face, _ in found} == {face.face_id for face in added} - {added[2].face_id}


async def test_vectors_that_cannot_be_compared_are_refused(
    collections: FaceCollections, search: FaceSearch
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 3)
    with pytest.raises(errors.FailedPrecondition, match="another model"):
        await search.search(ACCOUNT, NAME, vectors[0], 1, FAR, model="another")
    assert await search.search(ACCOUNT, NAME, vectors[0], 1, FAR, model=MODEL)
    with pytest.raises(ValueError):
        await search.search(ACCOUNT, NAME, np.zeros(DIMENSIONS + 1, np.float32), 1, FAR)
    with pytest.raises(ValueError):
        await search.search(ACCOUNT, NAME, np.full(DIMENSIONS, np.inf, np.float32), 1, FAR)


@pytest.mark.parametrize("count", [20, 300], ids=["exact", "quantised"])
async def test_an_emptied_collection_may_begin_anew_with_another_model(
    collections: FaceCollections, search: FaceSearch, tmp_path: Path, count: int
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = people(count)
    added = await collections.add(ACCOUNT, NAME, new_faces(vectors))
    assert await names(search, vectors[3]) == ["3"]
    await search.save()
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in added])
    longer = np.hstack([people(200), people(200, seed=1)])
    await collections.add(ACCOUNT, NAME, [new_face(vector, str(at), "another") for at, vector in enumerate(longer)])
    assert await names(search, longer[5]) == ["5"]
    assert (await search.search(ACCOUNT, NAME, longer[5], 1, FAR, model="another"))[0].face.model == "another"


async def test_accounts_do_not_find_each_others_faces(collections: FaceCollections, search: FaceSearch) -> None:
    vectors = people(2)
    for account, vector in zip((ACCOUNT, OTHER_ACCOUNT), vectors, strict=True):
        await collections.create_collection(account, NAME)
        await collections.add(account, NAME, [new_face(vector, account)])
    for account in (ACCOUNT, OTHER_ACCOUNT):
        found = await search.search(account, NAME, vectors[0], 5, FAR)
        assert [face.external_image_id for face, _ in found] == [account]


@pytest.mark.parametrize("count", [20, 300], ids=["exact", "quantised"])
async def test_replicas_find_and_forget_each_others_faces_at_once(
    collections: FaceCollections, search: FaceSearch, other_database: Database, tmp_path: Path, count: int
) -> None:
    there = FaceSearch(other_database, tmp_path / "other-indexes", SMALL)
    others = FaceCollections(other_database, ResourceStore(other_database), there.discard)
    await collections.create_collection(ACCOUNT, NAME)
    await enrolled(collections, count)
    for at, vector in enumerate(people(30, seed=5000), 5000):
        writer, reader = ((collections, there), (others, search))[at % 2]
        (added,) = await writer.add(ACCOUNT, NAME, [new_face(vector, str(at))])
        assert await names(reader, vector) == [str(at)]
        assert await names(search if reader is there else there, vector) == [str(at)]
        if at % 3:
            await writer.delete(ACCOUNT, NAME, [added.face_id])
            assert await names(reader, vector, far=0.01) == []
    await there.close()


async def test_a_collection_made_again_has_none_of_the_old_ones_faces(
    collections: FaceCollections, search: FaceSearch, other_database: Database, tmp_path: Path
) -> None:
    """Also where another replica deletes it, and this one's file stays for a while."""
    there = FaceSearch(other_database, tmp_path / "other-indexes", SMALL)
    others = FaceCollections(other_database, ResourceStore(other_database), there.discard)
    await collections.create_collection(ACCOUNT, NAME)
    old = await enrolled(collections, 300)
    await names(search, old[0])
    path = await saved(search, tmp_path)
    await others.delete_collection(ACCOUNT, NAME)
    await others.create_collection(ACCOUNT, NAME)
    new = await enrolled(collections, 200, first=1000)
    assert await names(search, new[0]) == ["1000"]
    assert await names(search, old[0], far=0.01) == []
    assert path.exists()
    await search.sweep(older_than_s=-60)
    assert not path.exists() and len(search._indexes) == 1
    await there.close()


async def test_deleting_a_collection_removes_its_file(
    collections: FaceCollections, search: FaceSearch, tmp_path: Path
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 300)
    await names(search, vectors[0])
    path = await saved(search, tmp_path)
    await collections.delete_collection(ACCOUNT, NAME)
    assert not path.exists() and search.memory_bytes == 0


async def test_a_restart_reads_the_index_from_disk(
    collections: FaceCollections, search: FaceSearch, database: Database, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 300)
    await names(search, vectors[0])
    await saved(search, tmp_path)
    # Changes that the file does not know.
    more = await enrolled(collections, 40, first=1000)
    page = await collections.list(ACCOUNT, NAME, max_results=10)
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in page.faces])

    def never(*_: object) -> None:
        raise AssertionError("the index on disk is good")

    monkeypatch.setattr(QuantisedFaces, "train", never)
    again = FaceSearch(database, tmp_path / "face-indexes", SMALL)
    assert await names(again, vectors[200]) == ["200"]
    assert await names(again, more[7]) == ["1007"]
    for at in range(10):
        assert await names(again, vectors[at], far=0.01) == []
    await again.close()


async def _trains(database: Database, tmp_path: Path, vector: np.ndarray, expected: str) -> bool:
    """Whether a new process makes the index anew; its answer is right either way."""
    trained = []
    train = QuantisedFaces.train

    def watched(*arguments: object, **more: object) -> QuantisedFaces:
        trained.append(1)
        return train(*arguments, **more)  # type: ignore[arg-type]

    again = FaceSearch(database, tmp_path / "face-indexes", SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuantisedFaces, "train", watched)
        assert await names(again, vector) == [expected]
        await again.settled()
    await again.close()
    return bool(trained)


async def test_files_that_do_not_fit_the_database_are_ignored(
    collections: FaceCollections, search: FaceSearch, database: Database, tmp_path: Path
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 300)
    await names(search, vectors[0])
    path = await saved(search, tmp_path)
    whole = path.read_bytes()
    assert not await _trains(database, tmp_path, vectors[5], "5")

    path.write_bytes(whole[: len(whole) // 2])
    assert await _trains(database, tmp_path, vectors[5], "5")

    def rewritten(**values: object) -> None:
        path.write_bytes(whole)
        snapshots = Snapshots(tmp_path / "face-indexes")
        loaded = snapshots.load(path.stem)
        assert loaded is not None
        standing, index = loaded
        for name, value in values.items():
            object.__setattr__(standing, name, value)
        snapshots.save(standing, index)

    rewritten()
    assert not await _trains(database, tmp_path, vectors[5], "5")
    for values in ({"position": 301}, {"model": "another"}, {"last_face_id": "another"}):
        rewritten(**values)
        assert await _trains(database, tmp_path, vectors[5], "5"), values

    # Bytes that faiss does not read, under a right checksum: those of another version.
    snapshots = Snapshots(tmp_path / "face-indexes")
    loaded = snapshots.load(path.stem)
    assert loaded is not None
    snapshots.save(loaded[0], b"what will come")
    assert await _trains(database, tmp_path, vectors[5], "5")


async def test_an_index_older_than_forgotten_removals_is_made_anew(
    collections: FaceCollections, search: FaceSearch, database: Database, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("services.vision.collections.store.BATCH", 4)
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 300)
    stale = FaceSearch(database, tmp_path / "stale-indexes", SMALL)
    await names(search, vectors[0])
    await names(stale, vectors[0])
    await saved(search, tmp_path)
    page = await collections.list(ACCOUNT, NAME, max_results=10)
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in page.faces])
    forgotten = 0
    while gone := await collections.forget_removed(-60):
        forgotten += gone
    assert forgotten == 10
    assert await _trains(database, tmp_path, vectors[20], "20"), "the file is from before"
    for at in range(10):
        assert await names(stale, vectors[at], far=0.01) == []
    assert len(index_of(stale)._copy.array) == 290, "in memory it was made anew, too"  # type: ignore[union-attr]
    await stale.close()


async def test_a_growing_collection_gets_another_index_while_the_old_one_serves(
    collections: FaceCollections, search: FaceSearch
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 100)
    assert await names(search, vectors[3]) == ["3"]
    assert not index_of(search).quantised
    first = 100
    while not index_of(search).quantised:
        more = await enrolled(collections, 20, first)
        assert await names(search, more[7]) == [str(first + 7)]
        first += 20
        await asyncio.sleep(0)
        assert first < 20_000, "it is never exchanged"
    await search.settled()
    laid_out_for = index_of(search)._copy.array.trained_for  # type: ignore[union-attr]
    await enrolled(collections, 5 * laid_out_for, first=100_000)
    assert await names(search, vectors[3]) == ["3"]
    await search.settled()
    assert index_of(search)._copy.array.trained_for > 4 * laid_out_for  # type: ignore[union-attr]
    # and back
    while (page := await collections.list(ACCOUNT, NAME, max_results=1000)).next_token:
        await collections.delete(ACCOUNT, NAME, [face.face_id for face in page.faces])
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in page.faces[20:]])
    kept = page.faces[0].external_image_id
    _, vector = await collections.get(ACCOUNT, NAME, page.faces[0].face_id)
    assert await names(search, vector) == [kept]
    await search.settled()
    assert not index_of(search).quantised
    assert await names(search, vector) == [kept]


@pytest.mark.parametrize("count", [20, 300], ids=["exact", "quantised"])
async def test_a_caller_who_leaves_does_not_have_faces_put_in_twice(
    collections: FaceCollections, search: FaceSearch, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    await enrolled(collections, count)
    await names(search, people(1)[0])
    apply, begun, hold = follower._apply, threading.Event(), threading.Event()

    def slow(copy: Any, changes: Changes) -> None:
        begun.set()
        assert hold.wait(20)
        apply(copy, changes)

    late = await enrolled(collections, 3, first=1000)
    monkeypatch.setattr(follower, "_apply", slow)
    leaving = asyncio.create_task(names(search, late[0]))
    await asyncio.to_thread(begun.wait, 20)
    leaving.cancel()
    await asyncio.wait({leaving})
    monkeypatch.setattr(follower, "_apply", apply)
    staying = [asyncio.create_task(names(search, vector)) for vector in late]
    await asyncio.sleep(0.05)
    hold.set()
    assert await asyncio.gather(*staying) == [["1000"], ["1001"], ["1002"]]
    assert len(index_of(search)._copy.array) == count + 3  # type: ignore[union-attr]


async def test_a_new_index_has_what_the_old_one_took_in_meanwhile(
    collections: FaceCollections, search: FaceSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    await enrolled(collections, 99)
    await names(search, people(1)[0])
    train, hold = QuantisedFaces.train, threading.Event()

    def slow(*arguments: Any) -> QuantisedFaces:
        assert hold.wait(20)
        return train(*arguments)

    monkeypatch.setattr(QuantisedFaces, "train", slow)
    await enrolled(collections, 30, first=1000)
    await names(search, people(1)[0])
    assert index_of(search).busy, "it is made anew"
    late = await enrolled(collections, 1, first=2000)
    assert await names(search, late[0]) == ["2000"]
    hold.set()
    await search.settled()
    # A search that had followed on the old one, and looks into the new one.
    assert index_of(search).quantised
    assert 130 in (await index_of(search).nearest(late[0], 1)).tolist()


async def test_a_collection_that_was_emptied_while_its_index_was_made(
    collections: FaceCollections, search: FaceSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    added = await collections.add(ACCOUNT, NAME, new_faces(people(3)))
    state = ChangeLog.state

    async def and_then_emptied(self: ChangeLog, account: str, name: str) -> CollectionState | None:
        found = await state(self, account, name)
        monkeypatch.setattr(ChangeLog, "state", state)
        await collections.delete(ACCOUNT, NAME, [face.face_id for face in added])
        return found

    monkeypatch.setattr(ChangeLog, "state", and_then_emptied)
    assert await names(search, people(1)[0]) == []
    later = await enrolled(collections, 2, first=10)
    assert await names(search, later[1]) == ["11"]


async def test_indexes_stay_within_the_budget(collections: FaceCollections, database: Database, tmp_path: Path) -> None:
    one = 50 * (DIMENSIONS * 4 + 12) + 16_384
    search = FaceSearch(database, tmp_path / "face-indexes", IndexPolicy(memory_bytes=2 * one))
    vectors = people(50)
    for name in "abcd":
        await collections.create_collection(ACCOUNT, name)
        await collections.add(ACCOUNT, name, new_faces(vectors))
    for name in "abacd":
        assert await search.search(ACCOUNT, name, vectors[0], 1, FAR)
        assert search.memory_bytes <= 2 * one
    assert len(search._indexes) == 2
    assert await search.search(ACCOUNT, "a", vectors[9], 1, FAR), "one that was let go is made again"
    await collections.delete_collection(ACCOUNT, "a")
    await search.sweep()
    assert search._held == search.memory_bytes == one
    tight = FaceSearch(database, tmp_path / "face-indexes", IndexPolicy(memory_bytes=1))
    for name in "bc":
        assert await tight.search(ACCOUNT, name, vectors[0], 1, FAR)
    assert len(tight._indexes) == 1, "the last used one stays"
    await search.close()
    await tight.close()


async def test_an_index_is_made_once_for_callers_that_come_together(
    collections: FaceCollections, search: FaceSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 300)
    made = []
    train = QuantisedFaces.train

    def counted(sample: Vectors, count: int, threads: int) -> QuantisedFaces:
        made.append(count)
        return train(sample, count, threads)

    monkeypatch.setattr(QuantisedFaces, "train", counted)
    searches = [asyncio.ensure_future(names(search, vectors[at])) for at in range(20)]
    await asyncio.sleep(0.001)
    searches[0].cancel()  # whoever came first leaves
    found = await asyncio.gather(*searches, return_exceptions=True)
    assert found[1:] == [[str(at)] for at in range(1, 20)]
    assert made == [300]


async def test_warming_makes_the_index_before_it_is_asked(collections: FaceCollections, search: FaceSearch) -> None:
    with pytest.raises(errors.NotFound):
        await search.warm(ACCOUNT, NAME)
    await collections.create_collection(ACCOUNT, NAME)
    await search.warm(ACCOUNT, NAME)
    await enrolled(collections, 300)
    await search.warm(ACCOUNT, NAME)
    while search._behind:
        await asyncio.sleep(0.005)
    assert len(index_of(search)._copy.array) == 300  # type: ignore[union-attr]


async def test_faces_removed_during_a_search_are_not_given(
    collections: FaceCollections, search: FaceSearch, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The candidates are chosen, then the nearest go: the answer is of those that are still there, and full."""
    await collections.create_collection(ACCOUNT, NAME)
    vectors = await enrolled(collections, 60)
    await names(search, vectors[0])
    nearest = FaceIndex.nearest
    page = await collections.list(ACCOUNT, NAME)

    async def slow(self: FaceIndex, vector: np.ndarray, count: int) -> np.ndarray:
        found = await nearest(self, vector, count)
        gone = {int(number) for number in found}
        ids = [face.face_id for face in page.faces if face.number in gone][:30]
        monkeypatch.setattr(FaceIndex, "nearest", nearest)
        await collections.delete(ACCOUNT, NAME, ids)
        return found

    monkeypatch.setattr(FaceIndex, "nearest", slow)
    found = await search.search(ACCOUNT, NAME, vectors[0], 20, FAR)
    listed = {face.face_id for face in (await collections.list(ACCOUNT, NAME)).faces}
    assert len(found) == 20 and {face.face_id for face, _ in found} <= listed


async def test_purging_says_how_far(collections: FaceCollections, database: Database) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    added = await collections.add(ACCOUNT, NAME, new_faces(people(3)))
    await collections.delete(ACCOUNT, NAME, [added[0].face_id])
    assert await collections.forget_removed(3600) == 0

    def purged(connection: Connection) -> int:
        return int(connection.execute(text("SELECT purged_change FROM face_collections")).scalar_one())

    assert await database.read(purged) == 0
    assert await collections.forget_removed(-60) == 1
    assert await database.read(purged) == 4
