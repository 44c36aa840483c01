"""Executions as rows, for tests that look at the tables' side of the engine alone."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from services.orchestration.engine.beginnings import Beginning, execution_arn, new_execution
from services.orchestration.engine.store import ExecutionStore, NewExecution
from services.orchestration.engine.tables import executions
from services.orchestration.state_machines import ExecutableMachine
from shared.storage.database import Database

ACCOUNT = "000000000000"
ARN = f"arn:aws:states:us-east-1:{ACCOUNT}"
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
_numbers = itertools.count()


def new(name: str | None = None, machine: str = "machine", **values: Any) -> NewExecution:
    """The row of an execution, with columns of the test's own."""
    executable = ExecutableMachine(
        arn=f"{ARN}:stateMachine:{machine}", name=machine, type="STANDARD", definition_text=DEFINITION,
        role_arn="arn:aws:iam::000000000000:role/r", revision_id="",
    )  # fmt: skip
    name = name or f"e{next(_numbers)}"
    beginning = Beginning(
        account=ACCOUNT, region="us-east-1", machine=executable, arn=execution_arn(executable, name), name=name, input="{}",
        started_at=time.time(),
    )  # fmt: skip
    made = new_execution(beginning)
    return NewExecution({**made.values, **values}, made.definition)


@dataclass
class Replica:
    """A store as another process has one, and what it was told."""

    database: Database
    name: str
    told: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = ExecutionStore(self.database, self.name, self.told.append)


async def row_of(database: Database, execution: int) -> Row[Any]:
    return await database.read(
        lambda connection: connection.execute(select(executions).where(executions.c.id == execution)).one()
    )
