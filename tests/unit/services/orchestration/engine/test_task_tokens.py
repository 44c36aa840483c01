from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.orchestration.engine import task_tokens
from services.orchestration.engine.store import Step, Token
from services.orchestration.engine.task_tokens import TaskTokens
from services.orchestration.interpreter.effects import Forget
from shared import errors
from shared.storage.database import Database
from tests.unit.services.orchestration.engine.executions_of_tests import ACCOUNT, ARN, Replica, new

pytestmark = pytest.mark.asyncio
ACTIVITY = f"{ARN}:activity:a"


class Suite:
    def __init__(self, database: Database) -> None:
        self.replica = Replica(database, "here:1:a")
        self.store = self.replica.store
        self.tokens = TaskTokens(database, self.store)

    async def offer(self, *tokens: str, activity: str | None = None) -> int:
        """An execution that waits for these tokens, one a frame."""
        (execution,) = await self.store.insert([new()], owned=True)
        offered = [Token(token, frame, 1, activity, f'"{token}"') for frame, token in enumerate(tokens, 1)]
        await self.store.write(Step(execution, 1, 1, 1, tokens=offered))
        return execution

    async def told(self, execution: int) -> list[Any]:
        return [dict(message.content) for message in await self.store.unread(execution)]


@pytest.fixture
def suite(database: Database) -> Suite:
    return Suite(database)


async def refused(work: Any) -> str:
    with pytest.raises(errors.NonetError) as raised:
        await work
    return str(raised.value.explicit_aws_code)


async def test_a_token_counts_once(suite: Suite) -> None:
    execution = await suite.offer("t", "u")
    await suite.tokens.heartbeat(ACCOUNT, "t")
    await suite.tokens.complete(ACCOUNT, "t", {"x": 1})
    await suite.tokens.fail(ACCOUNT, "u", "E", None)
    for token in ("t", "u"):
        assert await refused(suite.tokens.complete(ACCOUNT, token, 2)) == "TaskTimedOut"
        assert await refused(suite.tokens.fail(ACCOUNT, token, None, None)) == "TaskTimedOut"
        assert await refused(suite.tokens.heartbeat(ACCOUNT, token)) == "TaskTimedOut"
    assert await suite.told(execution) == [
        {"kind": "heartbeat", "frame": 1, "attempt": 1},
        {"kind": "completed", "frame": 1, "attempt": 1, "output": {"x": 1}},
        {"kind": "failed", "frame": 2, "attempt": 1, "error": "E", "cause": None},
    ]
    assert suite.replica.told == [execution] * 3


async def test_of_two_who_complete_at_once_one_is_heard(suite: Suite) -> None:
    execution = await suite.offer("t")
    done = await asyncio.gather(
        *(suite.tokens.complete(ACCOUNT, "t", number) for number in range(8)), return_exceptions=True
    )
    assert sum(one is None for one in done) == 1
    assert len(await suite.told(execution)) == 1


async def test_tokens_of_nobody_and_of_others(suite: Suite) -> None:
    execution = await suite.offer("t")
    assert await refused(suite.tokens.complete(ACCOUNT, "unknown", 1)) == "TaskDoesNotExist"
    assert await refused(suite.tokens.complete("111111111111", "t", 1)) == "TaskDoesNotExist"
    assert await refused(suite.tokens.heartbeat("111111111111", "t")) == "TaskDoesNotExist"
    assert await suite.told(execution) == []


async def test_a_token_of_an_attempt_that_counts_no_more(suite: Suite) -> None:
    execution = await suite.offer("t", "u")
    await suite.store.write(Step(execution, 1, 1, 1, closed=[Forget(1, 1, has_token=True)]))
    assert await refused(suite.tokens.complete(ACCOUNT, "t", 1)) == "TaskTimedOut"
    await suite.tokens.complete(ACCOUNT, "u", 1)


async def test_workers_get_each_task_once_and_the_oldest_first(suite: Suite) -> None:
    execution = await suite.offer("first", activity=ACTIVITY)
    await suite.offer("second", activity=ACTIVITY)
    await suite.offer("of another", activity=f"{ACTIVITY}2")
    one = await suite.tokens.take(ACTIVITY, "w1", 0)
    two = await suite.tokens.take(ACTIVITY, None, 0)
    assert one is not None and (one.token, one.input) == ("first", '"first"')
    assert two is not None and two.token == "second"
    assert await suite.tokens.take(ACTIVITY, None, 0) is None
    assert await suite.told(execution) == [{"kind": "started", "frame": 1, "attempt": 1, "worker": "w1"}]


async def test_many_workers_at_once(suite: Suite) -> None:
    names = [f"t{number}" for number in range(24)]
    await suite.offer(*names, activity=ACTIVITY)

    async def work() -> list[str]:
        mine = []
        while (task := await suite.tokens.take(ACTIVITY, None, 0)) is not None:
            mine.append(task.token)
            await asyncio.sleep(0)
        return mine

    taken = [token for mine in await asyncio.gather(*(work() for _ in range(6))) for token in mine]
    # On PostgreSQL a worker that finds the last tasks locked by others goes without.
    taken.extend(await work())
    assert sorted(taken) == sorted(names)


async def test_a_task_of_a_stopped_execution_is_not_handed_out(suite: Suite) -> None:
    execution = await suite.offer("t", activity=ACTIVITY)
    await suite.store.write(Step(execution, 1, 1, 1, closed=[Forget(1, 1, has_token=True)]))
    assert await suite.tokens.take(ACTIVITY, None, 0) is None


async def test_a_waiting_worker_is_woken(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the task itself: the time after which it would look by itself is longer than the test's patience."""
    monkeypatch.setattr(task_tokens, "_LOOK_SECONDS", 600.0)
    waiting = asyncio.create_task(suite.tokens.take(ACTIVITY, "w", 600))
    await asyncio.sleep(0.05)
    await suite.offer("t", activity=ACTIVITY)
    task = await asyncio.wait_for(waiting, 30)
    assert task is not None and task.token == "t"


async def test_a_worker_waits_no_longer_than_it_says(suite: Suite) -> None:
    assert await asyncio.wait_for(suite.tokens.take(ACTIVITY, None, 0.05), 30) is None
