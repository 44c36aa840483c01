"""Objects: s3://bucket/key, kept in the database (what they are) and a blob store (their bytes).

    await objects.create_bucket(account, "scans")
    await objects.put(account, "scans", "2026/page.png", stream_of_bytes)
    data = await objects.read(account, "scans", "2026/page.png", max_bytes=10_000_000)

An object belongs to the account of its bucket. Errors carry S3's own codes; only ``read``, which services call for the
S3 objects of their requests, raises ``InvalidObject`` instead. Multipart uploads are in ``uploads``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import Connection, delete, insert, select

from shared import errors
from shared.storage.blobs import BlobStore
from shared.storage.database import Database
from shared.storage.incoming import IncomingBlob
from shared.storage.listings import Listing, scan
from shared.storage.names import ObjectName, check_bucket_name, encode_key, parse_uri
from shared.storage.object_tables import (
    READ_SECONDS,
    Bucket,
    ObjectAttributes,
    ObjectInfo,
    Precondition,
    Segment,
    adopt_blob,
    blob_garbage,
    buckets,
    find_bucket,
    forget_garbage,
    object_info,
    objects,
    orphan_blobs,
    parse_segments,
    put_object_row,
    upload_parts,
    uploads,
)

__all__ = [
    "Bucket",
    "ByteRange",
    "Listing",
    "ObjectAttributes",
    "ObjectInfo",
    "ObjectName",
    "ObjectReader",
    "ObjectStore",
    "Precondition",
    "parse_uri",
]

#: Largest object that one put takes, as in S3; bigger ones come in parts.
MAX_PUT_BYTES = 5 * 1024**3
MOST_LISTED = 1000
MOST_BUCKETS = 1000
_COLLECT_SECONDS = 60.0
_COLLECT_BATCH = 200


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The part of an object to read: from ``first`` to ``last`` inclusive, or the last ``-first`` bytes."""

    first: int
    last: int | None = None

    def within(self, size: int) -> tuple[int, int]:
        """Start and length for an object of ``size`` bytes. Raises InvalidArgument (InvalidRange)."""
        if self.first < 0:
            start, end = max(0, size + self.first), size
        else:
            start, end = self.first, size if self.last is None else min(self.last + 1, size)
        if start >= size or end <= start:
            raise errors.InvalidArgument("the range lies outside the object", aws_code="InvalidRange")
        return start, end - start


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """An object ready to be read: ``length`` bytes from ``start``. What is read stays what it was at that time,
    even when the object is replaced meanwhile."""

    info: ObjectInfo
    start: int
    length: int
    segments: Sequence[Segment]
    blobs: BlobStore

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes, in chunks of bounded size."""
        skip, left = self.start, self.length
        for segment in self.segments:
            if left == 0:
                return
            if skip >= segment.size:
                skip -= segment.size
                continue
            length = min(left, segment.size - skip)
            async for chunk in self.blobs.read(segment.blob, skip, length):
                yield chunk
            skip, left = 0, left - length


class ObjectStore:
    """Buckets and objects of all accounts."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self.database = database
        self.blobs = blobs
        self._collected_at = time.monotonic()

    # -- buckets ---------------------------------------------------------------------------------------------------

    async def create_bucket(self, account: str, name: str) -> Bucket:
        """Raises AlreadyExists (BucketAlreadyOwnedByYou, BucketAlreadyExists), InvalidArgument, LimitExceeded."""
        check_bucket_name(name)

        def transaction(connection: Connection) -> Bucket:
            mine = select(sqlalchemy.func.count()).select_from(buckets).where(buckets.c.account == account)
            if connection.execute(mine).scalar_one() >= MOST_BUCKETS:
                raise errors.LimitExceeded("the account has as many buckets as it may", aws_code="TooManyBuckets")
            try:
                with connection.begin_nested():
                    row = connection.execute(
                        insert(buckets)
                        .values(name=name, account=account, created_at=self.database.dialect.now())
                        .returning(buckets)
                    ).one()
            except sqlalchemy.exc.IntegrityError:
                owner = connection.execute(select(buckets.c.account).where(buckets.c.name == name)).scalar()
                code = "BucketAlreadyOwnedByYou" if owner == account else "BucketAlreadyExists"
                raise errors.AlreadyExists("there is a bucket of that name", aws_code=code) from None
            return Bucket(row.name, row.account, row.created_at)

        return await self.database.run(transaction)

    async def head_bucket(self, account: str, name: str) -> Bucket:
        """Raises NotFound (NoSuchBucket), PermissionDenied (AccessDenied)."""
        return await self.database.read(find_bucket, account, name)

    async def list_buckets(self, account: str) -> Sequence[Bucket]:
        """The account's buckets by name."""

        def transaction(connection: Connection) -> Sequence[Bucket]:
            rows = connection.execute(select(buckets).where(buckets.c.account == account).order_by(buckets.c.name))
            return [Bucket(row.name, row.account, row.created_at) for row in rows]

        return await self.database.read(transaction)

    async def delete_bucket(self, account: str, name: str) -> None:
        """Delete an empty bucket, and its unfinished uploads. Raises FailedPrecondition (BucketNotEmpty)."""

        def transaction(connection: Connection) -> None:
            find_bucket(connection, account, name)
            not_empty = errors.FailedPrecondition("the bucket still has objects", aws_code="BucketNotEmpty")
            if connection.execute(select(1).where(objects.c.bucket == name).limit(1)).first() is not None:
                raise not_empty
            unfinished = select(uploads.c.id).where(uploads.c.bucket == name)
            parts = connection.execute(select(upload_parts.c.blob).where(upload_parts.c.upload.in_(unfinished)))
            orphan_blobs(connection, self.database, parts.scalars().all(), 0.0)
            connection.execute(delete(uploads).where(uploads.c.bucket == name))
            try:
                connection.execute(delete(buckets).where(buckets.c.name == name))
            except sqlalchemy.exc.IntegrityError:
                raise not_empty from None  # an object was put this very moment

        await self.database.run(transaction)
        await self._collect_now_and_then()

    # -- objects ---------------------------------------------------------------------------------------------------

    async def put(
        self,
        account: str,
        bucket: str,
        key: str,
        body: bytes | AsyncIterable[bytes],
        *,
        attributes: ObjectAttributes | None = None,
        precondition: Precondition | None = None,
        max_bytes: int = MAX_PUT_BYTES,
    ) -> ObjectInfo:
        """Store an object, replacing one of that key. All or nothing: a body that raises leaves no trace.

        Raises NotFound (NoSuchBucket), InvalidArgument (EntityTooLarge, KeyTooLongError), FailedPrecondition.
        """
        encoded = encode_key(key)
        attributes = attributes or ObjectAttributes()
        await self.head_bucket(account, bucket)
        async with self.incoming(body, max_bytes) as written:

            def transaction(connection: Connection) -> ObjectInfo:
                find_bucket(connection, account, bucket)
                adopt_blob(connection, written.blob)
                values = {"size": written.size, "etag": written.etag, "attributes": attributes.to_json()}
                segments = [Segment(written.blob, written.size)] if written.size else []
                if not segments:
                    orphan_blobs(connection, self.database, [written.blob], 0.0)
                modified_at = put_object_row(
                    connection, self.database, bucket, encoded, values, segments, precondition or Precondition()
                )
                return ObjectInfo(bucket, key, written.size, written.etag, modified_at, attributes)

            info = await self.database.run(transaction)
            written.keep()
        await self._collect_now_and_then()
        return info

    def incoming(self, body: bytes | AsyncIterable[bytes], max_bytes: int) -> IncomingBlob:
        """A context in which ``body`` lies in a new blob; unless it is kept, it is gone afterwards."""
        return IncomingBlob(self.database, self.blobs, body, max_bytes)

    async def head(self, account: str, bucket: str, key: str) -> ObjectInfo:
        """Raises NotFound (NoSuchBucket, NoSuchKey), PermissionDenied (AccessDenied)."""
        return (await self.open(account, bucket, key)).info

    async def open(self, account: str, bucket: str, key: str, byte_range: ByteRange | None = None) -> ObjectReader:
        """An object to read in chunks. Raises like ``head``, and InvalidArgument (InvalidRange)."""
        encoded = encode_key(key)

        def transaction(connection: Connection) -> tuple[ObjectInfo, list[Segment]]:
            find_bucket(connection, account, bucket)
            row = connection.execute(
                select(objects).where(objects.c.bucket == bucket, objects.c.object_key == encoded)
            ).one_or_none()
            if row is None:
                raise errors.NotFound("there is no object of that key", aws_code="NoSuchKey")
            return object_info(row), parse_segments(row.segments)

        info, segments = await self.database.read(transaction)
        start, length = byte_range.within(info.size) if byte_range else (0, info.size)
        return ObjectReader(info, start, length, segments, self.blobs)

    async def read(self, account: str, bucket: str, key: str, *, max_bytes: int) -> bytes:
        """The whole object, for a service whose request names it.

        Raises ``InvalidObject``, whatever the reason: no such bucket or key, another account's, too large.
        """
        try:
            reader = await self.open(account, bucket, key)
        except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
            raise errors.InvalidObject("the S3 object cannot be read: check its bucket, key and owner") from error
        if reader.length > max_bytes:
            raise errors.InvalidObject(f"the S3 object has {reader.length} bytes, at most {max_bytes} are taken")
        return b"".join([chunk async for chunk in reader])

    async def copy(
        self, account: str, source: ObjectName, target: ObjectName, attributes: ObjectAttributes | None = None
    ) -> ObjectInfo:
        """Copy an object; ``attributes`` replace the source's. Raises like ``open`` and ``put``."""
        reader = await self.open(account, *source)
        return await self.put(account, *target, aiter(reader), attributes=attributes or reader.info.attributes)

    async def delete(self, account: str, bucket: str, keys: Sequence[str]) -> None:
        """Delete objects; keys that are not there are fine. Raises NotFound (NoSuchBucket)."""
        encoded = [encode_key(key) for key in keys]

        def transaction(connection: Connection) -> None:
            find_bucket(connection, account, bucket)
            gone = connection.execute(
                delete(objects)
                .where(objects.c.bucket == bucket, objects.c.object_key.in_(encoded))
                .returning(objects.c.segments)
            ).scalars()
            blobs = [segment.blob for text in gone for segment in parse_segments(text)]
            orphan_blobs(connection, self.database, blobs, READ_SECONDS)

        await self.database.run(transaction)
        await self._collect_now_and_then()

    async def list(
        self,
        account: str,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after: str = "",
        max_keys: int = MOST_LISTED,
    ) -> Listing:
        """Objects whose key begins with ``prefix``, in UTF-8 order, from the first entry beyond ``after`` on.

        With a ``delimiter``, keys that have it beyond the prefix are rolled up into one common prefix each.
        """
        start, folder = prefix.encode(), delimiter.encode()

        def transaction(connection: Connection) -> Listing:
            find_bucket(connection, account, bucket)
            return scan(connection, bucket, start, folder, after.encode(), max_keys)

        return await self.database.read(transaction)

    # -- garbage ---------------------------------------------------------------------------------------------------

    async def collect_garbage(self, *, ahead_s: float = 0.0) -> int:
        """Delete blobs that nothing refers to (any more) and whose time of grace is over; how many.

        ``ahead_s``: as if it were that many seconds later.
        """
        count = 0
        while True:

            def due(connection: Connection) -> Sequence[str]:
                return connection.execute(
                    select(blob_garbage.c.blob)
                    .where(blob_garbage.c.due_at <= self.database.dialect.now() + ahead_s)
                    .limit(_COLLECT_BATCH)
                ).scalars().all()  # fmt: skip

            blobs = await self.database.read(due)
            for blob in blobs:
                await self.blobs.delete(blob)
            if blobs:
                await self.database.run(forget_garbage, blobs)
            count += len(blobs)
            if len(blobs) < _COLLECT_BATCH:
                return count

    async def _collect_now_and_then(self) -> None:
        """Deleting pays for itself: now and then a write waits for the garbage of earlier ones."""
        if time.monotonic() - self._collected_at > _COLLECT_SECONDS:
            self._collected_at = time.monotonic()
            await self.collect_garbage()
