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


@functools.cache
def data_directory(name: str) -> Path:
    """A data directory with the environment ``name``. Skips the test where it cannot be installed."""
    environment = Catalog.load().environments[name]
    if KEPT and ModelStore(Path(KEPT)).environment_installed(environment):
        return Path(KEPT)
    folder = Path(tempfile.mkdtemp(prefix=f"nonet-engine-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        ModelStore(folder).install_environment(environment)
    except errors.FailedPrecondition as reason:
        pytest.skip(f"the engine {name} cannot be installed here: {reason.message}")
    return folder


def link_engine(data: Path, name: str) -> None:
    """Let the data directory of a test have the environment."""
    (data / "engines").mkdir(parents=True, exist_ok=True)
    (data / "engines" / name).symlink_to(data_directory(name).resolve() / "engines" / name)
