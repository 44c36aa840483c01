from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared.storage.database import Database
from shared.storage.resources import ResourceStore
from tests.postgres import database, database_url
from tests.unit.services.vision.collections.people import SMALL

__all__ = ["database", "database_url"]


@pytest.fixture
async def search(database: Database, tmp_path: Path) -> AsyncIterator[FaceSearch]:
    """Over a folder of its own; indexes are quantised early."""
    opened = FaceSearch(database, tmp_path / "face-indexes", SMALL)
    yield opened
    await opened.close()


@pytest.fixture
def collections(database: Database, search: FaceSearch) -> FaceCollections:
    return FaceCollections(database, ResourceStore(database), search.discard)
