"""Services as processes of their own, each with the packages of its image and no others."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench import processes
from bench.processes import FOLDERS

__all__ = ["FOLDERS", "Processes"]


class Processes(processes.Processes):
    """Of ``services``, each served by ``tests.lean``; see ``bench.processes``."""

    def __init__(
        self, services: Iterable[str], settings: Mapping[str, Any], replicas: int = 1, log: Path | None = None
    ) -> None:
        super().__init__(services, settings, replicas, log, command=(sys.executable, "-m", "tests.lean"))
