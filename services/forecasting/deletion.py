"""Deleting: one resource with what only it has, or a tree of what was made from it."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from nonet.forecasting.v1 import forecasting_pb2 as pb
from services.forecasting.datasets import Datasets
from services.forecasting.forecasts import Forecasts
from services.forecasting.kinds import (
    DATASET,
    DATASET_GROUP,
    EXPORT_JOB,
    FORECAST,
    IMPORT_JOB,
    PREDICTOR,
    kind_of,
)
from services.forecasting.predictors import GROUP, choice_key
from services.forecasting.resource_store import ForecastResources, Stored
from services.forecasting.sources import BUCKET
from shared import errors
from shared.storage.objects import ObjectStore
from shared.storage.resources import ResourceKind
from shared.storage.service_buckets import ServiceBucket

SHAPES: dict[str, type[Message]] = {
    DATASET_GROUP.name: pb.DescribeDatasetGroupResponse,
    DATASET.name: pb.DescribeDatasetResponse,
    IMPORT_JOB.name: pb.DescribeDatasetImportJobResponse,
    PREDICTOR.name: pb.DescribePredictorResponse,
    FORECAST.name: pb.DescribeForecastResponse,
    EXPORT_JOB.name: pb.DescribeForecastExportJobResponse,
}


class Deletion:
    """Deletes at once: no resource is ever DELETE_PENDING."""

    def __init__(
        self, resources: ForecastResources, datasets: Datasets, forecasts: Forecasts, objects: ObjectStore
    ) -> None:
        self._resources = resources
        self._datasets = datasets
        self._forecasts = forecasts
        self._objects = objects

    async def delete(self, account: str, kind: ResourceKind, arn: str) -> None:
        """Delete one. Raises ``NotFound``, ``ResourceInUse`` (a job makes it, or a running job needs it)."""
        stored: Stored[Any] = await self._resources.get(account, kind, arn, SHAPES[kind.name])
        if users := [one for one in await self._users(stored, kind) if one.open]:
            raise errors.ResourceInUse(f"{users[0].resource.name} is {users[0].resource.status} and needs it.")
        await self._resources.delete(stored, kind)
        if kind is DATASET:
            await self._datasets.forget_tables(stored)
        elif kind is FORECAST:
            await self._forecasts.forget(stored)
        elif kind is PREDICTOR:
            await ServiceBucket(self._objects, BUCKET).delete(account, [choice_key(stored)])

    async def delete_tree(self, account: str, arn: str) -> None:
        """Delete a resource and all that was made from it, children first. Raises as ``delete``."""
        kind = kind_of(arn)
        if kind is None:
            raise errors.NotFound("That is not the ARN of a resource here.")
        stored: Stored[Any] = await self._resources.get(account, kind, arn, SHAPES[kind.name])
        if stored.open:
            raise errors.ResourceInUse(f"{stored.resource.name} is {stored.resource.status}: stop it, or wait.")
        for child, child_kind in await self._children(stored, kind):
            await self.delete_tree(account, child.resource.arn)
            assert child_kind is not kind
        await self.delete(account, kind, arn)

    async def _users(self, stored: Stored[Any], kind: ResourceKind) -> list[Stored[Any]]:
        """What needs a resource for as long as it is being made: a job reads all datasets of its group."""
        account, arn = stored.resource.account, stored.resource.arn
        every = self._resources.every
        users = [one for one, _ in await self._children(stored, kind)]
        if kind is DATASET:
            for group in await every(account, DATASET_GROUP, pb.DescribeDatasetGroupResponse):
                if arn in group.described.dataset_arns:
                    users += await self._users(group, DATASET_GROUP)
        elif kind is DATASET_GROUP:
            made = await every(account, FORECAST, pb.DescribeForecastResponse)
            users += [one for one in made if one.described.dataset_group_arn == arn]
        return users

    async def _children(self, stored: Stored[Any], kind: ResourceKind) -> list[tuple[Stored[Any], ResourceKind]]:
        """What was directly made from a resource."""
        account, arn = stored.resource.account, stored.resource.arn
        every = self._resources.every
        if kind is DATASET_GROUP:
            made = await every(account, PREDICTOR, pb.DescribePredictorResponse)
            return [(one, PREDICTOR) for one in made if one.facts[GROUP] == arn]
        if kind is DATASET:
            imports = await every(account, IMPORT_JOB, pb.DescribeDatasetImportJobResponse)
            return [(one, IMPORT_JOB) for one in imports if one.described.dataset_arn == arn]
        if kind is PREDICTOR:
            forecasts = await every(account, FORECAST, pb.DescribeForecastResponse)
            return [(one, FORECAST) for one in forecasts if one.described.predictor_arn == arn]
        if kind is FORECAST:
            exports = await every(account, EXPORT_JOB, pb.DescribeForecastExportJobResponse)
            return [(one, EXPORT_JOB) for one in exports if one.described.forecast_arn == arn]
        return []
