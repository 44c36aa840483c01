"""Transactions, migrations and shared secrets, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

import services.conversation.sessions
import services.forecasting.forecast_table
import services.orchestration.engine.tables
import services.personalization.tables
import services.vision.collections.tables  # noqa: F401
import shared.jobs.store
import shared.storage.objects
import shared.storage.resources  # noqa: F401 - every module that declares tables
from shared import errors
from shared.storage.database import Database, metadata
from shared.storage.dialects import dialect_of
from shared.storage.migrations import Migration, load_migrations, migrate

pytestmark = pytest.mark.asyncio


def _insert(connection: Connection, name: str) -> None:
    connection.execute(text("INSERT INTO secrets (name, value) VALUES (:name, :value)"), {"name": name, "value": b"x"})


def _count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM secrets")).scalar_one())


async def test_a_transaction_commits_or_leaves_nothing(database: Database) -> None:
    def insert_and_fail(connection: Connection) -> None:
        _insert(connection, "lost")
        raise KeyError("on the way")

    await database.run(_insert, "kept")
    with pytest.raises(KeyError):
        await database.run(insert_and_fail)
    assert await database.read(_count) == 1


async def test_concurrent_writers_all_commit(database: Database) -> None:
    await asyncio.gather(*(database.run(_insert, f"name-{index}") for index in range(60)))
    assert await database.read(_count) == 60


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    inside, done = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        _insert(connection, "slow")
        inside.set()
        assert done.wait(20)

    writing = asyncio.create_task(database.run(slow))
    await asyncio.to_thread(inside.wait, 20)
    assert await asyncio.wait_for(database.read(_count), 10) == 0
    done.set()
    await writing
    assert await database.read(_count) == 1


async def test_replicas_share_a_secret(database: Database, database_url: str) -> None:
    other = await asyncio.to_thread(Database.open, database_url)
    try:
        found = await asyncio.gather(*(either.secret("key") for either in (database, other) * 4))
    finally:
        other.close()
    assert len(set(found)) == 1 and len(found[0]) == 32
    assert await database.secret("another") != found[0]


async def test_text_that_cannot_be_stored_is_the_callers_fault(database: Database) -> None:
    if database.dialect.column_types["bytes"] == "BLOB":
        await database.run(_insert, "nul \0 is fine with SQLite")
    else:
        with pytest.raises(errors.InvalidArgument):
            await database.run(_insert, "nul \0")


async def test_replicas_may_start_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(Database.open, [database_url] * 6))
    for database in opened:
        await database.run(_insert, f"name-{id(database)}")
        database.close()


async def test_tables_in_code_are_those_of_the_migrations(database: Database) -> None:
    def described(connection: Connection) -> dict[str, dict[str, bool]]:
        inspector = sqlalchemy.inspect(connection)
        return {
            table: {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
            for table in inspector.get_table_names()
            if table != "schema_migrations"
        }

    def primary_keys(connection: Connection) -> dict[str, list[str]]:
        inspector = sqlalchemy.inspect(connection)
        return {name: inspector.get_pk_constraint(name)["constrained_columns"] for name in metadata.tables}

    actual = await database.read(described)
    keys = await database.read(primary_keys)
    assert actual.keys() == metadata.tables.keys()
    for name, table in metadata.tables.items():
        assert set(actual[name]) == {column.name for column in table.columns}, name
        assert keys[name] == [column.name for column in table.primary_key], name
        for column in table.columns:
            if not column.primary_key:
                assert actual[name][column.name] == column.nullable, (name, column.name)


async def test_a_newer_schema_is_refused(database: Database, database_url: str) -> None:
    newer = len(load_migrations()) + 1

    def write(connection: Connection) -> None:
        connection.execute(text("INSERT INTO schema_migrations (number) VALUES (:number)"), {"number": newer})

    await database.run(write)
    with pytest.raises(errors.FailedPrecondition, match="upgrade"):
        await asyncio.to_thread(Database.open, database_url)


async def test_a_failing_migration_leaves_the_old_schema(database_url: str) -> None:
    url = make_url(database_url)
    dialect = dialect_of(url)
    engine = dialect.open(url, connections=1, durable=True)
    broken = [Migration(1, ("CREATE TABLE first (id INTEGER)",)), Migration(2, ("CREATE TABLE nonsense (",))]
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        migrate(engine, dialect, broken)
    assert not sqlalchemy.inspect(engine).has_table("first")
    engine.dispose()


async def test_migrations_are_numbered_without_gaps(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("SELECT 1")
    (tmp_path / "0003_three.sql").write_text("SELECT 1")
    with pytest.raises(ValueError, match="gaps"):
        load_migrations(tmp_path)


async def test_urls_we_do_not_speak() -> None:
    for url in ("mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ValueError):
            Database.open(url)
    with pytest.raises(errors.Unavailable):
        Database.open("postgresql://nobody@127.0.0.1:1/none")
