"""The engine when things go wrong: the database is away, an integration has a defect, a process ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Row

from services.orchestration.engine.beginnings import Beginning, execution_arn
from services.orchestration.engine.engine import ExecutionEngine
from services.orchestration.interpreter.outcomes import Answered
from services.orchestration.state_machines import ExecutableMachine, StateMachines
from shared import errors
from shared.platform import Platform
from shared.settings import Settings
from tests.running import forget_metrics
from tests.unit.services.orchestration.engine.executions_of_tests import ACCOUNT, ARN
from tests.unit.services.orchestration.interpreter.driver import (
    FUNCTION,
    a_map,
    a_pass,
    fail,
    level,
    machine,
    task,
    wait,
)

pytestmark = pytest.mark.asyncio
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}

MakeEngine = Callable[[], ExecutionEngine]


@pytest_asyncio.fixture
async def platform(tmp_path: Path, database_url: str) -> AsyncIterator[Platform]:
    forget_metrics()
    opened = Platform.open(Settings(data_directory=tmp_path, database_url=database_url, drain_seconds=0.2))
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def make_engine(platform: Platform) -> AsyncIterator[MakeEngine]:
    made: list[ExecutionEngine] = []

    def make() -> ExecutionEngine:
        made.append(ExecutionEngine(platform, StateMachines(platform.resources)))
        made[-1].start_work()
        return made[-1]

    yield make
    for engine in made:
        if not engine.draining:
            await engine.close()


async def start(engine: ExecutionEngine, definition: dict[str, Any], value: Any = None, type: str = "STANDARD") -> str:
    executable = ExecutableMachine(f"{ARN}:stateMachine:m", "m", type, json.dumps(definition), "role", "")
    name = f"e{time.time_ns()}"
    arn = execution_arn(executable, name)
    beginning = Beginning(ACCOUNT, "us-east-1", executable, arn, name, json.dumps(value), time.time())
    await engine.start(beginning)
    return arn


async def ended(engine: ExecutionEngine, arn: str) -> Row[Any]:
    async def look() -> Row[Any]:
        while True:
            row = await engine.queries.find(ACCOUNT, arn)
            if row is not None and row.stopped_at is not None:
                return row
            await asyncio.sleep(0.01)

    return await asyncio.wait_for(look(), 40)


async def types(engine: ExecutionEngine, row: Row[Any]) -> list[str]:
    found = await engine.queries.events(row.id, 1000, None, False)
    assert [event.id for event in found] == list(range(1, len(found) + 1))
    return [event.type for event in found]


async def test_a_call_with_a_defect_ends_its_execution(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()

    async def broken(run: Any, effect: Any) -> Any:
        raise KeyError("a defect of an integration")

    monkeypatch.setattr(engine.attempts, "run", broken)
    row = await ended(engine, await start(engine, machine(("W", wait(0)), ("T", task()))))
    assert (row.status, row.error) == ("FAILED", "States.Runtime")
    assert (await types(engine, row))[-1] == "ExecutionFailed"
    # It is this execution's, and not that of all others.
    assert (await ended(engine, await start(engine, machine(("A", a_pass()))))).status == "SUCCEEDED"


async def test_a_call_for_which_the_database_is_away_is_made_again(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    calls = []

    async def away_once(run: Any, effect: Any) -> Any:
        calls.append(effect.attempt)
        if len(calls) == 1:
            raise errors.Unavailable("the database does not answer")
        return Answered(5)

    monkeypatch.setattr(engine.attempts, "run", away_once)
    row = await ended(engine, await start(engine, machine(("T", task()))))
    assert (row.status, row.output, calls) == ("SUCCEEDED", "5", [1, 1])


async def test_a_map_run_for_which_the_database_is_away_goes_on(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    counts, asked = engine.map_runs.store.counts, []

    async def away_sometimes(arn: str) -> Any:
        asked.append(arn)
        if len(asked) in (1, 4):
            raise errors.Unavailable("the database does not answer")
        return await counts(arn)

    monkeypatch.setattr(engine.map_runs.store, "counts", away_sometimes)
    definition = machine(("M", a_map({**level(("A", a_pass()), ("W", wait(1))), **DISTRIBUTED})))
    row = await ended(engine, await start(engine, definition, [1, 2, 3]))
    assert (row.status, row.output) == ("SUCCEEDED", "[1,2,3]")
    assert len(asked) > 4


async def test_a_step_that_cannot_be_written_is_taken_again(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    write, tries = engine.store.write, []

    async def away_sometimes(step: Any) -> Any:
        tries.append(step)
        if len(tries) % 2:
            raise errors.Unavailable("the database does not answer")
        return await write(step)

    monkeypatch.setattr(engine.store, "write", away_sometimes)
    row = await ended(engine, await start(engine, machine(("W", wait(1)), ("B", a_pass(Result=1)), ("V", wait(1)))))
    assert (row.status, row.output) == ("SUCCEEDED", "1")
    assert (await types(engine, row)).count("WaitStateExited") == 2


async def test_what_the_database_never_takes_ends_the_execution(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    write = engine.store.write

    async def refuse(step: Any) -> Any:
        if step.ending is None or step.ending.status == "SUCCEEDED":
            raise errors.InvalidArgument("a value holds characters that cannot be stored")
        return await write(step)

    monkeypatch.setattr(engine.store, "write", refuse)
    row = await ended(engine, await start(engine, machine(("W", wait(1)), ("A", a_pass()))))
    assert (row.status, row.error) == ("FAILED", "States.Runtime")


async def test_two_engines_share_the_work(make_engine: MakeEngine, platform: Platform) -> None:
    """What one of them lets go of, or only waits, the other takes up; each state is entered once."""
    one, two = make_engine(), make_engine()
    definition = machine(("A", a_pass()), ("W", wait(1)), ("B", a_pass()), ("V", wait(1)), ("F", fail()))
    arns = [await start(engine, definition) for engine in (one, two) * 10]
    for arn in arns:
        row = await ended(one, arn)
        assert row.error == "Bad"
        assert await types(one, row) == [
            "ExecutionStarted", "PassStateEntered", "PassStateExited", "WaitStateEntered", "WaitStateExited", "PassStateEntered",
            "PassStateExited", "WaitStateEntered", "WaitStateExited", "FailStateEntered", "ExecutionFailed",
        ]  # fmt: skip


async def test_close_lets_go_of_what_runs(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_engine()
    called = asyncio.Event()

    async def never(run: Any, effect: Any) -> Any:
        called.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(first.attempts, "run", never)
    arn = await start(first, machine(("T", task(Resource=FUNCTION)), ("A", a_pass())))
    await asyncio.wait_for(called.wait(), 30)
    row = await first.queries.find(ACCOUNT, arn)
    assert row is not None and row.owner == first.replica
    await first.close()
    row = await first.queries.find(ACCOUNT, arn)
    assert row is not None and row.owner is None
    second = make_engine()

    async def answer(run: Any, effect: Any) -> Any:
        return Answered("by the second")

    monkeypatch.setattr(second.attempts, "run", answer)
    row = await ended(second, arn)
    assert row.output == '"by the second"'
    # The attempt was scheduled once, and run twice.
    assert (await types(second, row)).count("LambdaFunctionScheduled") == 1


async def test_an_express_execution_begins_anew(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_engine()
    runs: list[str] = []
    reached = asyncio.Event()

    async def first_calls(run: Any, effect: Any) -> Any:
        runs.append(f"first {effect.state}")
        if effect.state == "Two":
            reached.set()
            await asyncio.Event().wait()
        return Answered(1)

    monkeypatch.setattr(first.attempts, "run", first_calls)
    arn = await start(first, machine(("One", task()), ("Two", task())), type="EXPRESS")
    await asyncio.wait_for(reached.wait(), 30)
    await first.close()
    second = make_engine()

    async def second_calls(run: Any, effect: Any) -> Any:
        runs.append(f"second {effect.state}")
        return Answered(2)

    monkeypatch.setattr(second.attempts, "run", second_calls)
    row = await ended(second, arn)
    assert (row.status, row.output) == ("SUCCEEDED", "2")
    assert runs == ["first One", "first Two", "second One", "second Two"]


async def test_a_wait_of_an_execution_that_nobody_holds_is_kept(make_engine: MakeEngine) -> None:
    first = make_engine()
    arn = await start(first, machine(("W", wait(1)), ("A", a_pass(Result="awake"))))
    await first.close()
    row = await first.queries.find(ACCOUNT, arn)
    assert row is not None and row.owner is None and row.wake_at is not None
    assert (await ended(make_engine(), arn)).output == '"awake"'
