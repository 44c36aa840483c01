"""Face collections in the database.

A collection is a resource; what else belongs to it hangs on the resource's id. Every addition and removal of a face
draws a number under a lock of the collection's row, so whoever sees a number has already seen every smaller one
(two PostgreSQL transactions with plain sequence numbers could become visible the other way round), and an index can
follow by one number.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, text, update

from services.vision.collections.faces import (
    FACE_COLUMNS,
    Collection,
    CollectionPage,
    FacePage,
    NewFace,
    StoredFace,
    Vector,
    from_bytes,
    stored_face,
    to_bytes,
)
from services.vision.collections.tables import face_collections, faces, removed_faces
from shared import errors
from shared.storage.database import Database
from shared.storage.pages import PageTokens
from shared.storage.resources import Resource, ResourceKind, ResourceStore, resources

COLLECTION = ResourceKind("rekognition.collection", service="rekognition", resource="collection/{name}")
#: Rekognition's bound.
MOST_FACES = 20_000_000
#: Rows that one transaction of the upkeep deletes: others get their turn between two.
BATCH = 2_000

_OPEN = text(
    "INSERT INTO face_collections (id, generation, model, face_count, last_change, purged_change) "
    "VALUES (:id, :generation, :model, 0, 0, 0) ON CONFLICT (id) DO NOTHING"
)


class FaceCollections:
    """Creates, fills, lists and deletes the collections of all accounts.

    What a method has returned from is committed; all faces of one ``add`` are there, or none. ``on_deleted`` hears the
    generation of each collection that is deleted here, for whoever keeps something of it: ``FaceSearch.discard``.
    """

    def __init__(
        self, database: Database, resource_store: ResourceStore, on_deleted: Callable[[str], Awaitable[None]]
    ) -> None:
        self._database = database
        self._resources = resource_store
        self._on_deleted = on_deleted
        self._tokens: PageTokens | None = None

    # -- collections

    async def create_collection(self, account: str, name: str, tags: Mapping[str, str] | None = None) -> Collection:
        """Raises ``AlreadyExists``, ``LimitExceeded`` for too many tags."""
        try:
            resource = await self._resources.create(account, COLLECTION, name, b"", tags=tags)
        except errors.AlreadyExists:
            raise errors.AlreadyExists("There is a collection of that name already; choose another one.") from None
        return _collection(resource, None)

    async def describe_collection(self, account: str, name: str) -> Collection:
        """Raises ``NotFound``."""
        try:
            resource = await self._resources.get(account, COLLECTION, name)
        except errors.NotFound:
            raise no_collection() from None
        return _collection(resource, (await self._rows([resource.id])).get(resource.id))

    async def list_collections(
        self, account: str, max_results: int = 1000, next_token: str | None = None
    ) -> CollectionPage:
        """A page of collections by creation. Raises ``InvalidPaginationToken``."""
        page = await self._resources.list(account, COLLECTION, max_results=max_results, next_token=next_token)
        rows = await self._rows([resource.id for resource in page.resources])
        collections = [_collection(resource, rows.get(resource.id)) for resource in page.resources]
        return CollectionPage(collections, page.next_token)

    async def delete_collection(self, account: str, name: str) -> None:
        """Delete a collection with its faces. Raises ``NotFound``.

        The collection is gone at once and as a whole; its rows go in many short transactions, and if this process
        dies among them the upkeep removes the rest.
        """
        try:
            resource = await self._resources.delete(account, COLLECTION, name)
        except errors.NotFound:
            raise no_collection() from None
        await self.remove_rows(resource.id)

    async def remove_rows(self, collection: int) -> None:
        """Delete every row of a collection whose resource is gone, and what is kept of it elsewhere."""
        row = (await self._rows([collection])).get(collection)
        if row is None:
            return
        while not await self._database.run(_remove_some, collection):
            pass
        await self._on_deleted(row.generation)

    async def abandoned(self) -> Sequence[int]:
        """Ids of deleted collections that still have rows."""
        alive = select(resources.c.id).where(resources.c.id == face_collections.c.id).exists()
        query = select(face_collections.c.id).where(~alive)
        return await self._database.read(lambda connection: list(connection.execute(query).scalars()))

    async def forget_removed(self, seconds: float) -> int:
        """Forget one batch of faces that were removed longer ago; gives how many (0 = there are none left)."""
        return await self._database.run(self._forget_some, seconds)

    def _forget_some(self, connection: Connection, seconds: float) -> int:
        due = removed_faces.c.removed_at < self._database.dialect.now() - seconds
        oldest = select(removed_faces.c.collection).where(due).order_by(removed_faces.c.removed_at).limit(1)
        collection = connection.execute(oldest).scalar()
        if collection is None:
            return 0
        _lock(connection, collection)
        mine = removed_faces.c.collection == collection
        # Numbers and times grow together, but for clocks set back: the last that is due takes earlier ones along.
        last_due = connection.execute(select(func.max(removed_faces.c.number)).where(mine, due)).scalar()
        numbers = select(removed_faces.c.number).where(mine, removed_faces.c.number <= last_due)
        upto = max(connection.execute(numbers.order_by(removed_faces.c.number).limit(BATCH)).scalars(), default=None)
        if upto is None:
            return 0
        gone = connection.execute(delete(removed_faces).where(mine, removed_faces.c.number <= upto)).rowcount
        connection.execute(
            update(face_collections).where(face_collections.c.id == collection).values(purged_change=upto)
        )
        return int(gone)

    async def _rows(self, ids: Sequence[int]) -> Mapping[int, Row[Any]]:
        query = select(face_collections).where(face_collections.c.id.in_(ids))
        return await self._database.read(lambda connection: {row.id: row for row in connection.execute(query)})

    # -- faces

    async def add(self, account: str, collection: str, new: Sequence[NewFace]) -> Sequence[StoredFace]:
        """Add faces, in order, all or none.

        Raises ``NotFound``; ``FailedPrecondition`` for vectors of another model than the collection's;
        ``LimitExceeded`` beyond 20,000,000 faces; ValueError for vectors that cannot be compared with one another.
        """
        models = {face.model for face in new}
        if len(models) > 1 or len({face.vector.shape for face in new}) > 1:
            raise ValueError("faces that are added together are of one model")
        vectors = [to_bytes(face.vector) for face in new]

        def transaction(connection: Connection) -> Sequence[StoredFace]:
            found = _find(connection, account, collection, lock=True)
            if not new:
                return []
            (model,) = models
            row = self._open(connection, found, model)
            if _vector_bytes(connection, found) not in (None, len(vectors[0])):
                raise ValueError("one model's vectors have one dimension")
            if row.face_count + len(new) > MOST_FACES:
                raise errors.LimitExceeded(
                    f"A collection holds {MOST_FACES:,} faces at most: delete some, or use another collection.",
                    aws_code="ServiceQuotaExceededException",
                )
            now = connection.execute(select(self._database.dialect.now())).scalar_one()
            values = [
                _values(found, row.last_change + index, face, vector, now)
                for index, (face, vector) in enumerate(zip(new, vectors, strict=True), 1)
            ]
            connection.execute(insert(faces), values)
            _count_on(connection, row, changes=len(new), added=len(new))
            return [stored_face(value, model) for value in values]

        return await self._database.run(transaction)

    @staticmethod
    def _open(connection: Connection, collection: int, model: str) -> Row[Any]:
        """The locked row of a collection that takes vectors of ``model``."""
        row = _lock(connection, collection)
        if row is None:
            connection.execute(_OPEN, {"id": collection, "generation": uuid.uuid4().hex, "model": model})
            row = _lock(connection, collection)
            assert row is not None
        if row.model == model:
            return row
        if row.face_count:
            raise errors.FailedPrecondition(
                "The collection's faces are vectors of another model, which cannot be compared: prefer that model "
                "again (NONET_MODEL_PREFERENCES), or index the images into a new collection."
            )
        # A new generation, so that no index takes vectors of the two models for comparable.
        changed = {"model": model, "generation": uuid.uuid4().hex}
        connection.execute(update(face_collections).where(face_collections.c.id == collection).values(changed))
        row = _lock(connection, collection)
        assert row is not None
        return row

    async def list(
        self,
        account: str,
        collection: str,
        face_ids: Sequence[str] | None = None,
        max_results: int = 1000,
        next_token: str | None = None,
    ) -> FacePage:
        """A page of faces in the order they came in; only those of ``face_ids`` if given.

        Raises ``NotFound``, ``InvalidPaginationToken``.
        """
        if self._tokens is None:
            self._tokens = await PageTokens.of(self._database)
        found = await self._database.read(_find, account, collection)
        listing = ["faces", found, None if face_ids is None else sorted(set(face_ids))]
        position = self._tokens.open_row(listing, next_token)
        query = select(*FACE_COLUMNS, face_collections.c.model).join(
            face_collections, face_collections.c.id == faces.c.collection
        )
        query = query.where(faces.c.collection == found, faces.c.number > (position or 0))
        if face_ids is not None:
            query = query.where(faces.c.face_id.in_(set(face_ids)))
        query = query.order_by(faces.c.number).limit(max_results + 1)

        def transaction(connection: Connection) -> Sequence[StoredFace]:
            return [stored_face(row._mapping, row.model) for row in connection.execute(query)]

        rows = await self._database.read(transaction)
        page = rows[:max_results]
        return FacePage(page, self._tokens.seal(listing, page[-1].number) if len(rows) > max_results else None)

    async def get(self, account: str, collection: str, face_id: str) -> tuple[StoredFace, Vector]:
        """A face and its vector. Raises ``NotFound``, also for a face that is not in the collection."""

        def transaction(connection: Connection) -> tuple[StoredFace, Vector]:
            found = _find(connection, account, collection)
            query = (
                select(*FACE_COLUMNS, faces.c.vector, face_collections.c.model)
                .join(face_collections, face_collections.c.id == faces.c.collection)
                .where(faces.c.collection == found, faces.c.face_id == face_id)
            )
            row = connection.execute(query).one_or_none()
            if row is None:
                raise errors.NotFound("The collection has no face of that id.", aws_code="InvalidParameterException")
            return stored_face(row._mapping, row.model), from_bytes([bytes(row.vector)])[0]

        return await self._database.read(transaction)

    async def delete(self, account: str, collection: str, face_ids: Sequence[str]) -> Sequence[str]:
        """Delete faces; gives the ids of those that were there, in the order asked for. Raises ``NotFound``."""
        wanted = list(dict.fromkeys(face_ids))

        def transaction(connection: Connection) -> Sequence[str]:
            found = _find(connection, account, collection)
            row = _lock(connection, found)
            if row is None:
                return []
            mine = faces.c.collection == found
            query = select(faces.c.face_id, faces.c.number).where(mine, faces.c.face_id.in_(wanted))
            numbers = {face_id: number for face_id, number in connection.execute(query)}
            if not numbers:
                return []
            connection.execute(delete(faces).where(mine, faces.c.number.in_(numbers.values())))
            now = connection.execute(select(self._database.dialect.now())).scalar_one()
            removed = [
                {"collection": found, "number": row.last_change + index, "face": number, "removed_at": now}
                for index, number in enumerate(sorted(numbers.values()), 1)
            ]
            connection.execute(insert(removed_faces), removed)
            _count_on(connection, row, changes=len(removed), added=-len(removed))
            return [face_id for face_id in wanted if face_id in numbers]

        return await self._database.run(transaction)


def no_collection() -> errors.NotFound:
    """What every call about a collection that is not there raises."""
    return errors.NotFound("There is no collection of that name: create it first.")


def _collection(resource: Resource, row: Row[Any] | None) -> Collection:
    model, count = (row.model, row.face_count) if row is not None and row.face_count else (None, 0)
    return Collection(resource.name, resource.arn, model, count, resource.created_at)


def _find(connection: Connection, account: str, name: str, *, lock: bool = False) -> int:
    """The id of a collection. ``lock``: nobody deletes it before this transaction ends."""
    mine = (
        resources.c.account == account,
        resources.c.kind == COLLECTION.name,
        resources.c.parent == "",
        resources.c.name == name,
    )
    query = select(resources.c.id).where(*mine)
    found = connection.execute(query.with_for_update(read=True) if lock else query).scalar()
    if found is None:
        raise no_collection()
    return int(found)


def _lock(connection: Connection, collection: int) -> Row[Any] | None:
    query = select(face_collections).where(face_collections.c.id == collection)
    return connection.execute(query.with_for_update()).one_or_none()


def _vector_bytes(connection: Connection, collection: int) -> int | None:
    first = select(func.length(faces.c.vector)).where(faces.c.collection == collection).order_by(faces.c.number)
    return connection.execute(first.limit(1)).scalar()


def _count_on(connection: Connection, row: Row[Any], *, changes: int, added: int) -> None:
    connection.execute(
        update(face_collections)
        .where(face_collections.c.id == row.id)
        .values(last_change=row.last_change + changes, face_count=row.face_count + added)
    )


def _remove_some(connection: Connection, collection: int) -> bool:
    """Delete some rows of a deleted collection; whether that was all."""
    # Writers that found the collection in time hold this lock until they are done, later ones find no collection.
    _lock(connection, collection)
    done = all([_delete_first(connection, table, collection) < BATCH for table in (faces, removed_faces)])
    if done:
        connection.execute(delete(face_collections).where(face_collections.c.id == collection))
    return done


def _delete_first(connection: Connection, table: Table, collection: int) -> int:
    mine = table.c.collection == collection
    first = select(table.c.number).where(mine).order_by(table.c.number).limit(BATCH).subquery()
    upto = select(func.max(first.c.number)).scalar_subquery()
    return int(connection.execute(delete(table).where(mine, table.c.number <= upto)).rowcount)


def _values(collection: int, number: int, face: NewFace, vector: bytes, now: float) -> dict[str, Any]:
    return {
        "collection": collection,
        "number": number,
        "face_id": face.face_id,
        "image_id": face.image_id,
        "external_image_id": face.external_image_id,
        "box_left": face.box.left,
        "box_top": face.box.top,
        "box_right": face.box.right,
        "box_bottom": face.box.bottom,
        "confidence": face.confidence,
        "vector": vector,
        "created_at": now,
    }
