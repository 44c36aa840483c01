"""The transactions of map runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from services.orchestration.engine import messages
from services.orchestration.engine.beginnings import EXPRESS_SECONDS
from services.orchestration.engine.store import OPEN_STATUSES, REDRIVABLE_STATUSES, ExecutionStore, NewExecution
from services.orchestration.engine.tables import executions, map_runs
from services.orchestration.interpreter.frames import Frame
from shared.storage.database import Database

#: What a result file tells of an execution.
RESULT_COLUMNS = (
    "arn", "name", "status", "input", "output", "error", "cause", "started_at", "stopped_at", "machine_arn",
    "redrive_count",
)  # fmt: skip
_PAGE = 500


@dataclass(frozen=True, slots=True)
class MapRun:
    """A map run as its row says. Times in Unix seconds."""

    id: int
    arn: str
    account: str
    execution: int
    status: str
    started_at: float
    stopped_at: float | None
    max_concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    items_taken: int
    children: int
    exhausted: int
    redrive_count: int
    redriven_at: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Where a map run stands: its executions, and the items that they hold, by status."""

    status: str
    max_concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    exhausted: bool
    executions: dict[str, int]
    items: dict[str, int]

    @property
    def open(self) -> int:
        return sum(self.executions.get(status, 0) for status in OPEN_STATUSES)

    @property
    def failed_items(self) -> int:
        return sum(self.items.get(status, 0) for status in ("FAILED", "TIMED_OUT", "ABORTED"))

    @property
    def fails(self) -> bool:
        """Whether more items failed than the state tolerates. A percentage counts once all items are known."""
        failed = self.failed_items
        if not failed:
            return False
        if not self.tolerated_percentage:
            return failed > self.tolerated_count
        percentage = 100 * failed / sum(self.items.values())
        too_many = failed > self.tolerated_count if self.tolerated_count else False
        return too_many or (self.exhausted and percentage > self.tolerated_percentage)

    @property
    def is_over(self) -> bool:
        return self.status != "RUNNING" or self.fails


_COLUMNS = [map_runs.c[field.name] for field in fields(MapRun)]


class MapRunStore:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, account: str, execution: int, frame: Frame) -> MapRun:
        """The row of the map run that ``frame`` is in: made at the first call, taken up again at the others."""

        def transaction(connection: Connection) -> MapRun:
            found = select(*_COLUMNS).where(map_runs.c.arn == frame.work["arn"])
            row = connection.execute(found).one_or_none()
            if row is None:
                connection.execute(
                    insert(map_runs).values(
                        arn=frame.work["arn"],
                        account=account,
                        execution=execution,
                        frame=frame.id,
                        status="RUNNING",
                        started_at=self._database.dialect.now(),
                        max_concurrency=frame.work["concurrency"],
                        tolerated_count=frame.work["tolerated_count"],
                        tolerated_percentage=frame.work["tolerated_percentage"],
                        items_taken=0,
                        children=0,
                        exhausted=0,
                        writes_results=int("Resource" in (frame.work["writer"] or {})),
                        redrive_count=0,
                    )
                )
                row = connection.execute(found).one()
            return MapRun(*row)

        return await self._database.run(transaction)

    async def add_children(self, arn: str, store: ExecutionStore, new: Sequence[NewExecution], items: int) -> None:
        """Write executions of the map run down, and that their items were taken: both or neither."""

        def transaction(connection: Connection) -> None:
            connection.execute(
                update(map_runs)
                .where(map_runs.c.arn == arn)
                .values(items_taken=map_runs.c.items_taken + items, children=map_runs.c.children + len(new))
            )
            store.insert_in(connection, new, owned=False)

        await self._database.run(transaction)

    async def exhaust(self, arn: str) -> None:
        """All items were taken."""
        await self._update(arn, exhausted=1)

    async def end(self, arn: str, status: str) -> None:
        """The map run is over, unless it was already."""

        def transaction(connection: Connection) -> None:
            connection.execute(
                update(map_runs)
                .where(map_runs.c.arn == arn, map_runs.c.status == "RUNNING")
                .values(status=status, stopped_at=self._database.dialect.now())
            )

        await self._database.run(transaction)

    async def reopen(self, map_run: MapRun, redrives: int, store: ExecutionStore) -> MapRun:
        """Run a map run that ended on: those of its executions that did not succeed, and those that never began."""

        def transaction(connection: Connection) -> MapRun:
            now = float(connection.execute(select(self._database.dialect.now())).scalar_one())
            connection.execute(
                update(map_runs)
                .where(map_runs.c.arn == map_run.arn)
                .values(status="RUNNING", stopped_at=None, redrive_count=redrives, redriven_at=now)
            )
            ended = executions.c.map_run_arn == map_run.arn, executions.c.status.in_(REDRIVABLE_STATUSES)
            again = {
                "status": "RUNNING",
                "output": None,
                "error": None,
                "cause": None,
                "stopped_at": None,
                "redrive_count": executions.c.redrive_count + 1,
                "redriven_at": now,
            }
            # An express execution begins anew; the others go on where they failed.
            connection.execute(
                update(executions)
                .where(*ended, executions.c.type == "EXPRESS")
                .values(**again, next_event=1, next_frame=1, deadline=now + EXPRESS_SECONDS, wake_at=0.0)
            )
            failed = connection.execute(update(executions).where(*ended).values(**again).returning(executions.c.id))
            for execution in failed.scalars().all():
                store.tell(connection, execution, messages.redrive())
            return MapRun(*connection.execute(select(*_COLUMNS).where(map_runs.c.arn == map_run.arn)).one())

        return await self._database.run(transaction)

    async def change(self, arn: str, values: dict[str, Any]) -> None:
        """New limits for a map run that runs."""
        await self._update(arn, **values)

    async def _update(self, arn: str, **values: Any) -> None:
        await self._database.run(
            lambda connection: connection.execute(update(map_runs).where(map_runs.c.arn == arn).values(**values))
        )

    async def counts(self, arn: str) -> Counts:
        """Where the map run stands."""

        def query(connection: Connection) -> Counts:
            row = connection.execute(select(*_COLUMNS).where(map_runs.c.arn == arn)).one()
            by_status = connection.execute(
                select(executions.c.status, func.count(), func.sum(executions.c.item_count))
                .where(executions.c.map_run_arn == arn)
                .group_by(executions.c.status)
            ).all()
            return Counts(
                row.status,
                row.max_concurrency,
                row.tolerated_count,
                row.tolerated_percentage,
                bool(row.exhausted),
                {status: count for status, count, _ in by_status},
                {status: int(items) for status, _, items in by_status},
            )

        return await self._database.read(query)

    async def children(self, arn: str) -> AsyncIterator[Row[Any]]:
        """The executions of the map run in the order of their items, a page at a time."""
        after = -1
        while True:
            rows = await self._database.read(_page, arn, after)
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                return
            after = rows[-1].item_index

    async def stop_children(self, arn: str, store: ExecutionStore) -> None:
        """Tell the executions that still run to stop."""

        def query(connection: Connection) -> list[int]:
            running = select(executions.c.id).where(
                executions.c.map_run_arn == arn, executions.c.status.in_(OPEN_STATUSES)
            )
            return list(connection.execute(running).scalars())

        for execution in await self._database.read(query):
            await store.send(execution, messages.stop(None, None))


def _page(connection: Connection, arn: str, after: int) -> list[Row[Any]]:
    columns = [executions.c[name] for name in RESULT_COLUMNS]
    statement = (
        select(*columns, executions.c.item_index)
        .where(executions.c.map_run_arn == arn, executions.c.item_index > after)
        .order_by(executions.c.item_index)
        .limit(_PAGE)
    )
    return list(connection.execute(statement))
