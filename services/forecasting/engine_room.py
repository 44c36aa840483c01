"""The way to the engine: its lease, and folders in which it and the service exchange files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from services.forecasting.tasks import FORECAST_SERIES
from shared import errors
from shared.rpc.call import Priority
from shared.runtime.runtime import Lease, Runtime


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

    def check(self) -> None:
        """Raises ``EngineNotInstalled``, which names the command."""
        if not self._runtime.candidates(FORECAST_SERIES):
            raise errors.EngineNotInstalled(
                f"Forecasting needs its engine environment. Run: {self._runtime.remedy(FORECAST_SERIES)}"
            )

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[HeldEngine]:
        """The engine, started if it has to be. Raises ``EngineNotInstalled``, ``ResourceExhausted``."""
        self.check()
        async with await self._runtime.lease(FORECAST_SERIES) as lease:
            yield HeldEngine(lease)

    def work_directory(self) -> Path:
        """Where folders of running jobs lie."""
        self._directory.mkdir(parents=True, exist_ok=True)
        return self._directory
