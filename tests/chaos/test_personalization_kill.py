"""``kill -9`` in the middle of an import, a training and a deployment: each is done again, and what was there stays."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nonet.personalization.v1 import personalization_pb2 as pb
from nonet.personalization_events.v1 import personalization_events_pb2 as events_pb
from nonet.personalization_runtime.v1 import personalization_runtime_pb2 as runtime_pb
from services.personalization.datasets import DatasetStore
from services.personalization.events_service import PersonalizationEventsService
from services.personalization.kinds import DATASET
from services.personalization.runtime_service import PersonalizationRuntimeService
from services.personalization.service import PersonalizationService
from services.personalization.shelf import Shelf
from shared.platform import Platform
from tests.chaos import personalization_worker
from tests.running import forget_metrics

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"
CALL: Any = SimpleNamespace(account=ACCOUNT, answered_by=lambda model: None)
KILLS = 2
ROLE = "arn:aws:iam::000000000000:role/nonet"
SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
}


def rows(prefix: str, count: int) -> bytes:
    """A CSV file of a thousand users and two thousand items."""
    drawn = random.Random(prefix)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP"]
    lines += [
        f"{drawn.randrange(1000)},{prefix}{int(2000 * drawn.random() ** 2)},{1_700_000_000 + row}"
        for row in range(count)
    ]
    return ("\n".join(lines) + "\n").encode()


async def until(status: Callable[[], Awaitable[str]], wanted: set[str], seconds: float = 240) -> str:
    async def poll() -> str:
        while (found := await status()) not in wanted:
            await asyncio.sleep(0.01)
        return found

    return await asyncio.wait_for(poll(), seconds)


def open_platform(data: Path, database_url: str) -> Platform:
    """The workers' platform, in this process."""
    forget_metrics()
    return personalization_worker.open_platform(data, database_url)


class Workers:
    """Starts workers and kills them."""

    def __init__(self, data: Path, database_url: str) -> None:
        self._arguments = [str(data), database_url]

    async def start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.personalization_worker", *self._arguments, cwd=ROOT
        )

    async def kill_in_the_middle(self, status: Callable[[], Awaitable[str]], moment: float) -> str:
        """Kill a worker ``moment`` seconds after it began; the status that is left."""
        worker = await self.start()
        try:
            await until(status, {"CREATE IN_PROGRESS", "ACTIVE"})
            await asyncio.sleep(moment)
        finally:
            worker.send_signal(signal.SIGKILL)
            assert await worker.wait() == -signal.SIGKILL
        return await status()

    async def finish(self, status: Callable[[], Awaitable[str]]) -> str:
        worker = await self.start()
        try:
            return await until(status, {"ACTIVE", "CREATE FAILED"})
        finally:
            worker.send_signal(signal.SIGKILL)
            await worker.wait()


async def test_what_is_killed_is_done_again_and_the_old_campaign_answers(tmp_path: Path, database_url: str) -> None:
    platform = open_platform(tmp_path, database_url)
    service = PersonalizationService(platform)
    runtime = PersonalizationRuntimeService(platform)
    workers = Workers(tmp_path, database_url)
    moments = random.Random(3)
    unfinished = 0
    try:
        await platform.objects.create_bucket(ACCOUNT, "chaos")
        await platform.objects.put(ACCOUNT, "chaos", "old.csv", rows("old", 30_000))
        await platform.objects.put(ACCOUNT, "chaos", "new.csv", rows("new", 250_000))
        schema = await service.create_schema(pb.CreateSchemaRequest(name="s", schema=json.dumps(SCHEMA)), CALL)
        group = (await service.create_dataset_group(pb.CreateDatasetGroupRequest(name="g"), CALL)).dataset_group_arn
        dataset = (
            await service.create_dataset(
                pb.CreateDatasetRequest(
                    name="d", schema_arn=schema.schema_arn, dataset_group_arn=group, dataset_type="Interactions"
                ),
                CALL,
            )
        ).dataset_arn
        shelf = Shelf(platform.resources, platform.jobs)
        store = DatasetStore(shelf, platform.objects.blobs)

        async def items() -> set[str]:
            """The first letters of what is in the dataset, read in full."""
            tables = await store.tables(ACCOUNT, await shelf.get(ACCOUNT, DATASET, dataset))
            return {word[:3] for table in tables for word in table.text("ITEM_ID").words}

        async def importing(key: str) -> Callable[[], Awaitable[str]]:
            made = await service.create_dataset_import_job(
                pb.CreateDatasetImportJobRequest(
                    job_name=key,
                    dataset_arn=dataset,
                    data_source={"data_location": f"s3://chaos/{key}.csv"},
                    role_arn=ROLE,
                ),
                CALL,
            )
            request = pb.DescribeDatasetImportJobRequest(dataset_import_job_arn=made.dataset_import_job_arn)

            async def status() -> str:
                return str((await service.describe_dataset_import_job(request, CALL)).dataset_import_job.status)

            return status

        assert await workers.finish(await importing("old")) == "ACTIVE"
        assert await items() == {"old"}

        # An import that takes the old data's place: they are there, whole, until the new ones are.
        status = await importing("new")
        for _ in range(KILLS):
            left = await workers.kill_in_the_middle(status, moments.uniform(0.0, 0.5))
            unfinished += left != "ACTIVE"
            there = await items()
            assert there in ({"old"}, {"new"})
            if left == "ACTIVE":
                assert there == {"new"}
        assert await workers.finish(status) == "ACTIVE"
        assert await items() == {"new"}

        solution = (
            await service.create_solution(
                pb.CreateSolutionRequest(
                    name="s",
                    dataset_group_arn=group,
                    recipe_arn="arn:aws:personalize:::recipe/aws-user-personalization",
                ),
                CALL,
            )
        ).solution_arn

        async def training() -> tuple[str, Callable[[], Awaitable[str]]]:
            made = await service.create_solution_version(pb.CreateSolutionVersionRequest(solution_arn=solution), CALL)
            request = pb.DescribeSolutionVersionRequest(solution_version_arn=made.solution_version_arn)

            async def status() -> str:
                return str((await service.describe_solution_version(request, CALL)).solution_version.status)

            return made.solution_version_arn, status

        first, status = await training()
        for _ in range(KILLS):
            left = await workers.kill_in_the_middle(status, moments.uniform(0.0, 1.0))
            unfinished += left != "ACTIVE"
        assert await workers.finish(status) == "ACTIVE"
        assert (
            await service.get_solution_metrics(pb.GetSolutionMetricsRequest(solution_version_arn=first), CALL)
        ).metrics

        campaign = (
            await service.create_campaign(pb.CreateCampaignRequest(name="c", solution_version_arn=first), CALL)
        ).campaign_arn

        async def campaign_status() -> str:
            described = await service.describe_campaign(pb.DescribeCampaignRequest(campaign_arn=campaign), CALL)
            return str(described.campaign.status)

        async def update_status() -> str:
            described = await service.describe_campaign(pb.DescribeCampaignRequest(campaign_arn=campaign), CALL)
            return str(described.campaign.latest_campaign_update.status)

        async def answers() -> str:
            """The version whose model answers now."""
            request = runtime_pb.GetRecommendationsRequest(campaign_arn=campaign, user_id="7", num_results=5)
            assert len((await runtime.get_recommendations(request, CALL)).item_list) == 5
            described = await service.describe_campaign(pb.DescribeCampaignRequest(campaign_arn=campaign), CALL)
            return str(described.campaign.solution_version_arn)

        for _ in range(KILLS):
            await workers.kill_in_the_middle(campaign_status, moments.uniform(0.0, 0.05))
        assert await workers.finish(campaign_status) == "ACTIVE"
        assert await answers() == first

        second, status = await training()
        assert await workers.finish(status) == "ACTIVE"
        await service.update_campaign(
            pb.UpdateCampaignRequest(campaign_arn=campaign, solution_version_arn=second), CALL
        )
        for _ in range(KILLS):
            worker = await workers.start()
            await asyncio.sleep(moments.uniform(0.3, 2.0))
            worker.send_signal(signal.SIGKILL)
            await worker.wait()
            assert await answers() in (first, second)
        assert await workers.finish(update_status) == "ACTIVE"
        assert await answers() == second
        assert unfinished, "every kill came too late to prove anything"

        # What was acknowledged is there for whoever comes next.
        tracker = await service.create_event_tracker(
            pb.CreateEventTrackerRequest(name="t", dataset_group_arn=group), CALL
        )
        put = events_pb.PutEventsRequest(tracking_id=tracker.tracking_id, user_id="new", session_id="s")
        put.event_list.add(event_type="view", item_id="new1").sent_at.GetCurrentTime()
        await PersonalizationEventsService(platform).put_events(put, CALL)
    finally:
        await runtime.close()
        await platform.close()
    reopened = open_platform(tmp_path, database_url)
    again = PersonalizationRuntimeService(reopened)
    try:
        request = runtime_pb.GetRecommendationsRequest(campaign_arn=campaign, user_id="new", num_results=5)
        personal = (await again.get_recommendations(request, CALL)).item_list
        nobody = runtime_pb.GetRecommendationsRequest(campaign_arn=campaign, user_id="nobody", num_results=5)
        assert [item.item_id for item in personal] != [
            item.item_id for item in (await again.get_recommendations(nobody, CALL)).item_list
        ]
    finally:
        await again.close()
        await reopened.close()
