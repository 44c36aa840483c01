"""Runs machines in memory: a clock that jumps, tasks that a function answers, a disk that is a dict.

A Driver with ``reloads`` keeps nothing but what a machine gave to be written down: after each step the machine is made
anew from it, as after a crash. What would be lost or done again in a crash shows as another history.
"""

from __future__ import annotations

import collections
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from services.orchestration.interpreter.context import Facts
from services.orchestration.interpreter.effects import Effect, Ending, Forget, OfferToken, RunMap, RunTask
from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.history import Event
from services.orchestration.interpreter.machine import Machine
from services.orchestration.interpreter.outcomes import Answered, Completed, Failed, Outcome
from services.orchestration.interpreter.states.map import item_input
from services.orchestration.language import definition as definitions
from services.orchestration.language import json_text
from services.orchestration.language.definition import Level
from services.orchestration.language.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, StateError
from services.orchestration.language.jsonata import Jsonata

ARN = "arn:aws:states:us-east-1:000000000000"
EPOCH = 1_800_000_000.0
FUNCTION = f"{ARN.replace(':states:', ':lambda:')}:function:f"
INVOKE = "arn:aws:states:::lambda:invoke"
#: More steps than any test needs; a machine that takes them goes round in circles.
_MOST_STEPS = 100_000

_RANDOM_ARN = re.compile(r":mapRun:[^\"\\\\]+")

#: How an attempt goes: its outcome, or None for one that never ends.
Handler = Callable[[RunTask], Outcome | None]

JSONATA = Jsonata(1)


@dataclass
class Clock:
    now: float = EPOCH

    def __call__(self) -> float:
        return self.now


def never(effect: RunTask) -> Outcome | None:
    """A task that nobody answers."""
    return None


def echo(effect: RunTask) -> Outcome | None:
    """A task whose result is what it was given."""
    return Answered(effect.parameters)


class Script:
    """Tasks that go as written down: by state, the outcome of each attempt at it; the last one stands for all further.

    An outcome that is neither Outcome nor None is what the call answers. Attempts are counted for each pass through
    the state.
    """

    def __init__(self, outcomes: Mapping[str, Sequence[Any]]) -> None:
        self._outcomes = outcomes
        self._attempts: dict[tuple[int, int], list[int]] = collections.defaultdict(list)

    def __call__(self, effect: RunTask) -> Outcome | None:
        attempts = self._attempts[effect.frame, effect.entered]
        if effect.attempt not in attempts:
            attempts.append(effect.attempt)
        outcomes = self._outcomes[effect.state]
        outcome = outcomes[min(attempts.index(effect.attempt), len(outcomes) - 1)]
        if outcome is None or isinstance(outcome, Outcome):
            return outcome
        return Answered(outcome)


@dataclass
class Driver:
    """One execution. ``end`` runs it until it ends; ``settle``, ``advance`` and ``answer`` go step by step."""

    definition: Mapping[str, Any] | str
    input: Any = field(default_factory=dict)
    tasks: Handler = echo
    reloads: bool = False
    states_a_run: int = 100
    level: Level = ()
    redrive_count: int = 0
    deadline: float | None = None
    keeps_history: bool = True
    clock: Clock = field(default_factory=Clock)
    jitter: Callable[[], float] = lambda: 0.5

    def __post_init__(self) -> None:
        text = self.definition if isinstance(self.definition, str) else json.dumps(self.definition)
        self._definition = definitions.load(text)
        seconds = self._definition.top.timeout_seconds
        if seconds and not self.level and self.deadline is None:
            self.deadline = self.clock.now + seconds
        self._tokens = (f"token-{number}" for number in itertools.count(1))
        self._disk: dict[int, tuple[str, str | None]] = {}
        self._next = (1, 1)
        self._pending: dict[tuple[int, int], list[Effect]] = {}
        self.events: list[Event] = []
        #: Attempts in the order in which they were asked for, and those that count no more.
        self.calls: list[RunTask] = []
        self.offers: list[OfferToken] = []
        self.forgotten: list[Forget] = []
        self.ending: Ending | None = None
        self.steps = 0
        self.machine = self._machine(())
        self.machine.start()

    def _machine(self, frames: Sequence[Frame]) -> Machine:
        facts = Facts(
            arn=f"{ARN}:execution:machine:run",
            name="run",
            input=self.input,
            role_arn="arn:aws:iam::000000000000:role/r",
            started_at=EPOCH,
            machine_arn=f"{ARN}:stateMachine:machine",
            machine_name="machine",
            account="000000000000",
            region="us-east-1",
            level=self.level,
            redrive_count=self.redrive_count,
            deadline=self.deadline,
        )
        return Machine(
            facts, self._definition, JSONATA, clock=self.clock, new_token=lambda: next(self._tokens), jitter=self.jitter,
            frames=frames, next_event=self._next[0], next_frame=self._next[1], keeps_history=self.keeps_history,
        )  # fmt: skip

    # -- going on

    def end(self) -> Ending:
        """Run until it ends; where only time can help, the clock jumps to the next deadline."""
        while self.ending is None:
            self.settle()
            if self.ending is None:
                deadline = self.machine.deadline
                assert deadline is not None, f"nothing will ever happen: {self.machine.frames}"
                self.advance(deadline - self.clock.now)
        return self.ending

    def settle(self) -> None:
        """Go on until all that is left to happen is told by the test or the clock."""
        more = True
        while more and self.ending is None:
            more = self.machine.run(self.states_a_run)
            self.write()
            more = self._answer_one() or more

    def advance(self, seconds: float) -> None:
        """Let time pass, and happen what is due then."""
        self.clock.now += max(0.0, seconds)
        self.machine.tick()
        self.write()
        self.settle()

    def answer(self, state: str, outcome: Outcome) -> None:
        """The attempt under way at ``state`` (the oldest of several) came to ``outcome``."""
        for frame_id, attempt in self._pending:
            if self.machine.state_of(self.machine.frames[frame_id]).name == state:
                self.deliver(frame_id, attempt, outcome)
                return
        raise AssertionError(f"no attempt is under way at {state}: {self._pending}")

    def deliver(self, frame: int, attempt: int, outcome: Outcome) -> None:
        self.machine.deliver(frame, attempt, outcome)
        self.write()
        self.settle()

    def stop(self, error: str | None = None, cause: str | None = None) -> Ending:
        self.machine.stop(error, cause)
        self.write()
        assert self.ending is not None
        return self.ending

    def redrive(self) -> None:
        """Take an execution that ended up again, from what was written down."""
        self.ending, self.deadline = None, None
        self.redrive_count += 1
        self._reload()
        assert not self.under_way, "nothing of an execution that ended may be under way"
        self.machine.redrive()
        self.write()
        self.settle()

    def write(self) -> None:
        """One step: what the machine did, on disk, and only then done."""
        self.steps += 1
        assert self.steps < _MOST_STEPS, "it goes round in circles"
        progress = self.machine.take()
        self.events.extend(progress.events)
        self.ending = progress.ending
        for frame in progress.changed:
            items = self._disk.get(frame.id, ("", None))[1]
            if frame.items_changed:
                items = None if frame.items is None else json_text.dumps(frame.items)
            self._disk[frame.id] = (frame.dump(), items)
        for removed in progress.removed:
            self._disk.pop(removed, None)
        self._next = (self.machine.next_event, self.machine.next_frame)
        for effect in progress.effects:
            self._ask(effect)
        if self.ending is None:
            self._check_under_way()
            if self.reloads:
                self._reload()
                self._check_under_way()

    def _ask(self, effect: Effect) -> None:
        if isinstance(effect, Forget):
            self.forgotten.append(effect)
            self._pending.pop((effect.frame, effect.attempt), None)
            return
        if isinstance(effect, OfferToken):
            self.offers.append(effect)
        elif isinstance(effect, RunTask):
            self.calls.append(effect)
        self._pending.setdefault((effect.frame, effect.attempt), []).append(effect)

    def _reload(self) -> None:
        self.machine = self._machine([Frame.load(*self._disk[number]) for number in sorted(self._disk)])

    def _check_under_way(self) -> None:
        """What a restart would run again is what is under way."""
        assert self.under_way == set(self._pending), (self.under_way, self._pending)

    @property
    def under_way(self) -> set[tuple[int, int]]:
        return {(effect.frame, effect.attempt) for effect in self.machine.effects_under_way()}

    # -- the world

    def _answer_one(self) -> bool:
        for (frame, attempt), effects in list(self._pending.items()):
            for effect in effects:
                outcome = self._outcome(effect)
                if outcome is not None:
                    # Its call was answered; a token's or a job's end is another matter.
                    self._pending[frame, attempt].remove(effect)
                    if not (isinstance(outcome, Answered) and _goes_on(effect)):
                        self._pending.pop((frame, attempt))
                    self.machine.deliver(frame, attempt, outcome)
                    self.write()
                    return True
        return False

    def _outcome(self, effect: Effect) -> Any:
        if isinstance(effect, RunMap):
            return self._map_run(effect)
        return self.tasks(effect) if isinstance(effect, RunTask) else None

    def _map_run(self, effect: RunMap) -> Outcome:
        frame = self.machine.frames[effect.frame]
        outputs, failed = [], 0
        try:
            for index, item in enumerate(frame.items or ()):
                value = item_input(self.machine, frame, index, item)
                child = type(self)(
                    self._definition.text, value, self.tasks, self.reloads, self.states_a_run,
                    level=(*frame.level, frame.state), clock=self.clock,
                )  # fmt: skip
                ending = child.end()
                failed += ending.status != "SUCCEEDED"
                outputs += [ending.output] if ending.status == "SUCCEEDED" else []
        except StateError as failure:
            return Failed(failure.error, failure.cause)
        if failed > frame.work["tolerated_count"]:
            return Failed(EXCEED_TOLERATED_FAILURE_THRESHOLD, "too many")
        return Completed(outputs)

    # -- what there is to see

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def details(self, event_type: str) -> list[dict[str, Any]]:
        """The details of every event of a type."""
        return [dict(event.details) for event in self.events if event.type == event_type]

    def entered(self, state: str) -> list[Any]:
        """The inputs with which a state was entered."""
        return [
            json.loads(event.details["input"])
            for event in self.events
            if event.type.endswith("StateEntered") and event.details["name"] == state
        ]

    def check(self) -> None:
        """What is true of every history."""
        assert [event.id for event in self.events] == list(range(1, len(self.events) + 1))
        assert all(event.previous_id < event.id for event in self.events)
        assert self.events[0].type == "ExecutionStarted" and self.types.count("ExecutionStarted") == 1
        times = [event.timestamp for event in self.events]
        assert times == sorted(times)
        entered = [(event.id, event.details["name"]) for event in self.events if event.type.endswith("StateEntered")]
        exited = [event.details["name"] for event in self.events if event.type.endswith("StateExited")]
        names = collections.Counter(name for _, name in entered)
        assert not collections.Counter(exited) - names, "a state was left that was not entered"
        if self.ending is not None:
            last = {
                "SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed",
                "TIMED_OUT": "ExecutionTimedOut", "ABORTED": "ExecutionAborted",
            }[self.ending.status]  # fmt: skip
            assert self.types[-1] == last
            assert not self._pending, f"the execution ended, and nobody takes back {self._pending}"
        if self.ending is not None and self.ending.status == "SUCCEEDED" and not self.types.count("ExecutionRedriven"):
            assert not self._disk, f"frames were left behind: {self._disk}"


class Ended(Driver):
    """One that has run to its end."""

    ending: Ending


def _goes_on(effect: Effect) -> bool:
    return isinstance(effect, RunTask) and effect.resource.endswith((".sync", ".sync:2", ".waitForTaskToken"))


def story(driver: Driver) -> list[tuple[Any, ...]]:
    """A history without what may differ between two runs of it."""
    return [
        (
            event.id,
            event.previous_id,
            event.type,
            event.timestamp,
            _RANDOM_ARN.sub("mapRun", json.dumps(dict(event.details), sort_keys=True)),
        )
        for event in driver.events
    ]


def play(
    definition: Mapping[str, Any], value: Any = None, tasks: Callable[[], Handler] = lambda: echo, **options: Any
) -> Ended:
    """Run to the end, in memory and with a crash after every step: both must be the same. Gives the first."""
    value = {} if value is None else value
    plain = Driver(definition, value, tasks(), **options)
    plain.end()
    plain.check()
    crashed = Driver(definition, value, tasks(), reloads=True, **options)
    assert crashed.end() == plain.ending
    crashed.check()
    assert story(crashed) == story(plain)
    return cast(Ended, plain)


def script(**outcomes: Sequence[Any]) -> Callable[[], Handler]:
    """A Script for ``play``, which needs a fresh one for each run."""
    return lambda: Script(outcomes)


# -- definitions, briefly


def machine(*states: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A state machine of states in their order: each goes on to the next unless it says otherwise."""
    return {**level(*states), **fields}


def level(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    written = {}
    for number, (name, fields) in enumerate(states):
        fields = dict(fields)
        if fields["Type"] not in ("Choice", "Succeed", "Fail") and not fields.keys() & {"Next", "End"}:
            fields |= {"Next": states[number + 1][0]} if number + 1 < len(states) else {"End": True}
        written[name] = fields
    return {"StartAt": states[0][0], "States": written}


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": fields.pop("Resource", FUNCTION), **fields}


def a_pass(**fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", **fields}


def wait(seconds: int = 1, **fields: Any) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds, **fields}


def fail(error: str = "Bad", cause: str = "because", **fields: Any) -> dict[str, Any]:
    return {"Type": "Fail", "Error": error, "Cause": cause, **fields}


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": list(branches), **fields}


def a_map(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, **fields}


def retry(*names: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(names or ("States.ALL",)), **fields}


def catch(*names: str, to: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(names or ("States.ALL",)), "Next": to, **fields}


def times(driver: Driver, event_type: str) -> Iterator[float]:
    """Seconds since the start of every event of a type."""
    return (event.timestamp - EPOCH for event in driver.events if event.type == event_type)
