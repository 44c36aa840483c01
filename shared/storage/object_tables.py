"""Rows of buckets, objects, uploads and blob garbage, and the statements that more than one module needs.

Where an object's metadata lives: in the database, not beside the bytes. One commit then makes an object appear, change
or vanish with its ETag, type and user metadata, for every replica at once; listings are an index scan in S3's order
whatever the blob store can sort; and a key, which a caller chooses, never becomes a path. The price is that the blob
store alone is not readable as files: back it up together with the database.

No blob is ever lost track of: before its first byte is written its name stands in ``blob_garbage``, and the commit
that makes it visible takes it out; the commit that makes it invisible puts it back. So whatever a crash leaves
behind is listed there and ``collect_garbage`` removes it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Row, delete, insert, select

from shared import errors
from shared.storage.database import Database, metadata
from shared.storage.names import check_bucket_name

buckets = sqlalchemy.Table(
    "buckets",
    metadata,
    sqlalchemy.Column("name", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("account", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("created_at", sqlalchemy.Double, nullable=False),
)
objects = sqlalchemy.Table(
    "objects",
    metadata,
    sqlalchemy.Column("bucket", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("object_key", sqlalchemy.LargeBinary, primary_key=True),
    sqlalchemy.Column("size", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("etag", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("modified_at", sqlalchemy.Double, nullable=False),
    sqlalchemy.Column("attributes", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("segments", sqlalchemy.Text, nullable=False),
)
uploads = sqlalchemy.Table(
    "uploads",
    metadata,
    sqlalchemy.Column("id", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("bucket", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("object_key", sqlalchemy.LargeBinary, nullable=False),
    sqlalchemy.Column("attributes", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("created_at", sqlalchemy.Double, nullable=False),
)
upload_parts = sqlalchemy.Table(
    "upload_parts",
    metadata,
    sqlalchemy.Column("upload", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("number", sqlalchemy.Integer, primary_key=True),
    sqlalchemy.Column("size", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("etag", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("blob", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("modified_at", sqlalchemy.Double, nullable=False),
)
blob_garbage = sqlalchemy.Table(
    "blob_garbage",
    metadata,
    sqlalchemy.Column("blob", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("due_at", sqlalchemy.Double, nullable=False),
)

#: A write that takes longer than this has died.
WRITE_SECONDS = 24 * 3600.0
#: Readers that were under way when an object was replaced or deleted may go on for this long.
READ_SECONDS = 3600.0

#: Statements with more values than this go in several pieces.
_MOST_VALUES = 500


@dataclass(frozen=True, slots=True)
class ObjectAttributes:
    """What an object carries besides its bytes: response headers by lower-case name, and the user's metadata.

    Both may be filled while the body is still being read (a checksum comes after it); they are stored afterwards.
    """

    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps([self.headers, self.metadata])

    @classmethod
    def from_json(cls, text: str) -> ObjectAttributes:
        headers, user_metadata = json.loads(text)
        return cls(headers, user_metadata)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket; ``created_at`` in Unix seconds."""

    name: str
    account: str
    created_at: float


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of an object without reading it. ``etag`` is without quotes; ``modified_at`` in Unix seconds."""

    bucket: str
    key: str
    size: int
    etag: str
    modified_at: float
    attributes: ObjectAttributes


@dataclass(frozen=True, slots=True)
class Segment:
    """One of the blobs that make up an object, in order."""

    blob: str
    size: int


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must hold for a write: S3's If-None-Match: * and If-Match."""

    absent: bool = False
    etag: str | None = None

    def check(self, current: str | None) -> None:
        """``current``: the ETag of the object now, None where there is none. Raises (PreconditionFailed)."""
        if self.absent and current is not None:
            raise errors.FailedPrecondition("there is an object of that key already", aws_code="PreconditionFailed")
        if self.etag is not None and current is None:
            raise errors.NotFound("there is no object of that key", aws_code="NoSuchKey")
        if self.etag is not None and self.etag not in ("*", current):
            raise errors.FailedPrecondition("the object is another one by now", aws_code="PreconditionFailed")


def find_bucket(connection: Connection, account: str, name: str) -> Bucket:
    """The account's bucket. Raises NotFound (NoSuchBucket) or PermissionDenied (AccessDenied)."""
    check_bucket_name(name)
    row = connection.execute(select(buckets).where(buckets.c.name == name)).one_or_none()
    if row is None:
        raise errors.NotFound("the bucket does not exist", aws_code="NoSuchBucket")
    if row.account != account:
        raise errors.PermissionDenied("the bucket belongs to another account", aws_code="AccessDenied")
    return Bucket(row.name, row.account, row.created_at)


def expect_blob(connection: Connection, database: Database, blob: str) -> None:
    """Note a blob that is about to be written."""
    connection.execute(insert(blob_garbage).values(blob=blob, due_at=database.dialect.now() + WRITE_SECONDS))


def adopt_blob(connection: Connection, blob: str) -> None:
    """A written blob becomes part of an object or upload."""
    if connection.execute(delete(blob_garbage).where(blob_garbage.c.blob == blob)).rowcount == 0:
        # The collector took the write for dead and may have deleted the bytes.
        raise errors.Aborted("the write took too long, try again", aws_code="RequestTimeout")


def orphan_blobs(connection: Connection, database: Database, blobs: Collection[str], after_s: float) -> None:
    """Blobs that nothing refers to any more may be deleted in ``after_s`` seconds."""
    due = database.dialect.now() + after_s
    names = list(blobs)
    for start in range(0, len(names), _MOST_VALUES):
        rows = [{"blob": blob, "due_at": due} for blob in names[start : start + _MOST_VALUES]]
        connection.execute(insert(blob_garbage).values(rows))


def forget_garbage(connection: Connection, blobs: Sequence[str]) -> None:
    """Blobs that have been deleted need no note any more."""
    connection.execute(delete(blob_garbage).where(blob_garbage.c.blob.in_(blobs)))


def put_object_row(
    connection: Connection,
    database: Database,
    bucket: str,
    key: bytes,
    values: Mapping[str, Any],
    segments: Sequence[Segment],
    precondition: Precondition,
) -> float:
    """Make ``key`` name ``segments``, whatever it named before. Returns the time of the change."""
    modified_at = float(connection.execute(select(database.dialect.now())).scalar_one())
    row = {
        **values,
        "modified_at": modified_at,
        "segments": json.dumps([[segment.blob, segment.size] for segment in segments]),
    }
    here = (objects.c.bucket == bucket) & (objects.c.object_key == key)
    while True:
        current = connection.execute(
            select(objects.c.etag, objects.c.segments).where(here).with_for_update()
        ).one_or_none()
        precondition.check(None if current is None else current.etag)
        if current is not None:
            connection.execute(sqlalchemy.update(objects).where(here).values(**row))
            orphan_blobs(connection, database, [s.blob for s in parse_segments(current.segments)], READ_SECONDS)
            return modified_at
        try:
            with connection.begin_nested():
                connection.execute(insert(objects).values(bucket=bucket, object_key=key, **row))
            return modified_at
        except sqlalchemy.exc.IntegrityError:
            # Somebody else was faster (then the row is found now), or the bucket was just deleted (found out here).
            if connection.execute(select(buckets.c.name).where(buckets.c.name == bucket)).first() is None:
                raise errors.NotFound("the bucket does not exist", aws_code="NoSuchBucket") from None


def parse_segments(text: str) -> list[Segment]:
    """The inverse of what ``put_object_row`` stores."""
    return [Segment(blob, size) for blob, size in json.loads(text)]


def object_info(row: Row[Any]) -> ObjectInfo:
    """The info in a row of ``objects``."""
    return ObjectInfo(
        bucket=row.bucket,
        key=bytes(row.object_key).decode(),
        size=row.size,
        etag=row.etag,
        modified_at=row.modified_at,
        attributes=ObjectAttributes.from_json(row.attributes),
    )
