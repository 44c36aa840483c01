"""What the fields of each type of state may hold (states-language.net, "States"; the developer guide's limits)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.orchestration.language import map_schema
from services.orchestration.language.assign_schema import assignments
from services.orchestration.language.choice_schema import choices
from services.orchestration.language.definition import JSONATA, JSONPATH
from services.orchestration.language.diagnostics import Code
from services.orchestration.language.errors import ALL
from services.orchestration.language.field_schema import (
    EMPTY,
    MAX_SECONDS,
    Field,
    Where,
    anything,
    boolean,
    check_object,
    expected,
    jsonata,
    jsonpath,
    looks_dynamic,
    name,
    number,
    one_of,
    path_or_function,
    path_or_null,
    payload,
    payload_object,
    reference_path,
    reference_path_or_null,
    static_number,
    text,
    text_or_expression,
    timestamp,
)

#: The longest delay between two attempts, in seconds.
MAX_DELAY: Final = 31_622_400
_ARN: Final = re.compile(r"arn:[^:\s]*:([^:\s]+):([^:\s]*):([^:\s]*):(\S[\s\S]*)")
#: What may follow the name of an integration: how its end is awaited.
PATTERNS: Final = ("sync", "sync:2", "waitForTaskToken")


def resource(value: Any, at: str, where: Where) -> None:
    """Resource: the ARN of a function, an activity or an integration ("arn:aws:states:::sqs:sendMessage.sync")."""
    arn = _ARN.fullmatch(value) if isinstance(value, str) else None
    if arn is None:
        where.error(expected("STRING") if not isinstance(value, str) else _unknown(value), at)
        return
    service, region, account, rest = arn.groups()
    if service != "states":
        return
    if rest.startswith("activity:"):
        if where.express:
            where.error("Express state machine does not support activities", at)
        return
    if region or account:
        return
    integration, _, pattern = rest.partition(".")
    names = integration.split(":")
    # "sqs:sendMessage", or "aws-sdk:sqs:sendMessage", which has no end to wait for.
    is_sdk = names[0] == "aws-sdk"
    known = len(names) == 3 and not pattern.startswith("sync") if is_sdk else len(names) >= 2
    if not known or not all(names) or pattern not in {"", *PATTERNS}:
        where.error(_unknown(value), at)
    elif pattern and where.express:
        where.error(f"Express state machine does not support '.{pattern}' service integration", at)


def _unknown(arn: str) -> str:
    return (
        f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not "
        "available in this region."
    )


def _error_names(value: Any, at: str, where: Where) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        where.error(expected("ARRAY"), at)
    elif not value:
        where.error(EMPTY, at)
    elif ALL in value and len(value) > 1:
        where.error(f"{ALL} must appear alone", at)


_RETRIER: Final[dict[str, Field]] = {
    "ErrorEquals": Field(_error_names),
    "IntervalSeconds": Field(static_number(1, MAX_SECONDS)),
    "MaxAttempts": Field(static_number(0, MAX_SECONDS)),
    "BackoffRate": Field(static_number(1, integer=False)),
    "MaxDelaySeconds": Field(static_number(1, MAX_DELAY)),
    "JitterStrategy": Field(one_of("FULL", "NONE")),
    "Comment": Field(text),
}
_CATCHER: Final[dict[str, Field]] = {
    "ErrorEquals": Field(_error_names),
    "Next": Field(name),
    "ResultPath": jsonpath(reference_path_or_null),
    "Assign": Field(assignments),
    "Output": jsonata(payload),
    "Comment": Field(text),
}


def _retriers(value: Any, at: str, where: Where) -> None:
    _handlers(value, at, where, _RETRIER, ("ErrorEquals",))


def _catchers(value: Any, at: str, where: Where) -> None:
    _handlers(value, at, where, _CATCHER, ("ErrorEquals", "Next"))


def _handlers(value: Any, at: str, where: Where, table: Mapping[str, Field], required: Sequence[str]) -> None:
    if not isinstance(value, list):
        where.error(expected("ARRAY"), at)
        return
    for index, handler in enumerate(value):
        place = f"{at}[{index}]"
        if check_object(handler, place, where, table, required) and index + 1 < len(value):
            names = handler.get("ErrorEquals")
            if isinstance(names, list) and ALL in names:
                where.error(f"{ALL} must appear in the last place only", f"{place}/ErrorEquals")


def _result(value: Any, at: str, where: Where) -> None:
    """A Pass state's Result: any JSON, and nothing in it is evaluated."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
            pending.extend(key for key in item if key.endswith(".$"))
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, str) and (looks_dynamic(item) or item.endswith(".$")):
            message = "The Result of a Pass state is static: a JSONPath in it is not evaluated"
            where.findings.warning(Code.PASS_RESULT_IS_STATIC, message, at)
            return


def _fail_text(value: Any, at: str, where: Where) -> None:
    """Error and Cause of a Fail state."""
    text_or_expression(value, at, where)
    if not where.jsonata and isinstance(value, str) and looks_dynamic(value):
        where.findings.warning(Code.NO_PATH, "The value looks like a path, but the field's name has no 'Path'", at)


@dataclass(frozen=True, slots=True)
class StateType:
    """The fields of a type of state; ``terminal``: it ends an execution by itself."""

    fields: Mapping[str, Field]
    required: Sequence[str] = ()
    exclusive: Sequence[Sequence[str]] = ()
    #: Groups of fields of which exactly one must be there.
    one_of: Sequence[Sequence[str]] = ()
    terminal: bool = False


_COMMON: Final[dict[str, Field]] = {
    "Type": Field(text),
    "Comment": Field(text),
    "QueryLanguage": Field(one_of(JSONPATH, JSONATA)),
}
_FLOW: Final[dict[str, Field]] = {"Next": Field(name), "End": Field(boolean)}
_FILTERS: Final[dict[str, Field]] = {
    "InputPath": jsonpath(path_or_null),
    "OutputPath": jsonpath(path_or_null),
    "Output": jsonata(payload),
}
_ASSIGN: Final[dict[str, Field]] = {"Assign": Field(assignments)}
_WORK: Final[dict[str, Field]] = {
    **_COMMON,
    **_FLOW,
    **_FILTERS,
    **_ASSIGN,
    "Parameters": jsonpath(payload),
    "ResultPath": jsonpath(reference_path_or_null),
}
_RETRIED: Final[dict[str, Field]] = {
    "ResultSelector": jsonpath(payload),
    "Retry": Field(_retriers),
    "Catch": Field(_catchers),
}
_TIMEOUTS: Final = (("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath"))

STATE_TYPES: Final[dict[str, StateType]] = {
    "Task": StateType(
        {
            **_WORK,
            **_RETRIED,
            "Resource": Field(resource),
            "Arguments": jsonata(payload),
            "Credentials": Field(payload_object),
            "TimeoutSeconds": Field(number(1, MAX_SECONDS)),
            "TimeoutSecondsPath": jsonpath(reference_path),
            "HeartbeatSeconds": Field(number(1, MAX_SECONDS)),
            "HeartbeatSecondsPath": jsonpath(reference_path),
        },
        required=("Resource",),
        exclusive=_TIMEOUTS,
        one_of=(("Next", "End"),),
    ),
    "Pass": StateType({**_WORK, "Result": jsonpath(_result)}, one_of=(("Next", "End"),)),
    "Choice": StateType(
        {**_COMMON, **_FILTERS, **_ASSIGN, "Choices": Field(choices), "Default": Field(name)}, required=("Choices",)
    ),
    "Wait": StateType(
        {
            **_COMMON,
            **_FLOW,
            **_FILTERS,
            **_ASSIGN,
            "Seconds": Field(number(0, MAX_SECONDS)),
            "SecondsPath": jsonpath(reference_path),
            "Timestamp": Field(timestamp),
            "TimestampPath": jsonpath(reference_path),
        },
        one_of=(("Next", "End"), ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")),
    ),
    "Succeed": StateType({**_COMMON, **_FILTERS}, terminal=True),
    "Fail": StateType(
        {
            **_COMMON,
            "Error": Field(_fail_text),
            "ErrorPath": jsonpath(path_or_function),
            "Cause": Field(_fail_text),
            "CausePath": jsonpath(path_or_function),
        },
        exclusive=(("Error", "ErrorPath"), ("Cause", "CausePath")),
        terminal=True,
    ),
    "Parallel": StateType(
        {**_WORK, **_RETRIED, "Arguments": jsonata(payload), "Branches": Field(anything)},
        required=("Branches",),
        one_of=(("Next", "End"),),
    ),
    "Map": StateType(
        {**_WORK, **_RETRIED, **map_schema.FIELDS, "ItemProcessor": Field(anything), "Iterator": Field(anything)},
        exclusive=map_schema.EXCLUSIVE,
        one_of=(("Next", "End"), ("ItemProcessor", "Iterator")),
    ),
}


def check_state(state: Mapping[str, Any], at: str, where: Where) -> None:
    """Report what is wrong with the fields of a state; the levels inside it are looked at elsewhere."""
    kind = state.get("Type")
    state_type = STATE_TYPES.get(kind) if isinstance(kind, str) else None
    if state_type is None:
        if "Type" not in state:
            where.error(_missing("Type"), at)
        else:
            one_of(*STATE_TYPES)(kind, f"{at}/Type", where)
        return
    check_object(state, at, where, state_type.fields, state_type.required, state_type.exclusive)
    for group in state_type.one_of:
        # "End": false says nothing.
        present = [field for field in group if field in state and not (field == "End" and state[field] is False)]
        if not present:
            where.error(_missing(" or ".join(group)), at)
        elif len(present) > 1 and group not in state_type.exclusive:
            where.error(f"Only one of these fields may be present: [{', '.join(present)}]", at)
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        where.error("HeartbeatSeconds must be smaller than TimeoutSeconds", f"{at}/HeartbeatSeconds")


def _missing(what: str) -> str:
    return f"These required fields are missing: [{what}]"
