"""Task tokens: whoever holds one ends a task, or says that it is still being worked on. Activities hand them out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from services.orchestration.engine import messages
from services.orchestration.engine.store import ExecutionStore
from services.orchestration.engine.tables import executions, task_tokens
from shared import errors
from shared.storage.database import Database

#: How often a waiting worker looks, where nothing tells it of new tasks.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """A task for a worker. ``input`` is JSON text."""

    token: str
    input: str


class TaskTokens:
    """The tokens of all executions."""

    def __init__(self, database: Database, store: ExecutionStore) -> None:
        self._database = database
        self._store = store

    async def complete(self, account: str, token: str, output: Any) -> None:
        """The task ended well.

        Raises:
            NotFound, InvalidArgument: no such token, or its task is over.
        """
        await self._tell(account, token, lambda row: messages.completed(row.frame, row.attempt, output), closes=True)

    async def fail(self, account: str, token: str, error: str | None, cause: str | None) -> None:
        """The task ended badly. Raises as ``complete``."""
        await self._tell(account, token, lambda row: messages.failed(row.frame, row.attempt, error, cause), closes=True)

    async def heartbeat(self, account: str, token: str) -> None:
        """Somebody works on the task. Raises as ``complete``."""
        await self._tell(account, token, lambda row: messages.heartbeat(row.frame, row.attempt), closes=False)

    async def take(self, activity: str, worker: str | None, seconds: float) -> ActivityTask | None:
        """The oldest task of an activity that no worker has; waits up to ``seconds`` for one, then gives None."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            if await self._database.read(_is_waiting, activity):
                row = await self._database.run(self._take, activity, worker)
                if row is not None:
                    self._store.told(row.execution)
                    return ActivityTask(row.token, row.input)
            remaining = deadline - loop.time()
            if remaining <= 0:
                return None
            await self._store.something_offered(min(remaining, _LOOK_SECONDS))

    def _take(self, connection: Connection, activity: str, worker: str | None) -> Row[Any] | None:
        oldest = (
            select(task_tokens.c.token)
            .where(task_tokens.c.activity == activity, task_tokens.c.status == "WAITING")
            .order_by(task_tokens.c.sequence)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        token = connection.execute(oldest).scalar()
        if token is None:
            return None
        row = connection.execute(
            update(task_tokens)
            .where(task_tokens.c.token == token, task_tokens.c.status == "WAITING")
            .values(status="OPEN")
            .returning(task_tokens)
        ).one_or_none()
        if row is not None:
            self._store.tell(connection, row.execution, messages.started(row.frame, row.attempt, worker))
        return row

    async def _tell(self, account: str, token: str, message: Any, *, closes: bool) -> None:
        def transaction(connection: Connection) -> int:
            found = (
                select(task_tokens, executions.c.account)
                .join(executions, executions.c.id == task_tokens.c.execution)
                .where(task_tokens.c.token == token)
            )
            row = connection.execute(found).one_or_none()
            if row is None or row.account != account:
                raise errors.NotFound("Task does not exist", aws_code="TaskDoesNotExist")
            still_open = task_tokens.c.status != "CLOSED"
            changed = connection.execute(
                update(task_tokens)
                .where(task_tokens.c.token == token, still_open)
                .values(status="CLOSED" if closes else row.status)
            ).rowcount
            if not changed:
                raise errors.InvalidArgument(
                    "Task Timed Out: 'Provided task does not exist anymore'", aws_code="TaskTimedOut"
                )
            content: Mapping[str, Any] = message(row)
            self._store.tell(connection, row.execution, content)
            return int(row.execution)

        self._store.told(await self._database.run(transaction))


def _is_waiting(connection: Connection, activity: str) -> bool:
    waiting = select(task_tokens.c.token).where(task_tokens.c.activity == activity, task_tokens.c.status == "WAITING")
    return connection.execute(waiting.limit(1)).scalar() is not None
