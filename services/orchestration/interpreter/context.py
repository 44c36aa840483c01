"""The context object: "$$" in JSONPath, "$states.context" in JSONata."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.orchestration.interpreter.frames import Frame
from services.orchestration.language.definition import Level, State


@dataclass(slots=True)
class Facts:
    """What does not change while an execution runs."""

    arn: str
    name: str
    input: Any
    role_arn: str
    #: Unix seconds.
    started_at: float
    machine_arn: str
    machine_name: str
    account: str
    region: str
    #: The level of the definition that is walked; of a distributed map's item, its processor.
    level: Level = ()
    redrive_count: int = 0
    #: Unix seconds; None without TimeoutSeconds.
    deadline: float | None = None
    #: Version and alias that the execution was started by, for its first event.
    qualifiers: Mapping[str, str] = field(default_factory=dict)


def context_object(facts: Facts, frame: Frame, state: State, ancestors: Sequence[Frame]) -> dict[str, Any]:
    """The context object of ``state``, where ``frame`` stands in it."""
    entered: dict[str, Any] = {"EnteredTime": instant(frame.entered_at), "Name": state.name}
    if state.type == "Task":
        entered["RetryCount"] = sum(frame.retries.values())
    context: dict[str, Any] = {
        "Execution": {
            "Id": facts.arn,
            "Input": facts.input,
            "StartTime": instant(facts.started_at),
            "Name": facts.name,
            "RoleArn": facts.role_arn,
            "RedriveCount": facts.redrive_count,
        },
        "StateMachine": {"Id": facts.machine_arn, "Name": facts.machine_name},
        "State": entered,
    }
    token = frame.work.get("token")
    if token is not None:
        context["Task"] = {"Token": token}
    inner = frame
    for outer in ancestors:
        if outer.items is not None:
            context["Map"] = map_entry(inner.index, outer.items[inner.index])
            break
        inner = outer
    return context


def map_entry(index: int, value: Any) -> dict[str, Any]:
    """The context object's entry about one item of a Map state."""
    return {"Item": {"Index": index, "Value": value}}


def instant(seconds: float) -> str:
    """Unix seconds as the States Language writes moments: 2026-01-31T12:00:00.000Z."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
