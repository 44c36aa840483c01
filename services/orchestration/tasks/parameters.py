"""Parameters of integrations that no contract describes: which members there are, and what AWS says of others."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.orchestration.language.errors import RUNTIME
from services.orchestration.tasks.task import TaskFailed


def unusable(parameters: Any, problems: Sequence[str]) -> TaskFailed:
    """The task cannot be started with these parameters; States.Runtime, which ends the execution."""
    told = ", ".join(problems)
    return TaskFailed(RUNTIME, f"The Parameters '{to_json(parameters)}' could not be used to start the Task: [{told}]")


def unsupported(name: str) -> str:
    """The problem of a member that does not exist."""
    return f'The field "{name}" is not supported by Step Functions'


def missing(name: str) -> str:
    """The problem of a member that has to be there."""
    return f"The field '{name}' is required but was missing"


def check_members(
    parameters: Any, *, required: Collection[str] = (), optional: Collection[str] = ()
) -> Mapping[str, Any]:
    """``parameters``, if they are an object with these members and no others.

    Raises:
        TaskFailed: States.Runtime, telling all problems.
    """
    if not isinstance(parameters, Mapping):
        raise unusable(parameters, ["The parameters must be an object"])
    problems = [unsupported(name) for name in parameters if name not in required and name not in optional]
    problems += [missing(name) for name in required if parameters.get(name) is None]
    if problems:
        raise unusable(parameters, problems)
    return parameters


def text_member(parameters: Mapping[str, Any], name: str, default: str = "") -> str:
    """A member that is text; an object or a list is written as JSON, as everywhere where AWS takes text."""
    value = parameters.get(name)
    if value is None:
        return default
    return value if isinstance(value, str) else to_json(value)


def to_json(value: Any) -> str:
    """Compact JSON, with other letters than ASCII as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
