"""Group commit for SQLite: transactions that wait at the same time share one sync to disk.

SQLite lets in one writer, and with ``synchronous=FULL`` each commit waits for the disk; so the writers' queue decides
the throughput, not the work. Here the one writer thread runs each caller's function under a savepoint of its own and
commits when nobody waits any more (or the group is full). A function that raises takes back its own savepoint only,
and nobody is answered before the commit that holds their work is on disk (group commit: DeWitt et al.,
"Implementation Techniques for Main Memory Database Systems", 1984).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine

from shared import errors
from shared.storage.dialects import WRITES

Value = TypeVar("Value")

#: Bounds how long the first of a group waits for the last.
_LARGEST_GROUP = 64


class _Group:
    """An open transaction and the future that says how its commit went."""

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.connect().execution_options(**{WRITES: True})
        try:
            self.transaction = self.connection.begin()
        except sqlalchemy.exc.OperationalError:
            self.connection.close()
            raise
        self.committed: Future[None] = Future()
        self.size = 0

    def commit(self) -> None:
        try:
            self.transaction.commit()
        except sqlalchemy.exc.DBAPIError as error:
            failure = errors.Unavailable("the database did not take the commit, try again")
            failure.__cause__ = error
            self.committed.set_exception(failure)
        else:
            self.committed.set_result(None)
        finally:
            self.connection.close()


class GroupCommits:
    """The one writer of a database file in this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database-write")
        self._lock = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    async def run(self, function: Callable[[Connection], Value]) -> Value:
        """What ``function`` returns, once it is on disk; what it raises, once it is taken back.

        Raises ``Unavailable`` where the commit fails.
        """
        with self._lock:
            self._waiting += 1
        # Shielded: work that was counted must run, or the group that waits for it would stay open.
        work = asyncio.wrap_future(self._thread.submit(self._run, function))
        value, committed = await asyncio.shield(work)
        await asyncio.shield(asyncio.wrap_future(committed))
        return value

    def shutdown(self) -> None:
        """Finish what waits."""
        self._thread.shutdown()

    def _run(self, function: Callable[[Connection], Value]) -> tuple[Value, Future[None]]:
        with self._lock:
            self._waiting -= 1
        group = self._group = self._group or _Group(self._engine)
        group.size += 1
        try:
            with group.connection.begin_nested():
                return function(group.connection), group.committed
        finally:
            if self._nobody_waits() or group.size >= _LARGEST_GROUP:
                self._group = None
                group.commit()

    def _nobody_waits(self) -> bool:
        with self._lock:
            return self._waiting == 0
