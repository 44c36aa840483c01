"""A process that adds and removes faces until it is killed: started, and killed, by test_face_collections_kill.py.

Usage: python -m tests.chaos.face_worker DATABASE_URL INDEX_FOLDER SEED
Prints a line when a call was acknowledged: "added IMAGE SEED FACE_ID ..." or "removed FACE_ID". A face's vector is
``vector(SEED, its place in the image)``.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path

import numpy as np

from services.vision.collections.faces import NewFace, Vector
from services.vision.collections.follower import IndexPolicy
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared.media.boxes import Box
from shared.storage.database import Database
from shared.storage.resources import ResourceStore

ACCOUNT, NAME, MODEL = "000000000000", "staff", "made-up"
DIMENSIONS = 32
MOST_FACES_AN_IMAGE = 4
#: The index is quantised soon, and written to disk all the time, so that kills meet that, too.
POLICY = IndexPolicy(exact_faces=50, snapshot_changes=5, snapshot_part=0.0)


def vector(seed: int, place: int) -> Vector:
    row = np.random.default_rng((seed, place)).standard_normal(DIMENSIONS)
    return (row / np.linalg.norm(row)).astype(np.float32)


def faces_of(seed: int) -> list[NewFace]:
    """One to four faces of one image; the image says how many."""
    count = 1 + seed % MOST_FACES_AN_IMAGE
    image = f"{uuid.uuid4()} {count}"
    box = Box(0.25, 0.25, 0.75, 0.75)
    return [NewFace(image, box, 0.9, vector(seed, place), MODEL, str(place)) for place in range(count)]


def say(*words: object) -> None:
    print(*words, flush=True)


async def work(database_url: str, folder: Path, seed: int) -> None:
    database = Database.open(database_url)
    search = FaceSearch(database, folder, POLICY)
    collections = FaceCollections(database, ResourceStore(database), search.discard)
    while True:
        seed += 1
        added = await collections.add(ACCOUNT, NAME, faces_of(seed))
        say("added", added[0].image_id.split()[0], seed, *(face.face_id for face in added))
        await search.search(ACCOUNT, NAME, vector(seed, 0), 1, 0.1)
        if seed % 3 == 0:
            # Said before as well: a kill between the commit and the line must not look like a loss.
            say("removing", added[0].face_id)
            await collections.delete(ACCOUNT, NAME, [added[0].face_id])
            say("removed", added[0].face_id)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
