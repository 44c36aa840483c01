"""The index of one collection in this process: it follows the database, and is exchanged when the size asks for it.

Two numbers say how far it has come: additions and removals up to them are in it. An index that is built reads all
faces from the beginning, but only removals from then on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from services.vision.collections.changes import ChangeLog, Changes, CollectionState
from services.vision.collections.faces import Numbers, Vector
from services.vision.collections.index import ExactFaces, Gate, NearestFaces, QuantisedFaces, half_the_cores
from services.vision.collections.snapshots import Snapshots, Standing
from shared import errors

_LOG = logging.getLogger(__name__)
Value = TypeVar("Value")

#: Measured: 9 kB for a collection of three faces.
_OVERHEAD_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class IndexPolicy:
    """When indexes are made, kept and written. The defaults suit millions of faces on one machine."""

    #: Main memory for the indexes of all collections, in bytes; the last used one stays, whatever its size.
    memory_bytes: int = 1024**3
    #: Largest collection that is searched exactly, in faces; at least 16.
    exact_faces: int = 30_000
    #: A larger index is trained anew when the collection has grown, or shrunk, by this factor.
    retrain_factor: float = 4.0
    #: It is written to disk after so many changes, or this part of its size if that is more.
    snapshot_changes: int = 10_000
    snapshot_part: float = 0.05


@dataclass(slots=True)
class _Copy:
    """An array, and how far it has followed."""

    array: NearestFaces
    added_upto: int
    removed_upto: int
    gate: Gate = field(default_factory=Gate)


class FaceIndex:
    """See the module. For one event loop; ``searching`` and ``building`` are the threads that it works in."""

    def __init__(
        self,
        state: CollectionState,
        log: ChangeLog,
        snapshots: Snapshots,
        policy: IndexPolicy,
        searching: ThreadPoolExecutor,
        building: ThreadPoolExecutor,
    ) -> None:
        self.generation = state.generation
        self._state = state
        self._log = log
        self._snapshots = snapshots
        self._policy = policy
        self._searching = searching
        self._building = building
        self._copy: _Copy | None = None
        self._turn = asyncio.Lock()
        #: Work that goes on when whoever began it has left.
        self._making: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._saved_position = 0

    @property
    def memory_bytes(self) -> int:
        """What it holds, with what any index takes beside its array."""
        return _OVERHEAD_BYTES + (0 if self._copy is None else self._copy.array.memory_bytes)

    @property
    def busy(self) -> bool:
        """Whether it is being made, remade or written."""
        return any(task is not None and not task.done() for task in (self._making, self._saving))

    @property
    def quantised(self) -> bool:
        return self._copy is not None and isinstance(self._copy.array, QuantisedFaces)

    async def follow(self, state: CollectionState) -> None:
        """Take in all changes up to ``state``. The first call makes the index, or reads it from disk.

        Raises ``Unavailable`` where the database does not answer.
        """
        copy = self._copy
        if copy is not None and copy.added_upto >= state.last_change and copy.removed_upto >= state.last_change:
            return
        if copy is None:
            await self._make(state)
        async with self._turn:
            self._state = max(self._state, state, key=lambda one: one.last_change)
            copy = self._copy
            assert copy is not None
            while not await self._catch_up(copy, state, self._searching):
                # Removals that it did not see have been forgotten.
                self._copy = copy = await self._built(state)
        self._adapt(state)
        self._save_in_time()

    async def nearest(self, vector: Vector, count: int) -> Numbers:
        """Candidates for the nearest ``count`` faces, more than those; after ``follow``. Raises ValueError."""
        copy = self._copy
        assert copy is not None

        def search() -> Numbers:
            with copy.gate.reading():
                return copy.array.nearest(vector, copy.array.candidates(count))

        return await self._in(self._searching, search)

    async def save(self) -> None:
        """Write it to disk, if it is of a kind that is worth it. A disk that is full is logged, no error."""
        copy = self._copy
        if copy is None or not isinstance(copy.array, QuantisedFaces):
            return
        array, state = copy.array, self._state

        def copied() -> tuple[bytes, int]:
            with copy.gate.reading():
                return array.to_bytes(), min(copy.added_upto, copy.removed_upto)

        data, position = await self._in(self._building, copied)
        newest = await self._log.newest(state, position)
        if newest is None:
            return
        standing = Standing(state.generation, state.model, position, array.trained_for, *newest)
        try:
            await self._in(self._building, lambda: self._snapshots.save(standing, data))
        except OSError as error:
            _LOG.warning("a face index could not be written: %s", error.strerror)
            return
        self._saved_position = position

    async def close(self) -> None:
        """End what goes on; an index that has changed much since it was written is written once more."""
        await self._end()
        if self._copy is not None and self._copy.added_upto - self._saved_position >= self._policy.snapshot_changes:
            await self.save()

    async def discard(self) -> None:
        """End what goes on, and remove what is on disk: the collection is no more."""
        await self._end()
        await self._in(self._building, lambda: self._snapshots.delete(self.generation))

    async def _end(self) -> None:
        if self._making is not None and not self._making.done():
            self._making.cancel()
            await asyncio.wait({self._making})
        if self._saving is not None:
            await asyncio.wait({self._saving})

    async def _make(self, state: CollectionState) -> None:
        """Several callers wait for one; it goes on when they leave."""
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._first(state), name="face-index")
        await asyncio.shield(self._making)

    async def _first(self, state: CollectionState) -> None:
        if self._copy is None:
            self._copy = await self._loaded(state) or await self._built(state)

    async def _loaded(self, state: CollectionState) -> _Copy | None:
        if state.face_count <= self._policy.exact_faces:
            return None
        found = await self._in(self._building, lambda: self._snapshots.load(state.generation))
        if found is None:
            return None
        standing, data = found
        right = standing.model == state.model and state.purged_change <= standing.position <= state.last_change
        if not right or not await self._log.had(state, standing.last_number, standing.last_face_id):
            return None
        try:
            array = await self._in(self._building, lambda: QuantisedFaces.from_bytes(data, standing.trained_for))
        except RuntimeError:  # of another version of faiss
            return None
        self._saved_position = standing.position
        return _Copy(array, standing.position, standing.position)

    async def _built(self, state: CollectionState) -> _Copy:
        """A new array of all faces up to ``state``."""
        copy = _Copy(await self._laid_out(state), 0, state.last_change)
        if not await self._catch_up(copy, state, self._building):
            raise errors.Unavailable("The collection changed too much while its index was made, try again.")
        return copy

    async def _laid_out(self, state: CollectionState) -> NearestFaces:
        if state.face_count > self._policy.exact_faces:
            sample = await self._log.sample(state, QuantisedFaces.sample_size(state.face_count))
            if len(sample) >= 16:
                return await self._in(
                    self._building, lambda: QuantisedFaces.train(sample, state.face_count, half_the_cores())
                )
        return ExactFaces()

    async def _catch_up(self, copy: _Copy, state: CollectionState, threads: ThreadPoolExecutor) -> bool:
        """Whether it could: False when removals it needs have been forgotten."""
        while min(copy.added_upto, copy.removed_upto) < state.last_change:
            changes = await self._log.after(state, copy.added_upto, copy.removed_upto)
            if not changes.complete:
                return False
            await self._in(threads, lambda changes=changes: _apply(copy, changes))  # type: ignore[misc]
        return True

    def _adapt(self, state: CollectionState) -> None:
        """Have another array made in the background if the collection has outgrown this one, or shrunk below it."""
        copy, policy = self._copy, self._policy
        if copy is None or (self._making is not None and not self._making.done()):
            return
        count = len(copy.array)
        if isinstance(copy.array, QuantisedFaces):
            grown = count > copy.array.trained_for * policy.retrain_factor
            if not grown and count * policy.retrain_factor > policy.exact_faces:
                return
        elif count <= policy.exact_faces:
            return
        self._making = asyncio.create_task(self._remake(state), name="face-index")

    async def _remake(self, state: CollectionState) -> None:
        try:
            made = await self._built(state)
            async with self._turn:
                # The one that served has followed on meanwhile.
                if await self._catch_up(made, self._state, self._building):
                    self._copy = made
                    self._saved_position = 0
        except errors.NonetError as error:
            _LOG.warning("a face index could not be made anew: %s", error.message)
            return
        self._save_in_time()

    def _save_in_time(self) -> None:
        copy, policy = self._copy, self._policy
        if copy is None or not self.quantised or (self._saving is not None and not self._saving.done()):
            return
        changed = copy.added_upto - self._saved_position
        if changed >= max(policy.snapshot_changes, policy.snapshot_part * len(copy.array)):
            self._saving = asyncio.create_task(self._save_quietly(), name="face-index-snapshot")

    async def _save_quietly(self) -> None:
        try:
            await self.save()
        except errors.NonetError as error:
            _LOG.warning("a face index could not be written: %s", error.message)

    async def _in(self, threads: ThreadPoolExecutor, function: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(threads, function)


def _apply(copy: _Copy, changes: Changes) -> None:
    with copy.gate.writing():
        if (copy.added_upto, copy.removed_upto) != (changes.added_after, changes.removed_after):
            return  # the thread of a caller who was cancelled has put them in after all
        # A face that was added and removed within the batch is put in and taken out.
        if len(changes.numbers):
            copy.array.add(changes.numbers, changes.vectors)
        copy.array.remove(changes.removed)
        copy.added_upto = max(copy.added_upto, changes.upto)
        copy.removed_upto = max(copy.removed_upto, changes.upto)
