"""The points of forecasts, one row a series: written by the job, read by key by QueryForecast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy
from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from services.forecasting.kinds import FORECAST
from shared.storage.database import Database, metadata
from shared.storage.lookups import Lookup
from shared.storage.resources import resources

forecast_series = sqlalchemy.Table(
    "forecast_series",
    metadata,
    sqlalchemy.Column("forecast", sqlalchemy.BigInteger, primary_key=True),
    sqlalchemy.Column("series", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("points", sqlalchemy.LargeBinary, nullable=False),
)

Points = npt.NDArray[np.float64]

_FIND = Lookup(
    select(resources.c.id, resources.c.version, forecast_series.c.points)
    .select_from(
        resources.outerjoin(
            forecast_series,
            and_(forecast_series.c.forecast == resources.c.id, forecast_series.c.series == bindparam("series")),
        )
    )
    .where(
        resources.c.account == bindparam("account"),
        resources.c.kind == FORECAST.name,
        resources.c.arn == bindparam("arn"),
    )
)


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A forecast's row, by number and version, and the points of one of its series, flat; None = it has none."""

    forecast: int
    version: int
    points: Points | None


def series_key(values: Sequence[str]) -> str:
    """The key of a series by the values of its dimensions, in the forecast's order."""
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))


class ForecastTable:
    """Rows of all forecasts, by the id of the forecast's resource."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, forecast: int, rows: Sequence[tuple[str, Points]]) -> None:
        """Store series, (key, points [1 + quantiles, horizon]), in place of those of the keys."""

        def transaction(connection: Connection) -> None:
            keys = [key for key, _ in rows]
            connection.execute(
                delete(forecast_series).where(
                    forecast_series.c.forecast == forecast, forecast_series.c.series.in_(keys)
                )
            )
            values = [(key, points.astype("<f8").tobytes()) for key, points in rows]
            connection.execute(
                insert(forecast_series),
                [{"forecast": forecast, "series": key, "points": points} for key, points in values],
            )

        if rows:
            await self._database.run(transaction)

    async def find(self, account: str, arn: str, key: str) -> FoundSeries | None:
        """A forecast and a series of it, in one read; None where there is no such forecast."""

        def transaction(connection: Connection) -> FoundSeries | None:
            for row in _FIND.rows(connection, account=account, arn=arn, series=key):
                points = None if row.points is None else np.frombuffer(row.points, dtype="<f8")
                return FoundSeries(row.id, row.version, points)
            return None

        return await self._database.glance(transaction)

    async def page(self, forecast: int, after: str, count: int) -> list[tuple[list[str], Points]]:
        """``count`` series beyond the key ``after`` ("" = from the first): the values of the dimensions, and points."""

        def transaction(connection: Connection) -> list[tuple[str, bytes]]:
            wanted = (
                select(forecast_series.c.series, forecast_series.c.points)
                .where(forecast_series.c.forecast == forecast, forecast_series.c.series > after)
                .order_by(forecast_series.c.series)
                .limit(count)
            )
            return [(row.series, bytes(row.points)) for row in connection.execute(wanted)]

        rows = await self._database.read(transaction)
        return [(json.loads(key), np.frombuffer(points, dtype="<f8")) for key, points in rows]

    async def forget(self, forecast: int) -> None:
        """Delete all series of a forecast."""

        def transaction(connection: Connection) -> None:
            connection.execute(delete(forecast_series).where(forecast_series.c.forecast == forecast))

        await self._database.run(transaction)
