"""Engine environments for tests: those of the data directory NONET_TEST_ENGINES, or made once for the run."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from shared import errors
from shared.models.catalog import Catalog
from shared.models.store import ModelStore

#: A data directory that keeps its environments from run to run; empty = none.
KEPT = os.environ.get("NONET_TEST_ENGINES", "")
#: A folder that the processes of one run share; ``./nonet test`` makes and deletes it. Empty = a process for itself.
RUN = os.environ.get("NONET_TEST_RUN", "")


@functools.cache
def data_directory(name: str) -> Path:
    """A data directory with the environment ``name``. Skips the test where it cannot be installed."""
    environment = Catalog.load().environments[name]
    if KEPT and ModelStore(Path(KEPT)).environment_installed(environment):
        return Path(KEPT)
    try:
        # Of two processes that want it at once the second waits for the first.
        ModelStore(_run_directory()).install_environment(environment)
    except errors.FailedPrecondition as reason:
        pytest.skip(f"the engine {name} cannot be installed here: {reason.message}")
    return _run_directory()


@functools.cache
def _run_directory() -> Path:
    if RUN:
        return Path(RUN)
    folder = Path(tempfile.mkdtemp(prefix="nonet-test-engines-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def link_engine(data: Path, name: str) -> None:
    """Let the data directory of a test have the environment."""
    (data / "engines").mkdir(parents=True, exist_ok=True)
    (data / "engines" / name).symlink_to(data_directory(name).resolve() / "engines" / name)
