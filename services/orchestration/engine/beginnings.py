"""How an execution begins, and how one that was written down becomes a machine again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.orchestration.engine.store import Loaded, NewExecution
from services.orchestration.interpreter.context import Facts
from services.orchestration.interpreter.machine import Machine
from services.orchestration.language import json_text
from services.orchestration.language.definition import Definition, Level, load
from services.orchestration.language.jsonata import Jsonata
from services.orchestration.state_machines import EXPRESS, ExecutableMachine

#: AWS ends an express execution after five minutes.
EXPRESS_SECONDS = 300.0
_TOKEN_BYTES = 48


@dataclass(frozen=True, slots=True)
class Parent:
    """The execution, frame and attempt that wait for an execution's end."""

    execution: int
    frame: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Item:
    """The place of an execution in a distributed map."""

    map_run_arn: str
    index: int
    #: Items that it holds: more than one with an ItemBatcher.
    count: int
    level: Level


@dataclass(frozen=True, slots=True)
class Beginning:
    """An execution that is to begin. ``input`` is JSON text; times are Unix seconds."""

    account: str
    region: str
    machine: ExecutableMachine
    arn: str
    name: str
    input: str
    started_at: float
    trace_header: str | None = None
    origin: str | None = None
    parent: Parent | None = None
    item: Item | None = None

    @property
    def type(self) -> str:
        return self.machine.type

    @property
    def definition(self) -> Definition:
        return load(self.machine.definition_text)

    @property
    def deadline(self) -> float | None:
        """When it has run for too long."""
        seconds = self.definition.top.timeout_seconds if self.item is None else None
        if self.type == EXPRESS:
            seconds = min(seconds or EXPRESS_SECONDS, EXPRESS_SECONDS)
        return None if seconds is None else self.started_at + seconds


def execution_arn(machine: ExecutableMachine, name: str) -> str:
    """The ARN of an execution of ``machine``; an express one's has an id beside its name, which may come again."""
    prefix, _, machine_name = machine.arn.rpartition(":stateMachine:")
    if machine.type == EXPRESS:
        return f"{prefix}:express:{machine_name}:{name}:{secrets.token_hex(16)}"
    return f"{prefix}:execution:{machine_name}:{name}"


def new_execution(beginning: Beginning) -> NewExecution:
    """The row of an execution that has done nothing yet."""
    machine, parent, item = beginning.machine, beginning.parent, beginning.item
    values: dict[str, Any] = {
        "account": beginning.account,
        "region": beginning.region,
        "arn": beginning.arn,
        "machine_arn": machine.arn,
        "version_arn": machine.version_arn,
        "alias_arn": machine.alias_arn,
        "name": beginning.name,
        "type": machine.type,
        "role_arn": machine.role_arn,
        "digest": beginning.definition.digest,
        "level": json_text.dumps(list(item.level) if item else []),
        "status": "RUNNING",
        "input": beginning.input,
        "trace_header": beginning.trace_header,
        "started_at": beginning.started_at,
        "deadline": beginning.deadline,
        "redrive_count": 0,
        "origin": beginning.origin,
        "parent": parent.execution if parent else None,
        "parent_frame": parent.frame if parent else None,
        "parent_attempt": parent.attempt if parent else None,
        "map_run_arn": item.map_run_arn if item else None,
        "item_index": item.index if item else None,
        "item_count": item.count if item else 0,
        "next_event": 1,
        "next_frame": 1,
        "epoch": 1,
        "crashes": 0,
    }
    return NewExecution(values, machine.definition_text)


def machine_of(beginning: Beginning, jsonata: Jsonata) -> Machine:
    """The machine of an execution that begins."""
    machine = beginning.machine
    facts = Facts(
        arn=beginning.arn,
        name=beginning.name,
        input=json_text.loads_trusted(beginning.input),
        role_arn=machine.role_arn,
        started_at=beginning.started_at,
        machine_arn=machine.arn,
        machine_name=machine.name,
        account=beginning.account,
        region=beginning.region,
        level=beginning.item.level if beginning.item else (),
        deadline=beginning.deadline,
        qualifiers=_qualifiers(machine.version_arn, machine.alias_arn),
    )
    return _machine(facts, beginning.definition, jsonata, beginning.type)


def machine_from(loaded: Loaded, jsonata: Jsonata) -> Machine:
    """The machine of an execution, where its last step left it."""
    row = loaded.row
    facts = Facts(
        arn=row.arn,
        name=row.name,
        input=json_text.loads_trusted(row.input),
        role_arn=row.role_arn,
        started_at=row.started_at,
        machine_arn=row.machine_arn,
        machine_name=row.machine_arn.rpartition(":")[2],
        account=row.account,
        region=row.region,
        level=tuple(json_text.loads_trusted(row.level)),
        redrive_count=row.redrive_count,
        deadline=row.deadline,
        qualifiers=_qualifiers(row.version_arn, row.alias_arn),
    )
    return _machine(
        facts, load(loaded.definition), jsonata, row.type, loaded.frames, int(row.next_event), int(row.next_frame)
    )


def _machine(
    facts: Facts,
    definition: Definition,
    jsonata: Jsonata,
    machine_type: str,
    frames: Sequence[Any] = (),
    next_event: int = 1,
    next_frame: int = 1,
) -> Machine:
    return Machine(
        facts,
        definition,
        jsonata,
        clock=time.time,
        new_token=lambda: secrets.token_hex(_TOKEN_BYTES),
        frames=frames,
        next_event=next_event,
        next_frame=next_frame,
        keeps_history=machine_type != EXPRESS,
    )


def _qualifiers(version_arn: str | None, alias_arn: str | None) -> dict[str, str]:
    given = {"stateMachineVersionArn": version_arn, "stateMachineAliasArn": alias_arn}
    return {name: arn for name, arn in given.items() if arn is not None}
