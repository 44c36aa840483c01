"""Everything in which SQLite and PostgreSQL differ, so that the rest of Nonet speaks one SQL.

    Dialect
     +- SqliteDialect        one file, WAL; one writer at a time
     +- PostgresDialect      psycopg 3; many replicas, LISTEN/NOTIFY
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import sqlalchemy
from sqlalchemy import ColumnElement, Connection, Engine, bindparam, event, func, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

_LOG = logging.getLogger(__name__)

#: Execution option that marks a transaction as one that will write.
WRITES = "nonet_writes"

#: A generous wait rides out another process's write instead of failing fast.
_SQLITE_BUSY_SECONDS = 30

#: Advisory lock key under which replicas take turns to migrate: "nonet" in ASCII.
_POSTGRES_SCHEMA_LOCK = 0x6E6F6E6574

_RECONNECT_SECONDS = 2.0


class Dialect(ABC):
    """One database product: how it is opened, and the few expressions that are spelt differently."""

    #: What the placeholders of the migration files stand for.
    column_types: ClassVar[dict[str, str]]
    #: Threads that may write at the same time.
    writers: ClassVar[int]
    #: Whether the database runs in this process, so that a small question is answered sooner than a thread wakes up.
    embedded: ClassVar[bool]

    @abstractmethod
    def open(self, url: URL, *, connections: int, durable: bool) -> Engine:
        """An engine whose transactions begin as this class promises."""

    @abstractmethod
    def lock_schema(self, connection: Connection) -> None:
        """Hold off every other replica's migration until this transaction ends."""

    @abstractmethod
    def lock(self, connection: Connection, name: str) -> None:
        """Hold off every other transaction that locks ``name`` until this one ends."""

    @abstractmethod
    def now(self) -> ColumnElement[float]:
        """Unix seconds by the one clock that every replica shares."""

    @abstractmethod
    def notify(self, connection: Connection, channel: str, payload: str) -> None:
        """Tell listeners in other processes, when this transaction commits."""

    @abstractmethod
    def listen(self, url: URL, channel: str) -> AsyncIterator[str]:
        """Payloads of ``channel`` sent by any process; never ends. Reconnects by itself."""

    @abstractmethod
    def may_retry(self, error: sqlalchemy.exc.DBAPIError) -> bool:
        """Whether the transaction lost against another one and can simply run again."""


class SqliteDialect(Dialect):
    column_types: ClassVar[dict[str, str]] = {
        # AUTOINCREMENT: an id is never used twice, so a page token that names a deleted row stays right.
        "identity": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "bytes": "BLOB",
        "real": "REAL",
        "bigint": "INTEGER",
    }
    # Writers in a queue of our own cost less than writers that poll SQLite's lock.
    writers: ClassVar[int] = 1
    embedded: ClassVar[bool] = True

    def open(self, url: URL, *, connections: int, durable: bool) -> Engine:
        if not url.database or url.database == ":memory:":
            raise ValueError("SQLite state lives in a file: sqlite:////absolute/path/nonet.db")
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sqlalchemy.create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            connect_args={"timeout": _SQLITE_BUSY_SECONDS, "isolation_level": None},
        )
        synchronous = "FULL" if durable else "NORMAL"

        @event.listens_for(engine, "connect")
        def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
            cursor = connection.cursor()
            _enter_wal(cursor)
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # A deferred transaction that turns into a writer can fail at once with SQLITE_BUSY, whatever the
            # timeout; one that starts as a writer waits its turn.
            writes = connection.get_execution_options().get(WRITES, False)
            if writes:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:  # takes no lock, so nothing can go wrong that SQLAlchemy would have to translate
                connection.connection.cursor().execute("BEGIN")

        return engine

    def lock_schema(self, connection: Connection) -> None:
        """Nothing to do: BEGIN IMMEDIATE already lets in one writer only."""

    def lock(self, connection: Connection, name: str) -> None:
        """Nothing to do, as above."""

    def now(self) -> ColumnElement[float]:
        # Every process that opens the file runs on this machine, so its clock is the shared one.
        # It is asked when the statement is executed, which may be one that was put into words long before.
        return bindparam("now", callable_=time.time, type_=sqlalchemy.Float(), unique=True)

    def notify(self, connection: Connection, channel: str, payload: str) -> None:
        """Nothing to do: other processes find out at their next poll."""

    async def listen(self, url: URL, channel: str) -> AsyncIterator[str]:
        await asyncio.Event().wait()
        yield ""  # pragma: no cover - unreachable; makes this an async generator

    def may_retry(self, error: sqlalchemy.exc.DBAPIError) -> bool:
        return False


def _enter_wal(cursor: object) -> None:
    """Switch the file to WAL. The switch itself ignores the busy timeout, so several first openers retry."""
    assert isinstance(cursor, sqlite3.Cursor)
    deadline = time.monotonic() + _SQLITE_BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


class PostgresDialect(Dialect):
    column_types: ClassVar[dict[str, str]] = {
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "real": "DOUBLE PRECISION",
        "bigint": "BIGINT",
    }
    writers: ClassVar[int] = 8
    embedded: ClassVar[bool] = False

    #: serialization_failure and deadlock_detected.
    _LOST_RACE: ClassVar[frozenset[str]] = frozenset({"40001", "40P01"})

    def open(self, url: URL, *, connections: int, durable: bool) -> Engine:
        engine = sqlalchemy.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=connections,
            max_overflow=0,
            # A connection that the server closed (restart, failover) is found out before it is used.
            pool_pre_ping=True,
        )
        if not durable:

            @event.listens_for(engine, "connect")
            def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
                cursor = connection.cursor()
                cursor.execute("SET synchronous_commit TO off")
                cursor.close()
                connection.commit()

        return engine

    def lock_schema(self, connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_SCHEMA_LOCK})

    def lock(self, connection: Connection, name: str) -> None:
        # Two names of one hash take turns for nothing, which does no harm.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})

    def now(self) -> ColumnElement[float]:
        return sqlalchemy.cast(func.extract("epoch", func.clock_timestamp()), sqlalchemy.Double())

    def notify(self, connection: Connection, channel: str, payload: str) -> None:
        connection.execute(_SELECT_NOTIFY, {"channel": channel, "payload": payload})

    async def listen(self, url: URL, channel: str) -> AsyncIterator[str]:
        import psycopg

        target = url.set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(target, autocommit=True)
                async with connection:
                    await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
                    # Whatever was sent before LISTEN took effect is lost: an empty payload says "look for yourself".
                    yield ""
                    async for notification in connection.notifies():
                        yield notification.payload
            except psycopg.OperationalError as error:
                _LOG.warning("lost the notification channel (%s), connecting again", type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)

    def may_retry(self, error: sqlalchemy.exc.DBAPIError) -> bool:
        return getattr(error.orig, "sqlstate", None) in self._LOST_RACE


_SELECT_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


def dialect_of(url: URL) -> Dialect:
    """The dialect that a database URL asks for. Raises ValueError for a product we do not speak."""
    match url.get_backend_name():
        case "sqlite":
            return SqliteDialect()
        case "postgresql":
            return PostgresDialect()
        case other:
            raise ValueError(f"NONET_DATABASE_URL: {other!r} is neither sqlite nor postgresql")
