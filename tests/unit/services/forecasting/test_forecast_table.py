from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from services.forecasting.forecast_table import ForecastTable, series_key
from shared.storage.database import Database


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ForecastTable]:
    database = Database.open(f"sqlite:///{tmp_path / 'nonet.db'}")
    yield ForecastTable(database)
    database.close()


async def test_a_series_is_read_by_its_key(table: ForecastTable) -> None:
    points = np.array([[1.5, 2.5], [1.0, 2.0]])
    await table.write(7, [(series_key(["a", "x,y"]), points), (series_key(["b", ""]), points * 2)])
    found = await table.read(7, series_key(["a", "x,y"]))
    assert found is not None and found.tolist() == [1.5, 2.5, 1.0, 2.0]
    assert await table.read(7, series_key(["a,x", "y"])) is None
    assert await table.read(8, series_key(["a", "x,y"])) is None


async def test_writing_again_replaces_and_forgetting_forgets(table: ForecastTable) -> None:
    for value in (1.0, 2.0):
        await table.write(1, [(series_key(["a"]), np.full((1, 1), value))])
    found = await table.read(1, series_key(["a"]))
    assert found is not None and found.tolist() == [2.0]
    await table.forget(1)
    assert await table.read(1, series_key(["a"])) is None


async def test_pages_give_each_series_once(table: ForecastTable) -> None:
    names = [f"item {number}" for number in range(7)] + ["ü", '"']
    await table.write(1, [(series_key([name]), np.zeros((1, 1))) for name in names])
    seen: list[str] = []
    after = ""
    while page := await table.page(1, after, 2):
        seen += [values[0] for values, _ in page]
        after = series_key(page[-1][0])
    assert sorted(seen) == sorted(names)
