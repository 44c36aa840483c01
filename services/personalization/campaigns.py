"""Campaigns: which model answers, and its change without a dropped request.

A deployment is a job. It reads the model and holds it against its hash; only then does one write make it the model that
answers. Until then, and if the job fails, what answered before goes on answering.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.kinds import ACTIVE, CAMPAIGN, DATASET_GROUP, FAILED, IN_PROGRESS, PENDING, Stored
from services.personalization.kinds import SOLUTION_VERSION as VERSION
from services.personalization.model import Model, digest
from services.personalization.shelf import Shelf
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.storage.blobs import BlobStore

DEPLOYMENT = "personalization.campaign"
#: Models that stay in memory.
_HELD = 8


@dataclass(frozen=True, slots=True)
class Serving:
    """The model that a campaign answers with, as its facts name it. ``group``: the dataset group's number."""

    version: str
    blob: str
    digest: str
    last_event: int
    group: int
    group_arn: str
    recipe: str


class ModelCache:
    """Models in memory, each read once however many ask for it."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Model]] = {}

    async def get(self, serving: Serving) -> Model:
        """The model of a campaign. Raises ``Unavailable`` where its file is gone or is not what it was."""
        model = self._models.get(serving.digest)
        if model is not None:
            self._models.move_to_end(serving.digest)
            return model
        task = self._loading.get(serving.digest)
        if task is None:
            task = self._loading[serving.digest] = asyncio.create_task(self._load(serving))
            task.add_done_callback(lambda _: self._loading.pop(serving.digest, None))
        # One caller that goes away must not take the model from the others.
        return await asyncio.shield(task)

    async def _load(self, serving: Serving) -> Model:
        model = await read_model(self._blobs, serving.blob, serving.digest)
        self._models[serving.digest] = model
        while len(self._models) > _HELD:
            self._models.popitem(last=False)
        return model


async def read_model(blobs: BlobStore, blob: str, expected: str) -> Model:
    """A model's file, held against its hash. Raises ``Unavailable``."""
    try:
        data = b"".join([chunk async for chunk in blobs.read(blob)])
    except errors.NotFound:
        raise errors.Unavailable("The model's file is gone: create the solution version again.") from None
    if await asyncio.to_thread(digest, data) != expected:
        raise errors.Unavailable("The model's file is damaged: create the solution version again.")
    return await asyncio.to_thread(Model.from_bytes, data)


class Deployments:
    """The handler of ``DEPLOYMENT``; the job's request is the campaign's ARN."""

    def __init__(self, shelf: Shelf, blobs: BlobStore) -> None:
        self._shelf = shelf
        self._blobs = blobs

    async def deploy(self, job: RunningJob) -> JobResult:
        """Make the wanted solution version the one that answers."""
        arn = job.request.decode()
        stored = await self._shelf.change(
            job.account, CAMPAIGN, arn, lambda message, facts: IN_PROGRESS, only=(PENDING, IN_PROGRESS)
        )
        wanted = stored.facts["wanted"]
        first = not wanted["update"]
        # A job whose process died between the deployment and the job's end is done again, and finds that it is done.
        if stored.resource.status != IN_PROGRESS if first else stored.message.latest_campaign_update.status != PENDING:
            return JobResult()
        try:
            serving = await self._serving(job.account, wanted["version"])
            await read_model(self._blobs, serving["blob"], serving["digest"])
        except errors.NonetError as error:
            await self._failed(job.account, stored, first, error.message)
            return JobResult()

        def deployed(message: pb.Campaign, facts: dict[str, Any]) -> str | None:
            if facts["wanted"] != wanted:
                return None  # another update came after this one, and has its own job
            facts["serving"] = serving
            update = message.latest_campaign_update
            if not first:
                message.solution_version_arn = update.solution_version_arn
                message.min_provisioned_tps = update.min_provisioned_tps
                message.campaign_config.CopyFrom(update.campaign_config)
                update.status = ACTIVE
                update.last_updated_date_time.GetCurrentTime()
            return ACTIVE

        await self._shelf.change(job.account, CAMPAIGN, arn, deployed)
        return JobResult()

    async def _serving(self, account: str, arn: str) -> dict[str, Any]:
        version = await self._shelf.active(account, VERSION, arn)
        group = await self._shelf.get(account, DATASET_GROUP, version.message.dataset_group_arn)
        return {
            "version": arn,
            "blob": version.facts["model"],
            "digest": version.facts["digest"],
            "last_event": version.facts["last_event"],
            "group": group.id,
            "group_arn": group.arn,
            "recipe": version.message.recipe_arn,
        }

    async def _failed(self, account: str, stored: Stored[pb.Campaign], first: bool, reason: str) -> None:
        def failed(message: pb.Campaign, facts: dict[str, Any]) -> str | None:
            if first:
                message.failure_reason = reason
                return FAILED
            message.latest_campaign_update.status = FAILED
            message.latest_campaign_update.failure_reason = reason
            return None

        await self._shelf.change(account, CAMPAIGN, stored.arn, failed)
