"""``kill -9`` of a process that holds a GPU's memory: it is another process's after a lease, and not before."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from shared.runtime.device_leases import device_leases
from shared.storage.database import Database
from tests.chaos.gpu_worker import runtime

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]


async def test_a_killed_holders_memory_returns(database: Database, database_url: str, tmp_path: Path) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.gpu_worker", database_url, str(tmp_path),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    mine = runtime(database, tmp_path, "mine")
    try:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"theirs\n"
        asked = asyncio.create_task(mine.lease("double"))
        # Longer than a lease: a holder that lives and uses its model keeps it.
        done, _ = await asyncio.wait([asked], timeout=3)
        assert not done
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    async with await asked as lease:
        assert await lease.run([21]) == [42]
        held = await database.read(lambda connection: connection.execute(select(device_leases.c.model)).scalars().all())
        assert held == ["mine"]
    await mine.close()
