"""The machine against a model of a page: generated state machines, both without and with a crash after every step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.orchestration.interpreter.outcomes import Answered, Failed
from services.orchestration.language import validation
from tests.unit.services.orchestration.interpreter import reference_model
from tests.unit.services.orchestration.interpreter.driver import EPOCH, FUNCTION, Driver, Script, story
from tests.unit.services.orchestration.interpreter.reference_model import TooManyEndings, endings

ERRORS = ["A", "B", "States.Timeout"]
NAMES = [
    "A",
    "B",
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.Runtime",
    "States.ResultPathMatchFailure",
    "States.ReferencePathConflict",
]
PATHS = ["$", "$.a", "$.b", "$.a.b"]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([0, 1, "x", None, True]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.fixed_dictionaries({"a": VALUES, "b": VALUES})
READ_PATHS = st.sampled_from(
    [*PATHS, *PATHS, "$$.Execution.Input", "$$.State.Name", "$v3", "$v2", "$v1", "$v0", "$missing"]
)
TEMPLATES = st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2) | st.dictionaries(
    st.sampled_from(["a.$", "b.$"]), READ_PATHS, min_size=1, max_size=2
)
RETRIES = st.lists(
    st.fixed_dictionaries(
        {"ErrorEquals": st.lists(st.sampled_from(["A", "B", "States.Timeout", "States.TaskFailed"]), min_size=1, max_size=2, unique=True)},
        optional={
            "MaxAttempts": st.integers(0, 3), "IntervalSeconds": st.integers(1, 3), "BackoffRate": st.sampled_from([1.0, 2.0]),
            "MaxDelaySeconds": st.just(4),
        },
    ),
    max_size=2,
)  # fmt: skip


class Drawing:
    """Draws a state machine; names of states are its own, so that no two are alike."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.names = 0
        self.outcomes: dict[str, list[tuple[Any, ...]]] = {}

    def level(self, depth: int) -> dict[str, Any]:
        count = self.draw(st.integers(1, 3))
        names = [f"S{self.names + number}" for number in range(count)]
        self.names += count
        states = {}
        for number, name in enumerate(names):
            states[name] = self.state(name, names[number + 1 :], depth)
        return {"StartAt": names[0], "States": reachable(names[0], states)}

    def state(self, name: str, later: list[str], depth: int) -> dict[str, Any]:
        kinds = ["Pass", "Pass", "Task", "Task", "Wait", *(["Parallel", "Map"] * 2 if depth else [])]
        kinds += ["Choice"] if later else ["Succeed", "Fail"]
        kind = self.draw(st.sampled_from(kinds))
        state: dict[str, Any] = {"Type": kind}
        if kind == "Fail":
            return state | {"Error": self.draw(st.sampled_from(["A", "B"])), "Cause": name}
        if kind == "Choice":
            rules = [
                {
                    "Variable": self.draw(st.sampled_from(PATHS[1:])),
                    "NumericEquals": self.draw(st.integers(0, 1)),
                    "Next": next_name,
                }
                for next_name in self.draw(st.lists(st.sampled_from(later), min_size=1, max_size=2))
            ]
            # A variable that is absent is an error of its own; the model takes it for unequal.
            for rule in rules:
                rule["Variable"] = "$$.Execution.Input.a"
            return state | {"Choices": rules, "Default": self.draw(st.sampled_from(later))}
        self.some(state, {"InputPath": st.sampled_from([*PATHS, None]), "OutputPath": st.sampled_from([*PATHS, None])})
        if kind == "Succeed":
            return state
        state |= {"Next": self.draw(st.sampled_from(later))} if later else {"End": True}
        if kind == "Wait":
            return state | {"Seconds": self.draw(st.integers(0, 3))}
        self.some(state, {"ResultPath": st.sampled_from(["$", "$.a", "$.b.c", None]), "Assign": assignments(depth)})
        if kind == "Pass":
            self.some(state, {"Result": VALUES, "Parameters": TEMPLATES})
            return state
        self.some(state, {"ResultSelector": TEMPLATES})
        if self.draw(st.booleans()):
            state["Retry"] = self.draw(RETRIES)
        if later and self.draw(st.booleans()):
            state["Catch"] = [
                {
                    "ErrorEquals": self.draw(
                        st.lists(
                            st.sampled_from([n for n in NAMES if n != "States.ALL"]),
                            min_size=1,
                            max_size=3,
                            unique=True,
                        )
                    ),
                    "Next": self.draw(st.sampled_from(later)),
                    **self.draw(st.sampled_from([{}, {"ResultPath": "$.a"}, {"ResultPath": None}])),
                },
                {"ErrorEquals": ["States.ALL"], "Next": self.draw(st.sampled_from(later))},
            ][: self.draw(st.integers(1, 2))]
        if kind == "Task":
            self.some(state, {"Parameters": TEMPLATES})
            hang = [("hang",)] if self.draw(st.booleans()) else []
            if hang:
                state["TimeoutSeconds"] = self.draw(st.integers(1, 3))
            ends: list[tuple[Any, ...]] = [
                ("ok", "echo"),
                ("ok", {"a": 1}),
                *(("fail", error, name) for error in ERRORS[:2]),
                *hang,
            ]
            self.outcomes[name] = self.draw(st.lists(st.sampled_from(ends), min_size=1, max_size=3))
            return state | {"Resource": FUNCTION}
        if kind == "Parallel":
            self.some(state, {"Parameters": TEMPLATES})
            return state | {"Branches": [self.level(depth - 1) for _ in range(self.draw(st.integers(1, 3)))]}
        selector = st.just({"a.$": "$$.Map.Item.Value", "b.$": "$$.Map.Item.Index"}) | TEMPLATES
        self.some(state, {"ItemSelector": selector, "MaxConcurrency": st.integers(0, 2)})
        state["ItemsPath"] = self.draw(st.sampled_from(["$.a", "$.b", "$$.Execution.Input.items"]))
        return state | {"ItemProcessor": self.level(depth - 1)}

    def some(self, state: dict[str, Any], fields: dict[str, Any]) -> None:
        for field, values in fields.items():
            if self.draw(st.integers(0, 4)) == 0:
                state[field] = self.draw(values)


def reachable(start: str, states: dict[str, Any]) -> dict[str, Any]:
    """Validation refuses states that nothing leads to."""
    found, todo = set(), [start]
    while todo:
        name = todo.pop()
        found.add(name)
        state = states[name]
        targets = [
            state.get("Next"),
            state.get("Default"),
            *(rule["Next"] for rule in (*state.get("Choices", ()), *state.get("Catch", ()))),
        ]
        todo.extend(target for target in targets if target is not None and target not in found)
    return {name: state for name, state in states.items() if name in found}


def assignments(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Of a variable whose name is the level's own: validation refuses one of an outer level's."""
    name = f"v{depth}"
    return st.builds(lambda value: {name: value}, VALUES) | st.sampled_from([{f"{name}.$": "$"}, {f"{name}.$": "$.a"}])


@st.composite
def executions(draw: Any) -> tuple[dict[str, Any], Any, dict[str, list[tuple[Any, ...]]]]:
    """A definition, an input, and how its tasks go."""
    drawing = Drawing(draw)
    definition = drawing.level(draw(st.integers(0, 3)))
    if draw(st.integers(0, 5)) == 0:
        definition["TimeoutSeconds"] = draw(st.integers(1, 4))
    value = {**draw(OBJECTS), "items": draw(st.lists(VALUES, max_size=4))}
    return definition, value, drawing.outcomes


def told(outcomes: dict[str, list[tuple[Any, ...]]]) -> Any:
    """The driver's handler of tasks that go as ``outcomes`` say."""

    def outcome(kind: str, *rest: Any) -> Any:
        if kind == "ok":
            return Answered(rest[0])
        return Failed(rest[0], rest[1]) if kind == "fail" else None

    script = Script({name: [outcome(*one) for one in each] for name, each in outcomes.items()})

    def handler(effect: Any) -> Any:
        answer = script(effect)
        return Answered(effect.parameters) if answer == Answered("echo") else answer

    return handler


def how(driver: Driver) -> tuple[Any, ...]:
    ending = driver.ending
    assert ending is not None
    what = without_causes(ending.output) if ending.status == "SUCCEEDED" else ending.error
    return ending.status, what, driver.clock.now - EPOCH


def without_causes(value: Any) -> Any:
    """The causes of the interpreter's own errors are its own words, which the model does not know."""
    if isinstance(value, list):
        return [without_causes(item) for item in value]
    if not isinstance(value, dict):
        return value
    own = str(value.get("Error", "")).startswith("States.")
    return {name: without_causes(member) for name, member in value.items() if not (own and name == "Cause")}


def play_both(definition: dict[str, Any], value: Any, outcomes: Any) -> list[Driver]:
    drivers = []
    for options in ({}, {"reloads": True}, {"reloads": True, "states_a_run": 1}):
        driver = Driver(definition, value, told(outcomes), **options)
        driver.end()
        driver.check()
        balanced(driver)
        drivers.append(driver)
    assert story(drivers[0]) == story(drivers[1])
    return drivers


def balanced(driver: Driver) -> None:
    """Where nothing failed, every state that was entered was left."""
    if (
        driver.ending is not None
        and driver.ending.status == "SUCCEEDED"
        and not any("Failed" in name or "TimedOut" in name for name in driver.types)
    ):
        for kind in ("Pass", "Task", "Wait", "Choice", "Parallel", "Map", "Succeed"):
            assert driver.types.count(f"{kind}StateEntered") == driver.types.count(f"{kind}StateExited")


def agree(execution: Any) -> None:
    """The machine ends this execution in a way that the model knows."""
    definition, value, outcomes = execution
    try:
        possible = [(status, without_causes(what), at) for status, what, at in endings(definition, value, outcomes)]
    except TooManyEndings:
        assume(False)
    for driver in play_both(definition, value, outcomes):
        assert how(driver) in possible, (how(driver), possible)


@given(executions())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_machine_does_what_the_model_says(execution: Any) -> None:
    agree(execution)


@pytest.mark.slow
@given(executions())
@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_machine_does_what_the_model_says_many_times(execution: Any) -> None:
    agree(execution)


@given(executions(), st.integers(0, 40), st.integers(0, 3))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_redrive_ends_as_well(execution: Any, steps: int, seconds: int) -> None:
    """Stopped anywhere, by whatever, and redriven: it ends, with a whole history and nothing left over."""
    definition, value, outcomes = execution
    driver = Driver(definition, value, told(outcomes), reloads=True, states_a_run=1)
    for _ in range(steps):
        driver.machine.run(1)
        driver.write()
    driver.clock.now += seconds
    if driver.ending is None:
        driver.stop()
    driver.check()
    for _ in range(3):
        if driver.ending is not None and driver.ending.status == "SUCCEEDED":
            break
        driver.redrive()
        driver.end()
        driver.check()


def test_the_generator_makes_what_validation_accepts() -> None:
    """So that the model and the machine are asked about state machines that there can be."""

    @given(executions())
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def check(execution: Any) -> None:
        found = [item for item in validation.diagnose(json.dumps(execution[0])) if "ERROR" in str(item.severity)]
        assert not found, found

    check()


def test_the_model_itself() -> None:
    fail = {"Type": "Fail", "Error": "A"}
    both = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "X", "States": {"X": fail}}, {"StartAt": "Y", "States": {"Y": {**fail, "Error": "B"}}}]}}}  # fmt: skip
    assert sorted(endings(both, {}, {})) == [("FAILED", "A", 0.0), ("FAILED", "B", 0.0)]
    assert reference_model.place({"ResultPath": "$.a.b"}, {"a": {"c": 1}}, 2, 0) == {"a": {"b": 2, "c": 1}}
