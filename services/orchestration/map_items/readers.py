"""ItemReader: the items of a Distributed Map that lie in S3.

    async for item in read(reader, objects, account, start=1_000):
        ...

``reader`` is the state's ItemReader with its Parameters (or Arguments) evaluated. Items come one at a time, in an order
that is the same whenever the object is, so that a run which was interrupted goes on with ``start``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from services.orchestration.language.json_text import MAX_DEPTH, depth_exceeds
from services.orchestration.map_items.csv_rows import DELIMITERS, csv_rows
from services.orchestration.map_items.json_items import MAX_VALUE_CHARACTERS, json_items, no_constant, too_deep
from services.orchestration.map_items.object_text import object_bytes, object_text, reader_failed
from services.orchestration.map_items.parquet_rows import parquet_rows
from shared import errors
from shared.storage.objects import MOST_LISTED, ObjectStore

#: Most items of one Map run, as on AWS.
MOST_ITEMS = 100_000_000
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_LOAD_AND_FLATTEN = "LOAD_AND_FLATTEN"


async def read(
    reader: Mapping[str, Any], objects: ObjectStore, account: str, *, start: int = 0, most: int | None = None
) -> AsyncGenerator[Any, None]:
    """The items from number ``start`` on, which lie in objects of ``account``.

    ``most``: how many there are at most, counted from the first; None takes ReaderConfig.MaxItems, 0 is no limit.

    Raises:
        StateError: States.ItemReaderFailed.
    """
    config = reader.get("ReaderConfig") or {}
    limit = (int(config.get("MaxItems") or 0) if most is None else most) or MOST_ITEMS
    number = 0
    if start >= limit:
        return
    async with contextlib.aclosing(_Source(objects, account).items(reader, config)) as items:
        async for item in items:
            number += 1
            if number > start:
                yield item
            if number == limit:
                return


class _Source:
    """The objects of one account, read as items."""

    def __init__(self, objects: ObjectStore, account: str) -> None:
        self._objects = objects
        self._account = account

    def items(self, reader: Mapping[str, Any], config: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """The items that ``reader`` names."""
        parameters = reader.get("Parameters") or reader.get("Arguments") or {}
        action = str(reader.get("Resource", "")).rpartition(":")[2]
        bucket = parameters.get("Bucket")
        if not isinstance(bucket, str) or not bucket:
            raise reader_failed("ItemReader needs the parameter Bucket")
        if action == "listObjectsV2":
            listed = self._listed(bucket, str(parameters.get("Prefix") or ""), str(parameters.get("StartAfter") or ""))
            return self._loaded(bucket, listed, config) if config.get("Transformation") == _LOAD_AND_FLATTEN else listed
        if action != "getObject":
            raise reader_failed("ItemReader's Resource is neither s3:getObject nor s3:listObjectsV2")
        key = parameters.get("Key")
        if not isinstance(key, str) or not key:
            raise reader_failed("ItemReader needs the parameter Key")
        return self._contents(bucket, key, config)

    def _contents(self, bucket: str, key: str, config: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """The items in one object."""
        kind = str(config.get("InputType") or "JSON")
        if kind == "MANIFEST":
            return self._inventory(bucket, key, config)
        if kind == "PARQUET":
            return parquet_rows(object_bytes(self._objects, self._account, bucket, key))
        text = object_text(self._objects, self._account, bucket, key)
        if kind == "CSV":
            return _records(csv_rows(text, _delimiter(config)), _given_headers(config))
        if kind == "JSONL":
            return _json_lines(text)
        if kind == "JSON":
            return json_items(text, str(config.get("ItemsPointer") or ""))
        raise reader_failed("ReaderConfig.InputType is not one of CSV, JSON, JSONL, PARQUET, MANIFEST")

    async def _listed(self, bucket: str, prefix: str, after: str) -> AsyncGenerator[dict[str, Any], None]:
        """The objects below a prefix, in S3's order."""
        cursor: str | None = after
        while cursor is not None:
            try:
                listing = await self._objects.list(
                    self._account, bucket, prefix=prefix, after=cursor, max_keys=MOST_LISTED
                )
            except errors.NonetError as error:
                raise reader_failed(f"The bucket {bucket} cannot be listed: {error.message}") from error
            for info in listing.objects:
                yield {
                    "Etag": f'"{info.etag}"',
                    "Key": info.key,
                    "LastModified": int(info.modified_at),
                    "Size": info.size,
                    "StorageClass": "STANDARD",
                }
            cursor = listing.next_after

    async def _loaded(
        self, bucket: str, listed: AsyncIterator[Mapping[str, Any]], config: Mapping[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """The items in every listed object, one after the other."""
        async for entry in listed:
            if entry["Size"]:
                async for item in self._contents(bucket, entry["Key"], config):
                    yield item

    async def _inventory(
        self, bucket: str, key: str, config: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The objects that an S3 inventory lists: manifest.json names CSV files and their columns."""
        if config.get("ManifestType") not in (None, "S3_INVENTORY"):
            raise reader_failed("ReaderConfig.ManifestType is not S3_INVENTORY, which is the one that Nonet reads")
        data = bytearray()
        async for piece in object_bytes(self._objects, self._account, bucket, key):
            data += piece
            if len(data) > MAX_MANIFEST_BYTES:
                raise reader_failed(f"The manifest has more than {MAX_MANIFEST_BYTES} bytes")
        try:
            manifest = json.loads(data)
            columns = [name.strip() for name in manifest["fileSchema"].split(",")]
            files = [file["key"] for file in manifest["files"]]
            source = str(manifest["destinationBucket"]).rpartition(":")[2]
            is_csv = manifest["fileFormat"] == "CSV"
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise reader_failed("The manifest is not that of an S3 inventory") from None
        if not is_csv:
            raise reader_failed("The S3 inventory's files are not CSV")
        for file in files:
            text = object_text(self._objects, self._account, source, str(file))
            async for record in _records(csv_rows(text), columns):
                # Inventories spell keys as URLs do.
                yield {**record, **({"Key": unquote_plus(record["Key"])} if "Key" in record else {})}


async def _records(rows: AsyncIterator[list[str]], headers: list[str] | None) -> AsyncGenerator[dict[str, str], None]:
    """Rows as objects: short rows are filled up with "", what a row has beyond the headers is left out."""
    async for row in rows:
        if headers is None:
            headers = row
            continue
        yield {name: row[column] if column < len(row) else "" for column, name in enumerate(headers)}


def _given_headers(config: Mapping[str, Any]) -> list[str] | None:
    location = config.get("CSVHeaderLocation", "FIRST_ROW")
    if location == "FIRST_ROW":
        return None
    headers = config.get("CSVHeaders")
    if location != "GIVEN" or not isinstance(headers, list) or not all(isinstance(name, str) for name in headers):
        raise reader_failed("ReaderConfig.CSVHeaderLocation is FIRST_ROW, or GIVEN with a list of CSVHeaders")
    return headers


def _delimiter(config: Mapping[str, Any]) -> str:
    name = str(config.get("CSVDelimiter") or "COMMA")
    if name not in DELIMITERS:
        raise reader_failed("ReaderConfig.CSVDelimiter is not one of " + ", ".join(DELIMITERS))
    return DELIMITERS[name]


async def _json_lines(pieces: AsyncIterator[str]) -> AsyncGenerator[Any, None]:
    rest = ""
    async for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        if len(rest) > MAX_VALUE_CHARACTERS:
            raise reader_failed(f"A line has more than {MAX_VALUE_CHARACTERS} characters")
        for line in lines:
            if line.strip():
                yield _json_line(line)
    if rest.strip():
        yield _json_line(rest)


def _json_line(line: str) -> Any:
    try:
        value = json.loads(line, parse_constant=no_constant)
    except RecursionError:
        raise too_deep() from None
    except ValueError:
        raise reader_failed("A line of the object is not valid JSON") from None
    if depth_exceeds(value, MAX_DEPTH):
        raise too_deep()
    return value
