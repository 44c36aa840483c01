"""An object store of one account, with a bucket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.platform import Platform
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.running import forget_metrics

ACCOUNT = "000000000000"
BUCKET = "items"


@pytest.fixture
async def objects(tmp_path: Path) -> AsyncIterator[ObjectStore]:
    forget_metrics()
    platform = Platform.open(Settings(data_directory=tmp_path))
    await platform.objects.create_bucket(ACCOUNT, BUCKET)
    yield platform.objects
    await platform.close()
