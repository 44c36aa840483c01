"""states:startExecution: a state machine that starts another, and may wait for its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.orchestration import payloads
from services.orchestration.interpreter.context import Facts, instant
from services.orchestration.interpreter.effects import Ending
from services.orchestration.interpreter.outcomes import Completed, Failed, Outcome
from services.orchestration.language import json_text
from services.orchestration.language.errors import TASK_FAILED
from services.orchestration.tasks.parameters import check_members, unusable
from services.orchestration.tasks.task import Task, TaskFailed
from shared import errors

if TYPE_CHECKING:
    from services.orchestration.engine.beginnings import Parent

_RESOURCE = "states:startExecution"
_PREFIX = f"arn:aws:states:::{_RESOURCE}"
_REQUIRED = ("StateMachineArn",)
_OPTIONAL = ("Name", "Input", "TraceHeader")
_TEXTS = ("StateMachineArn", "Name", "TraceHeader")


def is_nested(resource: str) -> bool:
    """Whether a Resource ARN is the optimised integration that starts executions."""
    return resource == _PREFIX or resource.startswith(f"{_PREFIX}.")


@dataclass(frozen=True, slots=True)
class NestedStart:
    """An execution that a task wants started."""

    account: str
    region: str
    machine_arn: str
    name: str | None
    input: str
    trace_header: str | None
    #: The same start twice starts one execution.
    origin: str
    #: Who waits for the end; None where nobody does.
    parent: Parent | None


class NestedExecutions:
    """Starts them for tasks. ``start`` starts an execution and gives its ARN and start time (Unix seconds)."""

    def __init__(self, start: Callable[[NestedStart], Awaitable[tuple[str, float]]]) -> None:
        self._start = start

    @staticmethod
    def parse(resource: str) -> tuple[str, str]:
        """The resource without its pattern, and the pattern."""
        return _RESOURCE, resource.removeprefix(_PREFIX).removeprefix(".")

    async def invoke(self, task: Task, parent: Parent) -> Any:
        """Start the execution that ``task`` of ``parent`` wants.

        Raises:
            TaskFailed: it cannot be started.
        """
        parameters = check_members(task.parameters, required=_REQUIRED, optional=_OPTIONAL)
        if wrong := [name for name in _TEXTS if not isinstance(parameters.get(name, ""), str)]:
            raise unusable(parameters, [f"The value for the field '{name}' must be a STRING" for name in wrong])
        given = parameters.get("Input", {})
        try:
            value = payloads.execution_input(given) if isinstance(given, str) else given
            start = NestedStart(
                account=task.account,
                region=task.region,
                machine_arn=parameters["StateMachineArn"],
                name=parameters.get("Name"),
                input=json_text.dumps(value),
                trace_header=parameters.get("TraceHeader"),
                origin=task.idempotency_key,
                parent=parent if task.pattern.startswith("sync") else None,
            )
            arn, started_at = await self._start(start)
        except errors.NonetError as refusal:
            code = refusal.aws_code_for(_START_ERRORS).removesuffix("Exception")
            raise TaskFailed(f"StepFunctions.{code}Exception", refusal.message) from refusal
        return {"ExecutionArn": arn, "StartDate": instant(started_at)}


_START_ERRORS = (
    "ExecutionAlreadyExists",
    "StateMachineDoesNotExist",
    "InvalidArn",
    "InvalidExecutionInput",
    "InvalidName",
)


def end_message(facts: Facts, ending: Ending, stopped_at: float, frame: int, attempt: int) -> dict[str, Any]:
    """What the task that waits for the end of an execution is told."""
    described: dict[str, Any] = {
        "ExecutionArn": facts.arn,
        "Input": json_text.dumps(facts.input),
        "InputDetails": {"Included": True},
        "Name": facts.name,
        "StartDate": round(facts.started_at * 1000),
        "StateMachineArn": facts.machine_arn,
        "Status": ending.status,
        "StopDate": round(stopped_at * 1000),
    }
    if ending.status == "SUCCEEDED":
        described |= {"Output": json_text.dumps(ending.output), "OutputDetails": {"Included": True}}
    described |= {"Error": ending.error} if ending.error is not None else {}
    described |= {"Cause": ending.cause} if ending.cause is not None else {}
    return {"kind": "nested", "frame": frame, "attempt": attempt, "execution": described}


def outcome(described: dict[str, Any], resource: str) -> Outcome:
    """What ``end_message`` told, as the outcome of a task with this Resource."""
    if described["Status"] != "SUCCEEDED":
        return Failed(TASK_FAILED, json_text.dumps(described))
    if resource.endswith(":2"):  # the second version gives JSON where the first gives its text
        described = {name: _parsed(name, value) for name, value in described.items()}
    return Completed(described)


def _parsed(name: str, value: Any) -> Any:
    return json_text.loads_trusted(value) if name in ("Input", "Output") else value
