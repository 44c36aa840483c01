from __future__ import annotations

from tests.postgres import database, database_url
from tests.unit.services.vision.collections.conftest import collections, search

__all__ = ["collections", "database", "database_url", "search"]
