"""What is read of a collection's changes, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from services.vision.collections import changes
from services.vision.collections.changes import ChangeLog
from services.vision.collections.store import FaceCollections
from shared import errors
from shared.storage.database import Database
from tests.unit.services.vision.collections.people import ACCOUNT, MODEL, NAME, new_faces, people


@pytest.fixture
def log(database: Database) -> ChangeLog:
    return ChangeLog(database)


async def test_a_state_says_where_a_collection_stands(log: ChangeLog, collections: FaceCollections) -> None:
    with pytest.raises(errors.NotFound):
        await log.state(ACCOUNT, NAME)
    await collections.create_collection(ACCOUNT, NAME)
    assert await log.state(ACCOUNT, NAME) is None
    added = await collections.add(ACCOUNT, NAME, new_faces(people(3)))
    await collections.delete(ACCOUNT, NAME, [added[1].face_id])
    state = await log.state(ACCOUNT, NAME)
    assert state is not None
    assert (state.model, state.face_count, state.last_change, state.purged_change) == (MODEL, 2, 4, 0)
    assert await log.generations() == {state.generation}
    assert await log.newest(state, 2) == (1, added[0].face_id)
    assert await log.had(state, 1, added[0].face_id) and not await log.had(state, 1, added[2].face_id)
    assert await log.had(state, 2, added[1].face_id), "it had, until it was removed"


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 1000])
async def test_every_change_is_read_once_however_long_a_batch_is(
    log: ChangeLog, collections: FaceCollections, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    first = await collections.add(ACCOUNT, NAME, new_faces(people(6)))  # 1 to 6
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in first[:5]])  # 7 to 11
    await collections.add(ACCOUNT, NAME, new_faces(people(4, seed=1)))  # 12 to 15
    await collections.delete(ACCOUNT, NAME, [first[5].face_id])  # 16
    state = await log.state(ACCOUNT, NAME)
    assert state is not None
    monkeypatch.setattr(changes, "BATCH", batch)
    position, added, removed = 0, [], []
    while position < state.last_change:
        read = await log.after(state, position, position)
        assert read.complete and position < read.upto <= state.last_change
        assert all(position < number <= read.upto for number in read.numbers)
        assert len(read.vectors) == len(read.numbers) <= batch and len(read.removed) <= batch
        added += read.numbers.tolist()
        removed += read.removed.tolist()
        position = read.upto
    assert added == [12, 13, 14, 15], "those that are gone are not read at all"
    assert removed == [1, 2, 3, 4, 5, 6]


async def test_a_sample_has_no_face_twice(log: ChangeLog, collections: FaceCollections) -> None:
    await collections.create_collection(ACCOUNT, NAME)
    added = await collections.add(ACCOUNT, NAME, new_faces(people(200)))
    await collections.delete(ACCOUNT, NAME, [face.face_id for face in added[::2]])
    state = await log.state(ACCOUNT, NAME)
    assert state is not None
    for size, least, most in ((20, 5, 50), (100, 100, 100), (5000, 100, 100)):
        sample = await log.sample(state, size)
        assert least <= len(sample) <= most
        assert len({vector.tobytes() for vector in sample}) == len(sample)
