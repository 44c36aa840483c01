"""Where data comes from and where results go: S3 paths of requests, and the service's own bucket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from shared import errors
from shared.storage.names import ObjectName
from shared.storage.object_tables import ObjectAttributes
from shared.storage.objects import ObjectStore
from shared.storage.service_buckets import ServiceBucket

#: Part of the name of the bucket in which imported tables and trained choices lie.
BUCKET = "forecast"
MOST_FILES = 10_000
_PIECE_BYTES = 1 << 20


def parse_path(path: str) -> ObjectName:
    """Bucket and key of "s3://bucket/key". Raises ``InvalidArgument``."""
    bucket, slash, key = path.removeprefix("s3://").partition("/")
    if not path.startswith("s3://") or not bucket or not slash:
        raise errors.InvalidArgument("The Path of an S3Config is s3://bucket/key, of a file or of a folder.")
    return ObjectName(bucket, key)


async def find_files(objects: ObjectStore, account: str, path: str) -> list[ObjectName]:
    """The object of a path, or all objects below it as a folder, by key.

    Raises ``InvalidArgument`` where there are none, or the account may not read them.
    """
    place = parse_path(path)
    try:
        if place.key and not place.key.endswith("/"):
            try:
                await objects.head(account, *place)
            except errors.NotFound:
                pass
            else:
                return [place]
        prefix = f"{place.key.rstrip('/')}/" if place.key else ""
        found: list[ObjectName] = []
        after = ""
        while len(found) <= MOST_FILES:
            listing = await objects.list(account, place.bucket, prefix=prefix, after=after)
            found += [ObjectName(place.bucket, one.key) for one in listing.objects if not one.key.endswith("/")]
            if listing.next_after is None:
                break
            after = listing.next_after
    except (errors.NotFound, errors.PermissionDenied):
        found = []
    if not found:
        raise errors.InvalidArgument("There is no file at the S3 path: check its bucket, key and owner.")
    if len(found) > MOST_FILES:
        raise errors.InvalidArgument(f"At most {MOST_FILES} files are imported at once.")
    return found


async def download(objects: ObjectStore, account: str, place: ObjectName, target: Path) -> int:
    """Copy an object into a file; its size. Raises ``InvalidObject``."""
    try:
        reader = await objects.open(account, *place)
    except (errors.NotFound, errors.PermissionDenied) as error:
        raise errors.InvalidObject("A file cannot be read any more: check its bucket, key and owner.") from error
    with target.open("wb") as file:
        async for piece in reader:
            await asyncio.to_thread(file.write, piece)
    return reader.length


async def keep(objects: ObjectStore, account: str, key: str, source: Path) -> None:
    """Copy a file into the service's own bucket, in place of what was under ``key``."""
    bucket = ServiceBucket(objects, BUCKET)
    place = await bucket.place(account, key)
    try:
        await objects.create_bucket(account, place.bucket)
    except errors.AlreadyExists as error:
        if error.explicit_aws_code != "BucketAlreadyOwnedByYou":
            raise
    attributes = ObjectAttributes(headers={"content-type": "application/octet-stream"})
    await objects.put(account, *place, _pieces(source), attributes=attributes)


async def _pieces(source: Path) -> AsyncIterator[bytes]:
    with source.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
