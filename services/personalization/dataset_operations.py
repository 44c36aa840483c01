"""Operations on schemas, dataset groups, datasets, import jobs, event trackers and filters."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.datasets import DatasetStore
from services.personalization.events import EventStore
from services.personalization.filters import masks, parser
from services.personalization.filters.expression import Dataset
from services.personalization.imports import IMPORT, DatasetImports, parse_location
from services.personalization.kinds import (
    DATASET,
    DATASET_GROUP,
    EVENT_TRACKER,
    FILTER,
    IMPORT_JOB,
    SCHEMA,
    SOLUTION,
    TRACKING_ID,
    Kind,
)
from services.personalization.schemas import ITEMS, USERS, parse_schema
from services.personalization.shelf import Shelf
from shared import errors
from shared.contract.messages import copy_members
from shared.platform import Platform
from shared.rpc.call import Call


class DatasetOperations:
    """The half of the service that is about data."""

    def __init__(self, platform: Platform) -> None:
        self._resources = platform.resources
        self._shelf = Shelf(platform.resources, platform.jobs)
        self._events = EventStore(platform.database)
        self._datasets = DatasetStore(self._shelf, platform.objects.blobs)
        imports = DatasetImports(self._shelf, self._datasets, platform.objects)
        platform.jobs.register(IMPORT, imports.import_dataset, concurrency=2)

    # -- schemas

    async def create_schema(self, request: pb.CreateSchemaRequest, call: Call) -> pb.CreateSchemaResponse:
        """Store a schema, checked."""
        check_no_domain(request.domain)
        schema = parse_schema(request.schema)
        schema.check_for(schema.record.upper())
        stored = await self._shelf.create(
            call.account, SCHEMA, request.name, pb.DatasetSchema(name=request.name, schema=request.schema)
        )
        return pb.CreateSchemaResponse(schema_arn=stored.arn)

    async def describe_schema(self, request: pb.DescribeSchemaRequest, call: Call) -> pb.DescribeSchemaResponse:
        """A schema."""
        return pb.DescribeSchemaResponse(
            schema=(await self._shelf.get(call.account, SCHEMA, request.schema_arn)).message
        )

    async def list_schemas(self, request: pb.ListSchemasRequest, call: Call) -> pb.ListSchemasResponse:
        """The account's schemas."""
        page, token = await self._shelf.page(call.account, SCHEMA, None, request.max_results, request.next_token)
        return pb.ListSchemasResponse(
            schemas=[copy_members(one.message, pb.DatasetSchemaSummary()) for one in page], next_token=token
        )

    async def delete_schema(self, request: pb.DeleteSchemaRequest, call: Call) -> pb.DeleteSchemaResponse:
        """Delete a schema that no dataset has."""
        for dataset in await self._shelf.children(call.account, DATASET, None):
            if dataset.message.schema_arn == request.schema_arn:
                raise errors.ResourceInUse(f"The dataset {dataset.resource.name} has the schema.")
        await self._shelf.delete(call.account, SCHEMA, request.schema_arn)
        return pb.DeleteSchemaResponse()

    # -- dataset groups

    async def create_dataset_group(
        self, request: pb.CreateDatasetGroupRequest, call: Call
    ) -> pb.CreateDatasetGroupResponse:
        """Make a dataset group."""
        check_no_domain(request.domain)
        if request.kms_key_arn:
            raise errors.InvalidArgument(
                "There are no KMS keys here: leave kmsKeyArn out, and encrypt the object store."
            )
        stored = await self._shelf.create(
            call.account,
            DATASET_GROUP,
            request.name,
            pb.DatasetGroup(name=request.name, role_arn=request.role_arn or None),
            tags=tags_of(request.tags),
        )
        return pb.CreateDatasetGroupResponse(dataset_group_arn=stored.arn)

    async def describe_dataset_group(
        self, request: pb.DescribeDatasetGroupRequest, call: Call
    ) -> pb.DescribeDatasetGroupResponse:
        """A dataset group."""
        stored = await self._shelf.get(call.account, DATASET_GROUP, request.dataset_group_arn)
        return pb.DescribeDatasetGroupResponse(dataset_group=stored.message)

    async def list_dataset_groups(
        self, request: pb.ListDatasetGroupsRequest, call: Call
    ) -> pb.ListDatasetGroupsResponse:
        """The account's dataset groups."""
        page, token = await self._shelf.page(call.account, DATASET_GROUP, None, request.max_results, request.next_token)
        return pb.ListDatasetGroupsResponse(
            dataset_groups=[copy_members(one.message, pb.DatasetGroupSummary()) for one in page], next_token=token
        )

    async def delete_dataset_group(
        self, request: pb.DeleteDatasetGroupRequest, call: Call
    ) -> pb.DeleteDatasetGroupResponse:
        """Delete a dataset group that has nothing any more."""
        arn = request.dataset_group_arn
        kinds: tuple[Kind[Any], ...] = (DATASET, EVENT_TRACKER, FILTER, SOLUTION)
        for kind in kinds:
            if await self._shelf.children(call.account, kind, arn):
                raise errors.ResourceInUse(f"The dataset group has a {kind.noun}: delete that first.")
        stored = await self._shelf.delete(call.account, DATASET_GROUP, arn)
        await self._events.forget_group(stored.id)
        return pb.DeleteDatasetGroupResponse()

    # -- datasets

    async def create_dataset(self, request: pb.CreateDatasetRequest, call: Call) -> pb.CreateDatasetResponse:
        """Make a dataset, empty."""
        group = await self._shelf.active(call.account, DATASET_GROUP, request.dataset_group_arn)
        schema = await self._shelf.get(call.account, SCHEMA, request.schema_arn)
        kind = request.dataset_type.upper()
        parse_schema(schema.message.schema).check_for(kind)
        stored = await self._shelf.create(
            call.account,
            DATASET,
            request.name,
            pb.Dataset(
                name=request.name,
                dataset_group_arn=group.arn,
                dataset_type=kind,
                schema_arn=schema.arn,
            ),
            parent=group.arn,
            # A group has one dataset of each type: its ARN says so.
            arn=DATASET.resource.arn(call.account, f"{group.resource.name}/{kind}"),
            facts={"files": []},
            tags=tags_of(request.tags),
        )
        return pb.CreateDatasetResponse(dataset_arn=stored.arn)

    async def describe_dataset(self, request: pb.DescribeDatasetRequest, call: Call) -> pb.DescribeDatasetResponse:
        """A dataset."""
        return pb.DescribeDatasetResponse(
            dataset=(await self._shelf.get(call.account, DATASET, request.dataset_arn)).message
        )

    async def list_datasets(self, request: pb.ListDatasetsRequest, call: Call) -> pb.ListDatasetsResponse:
        """The datasets of a group, or of the account."""
        page, token = await self._shelf.page(
            call.account, DATASET, request.dataset_group_arn, request.max_results, request.next_token
        )
        return pb.ListDatasetsResponse(
            datasets=[copy_members(one.message, pb.DatasetSummary()) for one in page], next_token=token
        )

    async def delete_dataset(self, request: pb.DeleteDatasetRequest, call: Call) -> pb.DeleteDatasetResponse:
        """Delete a dataset, its import jobs and its data."""
        arn = request.dataset_arn
        jobs = await self._shelf.children(call.account, IMPORT_JOB, arn)
        if any(job.open for job in jobs):
            raise errors.ResourceInUse("Data is being imported into the dataset: wait until that is over.")
        stored = await self._shelf.delete(call.account, DATASET, arn)
        for job in jobs:
            await self._shelf.delete(call.account, IMPORT_JOB, job.arn)
        await self._datasets.forget(stored.id)
        await self._events.forget_dataset(stored.id)
        return pb.DeleteDatasetResponse()

    # -- imports

    async def create_dataset_import_job(
        self, request: pb.CreateDatasetImportJobRequest, call: Call
    ) -> pb.CreateDatasetImportJobResponse:
        """Import CSV files of the object store into a dataset."""
        if request.publish_attribution_metrics_to_s3:
            raise errors.Unimplemented("Metric attributions are not built: leave publishAttributionMetricsToS3 out.")
        parse_location(request.data_source.data_location)
        dataset = await self._shelf.active(call.account, DATASET, request.dataset_arn)
        stored = await self._shelf.create(
            call.account,
            IMPORT_JOB,
            request.job_name,
            pb.DatasetImportJob(
                job_name=request.job_name,
                dataset_arn=dataset.arn,
                data_source=request.data_source,
                role_arn=request.role_arn or None,
                import_mode=request.import_mode or "FULL",
                publish_attribution_metrics_to_s3=False,
            ),
            parent=dataset.arn,
            tags=tags_of(request.tags),
            job=IMPORT,
        )
        return pb.CreateDatasetImportJobResponse(dataset_import_job_arn=stored.arn)

    async def describe_dataset_import_job(
        self, request: pb.DescribeDatasetImportJobRequest, call: Call
    ) -> pb.DescribeDatasetImportJobResponse:
        """An import job."""
        stored = await self._shelf.get(call.account, IMPORT_JOB, request.dataset_import_job_arn)
        return pb.DescribeDatasetImportJobResponse(dataset_import_job=stored.message)

    async def list_dataset_import_jobs(
        self, request: pb.ListDatasetImportJobsRequest, call: Call
    ) -> pb.ListDatasetImportJobsResponse:
        """The import jobs of a dataset, or of the account."""
        page, token = await self._shelf.page(
            call.account, IMPORT_JOB, request.dataset_arn, request.max_results, request.next_token
        )
        return pb.ListDatasetImportJobsResponse(
            dataset_import_jobs=[copy_members(one.message, pb.DatasetImportJobSummary()) for one in page],
            next_token=token,
        )

    # -- event trackers

    async def create_event_tracker(
        self, request: pb.CreateEventTrackerRequest, call: Call
    ) -> pb.CreateEventTrackerResponse:
        """Make the event tracker of a dataset group, which has one at most."""
        group = await self._shelf.active(call.account, DATASET_GROUP, request.dataset_group_arn)
        if await self._shelf.children(call.account, EVENT_TRACKER, group.arn):
            raise errors.AlreadyExists("The dataset group has an event tracker already.")
        tracking_id = str(uuid.uuid4())
        await self._resources.create(
            call.account, TRACKING_ID, tracking_id, orjson.dumps({"id": group.id, "arn": group.arn})
        )
        try:
            stored = await self._shelf.create(
                call.account,
                EVENT_TRACKER,
                request.name,
                pb.EventTracker(
                    name=request.name,
                    account_id=call.account,
                    tracking_id=tracking_id,
                    dataset_group_arn=group.arn,
                ),
                parent=group.arn,
                arn=EVENT_TRACKER.resource.arn(call.account, uuid.uuid4().hex[:8]),
                tags=tags_of(request.tags),
            )
        except errors.NonetError:
            await self._resources.delete(call.account, TRACKING_ID, tracking_id)
            raise
        return pb.CreateEventTrackerResponse(event_tracker_arn=stored.arn, tracking_id=tracking_id)

    async def describe_event_tracker(
        self, request: pb.DescribeEventTrackerRequest, call: Call
    ) -> pb.DescribeEventTrackerResponse:
        """An event tracker."""
        stored = await self._shelf.get(call.account, EVENT_TRACKER, request.event_tracker_arn)
        return pb.DescribeEventTrackerResponse(event_tracker=stored.message)

    async def list_event_trackers(
        self, request: pb.ListEventTrackersRequest, call: Call
    ) -> pb.ListEventTrackersResponse:
        """The event trackers of a dataset group, or of the account."""
        page, token = await self._shelf.page(
            call.account, EVENT_TRACKER, request.dataset_group_arn, request.max_results, request.next_token
        )
        return pb.ListEventTrackersResponse(
            event_trackers=[copy_members(one.message, pb.EventTrackerSummary()) for one in page], next_token=token
        )

    async def delete_event_tracker(
        self, request: pb.DeleteEventTrackerRequest, call: Call
    ) -> pb.DeleteEventTrackerResponse:
        """Delete an event tracker; the events stay with the dataset group."""
        stored = await self._shelf.delete(call.account, EVENT_TRACKER, request.event_tracker_arn)
        await self._resources.delete(call.account, TRACKING_ID, stored.message.tracking_id)
        return pb.DeleteEventTrackerResponse()

    # -- filters

    async def create_filter(self, request: pb.CreateFilterRequest, call: Call) -> pb.CreateFilterResponse:
        """Store a filter, its expression checked against the schemas of the dataset group."""
        group = await self._shelf.active(call.account, DATASET_GROUP, request.dataset_group_arn)
        expression = parser.parse(request.filter_expression)
        masks.check_fields(expression, await self._columns(call.account, group.arn))
        stored = await self._shelf.create(
            call.account,
            FILTER,
            request.name,
            pb.Filter(name=request.name, dataset_group_arn=group.arn, filter_expression=request.filter_expression),
            parent=group.arn,
            tags=tags_of(request.tags),
        )
        return pb.CreateFilterResponse(filter_arn=stored.arn)

    async def _columns(self, account: str, group: str) -> Mapping[Dataset, list[str] | None]:
        """The fields that a filter may look at."""
        datasets = await self._datasets.of_group(account, group)
        columns: dict[str, list[str] | None] = {ITEMS: None, USERS: None}
        for kind in columns:
            if kind in datasets:
                schema = await self._datasets.schema(account, datasets[kind])
                columns[kind] = [one.name.upper() for one in schema.fields]
        return {
            Dataset.ITEMS: columns[ITEMS],
            Dataset.CURRENT_ITEM: columns[ITEMS],
            Dataset.CURRENT_USER: columns[USERS],
        }

    async def describe_filter(self, request: pb.DescribeFilterRequest, call: Call) -> pb.DescribeFilterResponse:
        """A filter."""
        return pb.DescribeFilterResponse(
            filter=(await self._shelf.get(call.account, FILTER, request.filter_arn)).message
        )

    async def list_filters(self, request: pb.ListFiltersRequest, call: Call) -> pb.ListFiltersResponse:
        """The filters of a dataset group, or of the account."""
        page, token = await self._shelf.page(
            call.account, FILTER, request.dataset_group_arn, request.max_results, request.next_token
        )
        return pb.ListFiltersResponse(
            filters=[copy_members(one.message, pb.FilterSummary()) for one in page], next_token=token
        )

    async def delete_filter(self, request: pb.DeleteFilterRequest, call: Call) -> pb.DeleteFilterResponse:
        """Delete a filter."""
        await self._shelf.delete(call.account, FILTER, request.filter_arn)
        return pb.DeleteFilterResponse()


def check_no_domain(domain: str) -> None:
    """Raises ``Unimplemented`` for a domain dataset group."""
    if domain:
        raise errors.Unimplemented("Domain dataset groups and recommenders are not built: leave domain out.")


def tags_of(tags: Iterable[pb.Tag]) -> dict[str, str]:
    """Tags by key."""
    return {tag.tag_key: tag.tag_value for tag in tags}
