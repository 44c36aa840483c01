"""Map: inline, where iterations are frames of this execution, and distributed, where they are executions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from services.orchestration.interpreter.context import map_entry
from services.orchestration.interpreter.data_flow import DataFlow
from services.orchestration.interpreter.effects import Effect, RunMap
from services.orchestration.interpreter.frames import Frame, Phase
from services.orchestration.interpreter.outcomes import Completed, Failed, Outcome
from services.orchestration.interpreter.states.step import Step
from services.orchestration.language import json_text
from services.orchestration.language.definition import State
from services.orchestration.language.errors import (
    DATA_LIMIT_EXCEEDED,
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    QueryError,
    StateError,
)

if TYPE_CHECKING:
    from services.orchestration.interpreter.machine import Machine

#: AWS runs at most so many iterations of an inline map at once.
_MOST_INLINE = 40
#: What the outputs of all iterations may hold in memory; the state's own output has to be far smaller.
_MOST_RESULT_CHARACTERS = 16 * 1024 * 1024


class MapStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        flow = machine.flow(frame, state)
        effective = flow.effective_input()
        concurrency = whole_number(state, flow, effective, "MaxConcurrency")
        reads = "ItemReader" in state.fields
        items = [] if reads else flow.items(effective)
        machine.add_event(frame, "MapStateStarted", length=len(items))
        frame.items, frame.items_changed = items, True
        frame.work = {"concurrency": concurrency}
        if state.is_distributed:
            self._begin_map_run(machine, frame, state, flow, effective)
        elif items:
            frame.phase = Phase.CHILDREN
            frame.work.update(next=0, running=0, done=0)
            self._start_iterations(machine, frame, state)
        else:
            self._over(machine, frame, state, [])

    # -- inline

    def _start_iterations(self, machine: Machine, frame: Frame, state: State) -> None:
        work, items = frame.work, frame.items or []
        most = min(work["concurrency"] or _MOST_INLINE, _MOST_INLINE)
        while work["next"] < len(items) and work["running"] < most:
            index = work["next"]
            work["next"] += 1
            work["running"] += 1
            before = frame.last_event
            started = machine.add_event(frame, "MapIterationStarted", name=state.name, index=index)
            frame.last_event = before
            item = items[index]
            flow = machine.flow(frame, state, Map=map_entry(index, item))
            value = flow.item_input(flow.effective_input(), item)
            machine.checked(state, value)
            child = machine.add_frame(frame, index, (*frame.level, state.name), value)
            child.last_event = started

    def child_done(self, machine: Machine, frame: Frame, state: State, child: Frame) -> None:
        work = frame.work
        machine.touch(child)
        machine.add_event(frame, "MapIterationSucceeded", name=state.name, index=child.index)
        work["running"] -= 1
        work["done"] += 1
        work["size"] = work.get("size", 0) + len(json_text.dumps(child.output))
        if work["size"] > _MOST_RESULT_CHARACTERS:
            raise StateError(
                DATA_LIMIT_EXCEEDED,
                f"The results of '{state.name}' exceed {_MOST_RESULT_CHARACTERS} characters together. A distributed "
                "map with a ResultWriter keeps results of any size.",
            )
        if work["done"] < len(frame.items or ()):
            self._start_iterations(machine, frame, state)
            return
        iterations = sorted(machine.children(frame), key=lambda iteration: iteration.index)
        result = [iteration.output for iteration in iterations]
        machine.remove_children(frame)
        self._over(machine, frame, state, result)

    def child_failed(self, machine: Machine, frame: Frame, state: State, child: Frame) -> None:
        machine.add_event(frame, "MapIterationFailed", name=state.name, index=child.index)
        for other in machine.children(frame):
            if other is not child and other.phase not in (Phase.DONE, Phase.ABORTED):
                machine.add_event(frame, "MapIterationAborted", name=state.name, index=other.index)
        machine.abort_children(frame)
        self.failed(machine, frame, state)

    def failed(self, machine: Machine, frame: Frame, state: State) -> None:
        machine.add_event(frame, "MapStateFailed")

    @staticmethod
    def _over(machine: Machine, frame: Frame, state: State, result: list[Any]) -> None:
        machine.add_event(frame, "MapStateSucceeded")
        output, assigned = machine.flow(frame, state).finish(result)
        machine.leave(frame, state, output, assigned, state.next)

    # -- distributed

    @staticmethod
    def _begin_map_run(machine: Machine, frame: Frame, state: State, flow: DataFlow, effective: Any) -> None:
        facts = machine.facts
        label = state.fields.get("Label") or uuid.uuid4().hex[:12]
        tolerated = tolerated_failures(state, flow, effective)
        frame.work.update(
            arn=f"arn:aws:states:{facts.region}:{facts.account}:mapRun:{facts.machine_name}/{label}:{uuid.uuid4()}",
            tolerated_count=tolerated[0],
            tolerated_percentage=tolerated[1],
            reader=evaluated(flow, state, "ItemReader", effective),
            most_items=_most_items(flow, state, effective),
            batcher=evaluated(flow, state, "ItemBatcher", effective),
            writer=evaluated(flow, state, "ResultWriter", effective),
        )
        machine.add_event(frame, "MapRunStarted", mapRunArn=frame.work["arn"])
        frame.phase = Phase.MAP_RUN
        frame.attempt += 1
        machine.ask(RunMap(frame.id, frame.attempt))

    def outcome(self, machine: Machine, frame: Frame, state: State, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            machine.add_event(frame, "MapRunFailed", error=outcome.error, cause=outcome.cause)
            self.failed(machine, frame, state)
            raise StateError(outcome.error, outcome.cause)
        if isinstance(outcome, Completed):
            machine.add_event(frame, "MapRunSucceeded")
            self._over(machine, frame, state, outcome.output)

    def redrive(self, machine: Machine, frame: Frame) -> bool:
        if "arn" not in frame.work:
            return False
        frame.work["redrives"] = frame.work.get("redrives", 0) + 1
        machine.add_event(frame, "MapRunRedriven", mapRunArn=frame.work["arn"], redriveCount=frame.work["redrives"])
        frame.phase = Phase.MAP_RUN
        machine.ask(RunMap(frame.id, frame.attempt))
        return True

    def effects(self, machine: Machine, frame: Frame, state: State) -> Sequence[Effect]:
        return (RunMap(frame.id, frame.attempt),)


def item_input(machine: Machine, frame: Frame, index: int, item: Any) -> Any:
    """The input of the execution that runs ``item`` of a distributed map.

    Raises:
        StateError: the state's ItemSelector does not fit the item.
    """
    state = machine.state_of(frame)
    flow = machine.flow(frame, state, Map=map_entry(index, item))
    return flow.item_input(flow.effective_input(), item)


def whole_number(state: State, flow: DataFlow, effective: Any, name: str, default: int = 0) -> int:
    """A field of a Map state that is a number from 0 up.

    Raises:
        QueryError: it is something else.
    """
    value = flow.field(name, effective, default)
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise _not_a(state, name, value, "integer")
    if value < 0:
        raise QueryError(_error(state), f"{name} cannot be negative.", name)
    return int(value)


def tolerated_failures(state: State, flow: DataFlow, effective: Any) -> tuple[int, float]:
    """How many items may fail, and which percentage of them.

    Raises:
        QueryError: a field is no such number.
    """
    count = whole_number(state, flow, effective, "ToleratedFailureCount")
    percentage = flow.field("ToleratedFailurePercentage", effective, 0)
    if isinstance(percentage, str):
        try:
            percentage = float(percentage)
        except ValueError:
            raise _not_a(state, "ToleratedFailurePercentage", percentage, "float") from None
    if isinstance(percentage, bool) or not isinstance(percentage, (int, float)):
        raise _not_a(state, "ToleratedFailurePercentage", percentage, "float")
    if not 0 <= percentage <= 100:
        raise QueryError(
            _error(state), "ToleratedFailurePercentage must be between 0 and 100.", "ToleratedFailurePercentage"
        )
    return count, float(percentage)


def _most_items(flow: DataFlow, state: State, effective: Any) -> int:
    config = state.fields.get("ItemReader", {}).get("ReaderConfig", {})
    value = flow.path_or(config.get("MaxItemsPath"), config.get("MaxItems", 0), effective, "MaxItems")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or value < 0:
        raise _not_a(state, "MaxItems", value, "integer")
    return int(value)


def evaluated(flow: DataFlow, state: State, name: str, effective: Any) -> Any:
    """ItemReader, ItemBatcher or ResultWriter with their expressions answered; None where it is absent."""
    fields = state.fields.get(name)
    if fields is None:
        return None
    evaluated = dict(fields)
    for part in ("Parameters", "Arguments", "BatchInput", "ReaderConfig", "WriterConfig"):
        if part in fields:
            evaluated[part] = flow.expression(fields[part], f"{name}/{part}", effective=effective)
    for limit in ("MaxItemsPerBatch", "MaxInputBytesPerBatch"):
        if limit in fields or f"{limit}Path" in fields:
            evaluated[limit] = flow.path_or(fields.get(f"{limit}Path"), fields.get(limit), effective, limit)
    return evaluated


def _not_a(state: State, name: str, value: Any, kind: str) -> QueryError:
    shown = json_text.dumps(value)
    if state.uses_jsonata:
        return QueryError(QUERY_EVALUATION_ERROR, f"The {name} field is not a valid {kind}: {shown}", name)
    path = state.fields.get(f"{name}Path")
    source = "" if path is None else f": {path}"
    return QueryError(
        RUNTIME,
        f'The {name}{"Path" if path else ""} field refers to value "{shown}" which is not a valid {kind}{source}',
        name,
    )


def _error(state: State) -> str:
    return QUERY_EVALUATION_ERROR if state.uses_jsonata else RUNTIME
