from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import Connection, Select, func, select

from services.orchestration.engine.queries import ExecutionFilter, ExecutionQueries
from services.orchestration.engine.store import Step, Token
from services.orchestration.engine.tables import (
    execution_events,
    execution_frames,
    execution_messages,
    executions,
    task_tokens,
)
from services.orchestration.interpreter.effects import Ending
from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.history import Event
from shared.storage.database import Database
from tests.unit.services.orchestration.engine.executions_of_tests import ACCOUNT, ARN, Replica, new, row_of

pytestmark = pytest.mark.asyncio


def rows(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(statement)]


@pytest.fixture
def queries(database: Database) -> ExecutionQueries:
    return ExecutionQueries(database)


@pytest.fixture
def replica(database: Database) -> Replica:
    return Replica(database, "here:1:a")


async def test_events_both_ways_and_from_anywhere(queries: ExecutionQueries, replica: Replica) -> None:
    """However many of them each step wrote at once."""
    execution, other = await replica.store.insert([new(), new()], owned=True)
    number = 0
    for size in (1, 5, 2, 1, 7, 3, 1):
        events = [
            Event(number + one, number + one - 1, "PassStateEntered", float(number + one), {"name": f"S{number + one}"})
            for one in range(1, size + 1)
        ]
        number += size
        await replica.store.write(Step(execution, 1, number + 1, 1, events=events))
        await replica.store.write(Step(other, 1, number + 1, 1, events=events))
    everything = list(range(1, number + 1))
    for newest_first in (False, True):
        order = everything[::-1] if newest_first else everything
        for most in (1, 2, 3, 6, 19, 20, 100):
            found = await queries.events(execution, most, None, newest_first)
            assert [event.id for event in found] == order[:most]
            for place, after in enumerate(order):
                found = await queries.events(execution, most, after, newest_first)
                assert [event.id for event in found] == order[place + 1 :][:most], (most, after)
    (event,) = await queries.events(execution, 1, 8, False)
    assert (event.previous_id, event.timestamp, dict(event.details)) == (8, 9.0, {"name": "S9"})


async def test_listings(queries: ExecutionQueries, replica: Replica) -> None:
    first = await replica.store.insert([new(machine="one") for _ in range(5)], owned=True)
    (of_version,) = await replica.store.insert([new(machine="one", version_arn="v1", redrive_count=2)], owned=True)
    (of_two,) = await replica.store.insert([new(machine="two")], owned=True)
    await replica.store.insert([new(machine="one", account="111111111111")], owned=True)
    await replica.store.write(Step(first[1], 1, 2, 2, ending=Ending("FAILED")))
    one = f"{ARN}:stateMachine:one"

    async def listed(most: int = 100, before: int | None = None, **wanted: object) -> list[int]:
        return [row.id for row in await queries.list(ExecutionFilter(ACCOUNT, **wanted), most, before)]  # type: ignore[arg-type]

    assert await listed(machine_arn=one) == [of_version, *first[::-1]]
    assert await listed(machine_arn=one, most=2) == [of_version, first[4]]
    assert await listed(machine_arn=one, before=first[2]) == [first[1], first[0]]
    assert await listed(machine_arn=one, statuses=["FAILED"]) == [first[1]]
    assert await listed(machine_arn=one, version_arn="v1") == [of_version]
    assert await listed(machine_arn=one, redriven=True) == [of_version]
    assert await listed(machine_arn=one, redriven=False) == first[::-1]
    assert of_two in await listed()


async def test_a_redrive_counts_once(database: Database, queries: ExecutionQueries, replica: Replica) -> None:
    (execution,) = await replica.store.insert([new()], owned=True)
    row = await row_of(database, execution)
    assert await queries.redrive(row, replica.store, None) is None
    await replica.store.write(Step(execution, 1, 2, 2, ending=Ending("TIMED_OUT", error="E", cause="C")))
    moment = await queries.redrive(row, replica.store, 60.0)
    assert moment is not None
    assert await queries.redrive(row, replica.store, 60.0) is None
    row = await row_of(database, execution)
    assert (row.status, row.redrive_count, row.error, row.cause, row.stopped_at) == ("RUNNING", 1, None, None, None)
    assert (row.redriven_at, row.deadline) == (moment, moment + 60)


async def test_sweep(database: Database, queries: ExecutionQueries, replica: Replica) -> None:
    """What ended long ago is gone with all that belongs to it; everything else stays."""
    running, old = await replica.store.insert([new(), new()], owned=True)
    for execution in (running, old):
        await replica.store.write(
            Step(
                execution, 1, 2, 2, events=[Event(1, 0, "ExecutionStarted", 1.0, {})], frames=[Frame(1, None, 0, (), "A", {})],
                tokens=[Token(f"t{execution}", 1, 1, None, "")],
            )
        )  # fmt: skip
        await replica.store.send(execution, {"kind": "heartbeat", "frame": 1, "attempt": 1})
    await replica.store.write(Step(old, 1, 2, 2, ending=Ending("FAILED")))
    assert await queries.sweep(time.time() - 60) == 0
    assert await queries.sweep(time.time() + 60) == 1
    for table in (execution_events, execution_frames, execution_messages, task_tokens):
        count = select(table.c.execution, func.count()).group_by(table.c.execution)
        assert await database.read(rows, count) == [(running, 1)], table.name
    left = await database.read(lambda connection: list(connection.execute(select(executions.c.id)).scalars()))
    assert left == [running]
