"""Multipart uploads: parts are blobs of their own, and completing one commits a list of them: nothing is copied."""

from __future__ import annotations

import hashlib
import itertools
import time
import uuid
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import Connection, delete, insert, select

from shared import errors
from shared.storage.names import encode_key
from shared.storage.object_tables import (
    ObjectAttributes,
    ObjectInfo,
    Precondition,
    Segment,
    adopt_blob,
    find_bucket,
    orphan_blobs,
    put_object_row,
    upload_parts,
    uploads,
)
from shared.storage.objects import MAX_PUT_BYTES, MOST_LISTED, ObjectStore

__all__ = ["MultipartUploads", "Part", "PartListing", "Upload", "UploadListing"]

MOST_PARTS = 10_000
#: Every part but the last has at least this many bytes, as in S3.
SMALLEST_PART_BYTES = 5 * 1024**2
LARGEST_OBJECT_BYTES = 5 * 1024**4
#: An upload that nobody completed or aborted for so long is given up.
ABANDONED_S = 7 * 24 * 3600.0
_SWEEP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload under way; ``created_at`` in Unix seconds."""

    id: str
    bucket: str
    key: str
    attributes: ObjectAttributes
    created_at: float


@dataclass(frozen=True, slots=True)
class Part:
    """A received part; ``etag`` without quotes, ``modified_at`` in Unix seconds."""

    number: int
    size: int
    etag: str
    modified_at: float


class PartListing(NamedTuple):
    """Parts by number; ``truncated`` when more follow."""

    parts: Sequence[Part]
    truncated: bool


class UploadListing(NamedTuple):
    """Uploads by key and id; ``truncated`` when more follow."""

    uploads: Sequence[Upload]
    truncated: bool


class MultipartUploads:
    """The uploads of an object store. All methods raise NotFound (NoSuchUpload) for an upload that is not there."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._database = objects.database
        self._swept_at = float("-inf")

    async def create(self, account: str, bucket: str, key: str, attributes: ObjectAttributes) -> Upload:
        """Begin an upload of an object that will have ``attributes``. Now and then this drops abandoned ones."""
        encoded = encode_key(key)
        if time.monotonic() - self._swept_at > _SWEEP_SECONDS:
            self._swept_at = time.monotonic()
            await self.drop_abandoned()

        def transaction(connection: Connection) -> Upload:
            find_bucket(connection, account, bucket)
            row = connection.execute(
                insert(uploads)
                .values(
                    id=uuid.uuid4().hex,
                    bucket=bucket,
                    object_key=encoded,
                    attributes=attributes.to_json(),
                    created_at=self._database.dialect.now(),
                )
                .returning(uploads)
            ).one()
            return _upload(row)

        return await self._database.run(transaction)

    async def put_part(
        self, account: str, bucket: str, key: str, upload_id: str, number: int, body: bytes | AsyncIterable[bytes]
    ) -> Part:
        """Receive a part, replacing one of that number. Raises InvalidArgument (InvalidArgument, EntityTooLarge)."""
        if not 1 <= number <= MOST_PARTS:
            raise errors.InvalidArgument(f"parts are numbered 1 to {MOST_PARTS}", aws_code="InvalidArgument")
        encoded = encode_key(key)
        await self._database.read(_find, account, bucket, encoded, upload_id)
        async with self._objects.incoming(body, MAX_PUT_BYTES) as written:

            def transaction(connection: Connection) -> Part:
                _find(connection, account, bucket, encoded, upload_id, lock=True)
                adopt_blob(connection, written.blob)
                replaced = connection.execute(
                    delete(upload_parts)
                    .where(upload_parts.c.upload == upload_id, upload_parts.c.number == number)
                    .returning(upload_parts.c.blob)
                ).scalars().all()  # fmt: skip
                orphan_blobs(connection, self._database, replaced, 0.0)
                row = connection.execute(
                    insert(upload_parts)
                    .values(
                        upload=upload_id,
                        number=number,
                        size=written.size,
                        etag=written.etag,
                        blob=written.blob,
                        modified_at=self._database.dialect.now(),
                    )
                    .returning(upload_parts)
                ).one()
                return Part(row.number, row.size, row.etag, row.modified_at)

            part = await self._database.run(transaction)
            written.keep()
        return part

    async def complete(
        self,
        account: str,
        bucket: str,
        key: str,
        upload_id: str,
        chosen: Sequence[tuple[int, str]],
        precondition: Precondition | None = None,
    ) -> ObjectInfo:
        """Make the object of the ``chosen`` parts (number, ETag); parts that are not chosen are dropped.

        Raises InvalidArgument (InvalidPart, InvalidPartOrder, EntityTooSmall, EntityTooLarge, MalformedXML).
        """
        encoded = encode_key(key)
        numbers = [number for number, _ in chosen]
        if not chosen or len(chosen) > MOST_PARTS:
            raise errors.InvalidArgument(f"an object has 1 to {MOST_PARTS} parts", aws_code="MalformedXML")
        if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
            raise errors.InvalidArgument("parts are named in ascending order", aws_code="InvalidPartOrder")

        def transaction(connection: Connection) -> ObjectInfo:
            upload = _find(connection, account, bucket, encoded, upload_id, lock=True)
            rows = connection.execute(select(upload_parts).where(upload_parts.c.upload == upload_id))
            received = {row.number: row for row in rows}
            segments: list[Segment] = []
            digest = hashlib.md5(usedforsecurity=False)
            for number, etag in chosen:
                part = received.pop(number, None)
                if part is None or part.etag != etag.strip('"'):
                    raise errors.InvalidArgument(
                        f"part {number} was not received with that ETag", aws_code="InvalidPart"
                    )
                if part.size < SMALLEST_PART_BYTES and number != numbers[-1]:
                    raise errors.InvalidArgument(
                        f"part {number} is smaller than {SMALLEST_PART_BYTES} bytes", aws_code="EntityTooSmall"
                    )
                segments.append(Segment(part.blob, part.size))
                digest.update(bytes.fromhex(part.etag))
            size = sum(segment.size for segment in segments)
            if size > LARGEST_OBJECT_BYTES:
                raise errors.InvalidArgument("the object is too large", aws_code="EntityTooLarge")
            etag = f"{digest.hexdigest()}-{len(segments)}"
            values = {"size": size, "etag": etag, "attributes": upload.attributes.to_json()}
            orphan_blobs(connection, self._database, [part.blob for part in received.values()], 0.0)
            connection.execute(delete(uploads).where(uploads.c.id == upload_id))
            modified_at = put_object_row(
                connection, self._database, bucket, encoded, values, segments, precondition or Precondition()
            )
            return ObjectInfo(bucket, key, size, etag, modified_at, upload.attributes)

        info = await self._database.run(transaction)
        await self._objects.collect_garbage()
        return info

    async def abort(self, account: str, bucket: str, key: str, upload_id: str) -> None:
        """Drop an upload and the bytes of its parts."""
        encoded = encode_key(key)

        def transaction(connection: Connection) -> None:
            _find(connection, account, bucket, encoded, upload_id, lock=True)
            self._drop(connection, [upload_id])

        await self._database.run(transaction)
        await self._objects.collect_garbage()

    async def drop_abandoned(self, *, older_than_s: float = ABANDONED_S) -> int:
        """Drop uploads that were begun longer ago than that; how many."""

        def transaction(connection: Connection) -> int:
            ids = connection.execute(
                select(uploads.c.id)
                .where(uploads.c.created_at < self._database.dialect.now() - older_than_s)
                .limit(MOST_LISTED)
            ).scalars().all()  # fmt: skip
            self._drop(connection, ids)
            return len(ids)

        count = await self._database.run(transaction)
        await self._objects.collect_garbage()
        return count

    async def list_parts(
        self, account: str, bucket: str, key: str, upload_id: str, *, after: int = 0, max_parts: int = MOST_LISTED
    ) -> PartListing:
        """Received parts with numbers beyond ``after``."""
        encoded = encode_key(key)

        def transaction(connection: Connection) -> PartListing:
            _find(connection, account, bucket, encoded, upload_id)
            rows = connection.execute(
                select(upload_parts)
                .where(upload_parts.c.upload == upload_id, upload_parts.c.number > after)
                .order_by(upload_parts.c.number)
                .limit(max_parts + 1)
            ).all()
            parts = [Part(row.number, row.size, row.etag, row.modified_at) for row in rows[:max_parts]]
            return PartListing(parts, len(rows) > max_parts)

        return await self._database.read(transaction)

    async def list(
        self,
        account: str,
        bucket: str,
        *,
        prefix: str = "",
        after_key: str = "",
        after_id: str = "",
        max_uploads: int = MOST_LISTED,
    ) -> UploadListing:
        """Uploads under way whose key begins with ``prefix``, beyond the key and id given."""
        start, marker = prefix.encode(), after_key.encode()

        def transaction(connection: Connection) -> UploadListing:
            find_bucket(connection, account, bucket)
            key = uploads.c.object_key
            query = select(uploads).where(uploads.c.bucket == bucket, key >= start)
            if start:
                query = query.where(sqlalchemy.func.substr(key, 1, len(start)) == start)
            if marker:
                beyond = key > marker
                query = query.where(beyond | ((key == marker) & (uploads.c.id > after_id)) if after_id else beyond)
            rows = connection.execute(query.order_by(key, uploads.c.id).limit(max_uploads + 1)).all()
            return UploadListing([_upload(row) for row in rows[:max_uploads]], len(rows) > max_uploads)

        return await self._database.read(transaction)

    def _drop(self, connection: Connection, ids: Sequence[str]) -> None:
        blobs = connection.execute(select(upload_parts.c.blob).where(upload_parts.c.upload.in_(ids))).scalars().all()
        orphan_blobs(connection, self._database, blobs, 0.0)
        connection.execute(delete(uploads).where(uploads.c.id.in_(ids)))  # its part rows go with it


def _find(
    connection: Connection, account: str, bucket: str, key: bytes, upload_id: str, *, lock: bool = False
) -> Upload:
    """``lock``: nobody else completes, aborts or adds to the upload until this transaction ends."""
    find_bucket(connection, account, bucket)
    query = select(uploads).where(uploads.c.id == upload_id, uploads.c.bucket == bucket, uploads.c.object_key == key)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise errors.NotFound("there is no such upload; it may be completed or aborted", aws_code="NoSuchUpload")
    return _upload(row)


def _upload(row: sqlalchemy.Row[tuple[str, str, bytes, str, float]]) -> Upload:
    return Upload(
        row.id, row.bucket, bytes(row.object_key).decode(), ObjectAttributes.from_json(row.attributes), row.created_at
    )
