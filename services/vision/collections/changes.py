"""What an index needs from the database: where a collection stands, and what has changed since a number."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, and_, bindparam, select

from services.vision.collections.faces import (
    FACE_COLUMNS,
    FaceMatch,
    Numbers,
    Vector,
    Vectors,
    from_bytes,
    stored_face,
)
from services.vision.collections.store import COLLECTION, no_collection
from services.vision.collections.tables import face_collections, faces, removed_faces
from shared.storage.database import Database
from shared.storage.resources import resources

#: Changes that are read in one go: 5 MB of vectors of 128 dimensions.
BATCH = 10_000

# Statements are made once: building one costs more than running it.
_STATE = (
    select(resources.c.id, face_collections)
    .select_from(resources.outerjoin(face_collections, face_collections.c.id == resources.c.id))
    .where(resources.c.account == bindparam("account"), resources.c.kind == COLLECTION.name)
    .where(resources.c.parent == "", resources.c.name == bindparam("name"))
)
_ADDED = (
    select(faces.c.number, faces.c.vector)
    .where(faces.c.collection == bindparam("collection"), faces.c.number > bindparam("after"))
    .where(faces.c.number <= bindparam("upto"))
    .order_by(faces.c.number)
    .limit(bindparam("batch"))
)
_REMOVED = (
    select(removed_faces.c.number, removed_faces.c.face)
    .where(removed_faces.c.collection == bindparam("collection"), removed_faces.c.number > bindparam("after"))
    .where(removed_faces.c.number <= bindparam("upto"))
    .order_by(removed_faces.c.number)
    .limit(bindparam("batch"))
)
_PURGED = select(face_collections.c.purged_change).where(face_collections.c.id == bindparam("collection"))
#: Numbers are ours, so they may stand in the statement; as parameters they would cost more than the reading.
_THESE = faces.c.number.in_(bindparam("numbers", expanding=True, literal_execute=True))
_VECTORS = select(faces.c.number, faces.c.face_id, faces.c.vector).where(
    faces.c.collection == bindparam("collection"), _THESE
)
_FACES = select(*FACE_COLUMNS).where(faces.c.collection == bindparam("collection"), _THESE)
_NEWEST = (
    select(faces.c.number, faces.c.face_id)
    .where(faces.c.collection == bindparam("collection"), faces.c.number <= bindparam("upto"))
    .order_by(faces.c.number.desc())
    .limit(1)
)
_HAS_FACE = select(faces.c.number).where(
    faces.c.collection == bindparam("collection"),
    faces.c.number == bindparam("number"),
    faces.c.face_id == bindparam("face_id"),
)
_LOST_FACE = select(removed_faces.c.number).where(
    removed_faces.c.collection == bindparam("collection"), removed_faces.c.face == bindparam("number")
)
_GENERATIONS = select(face_collections.c.generation).join(
    resources, and_(resources.c.id == face_collections.c.id, resources.c.kind == COLLECTION.name)
)


@dataclass(frozen=True, slots=True)
class CollectionState:
    """Where a collection stands: one cheap look.

    Everything up to ``last_change`` is committed; removals up to ``purged_change`` are no longer told.
    """

    id: int
    generation: str
    model: str
    face_count: int
    last_change: int
    purged_change: int


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes after two numbers, up to ``upto``.

    ``numbers`` and ``vectors`` (one row a number) are of faces that were added, ``removed`` may name any.
    ``complete``: no removal that was asked for had been forgotten.
    """

    numbers: Numbers
    vectors: Vectors
    removed: Numbers
    added_after: int
    removed_after: int
    upto: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for: at most ``max_faces``, at most ``max_distance`` away, without the face ``exclude``."""

    vector: Vector
    max_faces: int
    max_distance: float
    exclude: str | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Faces by distance, nearest first. ``complete``: every candidate was still there."""

    matches: Sequence[FaceMatch]
    complete: bool


class ChangeLog:
    """Reads states, changes and faces. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, account: str, name: str) -> CollectionState | None:
        """Where the collection stands; None for one that never had a face. Raises ``NotFound``."""

        def transaction(connection: Connection) -> Row[Any] | None:
            return connection.execute(_STATE, {"account": account, "name": name}).one_or_none()

        row = await self._database.read(transaction)
        if row is None:
            raise no_collection()
        if row.generation is None:
            return None
        return CollectionState(
            row.id, row.generation, row.model, row.face_count, row.last_change, row.purged_change
        )  # fmt: skip

    async def after(self, state: CollectionState, added_after: int, removed_after: int) -> Changes:
        """The next changes up to the state's: additions after one number, removals after another, in one batch."""

        def transaction(connection: Connection) -> Changes:
            return _read_changes(connection, state, added_after, removed_after)

        return await self._database.read(transaction)

    async def sample(self, state: CollectionState, size: int, seed: int = 0) -> Vectors:
        """About ``size`` vectors of the collection, drawn at random without repeats; all when there are no more."""
        numbers = await asyncio.to_thread(_drawn, state, size, seed)
        rows: list[bytes] = []
        for begin in range(0, len(numbers), BATCH):
            values = {"collection": state.id, "numbers": numbers[begin : begin + BATCH]}
            rows += await self._database.read(_vectors, values)
        return await asyncio.to_thread(from_bytes, rows) if rows else np.empty((0, 0), np.float32)

    async def ranked(self, state: CollectionState, numbers: Numbers, wanted: Wanted) -> Ranking:
        """Those of the candidates that are wanted, by the distances of their stored vectors."""

        def transaction(connection: Connection) -> Ranking:
            return _rank(connection, state, numbers, wanted)

        return await self._database.read(transaction)

    async def newest(self, state: CollectionState, upto: int) -> tuple[int, str] | None:
        """Number and id of the newest face among the changes up to ``upto``; None where there is none."""

        def transaction(connection: Connection) -> tuple[int, str] | None:
            row = connection.execute(_NEWEST, {"collection": state.id, "upto": upto}).one_or_none()
            return None if row is None else (row.number, row.face_id)

        return await self._database.read(transaction)

    async def had(self, state: CollectionState, number: int, face_id: str) -> bool:
        """Whether the face of that number has that id, or did until it was removed."""

        def transaction(connection: Connection) -> bool:
            mine = {"collection": state.id, "number": number}
            if connection.execute(_HAS_FACE, {**mine, "face_id": face_id}).first() is not None:
                return True
            return connection.execute(_LOST_FACE, mine).first() is not None

        return await self._database.read(transaction)

    async def generations(self) -> frozenset[str]:
        """The generations of all collections that are there."""
        return await self._database.read(
            lambda connection: frozenset(connection.execute(_GENERATIONS).scalars())
        )  # fmt: skip


def _drawn(state: CollectionState, size: int, seed: int) -> list[int]:
    """Numbers at random, in order. Those of removed faces, and of removals, find nothing; a few more make up for it."""
    draws = min(state.last_change, int(1.1 * size * state.last_change / max(1, state.face_count)) + 1)
    chosen = np.random.default_rng(seed).choice(state.last_change, size=draws, replace=False)
    numbers: list[int] = (np.sort(chosen) + 1).tolist()
    return numbers


def _vectors(connection: Connection, values: Mapping[str, Any]) -> list[bytes]:
    return [bytes(row.vector) for row in connection.execute(_VECTORS, values)]


def _rank(connection: Connection, state: CollectionState, numbers: Numbers, wanted: Wanted) -> Ranking:
    rows = connection.execute(_VECTORS, {"collection": state.id, "numbers": numbers.tolist()}).all()
    if not rows:
        return Ranking([], not len(numbers))
    distances = np.linalg.norm(from_bytes([bytes(row.vector) for row in rows]) - wanted.vector, axis=1)
    found = {
        rows[at].number: float(distances[at])
        for at in np.lexsort(([row.number for row in rows], distances))
        if distances[at] <= wanted.max_distance and rows[at].face_id != wanted.exclude
    }
    chosen = list(found)[: wanted.max_faces]
    whole = {row.number: row for row in connection.execute(_FACES, {"collection": state.id, "numbers": chosen})}
    matches = [
        FaceMatch(stored_face(whole[number]._mapping, state.model), found[number])
        for number in chosen
        if number in whole
    ]
    return Ranking(matches, len(rows) == len(numbers) and len(matches) == len(chosen))


def _read_changes(connection: Connection, state: CollectionState, added_after: int, removed_after: int) -> Changes:
    mine = {"collection": state.id, "upto": state.last_change, "batch": BATCH}
    # Statements of one PostgreSQL transaction may see different states. Additions come first: a face that is removed
    # in between is missing here, or its removal has a later number than the state's; either way nothing stays.
    added = connection.execute(_ADDED, {**mine, "after": added_after}).all()
    removed = connection.execute(_REMOVED, {**mine, "after": removed_after}).all()
    purged = connection.execute(_PURGED, {"collection": state.id}).scalar() or 0
    # Where a batch is full, nothing is known of what comes after it.
    ends = [rows[-1].number for rows in (added, removed) if len(rows) == BATCH]
    upto = min(ends, default=state.last_change)
    added = [row for row in added if row.number <= upto]
    return Changes(
        numbers=np.array([row.number for row in added], dtype=np.int64),
        vectors=from_bytes([bytes(row.vector) for row in added]) if added else np.empty((0, 0), np.float32),
        removed=np.array([row.face for row in removed if row.number <= upto], dtype=np.int64),
        added_after=added_after,
        removed_after=removed_after,
        upto=upto,
        complete=purged <= removed_after,
    )
