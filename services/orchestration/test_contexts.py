"""The context objects that a test may bring along: those that an execution could have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.orchestration.resource_names import invalid

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")

#: What each member is: a type in words, or the members that it has.
_MEMBERS: Mapping[str, Any] = {
    "Execution": {
        "Id": "string",
        "Input": "any",
        "Name": "string",
        "RoleArn": "string",
        "StartTime": "moment",
        "RedriveCount": "count",
        "RedriveTime": "moment",
    },
    "State": {"EnteredTime": "moment", "Name": "string", "RetryCount": "count"},
    "StateMachine": {"Id": "string", "Name": "string"},
    "Task": {"Token": "string"},
    "Map": {"Item": {"Index": "count", "Key": "string", "Value": "any", "Source": "string"}},
}


def check_context(context: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """``context``, if an execution could have it; members may be missing.

    Raises:
        InvalidArgument: ValidationException.
    """
    if context is not None:
        _check(context, _MEMBERS, "Context")
    return context


def _check(value: Any, expected: Any, path: str) -> None:
    if isinstance(expected, Mapping):
        if not isinstance(value, dict):
            raise invalid(f"{path} must be a JSON object.")
        for name, member in value.items():
            if name not in expected:
                raise invalid(f"{path} has a member that a context object does not have.")
            _check(member, expected[name], f"{path}.{name}")
    elif expected == "count":
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise invalid(f"{path} must be a whole number from 0 up.")
    elif expected != "any":
        if not isinstance(value, str):
            raise invalid(f"{path} must be a string.")
        if expected == "moment" and not _MOMENT.fullmatch(value):
            raise invalid(f"{path} must be a timestamp like 2026-01-31T12:00:00.000Z.")
