"""Training jobs: a solution version's model, made of what its dataset group has and kept in the blob store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.datasets import DatasetStore
from services.personalization.events import EventStore
from services.personalization.interactions import Interactions, gather
from services.personalization.kinds import ACTIVE, DATASET_GROUP, IN_PROGRESS, SOLUTION_VERSION, Stored
from services.personalization.model import Counting, digest
from services.personalization.recipes import recipe_of
from services.personalization.schemas import INTERACTIONS
from services.personalization.shelf import Shelf
from services.personalization.tasks import (
    FACTORIZE,
    TRAIN_SEQUENCES,
    Factorization,
    ItemFactors,
    Sequences,
    TrainedSequences,
)
from services.personalization.training import Models, Plan, Trained, train
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.storage.blobs import BlobStore, blob_name

TRAINING = "personalization.solution-version"
#: Seconds of the intervals in which aws-trending-now may look for trends, by Amazon's words.
TREND_WINDOWS = {"30 minutes": 1800.0, "1 hour": 3600.0, "3 hours": 3 * 3600.0, "1 day": 24 * 3600.0}
#: Nonet's own parameter of the recipes for users and rankings.
MODELS = "nonet_models"
_RECENCY = ("recency_mask", "apply_recency_bias")


class Trainings:
    """The handler of ``TRAINING``; the job's request is the ARN of the solution version."""

    def __init__(
        self, shelf: Shelf, datasets: DatasetStore, events: EventStore, blobs: BlobStore, runtime: Runtime
    ) -> None:
        self._shelf = shelf
        self._datasets = datasets
        self._events = events
        self._blobs = blobs
        self._runtime = runtime

    async def train(self, job: RunningJob) -> JobResult:
        """Train, write the model, then say that it is there."""
        arn = job.request.decode()
        try:
            began = time.monotonic()
            stored = await self._shelf.start(job.account, SOLUTION_VERSION, arn)
            if not stored.open:
                return JobResult()  # its process died between the training and the job's end
            trained = await self._train(job, stored)
            data = await asyncio.to_thread(trained.model.to_bytes)
            name = model_blob(stored.id)
            await self._blobs.write(name, _once(data))
            fingerprint = await asyncio.to_thread(digest, data)
            hours = (time.monotonic() - began) / 3600
        except errors.NonetError as error:
            if not error.retryable and not isinstance(error, errors.Cancelled):
                await self._shelf.fail(job.account, SOLUTION_VERSION, arn, error.message)
            raise

        def done(message: pb.SolutionVersion, facts: dict[str, Any]) -> str:
            facts |= {
                "model": name,
                "digest": fingerprint,
                "metrics": dict(trained.metrics),
                "last_event": trained.model.last_event,
            }
            message.training_hours = hours
            return ACTIVE

        await self._shelf.change(job.account, SOLUTION_VERSION, arn, done, only=(IN_PROGRESS,))
        return JobResult()

    async def _train(self, job: RunningJob, version: Stored[pb.SolutionVersion]) -> Trained:
        data, last_event = await self._gather(job.account, version.message.dataset_group_arn)
        job.raise_if_stopped()
        plan = plan_of(version.message)
        sequential = plan.models is Models.SEQUENTIAL or self._runtime.candidates(TRAIN_SEQUENCES)
        return await train(
            data, plan, last_event, self._factorize, job.report, self._train_sequences if sequential else None
        )

    async def _gather(self, account: str, group_arn: str) -> tuple[Interactions, int]:
        group = await self._shelf.get(account, DATASET_GROUP, group_arn)
        dataset = (await self._datasets.of_group(account, group_arn)).get(INTERACTIONS)
        if dataset is None:
            raise errors.InvalidArgument("The dataset group has no Interactions dataset.")
        tables = await self._datasets.tables(account, dataset)
        events = await self._events.all(group.id)
        last = max((event.number for event in events), default=0)
        return await asyncio.to_thread(gather, tables, events), last

    async def _factorize(self, work: Factorization) -> ItemFactors:
        async with await self._runtime.lease(FACTORIZE) as lease:
            (found,) = await lease.run([work], Priority.BATCH)
            assert isinstance(found, ItemFactors)
            return found

    async def _train_sequences(self, work: Sequences) -> TrainedSequences:
        async with await self._runtime.lease(TRAIN_SEQUENCES) as lease:
            (found,) = await lease.run([work], Priority.BATCH)
            assert isinstance(found, TrainedSequences)
            return found


def plan_of(version: pb.SolutionVersion) -> Plan:
    """What a solution version, whose configuration has been checked, is to be trained as."""
    recipe = recipe_of(version.recipe_arn)
    config = version.solution_config
    parameters = dict(config.algorithm_hyper_parameters)
    threshold = float(config.event_value_threshold) if config.event_value_threshold else None
    counting = Counting(version.event_type or None, threshold)
    recency = all(parameters.get(name, "true").lower() == "true" for name in _RECENCY)
    window = dict(config.feature_transformation_parameters) | parameters
    seconds = TREND_WINDOWS[window.get("trend_discovery_frequency", "1 day")]
    return Plan(recipe, counting, recency, seconds, Models(parameters.get(MODELS, Models.ANY).lower()))


def model_blob(version: int) -> str:
    """Where the model of a solution version lies, by the resource's number."""
    return blob_name("recommendation-models", str(version))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
