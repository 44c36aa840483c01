"""Task: calls a resource, once an attempt, and takes what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.orchestration.interpreter.data_flow import DataFlow
from services.orchestration.interpreter.effects import Effect, OfferToken, RunTask
from services.orchestration.interpreter.frames import Frame, Phase
from services.orchestration.interpreter.outcomes import Answered, Completed, Failed, Heartbeat, Outcome, Started
from services.orchestration.interpreter.states.step import Step
from services.orchestration.language import json_text
from services.orchestration.language.definition import State
from services.orchestration.language.errors import (
    HEARTBEAT_TIMEOUT,
    PERMISSIONS,
    RUNTIME,
    TIMEOUT,
    QueryError,
    StateError,
)

if TYPE_CHECKING:
    from services.orchestration.interpreter.machine import Machine

_WAIT_FOR_TOKEN = ".waitForTaskToken"
_SYNC = (".sync", ".sync:2")
#: AWS's limit for TimeoutSeconds and HeartbeatSeconds.
_LONGEST_SECONDS = 99_999_999


@dataclass(frozen=True, slots=True)
class Resource:
    """A Task state's Resource, as the history names it."""

    arn: str

    @property
    def is_activity(self) -> bool:
        return ":activity:" in self.arn and self.arn.startswith("arn:aws:states:")

    @property
    def account(self) -> str:
        """The account that an activity or function belongs to."""
        return self.arn.split(":")[4]

    @property
    def is_function(self) -> bool:
        return self.arn.startswith("arn:aws:lambda:")

    @property
    def waits_for_token(self) -> bool:
        return self.arn.endswith(_WAIT_FOR_TOKEN)

    @property
    def goes_on_after_its_answer(self) -> bool:
        return self.arn.endswith((_WAIT_FOR_TOKEN, *_SYNC))

    @property
    def type_and_name(self) -> dict[str, str]:
        """ "arn:aws:states:::aws-sdk:comprehend:detectSentiment" -> aws-sdk:comprehend and detectSentiment."""
        parts = self.arn.split(":", 5)[-1].split(":")
        if parts[-1] == "2":  # the version of ".sync:2"
            parts[-2:] = [f"{parts[-2]}:2"]
        return {"resourceType": ":".join(parts[:-1]), "resource": parts[-1]}

    @property
    def event_prefix(self) -> str:
        if self.is_activity:
            return "Activity"
        return "LambdaFunction" if self.is_function else "Task"

    @property
    def event_details(self) -> dict[str, str]:
        """What each event of the task says about the resource."""
        return self.type_and_name if self.event_prefix == "Task" else {}


class TaskStep(Step):
    def begin(self, machine: Machine, frame: Frame, state: State) -> None:
        resource = Resource(state.fields["Resource"])
        frame.attempt += 1
        frame.work = {}
        if resource.waits_for_token or resource.is_activity:
            frame.work["token"] = machine.new_token()
        flow = machine.flow(frame, state)
        effective = flow.effective_input()
        parameters = flow.arguments(effective)
        text = machine.checked(state, parameters)
        timeout = _seconds(state, flow, effective, "TimeoutSeconds")
        heartbeat = _seconds(state, flow, effective, "HeartbeatSeconds")
        if resource.is_activity and resource.account != machine.facts.account:
            # Its workers would be handed what another account says.
            cause = f"The activity {resource.arn} belongs to another account."
            machine.add_event(frame, "ActivityScheduleFailed", error=PERMISSIONS, cause=cause)
            raise StateError(PERMISSIONS, cause)
        now = machine.clock()
        frame.timeout_at = None if timeout is None else now + timeout
        frame.work.update(parameters=parameters, heartbeat=heartbeat)
        # Nobody can beat for an activity's task before a worker has it.
        if not resource.is_activity:
            _expect_heartbeat(frame, now)
        _schedule(machine, frame, resource, text, timeout, heartbeat)
        frame.phase = Phase.TASK
        machine.touch(frame)
        for effect in self.effects(machine, frame, state):
            machine.ask(effect)

    def effects(self, machine: Machine, frame: Frame, state: State) -> Sequence[Effect]:
        resource = Resource(state.fields["Resource"])
        token = frame.work.get("token")
        effects: list[Effect] = []
        if resource.is_activity:
            text = json_text.dumps(frame.work["parameters"])
            return [OfferToken(frame.id, frame.attempt, token or "", resource.arn, text)]
        if token is not None:
            effects.append(OfferToken(frame.id, frame.attempt, token))
        submitted = frame.work.get("submitted")
        if submitted is None or not resource.waits_for_token:
            effects.append(
                RunTask(
                    frame=frame.id,
                    attempt=frame.attempt,
                    resource=resource.arn,
                    parameters=frame.work["parameters"],
                    state=state.name,
                    entered=frame.entered_event,
                    submitted=submitted,
                    token=token,
                )
            )
        return effects

    def outcome(self, machine: Machine, frame: Frame, state: State, outcome: Outcome) -> None:
        resource = Resource(state.fields["Resource"])
        prefix, details = resource.event_prefix, resource.event_details
        match outcome:
            case Heartbeat():
                _expect_heartbeat(frame, machine.clock())
                machine.touch(frame)
            case Started(worker):
                machine.add_event(frame, f"{prefix}Started", workerName=worker)
                _expect_heartbeat(frame, machine.clock())
                machine.touch(frame)
            case Answered(output) if resource.goes_on_after_its_answer:
                machine.add_event(frame, "TaskSubmitted", **details, output=machine.checked(state, output))
                frame.phase = Phase.SUBMITTED
                frame.work["submitted"] = [output]
                for effect in self.effects(machine, frame, state):
                    if isinstance(effect, RunTask):
                        machine.ask(effect)
            case Answered(output) | Completed(output):
                text = machine.checked(state, output)
                machine.add_event(frame, f"{prefix}Succeeded", **details, output=text)
                machine.forget(frame, ended=True)
                final, assigned = machine.flow(frame, state).finish(output)
                machine.leave(frame, state, final, assigned, state.next)
            case Failed(error, cause):
                machine.add_event(frame, f"{prefix}Failed", **details, error=error, cause=cause)
                machine.forget(frame, ended=True)
                frame.phase = Phase.BEGIN
                # What only the interpreter can know of a resource is told as its own failures are.
                raise QueryError(error, cause or "") if error == RUNTIME else StateError(error, cause)

    def due(self, machine: Machine, frame: Frame, state: State, now: float) -> None:
        resource = Resource(state.fields["Resource"])
        timed_out = frame.timeout_at is not None and frame.timeout_at <= now
        error = TIMEOUT if timed_out else HEARTBEAT_TIMEOUT
        machine.add_event(frame, f"{resource.event_prefix}TimedOut", **resource.event_details, error=error)
        raise StateError(error, None)


def _expect_heartbeat(frame: Frame, now: float) -> None:
    """From ``now`` on, the task's HeartbeatSeconds may pass until the next heartbeat."""
    seconds = frame.work["heartbeat"]
    frame.heartbeat_at = None if seconds is None else now + seconds


def _schedule(
    machine: Machine, frame: Frame, resource: Resource, text: str, timeout: int | None, heartbeat: int | None
) -> None:
    if resource.is_activity:
        machine.add_event(
            frame,
            "ActivityScheduled",
            resource=resource.arn,
            input=text,
            timeoutInSeconds=timeout,
            heartbeatInSeconds=heartbeat,
        )
    elif resource.is_function:
        machine.add_event(frame, "LambdaFunctionScheduled", resource=resource.arn, input=text, timeoutInSeconds=timeout)
        machine.add_event(frame, "LambdaFunctionStarted")
    else:
        details = resource.type_and_name
        machine.add_event(
            frame,
            "TaskScheduled",
            **details,
            region=machine.facts.region,
            parameters=text,
            timeoutInSeconds=timeout,
            heartbeatInSeconds=heartbeat,
        )
        machine.add_event(frame, "TaskStarted", **details)


def _seconds(state: State, flow: DataFlow, effective: Any, name: str) -> int | None:
    if name not in state.fields and f"{name}Path" not in state.fields:
        return None
    value = flow.field(name, effective)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise QueryError(RUNTIME, f"The {name} field is not a valid integer: {json_text.dumps(value)}", name)
    if not 1 <= value <= _LONGEST_SECONDS:
        raise QueryError(RUNTIME, f"The {name} field must be from 1 to {_LONGEST_SECONDS}", name)
    return int(value)
