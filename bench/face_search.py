"""Face search in a large collection: time and recall, restart, removals.

    python -m bench.face_search [--faces 1000000]

The faces are made up, for their number; how alike they are is taken from what face models of 128 dimensions do: people
lie about 1.0 apart and the pictures of one person about 0.4. A query is a picture of an enrolled person that is not in
the collection itself; a stranger is a person of whom there is none. Recall is the share of queries whose nearest face
of all (by comparison with each) comes first.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from services.vision.collections.faces import NewFace, Vector, Vectors
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared.media.boxes import Box
from shared.storage.database import Database
from shared.storage.resources import ResourceStore

FACES = 1_000_000
PICTURES_A_PERSON = 5
DIMENSIONS = 128
QUERIES = 500
ACCOUNT, COLLECTION, MODEL = "000000000000", "everybody", "made-up"
#: Root of half the squared distance between two pictures of a person.
SPREAD = (0.35 / 2**0.5, 0.45 / 2**0.5)
#: Largest distance that a search asks for: beyond it nobody would call two faces one person's.
FAR = 2.0


class People:
    """Centres, and pictures around them. Directions are not alike: those of face models are not."""

    def __init__(self, people: int, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._weights = np.linspace(1.0, 0.3, DIMENSIONS)
        self._centres = self._unit(people) * 0.65

    def pictures(self, who: npt.NDArray[np.int64]) -> Vectors:
        """A picture of each."""
        spread = self._random.uniform(*SPREAD, (len(who), 1))
        noise = self._random.standard_normal((len(who), DIMENSIONS), np.float32)
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        return (self._centres[who] + noise * spread).astype(np.float32)

    def strangers(self, count: int) -> Vectors:
        """A picture each of so many people who are not among these."""
        return (self._unit(count) * 0.75).astype(np.float32)

    def _unit(self, count: int) -> npt.NDArray[np.float64]:
        rows = self._random.standard_normal((count, DIMENSIONS)) * self._weights
        unit: npt.NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


@dataclass(frozen=True, slots=True)
class Searched:
    """What a row of queries came to; times in milliseconds."""

    recall: float
    right: float
    median: float
    slow: float

    def __str__(self) -> str:
        person = "" if self.right < 0 else f", the right person {100 * self.right:.1f} %"
        return f"recall@1 {100 * self.recall:.1f} %{person}; p50 {self.median:.1f} ms, p95 {self.slow:.1f} ms"


class Bench:
    """One collection of so many faces in a database of its own."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count
        self._people = People(max(1, count // PICTURES_A_PERSON))
        self._who = np.arange(count) // PICTURES_A_PERSON
        self._vectors = self._people.pictures(self._who)
        self._there = np.ones(count, bool)
        self._database = Database.open(f"sqlite:///{folder / 'nonet.db'}")
        self._search = FaceSearch(self._database, folder / "face-indexes")
        self._collections = FaceCollections(self._database, ResourceStore(self._database), self._search.discard)

    async def run(self) -> list[str]:
        """All measurements, as lines of the page."""
        lines = [f"{self._count:,} made-up faces of {self._count // PICTURES_A_PERSON:,} people in SQLite.", ""]
        rows = [("adding them, 1,000 a transaction", f"{await self._timed(self._fill()):.0f} s")]
        before = resident()
        rows.append(("first answer, index built on the way", f"{await self._timed(self._ask()):.1f} s"))
        rows.append(("index", f"{self._search.memory_bytes / 1e6:.0f} MB; the process {resident() - before:+.0f} MB"))
        who = np.random.default_rng(1).choice(self._who, QUERIES)
        views, strangers = self._people.pictures(who), self._people.strangers(QUERIES)
        rows.append(("new pictures of enrolled people", str(await self._searched(views, who))))
        rows.append(("strangers, the nearest of all", str(await self._searched(strangers, None))))
        rows.append(("eight at once", f"{await self._together(views):.0f} searches/s"))
        rows.append(("adding a face and finding it", await self._found_at_once()))
        await self._exchange_tenth()
        rows.append(("a tenth removed, a tenth added", str(await self._searched(views, who))))
        await self._search.settled()
        rows.append(("writing the index to disk", f"{await self._timed(self._search.save()):.1f} s"))
        await self._search.close()
        self._database.close()
        rows.append(("new process to its first answer", f"{restarted(self._folder):.1f} s"))
        return [*lines, "| what | measured |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]

    async def _fill(self) -> None:
        await self._collections.create_collection(ACCOUNT, COLLECTION)
        await self._add(np.arange(self._count))

    async def _add(self, which: npt.NDArray[np.int64]) -> None:
        for begin in range(0, len(which), 1000):
            new = [new_face(int(at), self._vectors[at]) for at in which[begin : begin + 1000]]
            await self._collections.add(ACCOUNT, COLLECTION, new)

    async def _ask(self) -> None:
        await self._search.search(ACCOUNT, COLLECTION, self._vectors[0], 1, FAR)

    async def _searched(self, queries: Vectors, who: npt.NDArray[np.int64] | None) -> Searched:
        nearest = self._nearest(queries)
        await self._ask()
        times, recalled, right = [], 0, 0
        for at, query in enumerate(queries):
            started = time.perf_counter()
            found = await self._search.search(ACCOUNT, COLLECTION, query, 5, FAR)
            times.append(1000 * (time.perf_counter() - started))
            first = int(found[0].face.image_id)
            recalled += first == nearest[at]
            right += who is not None and self._who[first] == who[at]
        share = right / len(queries) if who is not None else -1.0
        return Searched(recalled / len(queries), share, statistics.median(times), float(np.quantile(times, 0.95)))

    def _nearest(self, queries: Vectors) -> npt.NDArray[np.int64]:
        """By comparison with every face that is there."""
        there = np.flatnonzero(self._there)
        exact = faiss.IndexFlatL2(DIMENSIONS)
        for begin in range(0, len(there), 100_000):
            exact.add(self._vectors[there[begin : begin + 100_000]])
        _, found = exact.search(queries, 1)
        nearest: npt.NDArray[np.int64] = there[found[:, 0]]
        return nearest

    async def _together(self, queries: Vectors) -> float:
        async def caller(share: Vectors) -> None:
            for query in share:
                await self._search.search(ACCOUNT, COLLECTION, query, 5, FAR)

        started = time.perf_counter()
        await asyncio.gather(*(caller(queries[first::8]) for first in range(8)))
        return len(queries) / (time.perf_counter() - started)

    async def _found_at_once(self) -> str:
        times = []
        for vector in self._people.strangers(50):
            started = time.perf_counter()
            (added,) = await self._collections.add(ACCOUNT, COLLECTION, [new_face(-1, vector)])
            found = await self._search.search(ACCOUNT, COLLECTION, vector, 1, FAR)
            times.append(1000 * (time.perf_counter() - started))
            assert found[0].face.face_id == added.face_id
            await self._collections.delete(ACCOUNT, COLLECTION, [added.face_id])
        return f"p50 {statistics.median(times):.1f} ms"

    async def _exchange_tenth(self) -> None:
        """Remove faces of people at random, then add other pictures of them."""
        chosen = np.random.default_rng(2).choice(self._count, self._count // 10, replace=False)
        for begin in range(0, len(chosen), 4096):
            ids = [face_id(int(at)) for at in chosen[begin : begin + 4096]]
            assert len(await self._collections.delete(ACCOUNT, COLLECTION, ids)) == len(ids)
        self._vectors[chosen] = self._people.pictures(self._who[chosen])
        await self._add(chosen)

    @staticmethod
    async def _timed(work: object) -> float:
        started = time.perf_counter()
        await work  # type: ignore[misc]
        return time.perf_counter() - started


def face_id(number: int) -> str:
    return f"{number:032x}"


def new_face(number: int, vector: Vector) -> NewFace:
    box = Box(0.25, 0.25, 0.75, 0.75)
    if number < 0:
        return NewFace(str(number), box, 0.99, vector, MODEL)
    return NewFace(str(number), box, 0.99, vector, MODEL, face_id=face_id(number))


def resident() -> float:
    """Main memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def first_answer(folder: Path) -> None:
    """What a new process does before it can answer."""
    database = await asyncio.to_thread(Database.open, f"sqlite:///{folder / 'nonet.db'}")
    search = FaceSearch(database, folder / "face-indexes")
    vector = People(1).strangers(1)[0]
    assert await search.search(ACCOUNT, COLLECTION, vector, 1, FAR)
    await search.close()
    database.close()


def restarted(folder: Path) -> float:
    """Seconds from the start of a process to the end of its first search, and of itself."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench.face_search", "--answer", str(folder)], check=True)
    return time.perf_counter() - started


def report(count: int = FACES) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(Bench(Path(folder), count).run())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=FACES)
    parser.add_argument("--answer", type=Path, help="open a folder that a run left, answer one search, and end")
    chosen = parser.parse_args()
    if chosen.answer:
        asyncio.run(first_answer(chosen.answer))
    else:
        print("\n".join(report(chosen.faces)))


if __name__ == "__main__":
    main()
