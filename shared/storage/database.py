"""The database: transactions off the event loop, on SQLite or PostgreSQL.

    database = Database.open("sqlite:////var/lib/nonet/nonet.db")
    row = await database.run(insert_row, name)     # insert_row(connection, name), committed when it returns
    rows = await database.read(select_rows)        # sees one consistent state, writes nothing
    row = await database.glance(select_row)        # the same for a row or two by their keys
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.engine import make_url

from shared import errors
from shared.storage.commits import GroupCommits
from shared.storage.dialects import WRITES, Dialect, dialect_of
from shared.storage.migrations import migrate

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")

#: The tables as SQLAlchemy sees them. ``sql/*.sql`` creates them; a test compares the two.
metadata = sqlalchemy.MetaData()

secrets_table = sqlalchemy.Table(
    "secrets",
    metadata,
    sqlalchemy.Column("name", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("value", sqlalchemy.LargeBinary, nullable=False),
)

_READERS = 4
#: Connections for glances.
_GLANCES = 1
_MOST_TRIES = 5
_SECRET_BYTES = 32


class Database:
    """A migrated database and the threads that talk to it. Use ``Database.open``."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self._engine = engine
        self.dialect = dialect
        self._group_commits = GroupCommits(engine) if dialect.writers == 1 else None
        self._writing = ThreadPoolExecutor(dialect.writers, thread_name_prefix="database-write")
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="database-read")
        self._glancing = threading.Lock()
        self._glances: Connection | None = None

    @classmethod
    def open(cls, url: str, *, durable: bool = True) -> Database:
        """Connect and migrate. Blocks; call it before the event loop runs, or in a thread.

        ``durable``: a commit survives a power loss (SQLite ``synchronous=FULL``, PostgreSQL
        ``synchronous_commit=on``). Without it a commit survives the death of the process only.
        Raises ValueError for a URL we do not speak, ``FailedPrecondition`` for a schema newer than this code,
        ``Unavailable`` where nothing answers.
        """
        parsed = make_url(url)
        dialect = dialect_of(parsed)
        engine = dialect.open(parsed, connections=dialect.writers + _READERS + _GLANCES, durable=durable)
        try:
            migrate(engine, dialect)
        except sqlalchemy.exc.OperationalError as error:
            engine.dispose()
            raise errors.Unavailable("the database cannot be opened") from error
        return cls(engine, dialect)

    async def run(
        self,
        function: Callable[Concatenate[Connection, Parameters], Value],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Value:
        """``function(connection, *args)`` in a transaction that commits when it returns, rolls back when it raises.

        ``function`` runs again when the transaction lost a race, so it must do nothing but SQL. A caller that is
        cancelled while waiting does not take the transaction back.
        """
        if self._group_commits is not None:
            with _translated(last=True, dialect=self.dialect):
                return await self._group_commits.run(lambda connection: function(connection, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(
            self._writing, lambda: self._transact(True, function, *args, **kwargs)
        )

    async def read(
        self,
        function: Callable[Concatenate[Connection, Parameters], Value],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Value:
        """Like ``run`` for functions that only read: never waits for a writer on SQLite."""
        return await asyncio.get_running_loop().run_in_executor(
            self._reading, lambda: self._transact(False, function, *args, **kwargs)
        )

    async def glance(
        self,
        function: Callable[Concatenate[Connection, Parameters], Value],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Value:
        """``read`` for few rows by their keys.

        SQLite answers right here, on a connection that is kept for it: to a thread and back takes ten times as long as
        the look itself, and on a busy machine the event loop waits for that thread to be given a processor.
        """
        if not self.dialect.embedded:
            return await self.read(function, *args, **kwargs)
        with self._glancing, _translated(last=True, dialect=self.dialect):
            if self._glances is None:
                self._glances = self._engine.connect()
            with self._glances.begin():
                return function(self._glances, *args, **kwargs)

    def _transact(
        self,
        writes: bool,
        function: Callable[Concatenate[Connection, Parameters], Value],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Value:
        for last in (False,) * (_MOST_TRIES - 1) + (True,):
            with (
                contextlib.suppress(_LostRaceError),
                _translated(last=last, dialect=self.dialect),
                self._engine.connect().execution_options(**{WRITES: writes}) as connection,
                connection.begin(),
            ):
                return function(connection, *args, **kwargs)
        raise AssertionError("the last try returns or raises")

    def notify(self, connection: Connection, channel: str, payload: str) -> None:
        """Wake listeners in other processes when this transaction commits (PostgreSQL; SQLite's poll)."""
        self.dialect.notify(connection, channel, payload)

    def listen(self, channel: str) -> AsyncIterator[str]:
        """Payloads that any process sends with ``notify``; an empty one means that some may have been missed."""
        return self.dialect.listen(self._engine.url, channel)

    async def secret(self, name: str) -> bytes:
        """A random key of 32 bytes under ``name``: made at the first call, the same for every replica."""
        return await self.run(_find_or_make_secret, name)

    def close(self) -> None:
        """Finish the transactions under way and disconnect. Blocks for as long as they take."""
        if self._group_commits is not None:
            self._group_commits.shutdown()
        self._writing.shutdown()
        self._reading.shutdown()
        with self._glancing:
            if self._glances is not None:
                self._glances.close()
        self._engine.dispose()


class _LostRaceError(RuntimeError):
    """The transaction lost against another one and can simply run again."""


@contextlib.contextmanager
def _translated(*, last: bool, dialect: Dialect) -> Iterator[None]:
    """Database errors as ours. ``last``: there is no further try for a transaction that lost a race."""
    try:
        yield
    except sqlalchemy.exc.DataError as error:
        # PostgreSQL's text takes no NUL character and its integers have an end; SQLite's do not mind.
        raise errors.InvalidArgument("a value holds characters or a size that cannot be stored") from error
    except sqlalchemy.exc.OperationalError as error:
        if not last and dialect.may_retry(error):
            raise _LostRaceError from error
        raise errors.Unavailable("the database does not answer, try again") from error


def _find_or_make_secret(connection: Connection, name: str) -> bytes:
    find = select(secrets_table.c.value).where(secrets_table.c.name == name)
    value = connection.execute(find).scalar()
    if value is None:
        try:
            with connection.begin_nested():
                connection.execute(
                    insert(secrets_table).values(name=name, value=secrets.token_bytes(_SECRET_BYTES))
                )
        except sqlalchemy.exc.IntegrityError:
            pass  # another replica was first; its secret counts
        value = connection.execute(find).scalar_one()
    return bytes(value)
