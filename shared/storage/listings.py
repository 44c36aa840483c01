"""Listings of a bucket: a walk along the index in S3's order, with prefixes rolled up by a delimiter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from shared.storage.object_tables import ObjectInfo, object_info, objects

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects and common prefixes in one order, and the entry after which to go on (None = these were all)."""

    objects: Sequence[ObjectInfo]
    common_prefixes: Sequence[str]
    next_after: str | None


def scan(
    connection: Connection, bucket: str, prefix: bytes, delimiter: bytes, after: bytes, max_keys: int
) -> Listing:
    """Up to ``max_keys`` entries beyond ``after``. A common prefix is one entry; the keys below it are jumped over."""
    found: list[ObjectInfo] = []
    common: list[str] = []
    last = b""
    scope = [objects.c.bucket == bucket]
    if prefix and (end := _beyond(prefix)) is not None:
        scope.append(objects.c.object_key < end)
    lowest = max(prefix, after)
    inclusive = lowest != after or not after
    if delimiter and after.endswith(delimiter) and after.startswith(prefix):
        # ``after`` is a common prefix that has been given: so have the keys below it.
        lowest, inclusive = _beyond(after) or lowest, True
    while True:
        key = objects.c.object_key
        where = key >= lowest if inclusive else key > lowest
        rows = connection.execute(
            select(objects).where(*scope, where).order_by(key).limit(_BATCH)
        ).all()
        for row in rows:
            name = bytes(row.object_key)
            if name < lowest:
                continue  # below a common prefix that was just given
            if max_keys == len(found) + len(common):
                return Listing(found, common, last.decode() if last else None)
            cut = name.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                last = name[: cut + len(delimiter)]
                common.append(last.decode())
                lowest, inclusive = _beyond(last) or name, True
            else:
                last = name
                found.append(object_info(row))
                lowest, inclusive = name, False
        if len(rows) < _BATCH:
            return Listing(found, common, None)


def _beyond(prefix: bytes) -> bytes | None:
    """The first byte string after all those that begin with ``prefix``; None when there is none."""
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes([head[-1] + 1]) if head else None
