"""Fixtures for all tests: where shared data lies, and a running Nonet."""

from __future__ import annotations

import collections
import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile(
    "nonet", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("nonet")

# AWS clients in tests must never pick up a developer's configuration.
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
    os.environ.pop(name, None)
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
# As ./nonet does it: model files beside the checkout are asked before the internet.
if (ROOT.parent / "shared" / "models" / "CATALOG.tsv").is_file():
    os.environ.setdefault("NONET_MODEL_MIRROR", str(ROOT.parent / "shared" / "models"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no process is left alone with one at the end; of each folder one at a time,
    for two of them would often wait for the same engine environment.
    """
    slow = dict.fromkeys(item.path for item in items if item.get_closest_marker("slow"))
    of_folder = collections.Counter[Path]()
    turn: dict[Path, int] = {}
    for path in slow:
        turn[path] = of_folder[path.parent]
        of_folder[path.parent] += 1
    items.sort(key=lambda item: turn.get(item.path, len(slow)))


@pytest.fixture(scope="session")
def shared_directory() -> Path:
    """Development data and models outside the repository; tests that need them skip where they are absent."""
    directory = Path(os.environ.get("NONET_SHARED", ROOT.parent / "shared"))
    if not directory.is_dir():
        pytest.skip(f"no shared data at {directory}: set NONET_SHARED")
    return directory
