"""``aws-sdk:sts:getCallerIdentity``: in whose name an execution works."""

from __future__ import annotations

from typing import Any

from services.orchestration.language.errors import RUNTIME
from services.orchestration.tasks.resources import not_recognized
from services.orchestration.tasks.task import Task, TaskFailed


class StsCalls:
    """The one operation of STS that a state machine has a use for here."""

    async def invoke(self, task: Task) -> Any:
        """The account, and the execution as its user. Raises TaskFailed for any other operation."""
        if task.resource != "aws-sdk:sts:getCallerIdentity":
            raise TaskFailed(RUNTIME, not_recognized(f"arn:aws:states:::{task.resource}"))
        name = task.execution_arn.rpartition(":")[2]
        return {
            "Account": task.account,
            "Arn": f"arn:aws:sts::{task.account}:assumed-role/states/{name}",
            "UserId": f"states:{name}",
        }

    async def completion(self, task: Task, submitted: Any) -> Any:
        """SDK calls have no ".sync"."""
        return submitted
