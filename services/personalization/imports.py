"""Import jobs: CSV files of the object store into a dataset, whole or not at all."""

from __future__ import annotations

import asyncio
import tempfile

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.csv_rows import BadRowsError, TableReader
from services.personalization.dataset_table import DatasetTable
from services.personalization.datasets import DatasetStore
from services.personalization.kinds import ACTIVE, DATASET, IMPORT_JOB, IN_PROGRESS
from services.personalization.schemas import Schema
from services.personalization.shelf import Shelf
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.storage.names import ObjectName, check_bucket_name
from shared.storage.objects import ObjectStore

IMPORT = "personalization.dataset-import"
#: Files of one folder, and bytes of one import. Amazon takes 100 GB; a table here lives in memory while it is read.
MOST_FILES = 1000
MOST_BYTES = 4 * 1024**3


class DatasetImports:
    """The handler of ``IMPORT``; the job's request is the ARN of its resource."""

    def __init__(self, shelf: Shelf, datasets: DatasetStore, objects: ObjectStore) -> None:
        self._shelf = shelf
        self._datasets = datasets
        self._objects = objects

    async def import_dataset(self, job: RunningJob) -> JobResult:
        """Read the files and make them part of the dataset."""
        arn = job.request.decode()
        try:
            stored = await self._shelf.start(job.account, IMPORT_JOB, arn)
            if not stored.open:
                # Its process died between the import and the job's end; again, it would undo later imports.
                return JobResult()
            await self._import(job, stored.message)
        except errors.NonetError as error:
            if not error.retryable and not isinstance(error, errors.Cancelled):
                await self._shelf.fail(job.account, IMPORT_JOB, arn, error.message)
            raise
        await self._shelf.change(job.account, IMPORT_JOB, arn, lambda message, facts: ACTIVE, only=(IN_PROGRESS,))
        return JobResult()

    async def _import(self, job: RunningJob, request: pb.DatasetImportJob) -> None:
        dataset = await self._shelf.get(job.account, DATASET, request.dataset_arn)
        schema = await self._datasets.schema(job.account, dataset)
        try:
            table = await self._read(job, parse_location(request.data_source.data_location), schema)
        except BadRowsError as reason:
            raise errors.InvalidArgument(str(reason)) from None
        await self._datasets.keep(job.account, dataset, job.id, table, request.import_mode != "INCREMENTAL")

    async def _read(self, job: RunningJob, place: ObjectName, schema: Schema) -> DatasetTable:
        """The file, or the files of the folder, by way of this machine's disk."""
        refused = errors.InvalidObject("The data cannot be read: check bucket, key and owner of the data location.")
        table = TableReader(schema, lambda: job.cancelled)
        try:
            keys = await self._keys(job.account, place)
            size = 0
            for number, key in enumerate(keys):
                source = await self._objects.open(job.account, place.bucket, key)
                size += source.length
                if size > MOST_BYTES:
                    raise errors.InvalidArgument(f"The files have more than {MOST_BYTES} bytes together.")
                # It has no name, so nothing of it is left when the process is killed.
                with tempfile.TemporaryFile(prefix="nonet-import-") as file:
                    async for chunk in source:
                        await asyncio.to_thread(file.write, chunk)
                        job.raise_if_stopped()
                    file.seek(0)
                    await asyncio.to_thread(table.read, file)
                await job.report(0.8 * (number + 1) / len(keys))
        except (errors.NotFound, errors.PermissionDenied):
            raise refused from None
        if not keys:
            raise refused
        return await asyncio.to_thread(table.table)

    async def _keys(self, account: str, place: ObjectName) -> list[str]:
        """The key itself; below a folder every key that ends in .csv."""
        if place.key and not place.key.endswith("/"):
            return [place.key]
        keys: list[str] = []
        after = ""
        while True:
            page = await self._objects.list(account, place.bucket, prefix=place.key, after=after)
            keys += [one.key for one in page.objects if one.key.lower().endswith(".csv")]
            if len(keys) > MOST_FILES:
                raise errors.InvalidArgument(f"The folder has more than {MOST_FILES} files.")
            if page.next_after is None:
                return keys
            after = page.next_after


def parse_location(location: str) -> ObjectName:
    """Bucket and key of ``s3://bucket/key``; a key that is empty or ends in / is a folder.

    Raises ``InvalidArgument``: the location is somewhere else; nothing outside the object store is ever fetched.
    """
    refused = errors.InvalidArgument("The data location is s3://bucket/file.csv or s3://bucket/folder/.")
    if not location.startswith("s3://"):
        raise refused
    bucket, _, key = location.removeprefix("s3://").partition("/")
    try:
        check_bucket_name(bucket)
    except errors.InvalidArgument:
        raise refused from None
    return ObjectName(bucket, key)
