"""Small engines for the runtime's tests: they compute, count and fail on demand, and stand for no model."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from shared import errors
from shared.models.catalog import CatalogEntry

loads: list[str] = []
closes: list[str] = []
batches: list[int] = []


class Doubler:
    """Doubles numbers; a batch costs ``cost_ms`` however long it is, as a batched matrix product nearly does."""

    def __init__(self, entry: CatalogEntry) -> None:
        self._id = entry.id
        self._cost = float(entry.options.get("cost_ms", 0)) / 1000
        self._lock = threading.Lock()

    def run(self, items: Sequence[int | str]) -> list[object]:
        assert self._lock.acquire(blocking=False), "two threads in one engine"
        try:
            batches.append(len(items))
            time.sleep(self._cost)
            if "crash" in items:
                os._exit(9)
            if "poison" in items:
                raise ValueError("an engine's own exception")
            return [errors.InvalidArgument("negative") if isinstance(i, int) and i < 0 else i * 2 for i in items]
        finally:
            self._lock.release()

    def close(self) -> None:
        closes.append(self._id)


def load_nothing(entry: CatalogEntry, directory: Path, device: str) -> Doubler:
    raise OSError("a file that is not there")


def load(entry: CatalogEntry, directory: Path, device: str) -> Doubler:
    loads.append(entry.id)
    time.sleep(float(entry.options.get("load_ms", 0)) / 1000)
    if entry.options.get("broken"):
        raise errors.FailedPrecondition("the weights are damaged")
    return Doubler(entry)
