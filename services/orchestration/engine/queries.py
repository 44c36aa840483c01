"""Reading executions, their histories and map runs; and changing one from outside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from services.orchestration.engine import messages
from services.orchestration.engine.store import REDRIVABLE_STATUSES, ExecutionStore
from services.orchestration.engine.tables import (
    definitions,
    execution_events,
    execution_frames,
    execution_messages,
    executions,
    map_runs,
    task_tokens,
)
from services.orchestration.interpreter.history import Event
from services.orchestration.language import json_text
from shared.storage.database import Database

_SWEPT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions a listing gives; None and empty mean "any"."""

    account: str
    machine_arn: str | None = None
    version_arn: str | None = None
    alias_arn: str | None = None
    map_run_arn: str | None = None
    statuses: Collection[str] = ()
    redriven: bool | None = None


class ExecutionQueries:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, account: str, arn: str) -> Row[Any] | None:
        """The execution of that ARN, if the account has one."""
        statement = select(executions).where(executions.c.arn == arn, executions.c.account == account)
        return await self._database.read(lambda connection: connection.execute(statement).one_or_none())

    async def by_origin(self, origin: str) -> Row[Any] | None:
        """The execution that a task with this idempotency key started."""
        statement = select(executions).where(executions.c.origin == origin)
        return await self._database.read(lambda connection: connection.execute(statement).one_or_none())

    async def definition(self, digest: str) -> str:
        """The definition that an execution was started with."""
        statement = select(definitions.c.definition).where(definitions.c.digest == digest)
        return await self._database.read(lambda connection: str(connection.execute(statement).scalar_one()))

    async def list(self, wanted: ExecutionFilter, most: int, before: int | None) -> Sequence[Row[Any]]:
        """Up to ``most`` executions, newest first, older than the row ``before``."""
        statement = select(executions).where(executions.c.account == wanted.account)
        for column, value in (
            (executions.c.machine_arn, wanted.machine_arn),
            (executions.c.version_arn, wanted.version_arn),
            (executions.c.alias_arn, wanted.alias_arn),
            (executions.c.map_run_arn, wanted.map_run_arn),
        ):
            if value is not None:
                statement = statement.where(column == value)
        if wanted.statuses:
            statement = statement.where(executions.c.status.in_(list(wanted.statuses)))
        if wanted.redriven is not None:
            count = executions.c.redrive_count
            statement = statement.where(count > 0 if wanted.redriven else count == 0)
        if before is not None:
            statement = statement.where(executions.c.id < before)
        statement = statement.order_by(executions.c.id.desc()).limit(most)
        return await self._database.read(lambda connection: connection.execute(statement).all())

    async def events(self, execution: int, most: int, after: int | None, newest_first: bool) -> Sequence[Event]:
        """Up to ``most`` events, behind the event ``after`` in the order asked for."""
        return await self._database.read(_events, execution, most, after, newest_first)

    async def map_run(self, account: str, arn: str) -> Row[Any] | None:
        """The map run of that ARN, with the ARNs of its execution and state machine."""
        statement = _MAP_RUNS.where(map_runs.c.arn == arn, map_runs.c.account == account)
        return await self._database.read(lambda connection: connection.execute(statement).one_or_none())

    async def map_runs(self, execution: int, most: int, before: int | None) -> Sequence[Row[Any]]:
        """Up to ``most`` map runs of an execution, newest first."""
        statement = _MAP_RUNS.where(map_runs.c.execution == execution)
        if before is not None:
            statement = statement.where(map_runs.c.id < before)
        statement = statement.order_by(map_runs.c.id.desc()).limit(most)
        return await self._database.read(lambda connection: connection.execute(statement).all())

    async def redrive(self, execution: Row[Any], store: ExecutionStore, seconds: float | None) -> float | None:
        """Let an execution that ended run on. The moment, or None if it has not ended, or has been taken up already.

        ``seconds``: how long it may run, from now.
        """

        def transaction(connection: Connection) -> float | None:
            now = float(connection.execute(select(self._database.dialect.now())).scalar_one())
            changed = connection.execute(
                update(executions)
                .where(executions.c.id == execution.id, executions.c.status.in_(REDRIVABLE_STATUSES))
                .values(
                    status="RUNNING",
                    stopped_at=None,
                    output=None,
                    error=None,
                    cause=None,
                    redrive_count=executions.c.redrive_count + 1,
                    redriven_at=now,
                    deadline=None if seconds is None else now + seconds,
                )
            ).rowcount
            if not changed:
                return None
            store.tell(connection, int(execution.id), messages.redrive())
            return now

        return await self._database.run(transaction)

    async def sweep(self, ended_before: float) -> int:
        """Forget executions that ended before a moment, with all that belongs to them. How many there were."""
        return await self._database.run(_sweep, ended_before)


_MAP_RUNS = select(
    map_runs, executions.c.arn.label("execution_arn"), executions.c.machine_arn.label("machine_arn")
).join(executions, executions.c.id == map_runs.c.execution)


def _events(connection: Connection, execution: int, most: int, after: int | None, newest_first: bool) -> list[Event]:
    steps = select(execution_events.c.events).where(execution_events.c.execution == execution)
    if newest_first:
        steps = steps.order_by(execution_events.c.first_id.desc())
        if after is not None:
            steps = steps.where(execution_events.c.first_id < after)
    else:
        steps = steps.order_by(execution_events.c.first_id).where(execution_events.c.last_id > (after or 0))
    found: list[Event] = []
    for (text,) in connection.execution_options(stream_results=True).execute(steps):
        events = [Event(*values) for values in json_text.loads_trusted(text)]
        if newest_first:
            found.extend(event for event in reversed(events) if after is None or event.id < after)
        else:
            found.extend(event for event in events if event.id > (after or 0))
        if len(found) >= most:
            break
    return found[:most]


def _sweep(connection: Connection, ended_before: float) -> int:
    ended = select(executions.c.id).where(executions.c.stopped_at < ended_before).limit(_SWEPT_AT_ONCE)
    ids = list(connection.execute(ended).scalars())
    if not ids:
        return 0
    for table in (execution_frames, execution_events, execution_messages, task_tokens, map_runs):
        connection.execute(delete(table).where(table.c.execution.in_(ids)))
    connection.execute(delete(executions).where(executions.c.id.in_(ids)))
    return len(ids)
