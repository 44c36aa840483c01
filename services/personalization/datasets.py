"""The data of datasets: imported files in the blob store, and what was put or told live beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.dataset_table import DatasetTable
from services.personalization.kinds import DATASET, SCHEMA, Stored
from services.personalization.schemas import Schema, parse_schema
from services.personalization.shelf import Shelf
from shared import errors
from shared.storage.blobs import BlobStore, blob_name

#: Files replaced under a reader's hands: how often it begins again.
_TRIES = 3


class DatasetStore:
    """Finds the datasets of a group, and reads and writes their files."""

    def __init__(self, shelf: Shelf, blobs: BlobStore) -> None:
        self._shelf = shelf
        self._blobs = blobs

    async def of_group(self, account: str, group: str) -> Mapping[str, Stored[pb.Dataset]]:
        """The datasets of a group by type: INTERACTIONS, ITEMS, USERS."""
        return {
            stored.message.dataset_type.upper(): stored
            for stored in await self._shelf.children(account, DATASET, group)
        }

    async def schema(self, account: str, dataset: Stored[pb.Dataset]) -> Schema:
        """The columns of a dataset."""
        stored = await self._shelf.get(account, SCHEMA, dataset.message.schema_arn)
        return parse_schema(stored.message.schema)

    async def tables(self, account: str, dataset: Stored[pb.Dataset]) -> list[DatasetTable]:
        """Everything that was imported into a dataset, the oldest file first."""
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return [await self.table(name) for name in dataset.facts["files"]]
            except errors.NotFound:
                if last:
                    raise
                dataset = await self._shelf.get(account, DATASET, dataset.arn)
        raise AssertionError("the last try returns or raises")

    async def table(self, name: str) -> DatasetTable:
        """One imported file. Raises ``NotFound``."""
        data = b"".join([chunk async for chunk in self._blobs.read(name)])
        return await asyncio.to_thread(DatasetTable.from_bytes, data)

    async def keep(
        self, account: str, dataset: Stored[pb.Dataset], job: str, table: DatasetTable, replaces: bool
    ) -> None:
        """Make a table part of its dataset, at once and as a whole.

        ``job`` names the file, so that a job that is done again after a crash writes the same one. ``replaces``: in
        place of all that was imported before.
        """
        name = blob_name(_folder(dataset.id), job)
        data = await asyncio.to_thread(table.to_bytes)
        await self._blobs.write(name, _once(data))
        gone: list[str] = []

        def changed(message: pb.Dataset, facts: dict[str, Any]) -> None:
            before = [one for one in facts["files"] if one != name]
            gone[:] = before if replaces else []
            facts["files"] = [name] if replaces else [*before, name]

        await self._shelf.change(account, DATASET, dataset.arn, changed)
        for old in gone:
            await self._blobs.delete(old)

    async def forget(self, dataset: int) -> None:
        """Delete the files of a dataset that is gone."""
        await self._blobs.delete_below(_folder(dataset))


def _folder(dataset: int) -> str:
    return blob_name("recommendation-data", str(dataset))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
