"""Forecasts: made by a job, kept one row a series, read by key, exported as CSV."""

from __future__ import annotations

import csv
import io
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from nonet.forecasting.v1 import forecasting_pb2 as pb
from services.forecasting import domains
from services.forecasting import predictor_settings as checks
from services.forecasting.datasets import Datasets, check_s3
from services.forecasting.engine_room import EngineRoom
from services.forecasting.forecast_table import ForecastTable, Points, series_key
from services.forecasting.kinds import EXPORT_JOB, FORECAST
from services.forecasting.predictor_settings import PredictorSettings
from services.forecasting.predictors import GROUP, SETTINGS, Predictors, choice_key
from services.forecasting.resource_store import ForecastResources, Stored
from services.forecasting.sources import parse_path
from services.forecasting.tasks import MEAN, MakeForecast, SeriesForecast
from services.forecasting.training import read_json, training
from shared import errors
from shared.jobs.job import RunningJob
from shared.storage.object_tables import ObjectAttributes
from shared.storage.objects import ObjectStore

#: Facts of a forecast: the times of its steps, names of its dimensions, its quantiles, whether by AutoPredictor.
TIMES, DIMENSIONS, QUANTILES, AUTO = "times", "dimensions", "quantiles", "auto"
#: Series of a forecast that an export reads at once.
_PAGE = 500
#: Heads of forecasts that stay in memory, some kilobytes each.
_HEADS = 256

Forecast = Stored[pb.DescribeForecastResponse]
Export = Stored[pb.DescribeForecastExportJobResponse]


def type_label(forecast_type: str) -> str:
    """What predictions of a type are called: "p10" for "0.1", "mean" for itself."""
    return MEAN if forecast_type == MEAN else f"p{round(float(forecast_type) * 100)}"


class Forecasts:
    """Makes, reads and exports forecasts."""

    def __init__(
        self,
        resources: ForecastResources,
        datasets: Datasets,
        predictors: Predictors,
        table: ForecastTable,
        objects: ObjectStore,
        engines: EngineRoom,
    ) -> None:
        self._resources = resources
        self._datasets = datasets
        self._predictors = predictors
        self._table = table
        self._objects = objects
        self._engines = engines
        #: Heads of forecasts by account and ARN, those asked for last at the end.
        self._heads: OrderedDict[tuple[str, str], Forecast] = OrderedDict()

    async def create(self, account: str, request: pb.CreateForecastRequest) -> Forecast:
        """Queue a forecast. Raises ``NotFound``, ``ResourceInUse`` (the predictor is not ACTIVE), ``AlreadyExists``,
        ``Unimplemented`` (a selection of series)."""
        if request.HasField("time_series_selector"):
            raise errors.Unimplemented(
                "TimeSeriesSelector is not built in this version: leave it out, and all series are forecast."
            )
        predictor = await self._predictors.get(account, request.predictor_arn)
        if predictor.resource.status != "ACTIVE":
            raise errors.ResourceInUse(f"The predictor is {predictor.resource.status}, not ACTIVE.")
        self._engines.check()
        settings = PredictorSettings.of_json(predictor.facts[SETTINGS])
        described = pb.DescribeForecastResponse(
            forecast_name=request.forecast_name, predictor_arn=request.predictor_arn,
            forecast_types=checks.forecast_types(request.forecast_types, settings.types),
            dataset_group_arn=predictor.facts[GROUP],
        )  # fmt: skip
        return await self._resources.create(
            account, FORECAST, request.forecast_name, described, {AUTO: settings.auto}, arn_field="forecast_arn",
            tags={tag.key: tag.value for tag in request.tags},
        )  # fmt: skip

    async def get(self, account: str, arn: str) -> Forecast:
        """Raises ``NotFound``."""
        return await self._resources.get(account, FORECAST, arn, pb.DescribeForecastResponse)

    async def make(self, running: RunningJob, stored: Forecast) -> Forecast:
        """Fit the predictor's models to all that has been imported, and keep their forecasts."""
        account, described = running.account, stored.described
        predictor = await self._predictors.get(account, described.predictor_arn)
        settings = PredictorSettings.of_json(predictor.facts[SETTINGS])
        group = await self._datasets.group(account, described.dataset_group_arn)
        members = await self._datasets.members(account, group)
        choice: Any = await read_json(self._objects, account, choice_key(predictor))
        quantiles = checks.quantiles(described.forecast_types) or (0.5,)
        await self._table.forget(stored.resource.id)  # what a killed attempt left
        times: tuple[str, ...] = ()
        async with training(running, self._engines, self._objects, members, settings) as work:
            await work.fit(0, quantiles, (0.05, 0.85), choice["weights"], choice["others"])
            for batch in work.batches():
                task = MakeForecast(
                    work.workspace, batch.start, batch.stop, choice["weights"], choice["others"], quantiles
                )
                found: list[SeriesForecast] = await work.engine.do(task)
                await self._table.write(
                    stored.resource.id,
                    [
                        (series_key(list(one.dimensions.values())), np.array([one.mean, *one.quantiles]))
                        for one in found
                    ],
                )
                times = found[0].times
                await running.report(0.85 + 0.14 * batch.stop / work.report.count)

        domain = domains.DOMAINS[members[domains.TARGET].described.domain]

        def finished(_: pb.DescribeForecastResponse, facts: dict[str, Any]) -> str:
            facts[TIMES], facts[QUANTILES] = times, quantiles
            facts[DIMENSIONS] = [domain.item, *settings.dimensions]
            return "ACTIVE"

        return await self._resources.change(stored, FORECAST, finished)

    async def query(
        self, account: str, arn: str, filters: Mapping[str, str], start: str, end: str
    ) -> dict[str, list[tuple[str, float]]]:
        """One series' predictions by label, (time, value) from ``start`` to ``end`` (ISO 8601, "" = all).

        Raises ``NotFound`` (the forecast, the item), ``ResourceInUse`` (not ACTIVE), ``InvalidArgument``.
        """
        stored, points = await self._found(account, arn, filters)
        if points is None:
            raise errors.NotFound("The forecast has no series for the filters.")
        times: list[str] = stored.facts[TIMES]
        first, last = parse_time(start) if start else times[0], parse_time(end) if end else times[-1]
        if first > last:
            raise errors.InvalidArgument("StartDate lies after EndDate.")
        if first > times[-1] or last < times[0]:
            raise errors.InvalidArgument(f"The forecast is from {times[0]} to {times[-1]}.")
        within = [place for place, time in enumerate(times) if first <= time <= last]
        rows = points.reshape(-1, len(times))
        return {
            type_label(one): [(times[place], float(row[place])) for place in within]
            for one, row in _rows(stored, rows)
        }

    async def _found(self, account: str, arn: str, filters: Mapping[str, str]) -> tuple[Forecast, Points | None]:
        """A forecast's head and the points of a series, by one read where the head is known already."""
        kept = self._heads.get((account, arn))
        if kept is not None and set(filters) == set(kept.facts[DIMENSIONS]):
            found = await self._table.find(account, arn, _key(kept, filters))
            # An ACTIVE forecast's row changes when it is deleted, and another of its name is another row.
            if found is not None and (found.forecast, found.version) == (kept.resource.id, kept.resource.version):
                self._heads.move_to_end((account, arn))
                return kept, found.points
            self._heads.pop((account, arn), None)
        stored = await self._resources.active(account, FORECAST, arn, pb.DescribeForecastResponse)
        found = await self._table.find(account, arn, _key(stored, filters))
        if found is None:
            raise errors.NotFound("There is no such forecast.")
        if (found.forecast, found.version) == (stored.resource.id, stored.resource.version):
            self._heads[account, arn] = stored
            while len(self._heads) > _HEADS:
                self._heads.popitem(last=False)
        return stored, found.points

    async def forget(self, stored: Forecast) -> None:
        """Delete the points of a forecast that is gone."""
        await self._table.forget(stored.resource.id)

    # -- exports

    async def start_export(self, account: str, request: pb.CreateForecastExportJobRequest) -> Export:
        """Queue an export. Raises ``NotFound``, ``ResourceInUse``, ``InvalidArgument``, ``Unimplemented`` (Parquet)."""
        if request.format and request.format != "CSV":
            raise errors.Unimplemented("Forecasts are exported as CSV in this version.")
        check_s3(request.destination.s3_config)
        place = parse_path(request.destination.s3_config.path)
        try:
            await self._objects.head_bucket(account, place.bucket)
        except (errors.NotFound, errors.PermissionDenied):
            raise errors.InvalidArgument("The destination's bucket is not there, or another account's.") from None
        forecast = await self._resources.active(account, FORECAST, request.forecast_arn, pb.DescribeForecastResponse)
        described = pb.DescribeForecastExportJobResponse(
            forecast_export_job_name=request.forecast_export_job_name, forecast_arn=request.forecast_arn,
            destination=request.destination, format="CSV",
        )  # fmt: skip
        return await self._resources.create(
            account, EXPORT_JOB, request.forecast_export_job_name, described, parent=forecast.resource.name,
            arn_field="forecast_export_job_arn", tags={tag.key: tag.value for tag in request.tags},
        )  # fmt: skip

    async def export(self, running: RunningJob, stored: Export) -> Export:
        """Write all series of the forecast into one CSV file below the destination."""
        account, described = running.account, stored.described
        forecast = await self._resources.active(account, FORECAST, described.forecast_arn, pb.DescribeForecastResponse)
        place = parse_path(described.destination.s3_config.path)
        key = "/".join(part for part in (place.key.rstrip("/"), f"{stored.resource.name}_part0.csv") if part)
        async with self._engines.workspace("export") as folder:
            path = folder / "export.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                async for text in self._csv(forecast, running):
                    file.write(text)
            attributes = ObjectAttributes(headers={"content-type": "text/csv; charset=utf-8"})
            try:
                await self._objects.put(account, place.bucket, key, _pieces(path), attributes=attributes)
            except (errors.NotFound, errors.PermissionDenied) as error:
                raise errors.InvalidArgument("The destination's bucket cannot be written to any more.") from error
        return await self._resources.change(stored, EXPORT_JOB, lambda _, facts: "ACTIVE")

    async def _csv(self, forecast: Forecast, running: RunningJob) -> AsyncIterator[str]:
        """The file as Forecast writes it: the dimensions, the date, and a column for each type."""
        times: list[str] = forecast.facts[TIMES]
        types = list(forecast.described.forecast_types)
        yield _csv_rows([[*forecast.facts[DIMENSIONS], "date", *map(type_label, types)]])
        after = ""
        while page := await self._table.page(forecast.resource.id, after, _PAGE):
            for values, points in page:
                rows = dict(_rows(forecast, points.reshape(-1, len(times))))
                yield _csv_rows(
                    [*values, f"{time}Z", *(float(rows[one][at]) for one in types)] for at, time in enumerate(times)
                )
            after = series_key(page[-1][0])
            running.raise_if_stopped()


def _key(forecast: Forecast, filters: Mapping[str, str]) -> str:
    """The key of the series that filters name. Raises ``InvalidArgument``."""
    names: list[str] = forecast.facts[DIMENSIONS]
    if set(filters) != set(names):
        raise errors.InvalidArgument(f"Filters of this forecast name {', '.join(names)}, each with a value.")
    return series_key([filters[name] for name in names])


def _rows(forecast: Forecast, rows: Any) -> list[tuple[str, Any]]:
    """The row of each of the forecast's types."""
    quantiles: list[float] = forecast.facts[QUANTILES]
    return [
        (one, rows[0] if one == MEAN else rows[1 + quantiles.index(float(one))])
        for one in forecast.described.forecast_types
    ]


def _csv_rows(rows: Any) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def parse_time(text: str) -> str:
    """A time of QueryForecast as forecasts have them, "2024-01-31T00:00:00". Raises ``InvalidArgument``."""
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise errors.InvalidArgument("StartDate and EndDate are like 2024-01-31T00:00:00.") from None
    return moment.replace(tzinfo=None, microsecond=0).isoformat()
