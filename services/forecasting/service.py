"""The Forecasting service: what the operations of Amazon Forecast do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nonet.forecasting.v1 import forecasting_pb2 as pb
from services.forecasting import jobs
from services.forecasting.datasets import Datasets
from services.forecasting.deletion import SHAPES, Deletion
from services.forecasting.engine_room import EngineRoom
from services.forecasting.forecast_table import ForecastTable
from services.forecasting.forecasts import AUTO, Forecasts
from services.forecasting.kinds import (
    DATASET,
    DATASET_GROUP,
    EXPORT_JOB,
    FORECAST,
    IMPORT_JOB,
    PREDICTOR,
    QUEUES,
    kind_of,
)
from services.forecasting.listings import Listings
from services.forecasting.predictors import GROUP, SETTINGS, Predictors, accuracy
from services.forecasting.resource_store import Described, ForecastResources, Stored
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage.pages import PageTokens
from shared.storage.resources import ResourceKind


@dataclass(slots=True)
class Workshop:
    """What the two services of this folder share, made of a platform."""

    platform: Platform
    resources: ForecastResources = field(init=False)
    engines: EngineRoom = field(init=False)
    datasets: Datasets = field(init=False)
    predictors: Predictors = field(init=False)
    forecasts: Forecasts = field(init=False)

    def __post_init__(self) -> None:
        platform = self.platform
        self.resources = ForecastResources(platform.resources, platform.jobs)
        self.engines = EngineRoom(platform.runtime, platform.settings.data_directory)
        self.datasets = Datasets(self.resources, platform.objects, self.engines)
        self.predictors = Predictors(self.resources, self.datasets, platform.objects, self.engines)
        self.forecasts = Forecasts(
            self.resources, self.datasets, self.predictors, ForecastTable(platform.database), platform.objects,
            self.engines,
        )  # fmt: skip


class ForecastingService:
    """nonet.forecasting.v1.Forecasting. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        workshop = Workshop(platform)
        self._platform = platform
        self._resources = workshop.resources
        self._datasets = workshop.datasets
        self._predictors = workshop.predictors
        self._forecasts = workshop.forecasts
        self._deletion = Deletion(self._resources, self._datasets, self._forecasts, platform.objects)
        self._listings = Listings(self._resources, lambda: PageTokens.of(platform.database))
        workers = max(1, platform.settings.job_workers)
        for kind, work in (
            (IMPORT_JOB, self._datasets.run_import),
            (PREDICTOR, self._predictors.train),
            (FORECAST, self._forecasts.make),
            (EXPORT_JOB, self._forecasts.export),
        ):
            jobs.register(platform.jobs, self._resources, kind, work, workers)

    # -- dataset groups

    async def create_dataset_group(
        self, request: pb.CreateDatasetGroupRequest, call: Call
    ) -> pb.CreateDatasetGroupResponse:
        """Make a group of datasets of one domain."""
        group = await self._datasets.create_group(call.account, request)
        return pb.CreateDatasetGroupResponse(dataset_group_arn=group.resource.arn)

    async def describe_dataset_group(
        self, request: pb.DescribeDatasetGroupRequest, call: Call
    ) -> pb.DescribeDatasetGroupResponse:
        """What is known of a dataset group."""
        return (await self._datasets.group(call.account, request.dataset_group_arn)).told()

    async def update_dataset_group(
        self, request: pb.UpdateDatasetGroupRequest, call: Call
    ) -> pb.UpdateDatasetGroupResponse:
        """Give a group other datasets."""
        await self._datasets.update_group(call.account, request)
        return pb.UpdateDatasetGroupResponse()

    async def list_dataset_groups(
        self, request: pb.ListDatasetGroupsRequest, call: Call
    ) -> pb.ListDatasetGroupsResponse:
        """The account's dataset groups, the newest first."""
        page, token = await self._listings.page(
            call.account, DATASET_GROUP, SHAPES[DATASET_GROUP.name], pb.DatasetGroupSummary, request, {}
        )
        return pb.ListDatasetGroupsResponse(dataset_groups=page, next_token=token)

    async def delete_dataset_group(
        self, request: pb.DeleteDatasetGroupRequest, call: Call
    ) -> pb.DeleteDatasetGroupResponse:
        """Delete a dataset group; its datasets stay."""
        await self._deletion.delete(call.account, DATASET_GROUP, request.dataset_group_arn)
        return pb.DeleteDatasetGroupResponse()

    # -- datasets

    async def create_dataset(self, request: pb.CreateDatasetRequest, call: Call) -> pb.CreateDatasetResponse:
        """Make an empty dataset with a schema that its domain allows."""
        dataset = await self._datasets.create(call.account, request)
        return pb.CreateDatasetResponse(dataset_arn=dataset.resource.arn)

    async def describe_dataset(self, request: pb.DescribeDatasetRequest, call: Call) -> pb.DescribeDatasetResponse:
        """What is known of a dataset."""
        return (await self._datasets.dataset(call.account, request.dataset_arn)).told()

    async def list_datasets(self, request: pb.ListDatasetsRequest, call: Call) -> pb.ListDatasetsResponse:
        """The account's datasets, the newest first."""
        page, token = await self._listings.page(
            call.account, DATASET, SHAPES[DATASET.name], pb.DatasetSummary, request, {}
        )
        return pb.ListDatasetsResponse(datasets=page, next_token=token)

    async def delete_dataset(self, request: pb.DeleteDatasetRequest, call: Call) -> pb.DeleteDatasetResponse:
        """Delete a dataset and what was imported into it."""
        await self._deletion.delete(call.account, DATASET, request.dataset_arn)
        return pb.DeleteDatasetResponse()

    # -- imports

    async def create_dataset_import_job(
        self, request: pb.CreateDatasetImportJobRequest, call: Call
    ) -> pb.CreateDatasetImportJobResponse:
        """Import files from S3 into a dataset, whole or not at all."""
        stored = await self._datasets.start_import(call.account, request)
        return pb.CreateDatasetImportJobResponse(dataset_import_job_arn=stored.resource.arn)

    async def describe_dataset_import_job(
        self, request: pb.DescribeDatasetImportJobRequest, call: Call
    ) -> pb.DescribeDatasetImportJobResponse:
        """What is known of an import: statistics of its fields, and rows that could not be read."""
        return await self._told(call, IMPORT_JOB, request.dataset_import_job_arn, pb.DescribeDatasetImportJobResponse)

    async def list_dataset_import_jobs(
        self, request: pb.ListDatasetImportJobsRequest, call: Call
    ) -> pb.ListDatasetImportJobsResponse:
        """The account's imports, the newest first."""
        page, token = await self._listings.page(
            call.account, IMPORT_JOB, SHAPES[IMPORT_JOB.name], pb.DatasetImportJobSummary, request,
            {"DatasetArn": lambda one: str(one.described.dataset_arn), "Status": lambda one: one.resource.status},
        )  # fmt: skip
        return pb.ListDatasetImportJobsResponse(dataset_import_jobs=page, next_token=token)

    async def delete_dataset_import_job(
        self, request: pb.DeleteDatasetImportJobRequest, call: Call
    ) -> pb.DeleteDatasetImportJobResponse:
        """Delete the record of an import; what it imported stays in the dataset."""
        await self._deletion.delete(call.account, IMPORT_JOB, request.dataset_import_job_arn)
        return pb.DeleteDatasetImportJobResponse()

    # -- predictors

    async def create_auto_predictor(
        self, request: pb.CreateAutoPredictorRequest, call: Call
    ) -> pb.CreateAutoPredictorResponse:
        """Backtest all models on a group's series, and weigh them for each series."""
        stored = await self._predictors.create_auto(call.account, request)
        return pb.CreateAutoPredictorResponse(predictor_arn=stored.resource.arn)

    async def describe_auto_predictor(
        self, request: pb.DescribeAutoPredictorRequest, call: Call
    ) -> pb.DescribeAutoPredictorResponse:
        """What is known of an AutoPredictor."""
        stored = await self._predictors.get(call.account, request.predictor_arn)
        if not stored.facts[SETTINGS]["auto"]:
            raise errors.InvalidArgument("That predictor was made by CreatePredictor: ask DescribePredictor.")
        answer: pb.DescribeAutoPredictorResponse = stored.told()
        return answer

    async def create_predictor(self, request: pb.CreatePredictorRequest, call: Call) -> pb.CreatePredictorResponse:
        """Train a predictor of one algorithm."""
        stored = await self._predictors.create_legacy(call.account, request)
        return pb.CreatePredictorResponse(predictor_arn=stored.resource.arn)

    async def describe_predictor(
        self, request: pb.DescribePredictorRequest, call: Call
    ) -> pb.DescribePredictorResponse:
        """What is known of a predictor that CreatePredictor made."""
        stored = await self._predictors.get(call.account, request.predictor_arn)
        if stored.facts[SETTINGS]["auto"]:
            raise errors.InvalidArgument("That predictor was made by CreateAutoPredictor: ask DescribeAutoPredictor.")
        answer: pb.DescribePredictorResponse = stored.told()
        return answer

    async def get_accuracy_metrics(
        self, request: pb.GetAccuracyMetricsRequest, call: Call
    ) -> pb.GetAccuracyMetricsResponse:
        """Metrics of a predictor's backtest windows, and their mean."""
        stored = await self._predictors.get(call.account, request.predictor_arn)
        if stored.resource.status != "ACTIVE":
            raise errors.ResourceInUse(f"The predictor is {stored.resource.status}, not ACTIVE.")
        return accuracy(stored)

    async def list_predictors(self, request: pb.ListPredictorsRequest, call: Call) -> pb.ListPredictorsResponse:
        """The account's predictors, the newest first."""

        def more(stored: Stored[Any], summary: pb.PredictorSummary) -> None:
            summary.dataset_group_arn = stored.facts[GROUP]
            summary.is_auto_predictor = stored.facts[SETTINGS]["auto"]

        page, token = await self._listings.page(
            call.account, PREDICTOR, SHAPES[PREDICTOR.name], pb.PredictorSummary, request,
            {"DatasetGroupArn": lambda one: str(one.facts[GROUP]), "Status": lambda one: one.resource.status}, more,
        )  # fmt: skip
        return pb.ListPredictorsResponse(predictors=page, next_token=token)

    async def delete_predictor(self, request: pb.DeletePredictorRequest, call: Call) -> pb.DeletePredictorResponse:
        """Delete a predictor; its forecasts stay."""
        await self._deletion.delete(call.account, PREDICTOR, request.predictor_arn)
        return pb.DeletePredictorResponse()

    # -- forecasts

    async def create_forecast(self, request: pb.CreateForecastRequest, call: Call) -> pb.CreateForecastResponse:
        """Forecast every series of the predictor's dataset group."""
        stored = await self._forecasts.create(call.account, request)
        return pb.CreateForecastResponse(forecast_arn=stored.resource.arn)

    async def describe_forecast(self, request: pb.DescribeForecastRequest, call: Call) -> pb.DescribeForecastResponse:
        """What is known of a forecast."""
        return (await self._forecasts.get(call.account, request.forecast_arn)).told()

    async def list_forecasts(self, request: pb.ListForecastsRequest, call: Call) -> pb.ListForecastsResponse:
        """The account's forecasts, the newest first."""

        def more(stored: Stored[Any], summary: pb.ForecastSummary) -> None:
            summary.created_using_auto_predictor = stored.facts[AUTO]

        filters = {
            "DatasetGroupArn": lambda one: str(one.described.dataset_group_arn),
            "PredictorArn": lambda one: str(one.described.predictor_arn),
            "Status": lambda one: one.resource.status,
        }
        page, token = await self._listings.page(
            call.account, FORECAST, SHAPES[FORECAST.name], pb.ForecastSummary, request, filters, more
        )
        return pb.ListForecastsResponse(forecasts=page, next_token=token)

    async def delete_forecast(self, request: pb.DeleteForecastRequest, call: Call) -> pb.DeleteForecastResponse:
        """Delete a forecast; files that were exported stay."""
        await self._deletion.delete(call.account, FORECAST, request.forecast_arn)
        return pb.DeleteForecastResponse()

    # -- exports

    async def create_forecast_export_job(
        self, request: pb.CreateForecastExportJobRequest, call: Call
    ) -> pb.CreateForecastExportJobResponse:
        """Write a forecast to S3 as CSV."""
        stored = await self._forecasts.start_export(call.account, request)
        return pb.CreateForecastExportJobResponse(forecast_export_job_arn=stored.resource.arn)

    async def describe_forecast_export_job(
        self, request: pb.DescribeForecastExportJobRequest, call: Call
    ) -> pb.DescribeForecastExportJobResponse:
        """What is known of an export."""
        return await self._told(call, EXPORT_JOB, request.forecast_export_job_arn, pb.DescribeForecastExportJobResponse)

    async def list_forecast_export_jobs(
        self, request: pb.ListForecastExportJobsRequest, call: Call
    ) -> pb.ListForecastExportJobsResponse:
        """The account's exports, the newest first."""
        page, token = await self._listings.page(
            call.account, EXPORT_JOB, SHAPES[EXPORT_JOB.name], pb.ForecastExportJobSummary, request,
            {"ForecastArn": lambda one: str(one.described.forecast_arn), "Status": lambda one: one.resource.status},
        )  # fmt: skip
        return pb.ListForecastExportJobsResponse(forecast_export_jobs=page, next_token=token)

    async def delete_forecast_export_job(
        self, request: pb.DeleteForecastExportJobRequest, call: Call
    ) -> pb.DeleteForecastExportJobResponse:
        """Delete the record of an export; its files stay."""
        await self._deletion.delete(call.account, EXPORT_JOB, request.forecast_export_job_arn)
        return pb.DeleteForecastExportJobResponse()

    # -- any resource

    async def delete_resource_tree(
        self, request: pb.DeleteResourceTreeRequest, call: Call
    ) -> pb.DeleteResourceTreeResponse:
        """Delete a resource and all that was made from it."""
        await self._deletion.delete_tree(call.account, request.resource_arn)
        return pb.DeleteResourceTreeResponse()

    async def stop_resource(self, request: pb.StopResourceRequest, call: Call) -> pb.StopResourceResponse:
        """Stop the making of an import, a predictor, a forecast or an export."""
        kind = kind_of(request.resource_arn)
        if kind is None or kind.name not in QUEUES:
            raise errors.NotFound("Imports, predictors, forecasts and exports can be stopped; that is none of them.")
        stored: Stored[Any] = await self._resources.get(
            call.account, kind, request.resource_arn, SHAPES[kind.name]
        )
        await self._resources.stop(stored, kind)
        return pb.StopResourceResponse()

    async def tag_resource(self, request: pb.TagResourceRequest, call: Call) -> pb.TagResourceResponse:
        """Add tags to a resource."""
        tags = {tag.key: tag.value for tag in request.tags}
        await self._platform.resources.tag(call.account, request.resource_arn, tags)
        return pb.TagResourceResponse()

    async def untag_resource(self, request: pb.UntagResourceRequest, call: Call) -> pb.UntagResourceResponse:
        """Take tags from a resource."""
        await self._platform.resources.untag(call.account, request.resource_arn, request.tag_keys)
        return pb.UntagResourceResponse()

    async def list_tags_for_resource(
        self, request: pb.ListTagsForResourceRequest, call: Call
    ) -> pb.ListTagsForResourceResponse:
        """A resource's tags."""
        tags = await self._platform.resources.list_tags(call.account, request.resource_arn)
        return pb.ListTagsForResourceResponse(tags=[pb.Tag(key=key, value=value) for key, value in tags.items()])

    async def _told(self, call: Call, kind: ResourceKind, arn: str, shape: type[Described]) -> Described:
        return (await self._resources.get(call.account, kind, arn, shape)).told()
