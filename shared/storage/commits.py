"""Group commit for SQLite: transactions that wait at the same time share one sync to disk.

SQLite lets in one writer, and with ``synchronous=FULL`` each commit waits for the disk; so the writers' queue decides
the throughput, not the work. Here one thread runs each caller's function under a savepoint of its own and commits when
nobody waits any more (or the group is full). A function that raises takes back its own savepoint only, and nobody is
answered before the commit that holds their work is on disk (group commit: DeWitt et al., "Implementation Techniques
for Main Memory Database Systems", 1984). A group is answered in one go: waking an event loop for each caller would
cost more than most of their transactions.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, RootTransaction

from shared import errors
from shared.storage.dialects import WRITES

Value = TypeVar("Value")

#: Bounds how long the first of a group waits for the last.
_LARGEST_GROUP = 64


@dataclass(slots=True)
class _Caller:
    """A function that waits for its turn, then what became of it."""

    function: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    value: Any = None
    failure: BaseException | None = None

    def tell(self) -> None:
        if self.answer.done():  # cancelled: nobody wants to know
            return
        if self.failure is not None:
            self.answer.set_exception(self.failure)
        else:
            self.answer.set_result(self.value)


class GroupCommits:
    """The one writer of a database file in this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database-write")
        self._lock = threading.Lock()
        self._waiting: deque[_Caller] = deque()
        self._draining = False

    async def run(self, function: Callable[[Connection], Value]) -> Value:
        """What ``function`` returns, once it is on disk; what it raises, once it is taken back.

        A caller that is cancelled does not take its transaction back. Raises ``Unavailable`` where the commit fails.
        """
        loop = asyncio.get_running_loop()
        caller = _Caller(function, loop, loop.create_future())
        with self._lock:
            self._waiting.append(caller)
            idle, self._draining = not self._draining, True
        if idle:
            self._thread.submit(self._drain)
        value: Value = await caller.answer
        return value

    def shutdown(self) -> None:
        """Finish what waits."""
        self._thread.shutdown()

    def _drain(self) -> None:
        while (first := self._next()) is not None:
            group: list[_Caller] = []
            try:
                self._run_group(first, group)
            except sqlalchemy.exc.DBAPIError as error:
                _fail(group or [first], error)
            _answer(group)

    def _next(self) -> _Caller | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._draining = False
            return None

    def _more(self) -> _Caller | None:
        """Whoever came while the group ran."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _run_group(self, first: _Caller, group: list[_Caller]) -> None:
        group.append(first)
        with self._engine.connect().execution_options(**{WRITES: True}) as connection:
            transaction = connection.begin()
            # The first needs no savepoint: if it fails, the transaction holds nothing else.
            if not _run(first, connection):
                transaction.rollback()
                return
            while len(group) < _LARGEST_GROUP and (caller := self._more()) is not None:
                group.append(caller)
                savepoint = connection.begin_nested()
                if _run(caller, connection):
                    savepoint.commit()
                else:
                    savepoint.rollback()
            _commit(transaction, group)


def _run(caller: _Caller, connection: Connection) -> bool:
    try:
        caller.value = caller.function(connection)
    except BaseException as failure:
        # It is the caller's, whatever it is; the next one must not suffer from it.
        caller.failure = failure
    return caller.failure is None


def _commit(transaction: RootTransaction, group: list[_Caller]) -> None:
    try:
        transaction.commit()
    except sqlalchemy.exc.DBAPIError as error:
        _fail(group, error)


def _fail(group: list[_Caller], error: sqlalchemy.exc.DBAPIError) -> None:
    """Nothing of the group is on disk."""
    for caller in group:
        if caller.failure is None:
            caller.failure = errors.Unavailable("the database did not take the commit, try again")
            caller.failure.__cause__ = error


def _answer(group: list[_Caller]) -> None:
    for loop in {caller.loop for caller in group}:
        told = [caller for caller in group if caller.loop is loop]
        try:
            loop.call_soon_threadsafe(_tell, told)
        except RuntimeError:
            continue  # the loop has ended, and with it whoever waited


def _tell(group: list[_Caller]) -> None:
    for caller in group:
        caller.tell()
