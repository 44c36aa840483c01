"""A machine that goes through one state and stops where it would leave it: what TestState looks at.

It is the interpreter's own machine, so that a test says what an execution would do.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.orchestration.interpreter import retries
from services.orchestration.interpreter.context import Facts, instant, map_entry
from services.orchestration.interpreter.data_flow import DataFlow
from services.orchestration.interpreter.effects import RunTask
from services.orchestration.interpreter.frames import Frame, Phase
from services.orchestration.interpreter.machine import Machine
from services.orchestration.interpreter.outcomes import Completed, Failed, Outcome
from services.orchestration.interpreter.states import STEPS
from services.orchestration.interpreter.states.map import evaluated, tolerated_failures, whole_number
from services.orchestration.language.definition import Definition, Level, State
from services.orchestration.language.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, StateError, matches
from services.orchestration.language.jsonata import Jsonata
from services.orchestration.resource_names import STATE_MACHINE, invalid, own_arn

SUCCEEDED, FAILED, RETRIABLE, CAUGHT_ERROR = "SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"

#: What Step Functions does not show of a state's values, by its type.
_NOT_SHOWN: Mapping[str, frozenset[str]] = {
    "Parallel": frozenset({"afterInputPath", "afterParameters", "afterArguments", "result"}),
    "Map": frozenset({"afterParameters", "afterArguments", "result"}),
}


@dataclass(frozen=True, slots=True)
class Mock:
    """What a task, map or parallel state is said to have come to: a result, or an error."""

    result: Any = None
    error: str | None = None
    cause: str | None = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """The circumstances in which a state is tried."""

    account: str
    region: str
    role_arn: str
    variables: Mapping[str, Any]
    #: The whole context object; None for one that Nonet makes up.
    context: Mapping[str, Any] | None = None
    #: How often the retrier that is meant for the error has retried already.
    retry_count: int = 0
    #: How many iterations of a Map state failed.
    failed_iterations: int | None = None
    #: What a Map state's ItemReader read; None when nobody says.
    read_items: Sequence[Any] | None = None


@dataclass(slots=True)
class TrialResult:
    """How the state ended. ``inspection``: its values under TestState's names, in their order."""

    status: str
    #: As [output]; empty where there is none.
    output: list[Any] = field(default_factory=list)
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    inspection: dict[str, Any] = field(default_factory=dict)


class Trial(Machine):
    """Tries one state. ``result`` is set when it is over."""

    def __init__(
        self, setting: Setting, definition: Definition, level: Level, name: str, value: Any, jsonata: Jsonata
    ) -> None:
        machine, execution = (secrets.token_hex(8) for _ in range(2))
        super().__init__(
            Facts(
                arn=own_arn(setting.account, setting.region, "express", f"{machine}:{execution}"),
                name=execution,
                input=value,
                role_arn=setting.role_arn,
                started_at=time.time(),
                machine_arn=own_arn(setting.account, setting.region, STATE_MACHINE, machine),
                machine_name=machine,
                account=setting.account,
                region=setting.region,
                level=level,
            ),
            definition,
            jsonata,
            clock=time.time,
            new_token=lambda: secrets.token_hex(32),
            # As if the event "ExecutionStarted" were there: causes tell the number of the one after it.
            next_event=2,
            keeps_history=False,
        )
        self.result: TrialResult | None = None
        #: A Map state's ItemBatcher with its expressions answered, and what it batches.
        self.batcher: Mapping[str, Any] | None = None
        self.iterations: Sequence[Any] = ()
        self._setting = setting
        self._inspection: dict[str, Any] = {}
        self._error_details: dict[str, int] = {}
        self.frame = self.add_frame(None, 0, level, value)
        self.frame.state = name

    @property
    def state(self) -> State:
        return self.state_of(self.frame)

    def begin(self, mock: Mock | None) -> None:
        """Go into the state, and as far as it needs nobody else; with a mock, to the end."""
        if self.state.type in ("Map", "Parallel"):
            self.frame.entered_event = self.next_event
            mocked = mock or Mock()
            step = self._map if self.state.type == "Map" else self._parallel
            self._step(self.frame, lambda state: step(state, mocked))
            return
        self.run()
        if mock is not None and self.result is None:
            self.finish(Failed(mock.error, mock.cause) if mock.is_error else Completed(mock.result))

    def finish(self, outcome: Outcome) -> None:
        """Take what came of the task."""
        self.deliver(self.frame.id, self.frame.attempt, outcome)

    def wake(self) -> None:
        """The time that a Wait state waits for has come."""
        self._step(self.frame, lambda state: STEPS[state.type].due(self, self.frame, state, self.clock()))

    def note(self, values: Mapping[str, Any]) -> None:
        """Add to what is known about the state's values."""
        self._inspection.update(values)

    @property
    def task(self) -> RunTask | None:
        """The call that the state waits for."""
        if self.result is not None:
            return None
        return next((effect for effect in self.take().effects if isinstance(effect, RunTask)), None)

    @property
    def inspection(self) -> dict[str, Any]:
        """What is known about the state's values."""
        state = self.state
        hidden = set(_NOT_SHOWN.get(state.type, ()))
        if state.type == "Pass" and "Result" not in state.fields:
            hidden.add("result")
        if not isinstance(self._inspection.get("afterItemsPath"), list):
            hidden.add("afterItemsPath")
        shown = {name: value for name, value in self._inspection.items() if name not in hidden}
        if self._error_details:
            shown["errorDetails"] = self._error_details
        return shown

    # -- what the machine does otherwise than in an execution

    def context(self, frame: Frame) -> dict[str, Any]:
        """The context object that the caller gave, or else one of an execution that never was."""
        if self._setting.context is not None:
            return dict(self._setting.context)
        facts = self.facts
        context: dict[str, Any] = {
            "Execution": {
                "Id": facts.arn,
                "Input": facts.input,
                "Name": facts.name,
                "RoleArn": facts.role_arn,
                "StartTime": instant(facts.started_at),
            },
            "StateMachine": {"Id": facts.machine_arn, "Name": facts.machine_name},
            "State": {
                "Name": self.state.name,
                "EnteredTime": instant(frame.entered_at or facts.started_at),
                "RetryCount": self._setting.retry_count,
            },
        }
        if "token" in frame.work:
            context["Task"] = {"Token": frame.work["token"]}
        return context

    def variables(self, frame: Frame) -> Mapping[str, Any]:
        return self._setting.variables

    def flow(self, frame: Frame, state: State, **context: Any) -> DataFlow:
        return DataFlow(
            state,
            frame.input,
            {**self.context(frame), **context},
            self._setting.variables,
            self._jsonata,
            self._inspection.__setitem__,
        )

    def leave(
        self, frame: Frame, state: State, output: Any, assigned: Mapping[str, Any], following: str | None
    ) -> None:
        self.checked(state, output)
        self._end_with(TrialResult(SUCCEEDED, [output], next_state=following), assigned)

    def fail(self, frame: Frame, state: State, failure: StateError) -> None:
        """``state`` failed: tell whether it would be retried, or which catcher would take the error."""
        error, cause = failure.error, self._explain(frame, state, failure)
        retrier = _first(state, "Retry", error)
        if retrier is not None:
            self._error_details["retryIndex"] = retrier
            plan = retries.plan(state, {retrier: self._setting.retry_count}, error, random.random)
            if plan is not None:
                self._error_details["retryBackoffIntervalSeconds"] = int(plan.seconds)
                self._end_with(TrialResult(RETRIABLE, error=error, cause=cause))
                return
        catcher = _first(state, "Catch", error)
        if catcher is None:
            self._end_with(TrialResult(FAILED, error=error, cause=cause))
            return
        fields = state.fields["Catch"][catcher]
        said = {name: value for name, value in (("Error", error), ("Cause", cause)) if value is not None}
        try:
            output, assigned = self.flow(frame, state).caught(fields, said)
            self.checked(state, output)
        except StateError as again:
            self._end_with(TrialResult(FAILED, error=again.error, cause=self._explain(frame, state, again)))
            return
        self._error_details["catchIndex"] = catcher
        self._end_with(TrialResult(CAUGHT_ERROR, [output], error, cause, fields["Next"]), assigned)

    def _end_with(self, result: TrialResult, assigned: Mapping[str, Any] | None = None) -> None:
        self.frame.phase = Phase.DONE
        self.frame.clear_deadlines()
        variables = {**self._setting.variables, **(assigned or {})}
        if variables:
            self._inspection["variables"] = variables
        result.inspection = self.inspection
        self.result = result

    # -- states that run others

    def _parallel(self, state: State, mock: Mock) -> None:
        flow = self.flow(self.frame, state)
        flow.arguments(flow.effective_input())
        self._take(mock, state, flow)

    def _map(self, state: State, mock: Mock) -> None:
        flow = self.flow(self.frame, state)
        effective = flow.effective_input()
        items = self._setting.read_items if "ItemReader" in state.fields else flow.items(effective)
        if items is not None and (self._setting.failed_iterations or 0) > len(items):
            raise invalid("MapIterationFailureCount exceeds the number of items that the Map state has.")
        self._inspection["maxConcurrency"] = whole_number(state, flow, effective, "MaxConcurrency")
        exceeded = self._check_tolerance(state, flow, effective, None if items is None else len(items))
        if items is not None:
            self._select(state, flow, effective, items)
        if exceeded and not mock.is_error:
            raise StateError(
                EXCEED_TOLERATED_FAILURE_THRESHOLD, "The specified tolerated failure threshold was exceeded"
            )
        self._take(mock, state, flow)

    def _take(self, mock: Mock, state: State, flow: DataFlow) -> None:
        if mock.is_error:
            raise StateError(mock.error, mock.cause)
        output, assigned = flow.finish(mock.result)
        self.leave(self.frame, state, output, assigned, state.next)

    def _check_tolerance(self, state: State, flow: DataFlow, effective: Any, items: int | None) -> bool:
        """Whether more iterations failed than may."""
        count, percentage = tolerated_failures(state, flow, effective)
        counts = _has(state, "ToleratedFailureCount")
        rates = _has(state, "ToleratedFailurePercentage")
        if counts:
            self._inspection["toleratedFailureCount"] = count
        if rates:
            self._inspection["toleratedFailurePercentage"] = percentage
        failed = self._setting.failed_iterations or 0
        if not counts and not rates:
            return failed > 0
        too_often = rates and items is not None and items > 0 and failed * 100 > percentage * items
        return too_often or (counts and failed > count)

    def _select(self, state: State, flow: DataFlow, effective: Any, items: Sequence[Any]) -> None:
        """The inputs of the iterations, where fields of the state shape them."""
        inputs = list(items)
        if "ItemSelector" in state.fields or "Parameters" in state.fields:
            inputs = [
                self.flow(self.frame, state, Map=map_entry(index, item)).item_input(effective, item)
                for index, item in enumerate(items)
            ]
            self._inspection["afterItemSelector"] = inputs
        if "ItemBatcher" in state.fields:
            self.batcher = evaluated(flow, state, "ItemBatcher", effective)
            self.iterations = inputs


def _has(state: State, name: str) -> bool:
    return name in state.fields or f"{name}Path" in state.fields


def _first(state: State, name: str, error: str | None) -> int | None:
    """Number of the first retrier or catcher that is meant for ``error``."""
    for number, candidate in enumerate(state.fields.get(name, ())):
        if matches(candidate["ErrorEquals"], error, of_a_task=state.type == "Task"):
            return number
    return None
