"""A process that imports, trains and deploys until it is killed: started, and killed, by test_personalization_kill.py.

Usage: python -m tests.chaos.personalization_worker DATA_DIRECTORY DATABASE_URL
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.personalization.service import PersonalizationService
from shared.jobs.queue import JobQueue
from shared.jobs.runner import JobPolicy
from shared.platform import Platform
from shared.settings import Settings

#: Presumed dead after a second, so that the next process takes over soon.
POLICY = JobPolicy(lease_s=1.0, heartbeat_s=0.2, poll_s=0.1, max_attempts=20, first_backoff_s=0.1)


def open_platform(data: Path, database_url: str) -> Platform:
    """A platform whose jobs are impatient."""
    platform = Platform.open(Settings(data_directory=data, database_url=database_url))
    platform.jobs = JobQueue(platform.database, platform.objects.blobs, POLICY)
    return platform


async def work(data: Path, database_url: str) -> None:
    platform = open_platform(data, database_url)
    PersonalizationService(platform)
    await platform.jobs.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
