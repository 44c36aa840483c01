"""A process that holds a model on a simulated GPU until it is killed: started, and killed, by test_device_leases_kill.py.

Usage: python -m tests.chaos.gpu_worker DATABASE_URL FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.device_leases import DeviceLeases, LeasePolicy
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from shared.storage.database import Database
from tests.unit.shared.runtime.test_runtime import entry

GPU = Device("cuda:0", 1000, "GPU-simulated")
POLICY = LeasePolicy(lease_s=2.0, heartbeat_s=0.2, poll_s=0.1, patience_s=120)


def runtime(database: Database, folder: Path, model: str) -> Runtime:
    """A process's runtime whose one model fills more than half of the GPU."""
    catalog = Catalog([entry(model, memory_bytes=600, devices=["cuda"])], [])
    return Runtime(catalog, ModelStore(folder), [GPU], device_leases=DeviceLeases(database, [GPU], policy=POLICY))


async def hold(database_url: str, folder: Path) -> None:
    lease = await runtime(Database.open(database_url), folder, "theirs").lease("double")
    print(lease.model.id, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1], Path(sys.argv[2])))
