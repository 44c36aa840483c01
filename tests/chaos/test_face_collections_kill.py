"""``kill -9`` at random moments while faces are added and removed: no acknowledged face is lost, and no ghost found."""

from __future__ import annotations

import asyncio
import collections as counting
import random
import signal
import sys
from pathlib import Path

import pytest

from services.vision.collections.faces import StoredFace
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared.storage.database import Database
from shared.storage.resources import ResourceStore
from tests.chaos import face_worker
from tests.chaos.face_worker import ACCOUNT, NAME, POLICY

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
KILLS = 5


async def _killed(database_url: str, folder: Path, seed: int, moments: random.Random) -> list[list[str]]:
    """The lines of a worker that is killed at any moment, but not before it has done something."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.face_worker", database_url, str(folder), str(seed),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert worker.stdout is not None
    said = b""
    try:
        for _ in range(moments.randint(8, 80)):
            said += await asyncio.wait_for(worker.stdout.readline(), 60)
        await asyncio.sleep(moments.uniform(0.0, 0.03))
    finally:
        worker.send_signal(signal.SIGKILL)
    lines = (said + await worker.stdout.read()).decode().splitlines(keepends=True)
    assert await worker.wait() == -signal.SIGKILL
    return [line.split() for line in lines if line.endswith("\n")]


async def _everything(collections: FaceCollections) -> dict[str, StoredFace]:
    found: dict[str, StoredFace] = {}
    token: str | None = None
    while True:
        page = await collections.list(ACCOUNT, NAME, next_token=token)
        found.update((face.face_id, face) for face in page.faces)
        if (token := page.next_token) is None:
            return found


async def test_killed_writers_lose_no_face_and_leave_no_ghost(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "face-indexes"
    follower = FaceSearch(database, tmp_path / "other-indexes", POLICY)
    collections = FaceCollections(database, ResourceStore(database), follower.discard)
    await collections.create_collection(ACCOUNT, NAME)
    moments = random.Random(7)
    vectors: dict[str, tuple[int, int]] = {}
    doubtful: set[str] = set()
    removed: set[str] = set()

    for kill in range(1, KILLS + 1):
        lines = await _killed(database_url, folder, kill * 1_000_000, moments)
        before = len(vectors)
        for verb, *words in lines:
            if verb == "added":
                _image, seed, *ids = words
                vectors.update((face_id, (int(seed), place)) for place, face_id in enumerate(ids))
            elif verb == "removing":
                doubtful.add(words[0])
            else:
                removed.add(words[0])
        doubtful -= removed
        there = await _everything(collections)

        acknowledged = vectors.keys() - removed
        assert acknowledged - doubtful <= there.keys(), "an acknowledged face was lost"
        assert not removed & there.keys(), "a removed face came back"
        # The index that the killed process wrote, as the next one finds it; and one that never was away.
        restarted = FaceSearch(database, folder, POLICY)
        for search in (restarted, follower):
            for face_id, (seed, place) in list(vectors.items())[before if kill < KILLS else 0 :]:
                found = await search.search(ACCOUNT, NAME, face_worker.vector(seed, place), 1, 0.001)
                assert [face.face_id for face, _ in found] == ([face_id] if face_id in there else [])
            for seed in range(40):
                found = await search.search(ACCOUNT, NAME, face_worker.vector(seed, 0), 5, 4.0)
                assert {face.face_id for face, _ in found} <= there.keys(), "a ghost"
        await restarted.close()
    await follower.close()
    assert removed and len(vectors) > 5 * KILLS
    # All faces of an image or none, also of those that were not acknowledged; only an image's first is ever removed.
    places = counting.defaultdict(set)
    for face in there.values():
        places[face.image_id].add(int(face.external_image_id or 0))
    for image, present in places.items():
        count = int(image.split()[1])
        assert present in (set(range(count)), set(range(1, count)))
