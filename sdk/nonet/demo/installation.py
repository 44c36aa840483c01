"""The engine that forecasts: installed behind the other scenes where it is not on this machine yet."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.settings import settings

ENGINE = "forecasting"
#: How much pip gives way to what the demo shows meanwhile.
NICENESS = 10
LOOK_SECONDS = 0.5


class Installation:
    """`nonet engines install` under way; ``process`` None = there was nothing to do."""

    def __init__(self, process: subprocess.Popen[bytes] | None, log: Path) -> None:
        self._process = process
        self._log = log

    def under_way(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def packages(self) -> int:
        """How many packages pip has looked at so far."""
        return self._log.read_text(errors="replace").count("Collecting ") if self._log.exists() else 0

    def wait(self) -> None:
        """Until the engine is there.

        Raises:
            RuntimeError: it could not be installed; pip's last line says why.
        """
        while self.under_way():
            time.sleep(LOOK_SECONDS)
        if self._process is not None and self._process.returncode != 0:
            lines = self._log.read_text(errors="replace").strip().splitlines() or ["pip said nothing"]
            raise RuntimeError(f"the engine {ENGINE} could not be installed: {lines[-1]}")


@contextlib.contextmanager
def installing(data: Path, allowed: bool) -> Iterator[Installation | None]:
    """Let the demo's own data directory have the user's engines, and install the one that is missing.

    None where it is missing and nothing may be installed. What is under way at the end is stopped; the next call begins
    anew.
    """
    user = settings().data_directory
    (user / "engines").mkdir(parents=True, exist_ok=True)
    (data / "engines").symlink_to((user / "engines").resolve(), target_is_directory=True)
    environment = Catalog.load().environments[ENGINE]
    with tempfile.TemporaryDirectory(prefix="nonet-install-") as folder:
        log = Path(folder) / "pip.log"
        if ModelStore(user).environment_installed(environment):
            yield Installation(None, log)
            return
        if not allowed:
            yield None
            return
        print(
            f"Installing the engine that forecasts beside all this ({environment.disk_bytes / 1e9:.1f} GB in "
            f"{user / 'engines'}, once; --no-install leaves it out).\nLicences: {environment.licence}.\n"
            "Until it is there, the other services share the processor with pip.",
            flush=True,
        )
        with log.open("wb") as sink:
            command = [sys.executable, "-m", "nonet.cli", "engines", "install", ENGINE]
            process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        try:
            yield Installation(process, log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 15)
                process.wait()
