"""From the tables of a dataset group to fitted series: what predictors and forecasts have in common."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.forecasting import domains
from services.forecasting.datasets import Dataset, attributes, table_keys
from services.forecasting.engine_room import EngineRoom, HeldEngine
from services.forecasting.frequencies import Boundary, Frequency
from services.forecasting.predictor_settings import PredictorSettings
from services.forecasting.sources import BUCKET, download
from services.forecasting.tasks import (
    ALGORITHMS,
    FORECAST_SERIES,
    GLOBAL_MODELS,
    LEARNING_FROM_ALL,
    Algorithm,
    FitAlgorithm,
    FitGlobal,
    FitSeries,
    PrepareSeries,
    Related,
    SeriesReport,
)
from shared import errors
from shared.jobs.job import RunningJob
from shared.storage.objects import ObjectStore
from shared.storage.service_buckets import ServiceBucket

#: A job that has trained for so long is given up.
MOST_SECONDS = 12 * 3600
#: Values that one task of the engine forecasts from, about: seconds of work, after which a stop is heeded.
_VALUES_A_TASK = 20_000
_MOST_A_TASK = 500


@dataclass(frozen=True, slots=True)
class Training:
    """Prepared series in a workspace, and the engine that works on them."""

    running: RunningJob
    engines: EngineRoom
    engine: HeldEngine
    workspace: str
    report: SeriesReport
    settings: PredictorSettings
    until: float

    def batches(self) -> list[range]:
        """All series, some at a time."""
        size = max(4, min(_MOST_A_TASK, _VALUES_A_TASK // self.report.longest))
        return [range(at, min(at + size, self.report.count)) for at in range(0, self.report.count, size)]

    async def fit(
        self,
        cut: int,
        quantiles: Sequence[float],
        progress: tuple[float, float],
        weights: Mapping[str, Mapping[str, float]] | None = None,
        others: Mapping[str, float] | None = None,
    ) -> None:
        """Forecast every series after all but ``cut`` values; ``progress``: what the job has done before and after.

        ``weights``, ``others``: fit these models of each series only. Raises ``Cancelled``, ``DeadlineExceeded``.
        """
        begin, end = progress
        algorithm = ALGORITHMS.get(self.settings.algorithm)
        if algorithm is not None and algorithm.task != FORECAST_SERIES:
            await self._fit_elsewhere(algorithm, cut, quantiles, progress)
            return
        models = {key: tuple(chosen) for key, chosen in (weights or {}).items()}
        rest = tuple(others or {})
        used = {name for chosen in (*models.values(), rest) for name in chosen}
        globals_ = [name for name in GLOBAL_MODELS if not self.settings.algorithm and (not used or name in used)]
        batches = self.batches()
        steps = len(batches) + len(globals_)
        done = 0
        for name in globals_:
            await self.engine.do(FitGlobal(self.workspace, cut, name))
            done += 1
            await self._report(begin + (end - begin) * done / steps)
        for batch in batches:
            task = FitSeries(
                self.workspace, batch.start, batch.stop, cut, tuple(quantiles), self.settings.algorithm, models, rest
            )
            await self.engine.do(task)
            done += 1
            await self._report(begin + (end - begin) * done / steps)

    async def _fit_elsewhere(
        self, algorithm: Algorithm, cut: int, quantiles: Sequence[float], progress: tuple[float, float]
    ) -> None:
        """With a model of another engine; the simplest one stands in for it where it cannot be fitted."""
        begin, end = progress
        together = algorithm.model in LEARNING_FROM_ALL
        batches = [range(self.report.count)] if together else self.batches()
        async with self.engines.engine(algorithm.task) as other:
            for number, batch in enumerate(batches):
                task = FitAlgorithm(
                    self.workspace, batch.start, batch.stop, cut, tuple(quantiles), algorithm.model,
                    self.settings.frequency,
                )  # fmt: skip
                await other.do(task)
                await self._report(begin + (end - begin) * 0.95 * (number + 1) / len(batches))
        for batch in self.batches():
            stand_in = FitSeries(
                self.workspace, batch.start, batch.stop, cut, tuple(quantiles), stand_in_for=algorithm.model
            )
            await self.engine.do(stand_in)
        await self._report(end)

    async def _report(self, progress: float) -> None:
        await self.running.report(progress)
        if time.monotonic() > self.until:
            raise errors.FailedPrecondition(f"Training was given up after {MOST_SECONDS // 3600} hours.")


@asynccontextmanager
async def training(
    running: RunningJob, engines: EngineRoom, objects: ObjectStore, members: Mapping[str, Dataset],
    settings: PredictorSettings,
) -> AsyncIterator[Training]:  # fmt: skip
    """The series of a group's tables in a workspace, which is gone afterwards.

    Raises ``InvalidArgument`` where the data are not enough.
    """
    async with engines.workspace("training") as folder:
        paths = {
            kind: await _fetch(objects, running.account, table_keys(members, kind), folder, kind)
            for kind in (domains.TARGET, domains.RELATED, domains.METADATA)
        }
        if not paths[domains.TARGET]:
            raise errors.InvalidArgument("The dataset group has no target time series with an import.")
        await running.report(0.02)
        async with engines.engine() as engine:
            report = await engine.do(_preparation(str(folder), paths, members, settings))
            yield Training(running, engines, engine, str(folder), report, settings, time.monotonic() + MOST_SECONDS)


async def _fetch(objects: ObjectStore, account: str, keys: Sequence[str], folder: Path, kind: str) -> tuple[str, ...]:
    bucket = ServiceBucket(objects, BUCKET)
    paths = []
    for number, key in enumerate(keys):
        path = folder / f"{kind.lower()}-{number}.parquet"
        await download(objects, account, await bucket.place(account, key), path)
        paths.append(str(path))
    return tuple(paths)


def _preparation(
    folder: str, paths: Mapping[str, tuple[str, ...]], members: Mapping[str, Dataset], settings: PredictorSettings
) -> PrepareSeries:
    target = members[domains.TARGET]
    domain = domains.DOMAINS[target.described.domain]
    related: list[Related] = []
    if domains.RELATED in members and paths[domains.RELATED]:
        related = [
            Related(name, kind, settings.transformations.get(name, {}))
            for name, kind in attributes(members[domains.RELATED])
            if name not in (domain.item, domains.TIMESTAMP, *settings.dimensions)
        ]
    metadata: list[str] = []
    if domains.METADATA in members and paths[domains.METADATA]:
        metadata = [name for name, _ in attributes(members[domains.METADATA]) if name != domain.item]
    months, days, hours = settings.boundary
    return PrepareSeries(
        workspace=folder,
        targets=paths[domains.TARGET],
        target=domain.target,
        dimensions=(domain.item, *settings.dimensions),
        frequency=Frequency.parse(settings.frequency),
        boundary=Boundary(months, days, hours),
        horizon=settings.horizon,
        transformations=settings.transformations.get(domain.target, {}),
        related_tables=paths[domains.RELATED] if related else (),
        related=tuple(related),
        metadata_tables=paths[domains.METADATA] if metadata else (),
        metadata=tuple(metadata),
        holidays=settings.holidays,
    )


async def read_json(objects: ObjectStore, account: str, key: str, max_bytes: int = 1 << 30) -> object:
    """A JSON file of the service's bucket."""
    place = await ServiceBucket(objects, BUCKET).place(account, key)
    return json.loads(await objects.read(account, *place, max_bytes=max_bytes))
