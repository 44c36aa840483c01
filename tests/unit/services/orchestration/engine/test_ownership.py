from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from sqlalchemy import insert

from services.orchestration.engine.ownership import DEAD_AFTER_SECONDS, Ownership
from services.orchestration.engine.tables import orchestrators
from shared.storage.database import Database
from shared.storage.replicas import new_replica
from tests.unit.services.orchestration.engine.executions_of_tests import Replica, new, row_of

pytestmark = pytest.mark.asyncio


async def owned_by(database: Database, name: str, silent: float) -> int:
    """An execution of a replica that said that it lives ``silent`` seconds ago."""

    def say(connection: object) -> None:
        now = database.dialect.now()
        connection.execute(insert(orchestrators).values(id=name, alive_at=now - silent))  # type: ignore[attr-defined]

    await database.run(say)
    (execution,) = await Replica(database, name).store.insert([new()], owned=True)
    return execution


async def test_the_silent_of_another_host_lose_what_they_own(database: Database) -> None:
    dead = await owned_by(database, "elsewhere:1:a", DEAD_AFTER_SECONDS + 0.5)
    alive = await owned_by(database, "elsewhere:1:b", DEAD_AFTER_SECONDS - 1.5)
    mine = Ownership(database, "here:1:c")
    await mine.beat()
    assert await mine.free_executions_of_the_dead() == 1
    assert (await row_of(database, dead)).owner is None
    assert (await row_of(database, alive)).owner == "elsewhere:1:b"
    assert [loaded.row.id for loaded in await Replica(database, "here:1:c").store.claim(9)] == [dead]
    assert await mine.free_executions_of_the_dead() == 0


async def test_a_process_of_this_host_that_is_gone_is_known_at_once(database: Database) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host = socket.gethostname()
    gone = await owned_by(database, f"{host}:{process.pid}:a", 0)
    there = await owned_by(database, f"{host}:{os.getppid()}:b", 0)
    # A number that was given again, to ourselves.
    reborn = await owned_by(database, f"{host}:{os.getpid()}:c", 0)
    mine = Ownership(database, new_replica())
    assert await mine.free_executions_of_the_dead() == 2
    assert (await row_of(database, gone)).owner is None
    assert (await row_of(database, reborn)).owner is None
    assert (await row_of(database, there)).owner is not None


async def test_a_beat_keeps_what_one_owns(database: Database) -> None:
    mine, other = Ownership(database, "here:1:a"), Ownership(database, "elsewhere:1:b")
    execution = await owned_by(database, "here:1:a", DEAD_AFTER_SECONDS + 60)
    await mine.beat()
    assert await other.free_executions_of_the_dead() == 0
    assert (await row_of(database, execution)).owner == "here:1:a"
    # Nobody frees their own.
    assert await mine.free_executions_of_the_dead() == 0


async def test_the_end(database: Database) -> None:
    mine = Ownership(database, "here:1:a")
    execution = await owned_by(database, "here:1:a", 0)
    await mine.end()
    row = await row_of(database, execution)
    assert (row.owner, row.wake_at) == (None, 0.0)
