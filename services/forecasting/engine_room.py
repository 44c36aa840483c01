"""The way to the engine: its lease, and folders in which it and the service exchange files."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from services.forecasting.tasks import FORECAST_SERIES
from shared import errors
from shared.rpc.call import Priority
from shared.runtime.runtime import Lease, Runtime

#: Lies beside a folder while a process works in it.
_LOCK = ".lock"


class HeldEngine:
    """The engine while its lease is held."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    async def do(self, task: Any) -> Any:
        """The result of one task of tasks.py. Raises what the engine raises."""
        (result,) = await self._lease.run([task], Priority.BATCH)
        return result


class EngineRoom:
    """One process's way to the engine."""

    def __init__(self, runtime: Runtime, data_directory: Path) -> None:
        self._runtime = runtime
        self._directory = data_directory / "forecasting"

    def check(self, *tasks: str) -> None:
        """Raises ``EngineNotInstalled``, which names the command. ``tasks``: those of other engines (tasks.py)."""
        for task in (FORECAST_SERIES, *tasks):
            if not self._runtime.candidates(task):
                what = "Forecasting" if task == FORECAST_SERIES else "The algorithm"
                raise errors.EngineNotInstalled(
                    f"{what} needs its engine environment. Run: {self._runtime.remedy(task)}"
                )

    @asynccontextmanager
    async def engine(self, task: str = FORECAST_SERIES) -> AsyncIterator[HeldEngine]:
        """The engine of a task, started if it has to be. Raises ``EngineNotInstalled``, ``ResourceExhausted``."""
        self.check(task)
        async with await self._runtime.lease(task) as lease:
            yield HeldEngine(lease)

    @asynccontextmanager
    async def workspace(self, purpose: str) -> AsyncIterator[Path]:
        """A folder that is gone afterwards; those of processes that were killed go now."""
        await asyncio.to_thread(self._sweep)
        folder, lock = await asyncio.to_thread(self._make, purpose)
        try:
            yield folder
        finally:
            await asyncio.to_thread(_remove, folder, lock)

    def _make(self, purpose: str) -> tuple[Path, IO[str]]:
        """The lock comes first: a sweep never meets a folder that nobody seems to hold."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self._directory / f"{purpose}-{secrets.token_hex(8)}"
        lock = folder.with_suffix(_LOCK).open("x")
        # The system lets go of it when the process ends, however it ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(mode=0o700)
        return folder, lock

    def _sweep(self) -> None:
        for path in self._directory.glob(f"*{_LOCK}"):
            with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink()


def _remove(folder: Path, lock: IO[str]) -> None:
    with lock:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(_LOCK).unlink(missing_ok=True)
