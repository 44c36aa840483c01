"""Worker processes outlive nobody."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.conftest import ROOT

#: Starts a worker, gives it a batch of ten minutes, tells its number, and waits to be killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from shared.runtime.bindings import WorkerBinding
from tests.unit.shared.runtime.test_runtime import entry

async def main():
    binding = await WorkerBinding.load(entry("m", options={"cost_ms": 600_000}), Path(sys.argv[1]), "cpu")
    work = asyncio.ensure_future(binding.run([1]))
    await asyncio.sleep(0.5)
    print("busy", flush=True)
    await work

asyncio.run(main())
"""


def test_a_busy_worker_ends_with_its_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "busy\n"
        workers = psutil.Process(parent.pid).children()
        assert workers
        parent.kill()
    deadline = time.monotonic() + 60
    while any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers):
        assert time.monotonic() < deadline, "the worker goes on"
        time.sleep(0.1)
