"""The task that an integration gets, and what every integration can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from services.orchestration.language.errors import StateError


class TaskFailed(StateError):
    """The task reports a failure: an error name that Retry and Catch can match, and its cause."""


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt of a Task state."""

    #: The integration's name: "aws-sdk:comprehend:detectSentiment", "lambda:invoke", "http:invoke", or a whole ARN.
    resource: str
    #: "" (request and response), "sync", "sync:2" or "waitForTaskToken".
    pattern: str
    #: The state's Parameters or Arguments, evaluated; its effective input where it has none.
    parameters: Any
    #: The same for every run of this attempt, so that a crash does not make the callee work twice.
    idempotency_key: str
    account: str
    region: str
    execution_arn: str
    state_name: str


class Integration(Protocol):
    """One way to call something. Methods run on the event loop and must not block it."""

    async def invoke(self, task: Task) -> Any:
        """Call and give the answer as JSON. Of the patterns "sync" and "waitForTaskToken" this is the first half.

        Raises:
            TaskFailed: the callee said no, did not answer, or does not exist.
        """

    async def completion(self, task: Task, submitted: Any) -> Any:
        """The pattern "sync": wait for the end of what ``invoke`` started and answered with ``submitted``.

        Called anew after a restart, so it keeps nothing that ``submitted`` does not say.

        Raises:
            TaskFailed: the work ended badly.
        """
