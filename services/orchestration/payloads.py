"""JSON text that callers send into executions: the input of one that starts, the output of a task."""

from __future__ import annotations

from typing import Any

from services.orchestration.interpreter.machine import MOST_PAYLOAD_BYTES
from services.orchestration.language import json_text
from shared import errors


def execution_input(text: str) -> Any:
    """The value of an execution's input.

    Raises:
        InvalidArgument: InvalidExecutionInput; it is too long, nested too deeply or not JSON.
    """
    return _value(text, "InvalidExecutionInput", "Invalid State Machine Execution Input")


def task_output(text: str) -> Any:
    """The value of the output that a task's worker sends.

    Raises:
        InvalidArgument: InvalidOutput; it is too long, nested too deeply or not JSON.
    """
    return _value(text, "InvalidOutput", "Invalid Output")


def _value(text: str, code: str, complaint: str) -> Any:
    if len(text.encode()) > MOST_PAYLOAD_BYTES:
        raise errors.InvalidArgument(f"{complaint}: it may have {MOST_PAYLOAD_BYTES} bytes", aws_code=code)
    try:
        return json_text.loads(text)
    except ValueError as error:
        raise errors.InvalidArgument(f"{complaint}: '{error}'", aws_code=code) from None
