"""Group commit: transactions share a commit, and neither their failures nor their cancellations."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url

from shared.storage.commits import GroupCommits
from shared.storage.dialects import SqliteDialect


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    opened = SqliteDialect().open(make_url(f"sqlite:///{tmp_path}/x.db"), connections=2, durable=True)
    with opened.connect() as connection, connection.begin():
        connection.execute(text("CREATE TABLE t (value INTEGER UNIQUE)"))
    yield opened
    opened.dispose()


@pytest.fixture
def commits(engine: sqlalchemy.Engine) -> Iterator[GroupCommits]:
    made = GroupCommits(engine)
    yield made
    made.shutdown()


def insert(connection: Connection, value: int) -> int:
    connection.execute(text("INSERT INTO t VALUES (:value)"), {"value": value})
    if value < 0:
        raise KeyError(value)
    return value


def stored(engine: sqlalchemy.Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT value FROM t ORDER BY value")).scalars())


async def test_waiting_transactions_share_a_commit(engine: sqlalchemy.Engine, commits: GroupCommits) -> None:
    count = 0

    @event.listens_for(engine, "commit")
    def _count(_: Connection) -> None:
        nonlocal count
        count += 1

    hold = threading.Event()
    first = asyncio.create_task(commits.run(lambda connection: hold.wait(20)))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(commits.run(lambda c, v=value: insert(c, v))) for value in range(40)]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in others)
    hold.set()
    assert await asyncio.gather(first, *others) == [True, *range(40)]
    assert stored(engine) == list(range(40))
    assert count == 1


async def test_a_failure_is_nobody_elses(engine: sqlalchemy.Engine, commits: GroupCommits) -> None:
    values = [1, -1, 2, 1, -2, 3]  # the second 1 breaks the table's rule
    results = await asyncio.gather(
        *(commits.run(lambda c, v=value: insert(c, v)) for value in values), return_exceptions=True
    )
    assert [type(result).__name__ for result in results] == [
        "int", "KeyError", "int", "IntegrityError", "KeyError", "int",
    ]  # fmt: skip
    assert stored(engine) == [1, 2, 3]


async def test_a_cancelled_caller_holds_up_nobody(engine: sqlalchemy.Engine, commits: GroupCommits) -> None:
    hold = threading.Event()
    first = asyncio.create_task(commits.run(lambda connection: hold.wait(20)))
    await asyncio.sleep(0.05)
    cancelled = asyncio.create_task(commits.run(lambda c: insert(c, 1)))
    await asyncio.sleep(0.05)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    hold.set()
    assert await first
    assert await asyncio.wait_for(commits.run(lambda c: insert(c, 2)), 20) == 2
    assert stored(engine) == [1, 2]


async def test_groups_are_bounded_and_all_commit(engine: sqlalchemy.Engine, commits: GroupCommits) -> None:
    results = await asyncio.gather(*(commits.run(lambda c, v=value: insert(c, v)) for value in range(300)))
    assert results == list(range(300)) == stored(engine)
