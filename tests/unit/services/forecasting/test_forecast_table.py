from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from services.forecasting.forecast_table import ForecastTable, series_key
from services.forecasting.kinds import FORECAST
from shared.storage.database import Database
from shared.storage.resources import Resource, ResourceStore

ACCOUNT = "000000000000"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'nonet.db'}")
    yield database
    database.close()


@pytest.fixture
def table(database: Database) -> ForecastTable:
    return ForecastTable(database)


async def forecast(database: Database, name: str) -> Resource:
    store = ResourceStore(database)
    return await store.create(ACCOUNT, FORECAST, name, b"", status="ACTIVE", tags={})


async def test_a_series_is_found_by_its_key_together_with_its_forecast(
    database: Database, table: ForecastTable
) -> None:
    made, other = await forecast(database, "made"), await forecast(database, "other")
    points = np.array([[1.5, 2.5], [1.0, 2.0]])
    await table.write(made.id, [(series_key(["a", "x,y"]), points), (series_key(["b", ""]), points * 2)])
    found = await table.find(ACCOUNT, made.arn, series_key(["a", "x,y"]))
    assert found is not None and found.points is not None
    assert (found.forecast, found.version) == (made.id, made.version)
    assert found.points.tolist() == [1.5, 2.5, 1.0, 2.0]
    for arn, key in ((made.arn, ["a,x", "y"]), (other.arn, ["a", "x,y"])):
        missing = await table.find(ACCOUNT, arn, series_key(key))
        assert missing is not None and missing.points is None
    assert await table.find("111111111111", made.arn, series_key(["a", "x,y"])) is None
    assert await table.find(ACCOUNT, made.arn + "s", series_key(["a", "x,y"])) is None


async def test_writing_again_replaces_and_forgetting_forgets(database: Database, table: ForecastTable) -> None:
    made = await forecast(database, "made")
    for value in (1.0, 2.0):
        await table.write(made.id, [(series_key(["a"]), np.full((1, 1), value))])
    found = await table.find(ACCOUNT, made.arn, series_key(["a"]))
    assert found is not None and found.points is not None and found.points.tolist() == [2.0]
    await table.forget(made.id)
    found = await table.find(ACCOUNT, made.arn, series_key(["a"]))
    assert found is not None and found.points is None


async def test_pages_give_each_series_once(table: ForecastTable) -> None:
    names = [f"item {number}" for number in range(7)] + ["ü", '"']
    await table.write(1, [(series_key([name]), np.zeros((1, 1))) for name in names])
    seen: list[str] = []
    after = ""
    while page := await table.page(1, after, 2):
        seen += [values[0] for values, _ in page]
        after = series_key(page[-1][0])
    assert sorted(seen) == sorted(names)
