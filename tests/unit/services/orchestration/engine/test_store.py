"""Who may write what, on both products: fencing, claims, messages and their locks."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import func, select

from services.orchestration.engine.queries import ExecutionQueries
from services.orchestration.engine.store import Step, Token
from services.orchestration.engine.tables import execution_events, execution_frames, execution_messages, task_tokens
from services.orchestration.interpreter.effects import Ending, Forget
from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.history import Event
from shared import errors
from shared.storage.database import Database
from tests.unit.services.orchestration.engine.executions_of_tests import Replica, new, row_of

pytestmark = pytest.mark.asyncio


@pytest.fixture
def replicas(database: Database) -> list[Replica]:
    return [Replica(database, f"elsewhere:{number}:x") for number in range(4)]


def step(execution: int, epoch: int, **values: Any) -> Step:
    return Step(execution, epoch, **{"next_event": 5, "next_frame": 3, **values})


def everything(execution: int, epoch: int) -> Step:
    """A step that writes to every table there is."""
    return step(
        execution, epoch,
        events=[Event(1, 0, "ExecutionStarted", 1.0, {})],
        frames=[Frame(1, None, 0, (), "A", {})],
        removed=[7],
        tokens=[Token("t-new", 1, 2, None, "")],
        closed=[Forget(1, 1, has_token=True)],
        abandoned=[1],
        taken_messages=list(range(1, 100)),
    )  # fmt: skip


async def tables(database: Database, execution: int) -> list[Any]:
    def read(connection: Any) -> list[Any]:
        return [
            [tuple(row) for row in connection.execute(select(table).where(table.c.execution == execution))]
            for table in (execution_events, execution_frames, execution_messages, task_tokens)
        ]

    return [tuple(await row_of(database, execution)), *await database.read(read)]


async def test_an_owner_that_was_presumed_dead_writes_nothing(database: Database, replicas: list[Replica]) -> None:
    first, second = replicas[0].store, replicas[1].store
    (execution,) = await first.insert([new()], owned=True)
    assert await first.write(
        step(execution, 1, frames=[Frame(7, None, 0, (), "A", {})], tokens=[Token("t", 1, 1, None, "")])
    )
    await first.send(execution, {"kind": "heartbeat", "frame": 1, "attempt": 1})
    (child,) = await first.insert([new(parent=execution, parent_frame=1, parent_attempt=1)], owned=True)
    await first.release([(execution, 1)])
    (claimed,) = await second.claim(1, [execution])
    assert claimed.row.epoch == 2
    before = await tables(database, execution), await tables(database, child)
    for late in (
        everything(execution, 1),
        step(execution, 1, parks=True),
        step(execution, 1, ending=Ending("SUCCEEDED", output=1)),
        # It knows the new epoch, but is not the one who got it.
        everything(execution, 2),
    ):
        assert await first.write(late) is False
        assert (await tables(database, execution), await tables(database, child)) == before
    await first.release([(execution, 1), (execution, 2)])
    assert (await row_of(database, execution)).owner == replicas[1].name
    assert await second.write(everything(execution, 2)) is True


async def test_a_step_is_written_whole(database: Database, replicas: list[Replica]) -> None:
    store = replicas[0].store
    (execution,) = await store.insert([new()], owned=True)
    frame = Frame(1, None, 0, (), "A", {"x": 1}, items=[1, 2], items_changed=True)
    await store.write(
        step(execution, 1, events=[Event(1, 0, "ExecutionStarted", 1.5, {"input": "{}"})], frames=[frame])
    )
    frame.input = 2
    # A frame whose items did not change leaves those that are there.
    await store.write(step(execution, 1, events=[Event(2, 1, "PassStateEntered", 2.5, {})], frames=[frame]))
    loaded = await store.load(execution)
    assert [(found.input, found.items) for found in loaded.frames] == [(2, [1, 2])]
    assert (loaded.row.next_event, loaded.row.next_frame) == (5, 3)
    found = await ExecutionQueries(database).events(execution, 10, None, False)
    assert [(event.id, event.type, event.timestamp) for event in found] == [
        (1, "ExecutionStarted", 1.5),
        (2, "PassStateEntered", 2.5),
    ]


async def test_the_end(database: Database, replicas: list[Replica]) -> None:
    store = replicas[0].store
    (execution,) = await store.insert([new()], owned=True)
    assert await store.write(step(execution, 1, ending=Ending("FAILED", error="E", cause="C")))
    row = await row_of(database, execution)
    assert (row.status, row.error, row.cause, row.owner, row.wake_at) == ("FAILED", "E", "C", None, None)
    assert await store.write(step(execution, 1)) is False
    assert await store.claim(9) == []


async def test_causes_of_any_text(database: Database, replicas: list[Replica]) -> None:
    """A Fail state's Cause may hold what PostgreSQL's text may not."""
    store = replicas[0].store
    (execution,) = await store.insert([new()], owned=True)
    assert await store.write(step(execution, 1, ending=Ending("FAILED", error="E\x00", cause="a\x00b")))
    assert (await row_of(database, execution)).status == "FAILED"


async def test_names_are_taken_once(replicas: list[Replica]) -> None:
    store = replicas[0].store
    await store.insert([new("n")], owned=True)
    with pytest.raises(errors.AlreadyExists):
        await store.insert([new("n")], owned=True)
    await store.insert([new(origin="o")], owned=False)
    with pytest.raises(errors.AlreadyExists):
        await store.insert([new("other"), new(origin="o")], owned=False)
    # All of an insertion or nothing.
    await store.insert([new("other")], owned=False)


async def test_each_execution_is_claimed_by_one(database: Database, replicas: list[Replica]) -> None:
    ids = await replicas[0].store.insert([new() for _ in range(80)], owned=False)

    async def claim_all(replica: Replica) -> list[int]:
        mine: list[int] = []
        while claimed := await replica.store.claim(7):
            mine.extend(loaded.row.id for loaded in claimed)
            assert all(loaded.row.owner == replica.name for loaded in claimed)
        return mine

    claimed = [number for mine in await asyncio.gather(*map(claim_all, replicas)) for number in mine]
    # Two that look at the same time may both find the rows of the other locked; what is left is nobody's.
    claimed.extend(await claim_all(replicas[0]))
    assert sorted(claimed) == sorted(ids)
    assert await replicas[0].store.next_wake() is None


async def test_next_wake(replicas: list[Replica]) -> None:
    store = replicas[0].store
    assert await store.next_wake() is None
    (execution,) = await store.insert([new()], owned=True)
    assert await store.next_wake() is None
    assert await store.write(step(execution, 1, parks=True, wake_at=time.time() + 500)) is True
    wake = await store.next_wake()
    assert wake is not None and 400 < wake < 501
    assert await store.claim(1) == []
    (waits_for_others,) = await store.insert([new()], owned=True)
    assert await store.write(step(waits_for_others, 1, parks=True, wake_at=None)) is True
    assert await store.claim(2) == []
    (due,) = await store.insert([new()], owned=True)
    assert await store.write(step(due, 1, parks=True, wake_at=time.time() - 1)) is True
    wake = await store.next_wake()
    assert wake is not None and wake <= 0
    assert [loaded.row.id for loaded in await store.claim(9)] == [due]


async def test_a_message_wakes_what_is_parked(replicas: list[Replica]) -> None:
    store, other = replicas[0].store, replicas[1].store
    (execution,) = await store.insert([new()], owned=True)
    await store.write(step(execution, 1, parks=True))
    await other.send(execution, {"kind": "stop", "error": None, "cause": "first"})
    await other.send(execution, {"kind": "stop", "error": None, "cause": "second"})
    assert replicas[1].told == [execution] * 2
    (loaded,) = await store.claim(9)
    unread = await store.unread(execution)
    assert [message.content["cause"] for message in unread] == ["first", "second"]
    # Only what was taken in is gone; what is left keeps the execution awake.
    assert await store.write(step(execution, loaded.row.epoch, parks=True, taken_messages=[unread[0].id])) is None
    (loaded,) = await store.claim(9)
    assert [message.id for message in await store.unread(execution)] == [unread[1].id]
    assert await store.write(step(execution, loaded.row.epoch, parks=True, taken_messages=[unread[1].id])) is True
    assert await store.claim(9) == []


async def test_no_message_is_lost_to_one_who_parks(database: Database, replicas: list[Replica]) -> None:
    """Whoever parks while another sends either sees the message or is woken by it, in whichever order they come."""
    owner, *senders = replicas
    for round_ in range(40):
        (execution,) = await owner.store.insert([new()], owned=True)
        await asyncio.gather(
            *(
                sender.store.send(execution, {"kind": "stop", "cause": str(number)})
                for number, sender in enumerate(senders[: round_ % 3])
            ),
            owner.store.write(step(execution, 1, parks=True, wake_at=None)),
            *(
                sender.store.send(execution, {"kind": "stop", "cause": str(number)})
                for number, sender in enumerate(senders[round_ % 3 :])
            ),
        )
        claimed = await owner.store.claim(1, [execution])
        assert len(claimed) == 1, f"round {round_}: asleep with {len(await owner.store.unread(execution))} messages"
        assert len(await owner.store.unread(execution)) == 3
        await owner.store.write(step(execution, 2, ending=Ending("SUCCEEDED")))


async def test_parking_and_sending_go_on_and_on(database: Database, replicas: list[Replica]) -> None:
    """Many messages, taken in one after another by an owner that parks whenever there is none: all arrive, each once."""
    owner, *senders = replicas
    (execution,) = await owner.store.insert([new()], owned=False)
    most = 90

    async def send(sender: Replica, first: int) -> None:
        for number in range(first, most, len(senders)):
            await sender.store.send(execution, {"kind": "completed", "number": number})

    async def receive() -> list[int]:
        taken: list[int] = []
        while len(taken) < most:
            claimed = await owner.store.claim(1)
            if not claimed:
                await asyncio.sleep(0.001)
                continue
            unread = await owner.store.unread(execution)
            taken.extend(message.content["number"] for message in unread)
            done = step(
                execution,
                claimed[0].row.epoch,
                parks=True,
                wake_at=None,
                taken_messages=[message.id for message in unread],
            )
            assert await owner.store.write(done) is not False
        return taken

    receiving = asyncio.create_task(receive())
    await asyncio.gather(*(send(sender, first) for first, sender in enumerate(senders)))
    taken = await asyncio.wait_for(receiving, 60)
    assert sorted(taken) == list(range(most))


async def test_what_is_told_to_an_execution_that_ended_is_not_kept_for_a_redrive(
    database: Database, replicas: list[Replica]
) -> None:
    """Else a second StopExecution, which came too late for the first end, would end the redriven execution."""
    store = replicas[0].store
    (execution,) = await store.insert([new()], owned=True)
    await store.send(execution, {"kind": "stop", "error": None, "cause": "came while it ended"})
    await store.write(step(execution, 1, ending=Ending("FAILED", error="E")))
    await store.send(execution, {"kind": "stop", "error": None, "cause": "came after its end"})
    queries = ExecutionQueries(database)
    assert await queries.redrive(await row_of(database, execution), store, None) is not None
    (loaded,) = await store.claim(1)
    assert loaded.row.redrive_count == 1
    assert [message.content["kind"] for message in await store.unread(execution)] == ["redrive"]


async def test_release(database: Database, replicas: list[Replica]) -> None:
    first, second = replicas[0].store, replicas[1].store
    ids = await first.insert([new(), new()], owned=True)
    await first.release([(ids[0], 1), (ids[1], 99)])
    assert [loaded.row.id for loaded in await second.claim(9)] == [ids[0]]
    assert (await row_of(database, ids[1])).owner == replicas[0].name


async def test_the_end_is_told_to_the_parent_and_stops_what_runs_for_it(
    database: Database, replicas: list[Replica]
) -> None:
    store = replicas[0].store
    parent, child, other = await store.insert([new(), new(), new()], owned=True)

    def adopt(connection: Any) -> None:
        from sqlalchemy import update

        from services.orchestration.engine.tables import executions

        connection.execute(
            update(executions)
            .where(executions.c.id.in_([child, other]))
            .values(parent=parent, parent_frame=4, parent_attempt=1)
        )

    await database.run(adopt)
    await store.write(
        step(child, 1, ending=Ending("SUCCEEDED", output=1), parent_message={"kind": "nested", "from": "child"})
    )
    assert [message.content for message in await store.unread(parent)] == [{"kind": "nested", "from": "child"}]
    assert replicas[0].told == [parent]
    await store.write(step(parent, 1, abandoned=[4], ending=Ending("ABORTED")))
    assert [message.content["kind"] for message in await store.unread(other)] == ["stop"]
    assert await store.unread(child) == []


async def test_tokens_of_a_step_that_ends_are_not_offered(database: Database, replicas: list[Replica]) -> None:
    store = replicas[0].store
    (execution,) = await store.insert([new()], owned=True)
    await store.write(step(execution, 1, tokens=[Token("t", 1, 1, None, "")], ending=Ending("ABORTED")))
    count = await database.read(
        lambda connection: connection.execute(select(func.count()).select_from(task_tokens)).scalar()
    )
    assert count == 0


async def test_begin_is_one_transaction(database: Database, replicas: list[Replica]) -> None:
    store = replicas[0].store
    first = step(0, 1, events=[Event(1, 0, "ExecutionStarted", 1.0, {})], frames=[Frame(1, None, 0, (), "A", {})])
    number = await store.begin(new("n"), first)
    assert (await row_of(database, number)).owner == replicas[0].name
    with pytest.raises(errors.AlreadyExists):
        await store.begin(new("n"), step(0, 1, events=[Event(1, 0, "ExecutionStarted", 1.0, {})]))
    parked = await store.begin(new(), step(0, 1, parks=True, wake_at=5.0))
    assert [loaded.row.id for loaded in await store.claim(9)] == [parked]
    ended = await store.begin(new(), step(0, 1, ending=Ending("SUCCEEDED", output={"x": 1})))
    row = await row_of(database, ended)
    assert (row.status, row.output, row.owner) == ("SUCCEEDED", '{"x":1}', None)
