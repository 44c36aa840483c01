"""The nearest faces of a collection.

    search = FaceSearch(database, data_directory / "face-indexes")
    for face, distance in await search.search(account, "staff", vector, max_faces=5, max_distance=0.6): ...

An answer stands on the database alone: the index of this process names candidates, their rows are read, and distances
are those of the stored vectors. Before that the index takes in what has been committed so far, by whichever replica;
one number tells whether there is anything. So a face is found as soon as adding it was acknowledged, and never again
once removing it was.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np

from services.vision.collections.changes import ChangeLog, CollectionState, Wanted
from services.vision.collections.faces import FaceMatch, Vector
from services.vision.collections.follower import FaceIndex, IndexPolicy
from services.vision.collections.index import half_the_cores
from services.vision.collections.snapshots import Snapshots
from shared import errors
from shared.storage.database import Database

_LOG = logging.getLogger(__name__)
#: How often a search begins again because faces that it had found were removed under its hands.
_TRIES = 3
#: Faces that a search looks for at first, however many it may give: mostly fewer are near enough.
_FIRST, _GROWTH = 64, 8
#: Files that nobody's collection has any more go after this time: a younger one may be another process's newest.
_YOUNG_S = 3600.0


class FaceSearch:
    """Searches the collections of all accounts. For one event loop; ``close`` it at the end.

    ``directory``: of the indexes on disk; processes may share it.
    """

    def __init__(self, database: Database, directory: Path, policy: IndexPolicy | None = None) -> None:
        self._log = ChangeLog(database)
        self._snapshots = Snapshots(directory)
        self._policy = policy or IndexPolicy()
        #: Last used last.
        self._indexes: OrderedDict[str, FaceIndex] = OrderedDict()
        #: What each held when it was last used, and all together: counting them all at each search would take long.
        self._sizes: dict[str, int] = {}
        self._held = 0
        self._behind: set[asyncio.Task[None]] = set()
        # One query is one thread's work. Building has a thread of its own, so that searches do not queue behind it.
        self._searching = ThreadPoolExecutor(
            max(2, os.cpu_count() or 1), "face-search", lambda: faiss.omp_set_num_threads(1)
        )
        self._building = ThreadPoolExecutor(1, "face-index", lambda: faiss.omp_set_num_threads(half_the_cores()))

    async def search(
        self,
        account: str,
        collection: str,
        vector: Vector,
        max_faces: int,
        max_distance: float,
        exclude: str | None = None,
        model: str | None = None,
    ) -> Sequence[FaceMatch]:
        """Up to ``max_faces`` faces, at most ``max_distance`` away (Euclidean), nearest first.

        ``exclude``: the id of a face to leave out.

        Raises:
            NotFound: there is no such collection.
            FailedPrecondition: ``model``, which made the vector, is not the one that made the collection's.
            ValueError: the vector has another dimension than the collection's, or is not finite.
        """
        if not np.isfinite(vector).all():
            raise ValueError("a vector is searched for by finite numbers")
        wanted = Wanted(vector, min(max_faces, _FIRST), max_distance, exclude)
        while True:
            matches = await self._nearest(account, collection, wanted, model)
            # Where some of the nearest are too far away, all that are near enough are among them.
            if len(matches) < wanted.max_faces or wanted.max_faces == max_faces:
                return matches
            wanted = replace(wanted, max_faces=min(max_faces, wanted.max_faces * _GROWTH))

    async def _nearest(self, account: str, collection: str, wanted: Wanted, model: str | None) -> Sequence[FaceMatch]:
        for last in (False,) * (_TRIES - 1) + (True,):
            state = await self._log.state(account, collection)
            if state is None or not state.face_count:
                return []
            _check_model(state, model)
            index = await self._followed(state)
            numbers = await index.nearest(wanted.vector, wanted.max_faces + (wanted.exclude is not None))
            ranking = await self._log.ranked(state, numbers, wanted)
            if ranking.complete or last:
                break
        return ranking.matches

    async def warm(self, account: str, collection: str) -> None:
        """Have the index made or brought up to date in the background, so that the next search need not wait.

        Worth a call after faces were added. Raises ``NotFound``.
        """
        state = await self._log.state(account, collection)
        if state is None or not state.face_count:
            return
        task = asyncio.create_task(self._follow_quietly(state), name="face-index-warm")
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)

    async def discard(self, generation: str) -> None:
        """Forget the index of a deleted collection, in memory and on disk."""
        index = self._let_go(generation)
        if index is not None:
            await index.discard()
        else:
            await asyncio.to_thread(self._snapshots.delete, generation)

    async def sweep(self, older_than_s: float = _YOUNG_S) -> None:
        """Forget the indexes of collections that any replica has deleted."""
        alive = await self._log.generations()
        for generation in self._indexes.keys() - alive:
            await self.discard(generation)
        await asyncio.to_thread(self._snapshots.sweep, alive, time.time() - older_than_s)

    async def save(self) -> None:
        """Write every index that is worth it to disk now."""
        for index in list(self._indexes.values()):
            await index.save()

    @property
    def memory_bytes(self) -> int:
        """What the indexes hold."""
        return sum(index.memory_bytes for index in self._indexes.values())

    async def settled(self) -> None:
        """Wait until nothing is being made or written in the background."""
        while any(index.busy for index in self._indexes.values()):
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """End the work in the background. Searches must have ended."""
        behind = set(self._behind)
        for task in behind:
            task.cancel()
        if behind:
            await asyncio.wait(behind)
        for index in self._indexes.values():
            try:
                await index.close()
            except errors.NonetError as error:
                _LOG.warning("a face index could not be written: %s", error.message)
        for generation in list(self._indexes):
            self._let_go(generation)
        self._searching.shutdown(wait=False)
        self._building.shutdown(wait=False)

    async def _followed(self, state: CollectionState) -> FaceIndex:
        """The collection's index, up to ``state``."""
        index = self._indexes.get(state.generation)
        if index is None:
            index = FaceIndex(state, self._log, self._snapshots, self._policy, self._searching, self._building)
            self._indexes[state.generation] = index
        self._indexes.move_to_end(state.generation)
        await index.follow(state)
        self._keep_budget(index)
        return index

    def _keep_budget(self, used: FaceIndex) -> None:
        """Let go of the indexes that were used longest ago; what they had is in the database, and mostly on disk."""
        if used.generation in self._indexes:
            self._sizes[used.generation], before = used.memory_bytes, self._sizes.get(used.generation, 0)
            self._held += self._sizes[used.generation] - before
        if self._held <= self._policy.memory_bytes:
            return
        for generation, index in list(self._indexes.items())[:-1]:
            if self._held <= self._policy.memory_bytes:
                return
            if not index.busy:
                self._let_go(generation)

    def _let_go(self, generation: str) -> FaceIndex | None:
        self._held -= self._sizes.pop(generation, 0)
        return self._indexes.pop(generation, None)

    async def _follow_quietly(self, state: CollectionState) -> None:
        try:
            await self._followed(state)
        except errors.NonetError as error:
            _LOG.warning("a face index could not be brought up to date: %s", error.message)


def _check_model(state: CollectionState, model: str | None) -> None:
    if model is not None and model != state.model:
        raise errors.FailedPrecondition(
            "The collection's faces are vectors of another model, which cannot be compared: prefer that model again "
            "(NONET_MODEL_PREFERENCES), or index the images into a new collection."
        )
