"""An execution between two moments.

    machine = Machine(facts, definition, jsonata, frames, ...)
    machine.deliver(frame, attempt, Completed(output))     # or start, tick, stop, redrive
    while machine.run(): ...                               # states that need nobody else
    progress = machine.take()                              # what to write down, then what to do

The machine is a function of its frames and of what it is told. It never waits and never calls anybody: that, and the
order "first on disk, then done", is the engine's part.
"""

from __future__ import annotations

import functools
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.orchestration.interpreter import retries
from services.orchestration.interpreter.context import Facts, context_object
from services.orchestration.interpreter.data_flow import DataFlow
from services.orchestration.interpreter.effects import Effect, Ending, Forget
from services.orchestration.interpreter.frames import CALLING, ENDED, Frame, Phase
from services.orchestration.interpreter.history import MOST_EVENTS, Event
from services.orchestration.interpreter.outcomes import Outcome
from services.orchestration.interpreter.states import STEPS
from services.orchestration.language import json_text
from services.orchestration.language.definition import Definition, Level, State
from services.orchestration.language.errors import (
    DATA_LIMIT_EXCEEDED,
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    QueryError,
    StateError,
)
from services.orchestration.language.jsonata import Jsonata

#: AWS's limit for a state's input, output and result, in bytes of UTF-8.
MOST_PAYLOAD_BYTES = 262_144
#: AWS's limit for all variables of an execution together; here of each scope.
_MOST_VARIABLE_BYTES = 10 * 1024 * 1024
#: States that one ``run`` goes through, seconds that it takes, and characters of events that it writes: a loop without
#: a Wait state, or one of slow expressions, gives others their turn, and a step stays small.
_STATES_A_RUN = 100
_SECONDS_A_RUN = 0.2
_CHARACTERS_A_RUN = 1_000_000
_MOST_CAUSE_CHARACTERS = 32_768
_TOO_MANY_EVENTS = f"The execution reached the maximum number of history events ({MOST_EVENTS})."


@dataclass(slots=True)
class Progress:
    """What a machine did since it was last asked."""

    events: list[Event] = field(default_factory=list)
    changed: list[Frame] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    ending: Ending | None = None

    def __bool__(self) -> bool:
        return bool(self.events or self.changed or self.removed or self.effects or self.ending)


class Machine:
    """See the module. ``clock`` gives Unix seconds, ``new_token`` a fresh secret."""

    def __init__(
        self,
        facts: Facts,
        definition: Definition,
        jsonata: Jsonata,
        *,
        clock: Callable[[], float],
        new_token: Callable[[], str],
        jitter: Callable[[], float] = random.random,
        frames: Iterable[Frame] = (),
        next_event: int = 1,
        next_frame: int = 1,
        keeps_history: bool = True,
    ) -> None:
        self.facts = facts
        self.definition = definition
        self.clock = clock
        self.new_token = new_token
        self.jitter = jitter
        self.frames = {frame.id: frame for frame in frames}
        self.next_event = next_event
        self.next_frame = next_frame
        self.ending: Ending | None = None
        self._jsonata = jsonata
        self._keeps_history = keeps_history
        self._children: dict[int, set[int]] = {}
        self._progress = Progress()
        self._written = 0
        self._changed: dict[int, Frame] = {}
        self._ready: deque[int] = deque()
        #: Every frame with a deadline is among these. There may be thousands of ended ones that nobody has to look at.
        self._watched = dict(self.frames)
        for frame in self.frames.values():
            self._children.setdefault(frame.parent or 0, set()).add(frame.id)
            if frame.phase in (Phase.ENTER, Phase.BEGIN):
                self._ready.append(frame.id)

    # -- what happens to it

    def start(self) -> None:
        """Begin at the first state."""
        details = {"input": json_text.dumps(self.facts.input), "roleArn": self.facts.role_arn, **self.facts.qualifiers}
        event = self._add_event("ExecutionStarted", 0, details)
        root = self.add_frame(None, 0, self.facts.level, self.facts.input)
        root.last_event = event

    def deliver(self, frame_id: int, attempt: int, outcome: Outcome) -> None:
        """Take an outcome; one of an attempt that counts no more changes nothing."""
        frame = self.frames.get(frame_id)
        if self.ending is not None or frame is None or frame.attempt != attempt or frame.phase not in CALLING:
            return
        self._step(frame, lambda state: STEPS[state.type].outcome(self, frame, state, outcome))

    def tick(self) -> None:
        """Do what is due."""
        now = self.clock()
        if self.ending is None and self.facts.deadline is not None and self.facts.deadline <= now:
            self._end_early("TIMED_OUT", "ExecutionTimedOut", None, None)
        for frame in self._frames_with_deadlines():
            if self.ending is not None or frame.id not in self.frames:
                continue  # what was due before took it away
            if frame.deadline is not None and frame.deadline <= now:
                self._step(frame, functools.partial(self._wake, frame, now))

    def stop(self, error: str | None, cause: str | None) -> None:
        """End as StopExecution wants it."""
        if self.ending is None:
            self._end_early("ABORTED", "ExecutionAborted", error, cause)

    def redrive(self) -> None:
        """Go on where a failed, stopped or timed out execution ended; finished states are not run again."""
        root = next(frame for frame in self.frames.values() if frame.parent is None)
        event = self._add_event("ExecutionRedriven", self.next_event - 1, {"redriveCount": self.facts.redrive_count})
        for frame in self.frames.values():
            if frame.phase not in ENDED or frame.phase is Phase.DONE:
                continue
            self.touch(frame)
            frame.retries.clear()
            frame.clear_deadlines()
            frame.last_event = event if frame is root else frame.last_event
            if any(True for _ in self.children(frame)):
                frame.phase = Phase.CHILDREN
            elif not STEPS[self.state_of(frame).type].redrive(self, frame):
                self.make_ready(frame, Phase.BEGIN if frame.entered_event else Phase.ENTER)

    def run(self, states: int = _STATES_A_RUN) -> bool:
        """Go through states until all frames wait, or ``states`` are done. Whether there is more to do."""
        self._written = 0
        until = self.clock() + _SECONDS_A_RUN
        while self._ready and self.ending is None and states > 0 and self._written < _CHARACTERS_A_RUN:
            frame = self.frames.get(self._ready.popleft())
            if frame is not None and frame.phase in (Phase.ENTER, Phase.BEGIN):
                self._step(frame, functools.partial(self._begin, frame))
                states -= 1
            if self.clock() > until:
                break
        return bool(self._ready) and self.ending is None

    def take(self) -> Progress:
        """What was done since the last call."""
        progress, self._progress = self._progress, Progress()
        progress.changed = [frame for frame in self._changed.values() if frame.id in self.frames]
        self._changed = {}
        progress.ending = self.ending
        return progress

    # -- what it waits for

    @property
    def deadline(self) -> float | None:
        """When it wants its next ``tick``; None if nothing is due ever."""
        due = [frame.deadline for frame in self._frames_with_deadlines() if frame.deadline is not None]
        if self.facts.deadline is not None:
            due.append(self.facts.deadline)
        return min(due) if due else None

    def effects_under_way(self) -> list[Effect]:
        """What has to run again after a crash."""
        effects: list[Effect] = []
        for frame in self.frames.values():
            if frame.phase in CALLING:
                state = self.state_of(frame)
                effects.extend(STEPS[state.type].effects(self, frame, state))
        return effects

    # -- for the states

    def state_of(self, frame: Frame) -> State:
        return self.definition.state(frame.level, frame.state)

    def flow(self, frame: Frame, state: State, **context: Any) -> DataFlow:
        """The values of ``state``, as ``frame`` sees them. ``context``: more entries for the context object."""
        return DataFlow(state, frame.input, {**self.context(frame), **context}, self.variables(frame), self._jsonata)

    def context(self, frame: Frame) -> dict[str, Any]:
        return context_object(self.facts, frame, self.state_of(frame), self._ancestors(frame))

    def variables(self, frame: Frame) -> Mapping[str, Any]:
        """What the frame's scope and those around it hold."""
        if frame.parent is None:
            return frame.variables
        seen: dict[str, Any] = {}
        for ancestor in (frame, *self._ancestors(frame)):
            seen = {**ancestor.variables, **seen}
        return seen

    def children(self, frame: Frame) -> Iterable[Frame]:
        return [self.frames[child] for child in sorted(self._children.get(frame.id, ()))]

    def touch(self, frame: Frame) -> None:
        """``frame`` is about to change."""
        self._changed[frame.id] = frame
        self._watched[frame.id] = frame

    def make_ready(self, frame: Frame, phase: Phase) -> None:
        frame.phase = phase
        self.touch(frame)
        self._ready.append(frame.id)

    def add_frame(self, parent: Frame | None, index: int, level: Level, value: Any) -> Frame:
        """A new line of control at the start of ``level``."""
        start_at = self.definition.levels[level].start_at
        frame = Frame(self.next_frame, parent.id if parent else None, index, level, start_at, value)
        self.next_frame += 1
        self.frames[frame.id] = frame
        self._children.setdefault(parent.id if parent else 0, set()).add(frame.id)
        if parent is not None:
            frame.last_event = parent.last_event
        self.make_ready(frame, Phase.ENTER)
        return frame

    def remove_children(self, frame: Frame) -> None:
        """Forget the branches or iterations of ``frame``, and what runs for them."""
        for child in self.children(frame):
            self.remove_children(child)
            self.forget(child)
            del self.frames[child.id]
            self._progress.removed.append(child.id)
        self._children.pop(frame.id, None)

    def abort_children(self, frame: Frame) -> None:
        """End what still runs under ``frame``, but keep where it stood: a redrive goes on from there."""
        for child in self.children(frame):
            if child.phase not in ENDED:
                self.abort_children(child)
                self.forget(child)
                child.clear_deadlines()
                child.phase = Phase.ABORTED
                self.touch(child)

    def forget(self, frame: Frame, *, ended: bool = False) -> None:
        """Take back what was asked for ``frame``'s attempt. ``ended``: it is over anyway."""
        if frame.phase in CALLING:
            self.ask(Forget(frame.id, frame.attempt, has_token="token" in frame.work, ended=ended))

    def ask(self, effect: Effect) -> None:
        self._progress.effects.append(effect)

    def add_event(self, frame: Frame, event_type: str, **details: Any) -> int:
        """Write an event that follows the frame's last one. Details that are None are left out."""
        frame.last_event = self._add_event(event_type, frame.last_event, details)
        self.touch(frame)
        return frame.last_event

    def leave(
        self, frame: Frame, state: State, output: Any, assigned: Mapping[str, Any], following: str | None
    ) -> None:
        """``state`` is over with ``output``; ``following`` is next, or None at the end."""
        text = self.checked(state, output)
        variables = {name: self.checked(state, value) for name, value in assigned.items()} or None
        if assigned:
            self._assign(frame, state, assigned)
        self.add_event(frame, f"{state.type}StateExited", name=state.name, output=text, assignedVariables=variables)
        frame.entered_event = 0
        frame.retries.clear()
        frame.work = {}
        frame.clear_deadlines()
        if frame.items is not None:
            frame.items, frame.items_changed = None, True
        if following is not None:
            frame.state, frame.input = following, output
            self.make_ready(frame, Phase.ENTER)
        else:
            self._finish(frame, output, text)

    def checked(self, state: State, value: Any) -> str:
        """``value`` as JSON text.

        Raises:
            StateError: it is larger than a payload may be, or nested too deeply.
        """
        try:
            text = json_text.dumps(value, json_text.MAX_WRITTEN_DEPTH)
        except ValueError as too_deep:
            raise StateError(RUNTIME, f"The state '{state.name}' has a value that is too deep: {too_deep}") from None
        if len(text) > MOST_PAYLOAD_BYTES or (not text.isascii() and len(text.encode()) > MOST_PAYLOAD_BYTES):
            raise StateError(
                DATA_LIMIT_EXCEEDED,
                f"The state/task '{state.name}' returned a result with a size exceeding the maximum number of bytes "
                "service limit.",
            )
        return text

    def fail(self, frame: Frame, state: State, failure: StateError) -> None:
        """``state`` failed: retry it, catch the error, or fail what is around it."""
        error, cause = failure.error, self._explain(frame, state, failure)
        if error == QUERY_EVALUATION_ERROR and isinstance(failure, QueryError):
            self.add_event(
                frame, "EvaluationFailed", state=state.name, location=failure.location, error=error, cause=cause
            )
            STEPS[state.type].failed(self, frame, state)
        self.forget(frame)
        frame.clear_deadlines()
        self.touch(frame)
        plan = retries.plan(state, frame.retries, error, self.jitter)
        if plan is not None:
            frame.retries[plan.retrier] = frame.retries.get(plan.retrier, 0) + 1
            self.remove_children(frame)
            frame.phase, frame.wake_at = Phase.RETRY, self.clock() + plan.seconds
            return
        catcher = retries.catcher(state, error)
        if catcher is not None:
            self.remove_children(frame)
            try:
                output, assigned = self.flow(frame, state).caught(catcher, _error_output(error, cause))
                self.leave(frame, state, output, assigned, catcher["Next"])
                return
            except StateError as again:  # the catcher's own fields failed
                error, cause = again.error, self._explain(frame, state, again)
        frame.phase = Phase.FAILED
        if frame.parent is None:
            self._end("FAILED", "ExecutionFailed", error, cause)
            return
        parent = self.frames[frame.parent]
        parent_state = self.state_of(parent)
        parent.last_event = max(parent.last_event, frame.last_event)
        STEPS[parent_state.type].child_failed(self, parent, parent_state, frame)
        self.fail(parent, parent_state, StateError(error, cause))

    # -- inside

    def _step(self, frame: Frame, action: Callable[[State], None]) -> None:
        state = self.state_of(frame)
        try:
            try:
                action(state)
            except StateError as failure:
                # The state itself failed, and not what runs in it: that is for nothing now, even to a redrive.
                self.remove_children(frame)
                self.fail(frame, state, failure)
        except _TooManyEvents:
            self._give_up()

    @staticmethod
    def _assign(frame: Frame, state: State, assigned: Mapping[str, Any]) -> None:
        variables = {**frame.variables, **assigned}
        if json_text.is_too_long(variables, _MOST_VARIABLE_BYTES):
            raise StateError(
                DATA_LIMIT_EXCEEDED,
                f"With those that the state '{state.name}' assigns, the variables exceed the maximum number of bytes "
                "service limit.",
            )
        frame.variables = variables

    def _begin(self, frame: Frame, state: State) -> None:
        if frame.phase is Phase.ENTER:
            text = json_text.dumps(frame.input)
            frame.entered_at = self.clock()
            frame.entered_event = self.add_event(frame, f"{state.type}StateEntered", name=state.name, input=text)
        STEPS[state.type].begin(self, frame, state)

    def _frames_with_deadlines(self) -> list[Frame]:
        self._watched = {
            number: frame
            for number, frame in self._watched.items()
            if number in self.frames and frame.deadline is not None
        }
        # In an order that a restart does not change.
        return sorted(self._watched.values(), key=lambda frame: frame.id)

    def _wake(self, frame: Frame, now: float, state: State) -> None:
        if frame.phase is Phase.RETRY:
            frame.clear_deadlines()
            self.make_ready(frame, Phase.BEGIN)
        else:
            STEPS[state.type].due(self, frame, state, now)

    def _finish(self, frame: Frame, output: Any, text: str) -> None:
        frame.phase = Phase.DONE
        frame.output = output
        if frame.parent is None:
            self._add_event("ExecutionSucceeded", frame.last_event, {"output": text})
            self.ending = Ending("SUCCEEDED", output=output)
            self._remove_all()
            return
        parent = self.frames[frame.parent]
        parent.last_event = frame.last_event
        self._step(parent, lambda state: STEPS[state.type].child_done(self, parent, state, frame))

    def _end(self, status: str, event_type: str, error: str | None, cause: str | None) -> None:
        error = error if error is None else json_text.encodable(error)
        cause = cause if cause is None else json_text.encodable(cause[:_MOST_CAUSE_CHARACTERS])
        self._add_event(event_type, self.next_event - 1, {"error": error, "cause": cause}, last=True)
        self.ending = Ending(status, error=error, cause=cause)

    def _end_early(self, status: str, event_type: str, error: str | None, cause: str | None) -> None:
        for frame in self.frames.values():
            if frame.parent is None:
                self.abort_children(frame)
                self.forget(frame)
                frame.clear_deadlines()
                frame.phase = Phase.ABORTED
                self.touch(frame)
        self._end(status, event_type, error, cause)

    def _give_up(self) -> None:
        for frame in self.frames.values():
            if frame.parent is None:
                self.abort_children(frame)
                self.forget(frame)
                frame.phase = Phase.FAILED
                self.touch(frame)
        self._end("FAILED", "ExecutionFailed", None, _TOO_MANY_EVENTS)

    def _remove_all(self) -> None:
        self._progress.removed.extend(self.frames)
        self.frames = {}
        self._children = {}

    def _ancestors(self, frame: Frame) -> Sequence[Frame]:
        ancestors = []
        while frame.parent is not None:
            frame = self.frames[frame.parent]
            ancestors.append(frame)
        return ancestors

    def _add_event(self, event_type: str, previous: int, details: Mapping[str, Any], *, last: bool = False) -> int:
        number = self.next_event
        if self._keeps_history:
            # The last place is kept for the event that says why it ends.
            if number >= MOST_EVENTS and not last:
                raise _TooManyEvents
            present = {name: value for name, value in details.items() if value is not None}
            self._progress.events.append(Event(number, previous, event_type, self.clock(), present))
            self._written += sum(len(value) for value in present.values() if isinstance(value, str))
        self.next_event += 1
        return number

    def _explain(self, frame: Frame, state: State, failure: StateError) -> str | None:
        if not isinstance(failure, QueryError) or (failure.location == "ItemsPath" and failure.error == RUNTIME):
            return failure.cause
        return (
            f"An error occurred while executing the state '{state.name}' (entered at the event id "
            f"#{frame.entered_event}). {failure.cause}"
        )


class _TooManyEvents(Exception):
    """The history is full."""


def _error_output(error: str | None, cause: str | None) -> dict[str, Any]:
    return {name: value for name, value in (("Error", error), ("Cause", cause)) if value is not None}
