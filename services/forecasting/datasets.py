"""Dataset groups, datasets, and the jobs that import files into datasets.

A dataset's tables are Parquet files in the service's bucket. An import writes its table first and then names it in the
dataset, in one change: whoever trains sees the whole import or nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nonet.forecasting.v1 import forecasting_pb2 as pb
from services.forecasting import domains
from services.forecasting.engine_room import EngineRoom
from services.forecasting.frequencies import Frequency
from services.forecasting.kinds import DATASET, DATASET_GROUP, IMPORT_JOB
from services.forecasting.resource_store import MESSAGE, ForecastResources, Stored
from services.forecasting.sources import BUCKET, download, find_files, keep
from services.forecasting.tasks import ColumnStatistics, ReadTable, TableReport
from shared import errors
from shared.jobs.job import RunningJob
from shared.storage.objects import ObjectStore
from shared.storage.service_buckets import ServiceBucket

#: Fact of a dataset: the keys of its tables.
TABLES = "tables"
#: Fact of a dataset: its first and last timestamp are not kept; the ARNs of the imports that its tables are of.
IMPORTS = "imports"
TIMESTAMP_FORMATS = ("yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss")
_GIGABYTE = 1e9

Group = Stored[pb.DescribeDatasetGroupResponse]
Dataset = Stored[pb.DescribeDatasetResponse]
Import = Stored[pb.DescribeDatasetImportJobResponse]


def attributes(dataset: Dataset) -> list[tuple[str, str]]:
    """Names and types of a dataset's schema, in the columns' order."""
    return [(one.attribute_name, one.attribute_type) for one in dataset.described.schema.attributes]


class Datasets:
    """Makes and changes groups and datasets, and does imports."""

    def __init__(self, resources: ForecastResources, objects: ObjectStore, engines: EngineRoom) -> None:
        self._resources = resources
        self._objects = objects
        self._engines = engines

    # -- groups

    async def create_group(self, account: str, request: pb.CreateDatasetGroupRequest) -> Group:
        """Raises ``AlreadyExists``, ``NotFound`` (a dataset), ``InvalidArgument`` (its domain, or two of a type)."""
        await self.check_members(account, request.domain, list(request.dataset_arns))
        described = pb.DescribeDatasetGroupResponse(
            dataset_group_name=request.dataset_group_name, domain=request.domain, dataset_arns=request.dataset_arns
        )
        return await self._resources.create(
            account, DATASET_GROUP, request.dataset_group_name, described, arn_field="dataset_group_arn",
            tags={tag.key: tag.value for tag in request.tags},
        )  # fmt: skip

    async def update_group(self, account: str, request: pb.UpdateDatasetGroupRequest) -> Group:
        """Give a group other datasets. Raises as ``create_group``."""
        group = await self.group(account, request.dataset_group_arn)
        arns = list(request.dataset_arns)
        await self.check_members(account, group.described.domain, arns)

        def changed(described: pb.DescribeDatasetGroupResponse, facts: dict[str, Any]) -> None:
            del described.dataset_arns[:]
            described.dataset_arns.extend(arns)

        return await self._resources.change(group, DATASET_GROUP, changed)

    async def group(self, account: str, arn: str) -> Group:
        """Raises ``NotFound``."""
        return await self._resources.get(account, DATASET_GROUP, arn, pb.DescribeDatasetGroupResponse)

    async def check_members(self, account: str, domain: str, arns: Sequence[str]) -> None:
        """That datasets are there, of the domain, and one of a type at most."""
        types: list[str] = []
        for arn in arns:
            dataset = await self.dataset(account, arn)
            if dataset.described.domain != domain:
                raise errors.InvalidArgument(f"A dataset is of the domain {dataset.described.domain}, not {domain}.")
            types.append(dataset.described.dataset_type)
        if len(set(types)) != len(types):
            raise errors.InvalidArgument("A dataset group has at most one dataset of each type.")

    async def members(self, account: str, group: Group) -> dict[str, Dataset]:
        """The group's datasets by their type; those deleted since are left out."""
        found: dict[str, Dataset] = {}
        for arn in group.described.dataset_arns:
            try:
                dataset = await self.dataset(account, arn)
            except errors.NotFound:
                continue
            found[dataset.described.dataset_type] = dataset
        return found

    # -- datasets

    async def create(self, account: str, request: pb.CreateDatasetRequest) -> Dataset:
        """Raises ``AlreadyExists``, ``InvalidArgument`` (schema or frequency), ``Unimplemented`` (geolocation)."""
        if request.HasField("encryption_config"):
            raise errors.InvalidArgument("There are no KMS keys here: leave EncryptionConfig out.")
        domains.check_schema(
            request.domain,
            request.dataset_type,
            [(one.attribute_name, one.attribute_type) for one in request.schema.attributes],
        )
        if request.dataset_type == domains.METADATA:
            if request.data_frequency:
                raise errors.InvalidArgument("Item metadata has no DataFrequency.")
        else:
            try:
                Frequency.parse(request.data_frequency)
            except ValueError as error:
                raise errors.InvalidArgument(f"DataFrequency: {error}.") from None
        described = pb.DescribeDatasetResponse(
            dataset_name=request.dataset_name, domain=request.domain, dataset_type=request.dataset_type,
            data_frequency=request.data_frequency or None, schema=request.schema,
        )  # fmt: skip
        return await self._resources.create(
            account, DATASET, request.dataset_name, described, {TABLES: [], IMPORTS: []}, arn_field="dataset_arn",
            tags={tag.key: tag.value for tag in request.tags},
        )  # fmt: skip

    async def dataset(self, account: str, arn: str) -> Dataset:
        """Raises ``NotFound``."""
        return await self._resources.get(account, DATASET, arn, pb.DescribeDatasetResponse)

    async def forget_tables(self, dataset: Dataset) -> None:
        """Delete the files of a dataset that is gone."""
        await ServiceBucket(self._objects, BUCKET).delete(dataset.resource.account, dataset.facts[TABLES])

    # -- imports

    async def start_import(self, account: str, request: pb.CreateDatasetImportJobRequest) -> Import:
        """Queue an import. Raises ``NotFound`` (the dataset), ``InvalidArgument``, ``Unimplemented``,
        ``EngineNotInstalled``."""
        dataset = await self.dataset(account, request.dataset_arn)
        self._engines.check()
        if request.timestamp_format and request.timestamp_format not in TIMESTAMP_FORMATS:
            raise errors.InvalidArgument(f"TimestampFormat is {' or '.join(TIMESTAMP_FORMATS)}.")
        if request.timestamp_format and dataset.described.dataset_type == domains.METADATA:
            raise errors.InvalidArgument("Item metadata has no timestamps: leave TimestampFormat out.")
        if request.HasField("time_zone") or request.use_geolocation_for_time_zone or request.geolocation_format:
            raise errors.Unimplemented(
                "Time zones and geolocation serve the weather index, which is not here: leave them out. Timestamps are "
                "taken as they stand."
            )
        check_s3(request.data_source.s3_config)
        described = pb.DescribeDatasetImportJobResponse(
            dataset_import_job_name=request.dataset_import_job_name, dataset_arn=request.dataset_arn,
            timestamp_format=request.timestamp_format or None, data_source=request.data_source,
            format=request.format or "CSV", import_mode=request.import_mode or "FULL",
        )  # fmt: skip
        return await self._resources.create(
            account, IMPORT_JOB, request.dataset_import_job_name, described, parent=dataset.resource.name,
            arn_field="dataset_import_job_arn", tags={tag.key: tag.value for tag in request.tags},
        )  # fmt: skip

    async def run_import(self, running: RunningJob, stored: Import) -> Import:
        """Read the files, keep the table, name it in the dataset. Raises ``InvalidArgument`` for files that cannot be
        taken; then nothing of them is there."""
        account, described = running.account, stored.described
        dataset = await self.dataset(account, described.dataset_arn)
        key = f"imports/{stored.resource.id}.parquet"
        async with self._engines.workspace("import") as folder:
            paths, size = [], 0
            for number, place in enumerate(
                await find_files(self._objects, account, described.data_source.s3_config.path)
            ):
                path = folder / f"{number}.source"
                size += await download(self._objects, account, place, path)
                paths.append(str(path))
                running.raise_if_stopped()
            await running.report(0.3)
            columns = domains.columns(
                dataset.described.domain, dataset.described.dataset_type, attributes(dataset)
            )
            table = folder / "table.parquet"
            task = ReadTable(tuple(paths), described.format, columns, described.timestamp_format, str(table))
            async with self._engines.engine() as engine:
                report: TableReport = await engine.do(task)
            if report.problem:
                raise errors.InvalidArgument(report.problem)
            await running.report(0.8)
            await keep(self._objects, account, key, table)
        replaced = await self._name_table(dataset, key, stored.resource.arn, described.import_mode == "FULL")
        await ServiceBucket(self._objects, BUCKET).delete(account, replaced)

        def finished(now: pb.DescribeDatasetImportJobResponse, facts: dict[str, Any]) -> str:
            facts[MESSAGE] = _bad_rows(report)
            now.data_size = size / _GIGABYTE
            for name, statistics in report.statistics.items():
                now.field_statistics[name].CopyFrom(_statistics(statistics))
            return "ACTIVE"

        return await self._resources.change(stored, IMPORT_JOB, finished)

    async def _name_table(self, dataset: Dataset, key: str, arn: str, full: bool) -> list[str]:
        """Make the table one of the dataset's, or the only one; the keys of those it replaced."""
        replaced: list[str] = []

        def changed(_: pb.DescribeDatasetResponse, facts: dict[str, Any]) -> None:
            replaced[:] = [one for one in facts[TABLES] if full and one != key]
            kept = [] if full else [one for one in facts[TABLES] if one != key]
            facts[TABLES] = [*kept, key]
            facts[IMPORTS] = [arn] if full else [*(one for one in facts[IMPORTS] if one != arn), arn]

        await self._resources.change(dataset, DATASET, changed)
        return replaced


def check_s3(config: pb.S3Config) -> None:
    """Raises ``InvalidArgument`` for a KMS key, or a path that is none."""
    if config.kms_key_arn:
        raise errors.InvalidArgument("There are no KMS keys here: leave KMSKeyArn out.")
    if "/" not in config.path.removeprefix("s3://"):
        raise errors.InvalidArgument("The Path of an S3Config is s3://bucket/key, of a file or of a folder.")


def _bad_rows(report: TableReport) -> str:
    if not report.bad_rows:
        return ""
    reasons = "; ".join(f"{count} {reason}" for reason, count in sorted(report.bad_rows.items()))
    total = sum(report.bad_rows.values())
    return f"{report.rows} rows were imported, {total} could not be read and were left out: {reasons}."


def _statistics(found: ColumnStatistics) -> pb.Statistics:
    most = 2**31 - 1  # the older members are 32-bit
    return pb.Statistics(
        count=min(found.count, most), count_distinct=min(found.distinct, most), count_null=min(found.null, most),
        count_nan=min(found.nan, most), count_long=found.count, count_distinct_long=found.distinct,
        count_null_long=found.null, count_nan_long=found.nan, min=found.low or None, max=found.high or None,
        avg=found.average, stddev=found.deviation,
    )  # fmt: skip


def table_keys(members: Mapping[str, Dataset], dataset_type: str) -> list[str]:
    """The keys of the tables of the group's dataset of a type."""
    return list(members[dataset_type].facts[TABLES]) if dataset_type in members else []
