from __future__ import annotations

import collections
from typing import Any

import pytest

from services.orchestration.interpreter.effects import RunMap
from services.orchestration.interpreter.outcomes import Answered, Completed, Failed
from tests.unit.services.orchestration.interpreter.driver import (
    INVOKE,
    Driver,
    a_map,
    a_pass,
    catch,
    fail,
    level,
    machine,
    parallel,
    play,
    retry,
    script,
    task,
    wait,
)

ECHO = level(("Echo", a_pass()))
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
TOKEN = f"{INVOKE}.waitForTaskToken"


@pytest.mark.parametrize("processor", [ECHO, {**ECHO, **DISTRIBUTED}])
@pytest.mark.parametrize(
    ("fields", "value", "output"),
    [
        ({}, [1, {"a": 2}, None], [1, {"a": 2}, None]),
        ({}, [], []),
        ({"ItemsPath": "$.items"}, {"items": [1]}, [1]),
        ({"InputPath": "$.deep", "ItemsPath": "$.items"}, {"deep": {"items": [3]}}, [3]),
        (
            {
                "ItemsPath": "$.items",
                "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "in.$": "$.x"},
            },
            {"items": ["a", "b"], "x": 9},
            [{"i": 0, "v": "a", "in": 9}, {"i": 1, "v": "b", "in": 9}],
        ),
        ({"ItemsPath": "$.items", "Parameters": {"v.$": "$$.Map.Item.Value"}}, {"items": [4]}, [{"v": 4}]),
        (
            {"ItemsPath": "$.items", "ResultPath": "$.r", "ResultSelector": {"all.$": "$"}},
            {"items": [5]},
            {"items": [5], "r": {"all": [5]}},
        ),
        ({"ItemsPath": "$.items", "ResultPath": None, "OutputPath": "$.items"}, {"items": [6]}, [6]),
        ({"MaxConcurrency": 1}, [1, 2, 3], [1, 2, 3]),
    ],
)
def test_jsonpath(processor: dict[str, Any], fields: dict[str, Any], value: Any, output: Any) -> None:
    assert play(machine(("M", a_map(processor, **fields))), value).ending.output == output


@pytest.mark.parametrize("processor", [ECHO, {**ECHO, **DISTRIBUTED}])
@pytest.mark.parametrize(
    ("fields", "value", "output"),
    [
        ({}, [1, 2], [1, 2]),
        ({"Items": "{% $states.input.items %}"}, {"items": [1]}, [1]),
        ({"Items": [1, "{% 1 + 1 %}"]}, {}, [1, 2]),
        (
            {
                "ItemSelector": {
                    "i": "{% $states.context.Map.Item.Index %}",
                    "v": "{% $states.context.Map.Item.Value * 2 %}",
                }
            },
            [3, 4],
            [{"i": 0, "v": 6}, {"i": 1, "v": 8}],
        ),
        ({"Output": "{% $sum($states.result) %}"}, [1, 2], 3),
        ({"MaxConcurrency": "{% 1 %}"}, [1, 2], [1, 2]),
        ({"Items": "{% $states.input %}"}, {"a": 1}, [{"Key": "a", "Value": 1}]),
    ],
)
def test_jsonata(processor: dict[str, Any], fields: dict[str, Any], value: Any, output: Any) -> None:
    states = machine(("M", a_map(processor, **fields)), QueryLanguage="JSONata")
    assert play(states, value).ending.output == output


def test_an_inline_map_event_by_event() -> None:
    done = play(machine(("M", a_map(ECHO))), ["a"])
    assert done.types == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapIterationStarted", "PassStateEntered",
        "PassStateExited", "MapIterationSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert done.details("MapStateStarted") == [{"length": 1}]
    assert done.details("MapIterationStarted") == [{"name": "M", "index": 0}]


@pytest.mark.parametrize(("concurrency", "most"), [(0, 40), (1, 1), (3, 3), (100, 40)])
@pytest.mark.parametrize("reloads", [False, True])
def test_max_concurrency(concurrency: int, most: int, reloads: bool) -> None:
    states = machine(("M", a_map(level(("T", task(Resource=TOKEN))), MaxConcurrency=concurrency)))
    driver = Driver(states, list(range(50)), lambda effect: Answered(None), reloads=reloads)
    driver.settle()
    for left in range(50, 0, -1):
        running = len(driver.under_way)
        assert running == min(most, left)
        driver.answer("T", Completed(left))
    assert driver.ending is not None and len(driver.ending.output) == 50


def test_an_iteration_that_fails_ends_the_others() -> None:
    processor = level(("T", task()), ("Never", a_pass()))
    states = machine(("M", a_map(processor, MaxConcurrency=3, Catch=[catch(to="Caught")])), ("Caught", a_pass()))

    def tasks(effect: Any) -> Any:
        return Failed("E", "c") if effect.parameters == 1 else None

    driver = Driver(states, [0, 1, 2, 3, 4], tasks)
    assert driver.end().output == {"Error": "E", "Cause": "c"}
    driver.check()
    counts = collections.Counter(driver.types)
    assert counts["MapIterationStarted"] == 3
    assert counts["MapIterationFailed"] == 1
    assert counts["MapIterationAborted"] == 2
    assert {forgotten.ended for forgotten in driver.forgotten} == {True, False}
    assert driver.entered("Caught") == [{"Error": "E", "Cause": "c"}]


@pytest.mark.parametrize("value", [{"items": 5}, {"items": "text"}, {"items": None}])
def test_items_that_are_no_array(value: Any) -> None:
    assert play(machine(("M", a_map(ECHO, ItemsPath="$.items"))), value).ending.error == "States.Runtime"


@pytest.mark.parametrize("value", [-1, 1.5, None, "x", True])
def test_a_concurrency_that_is_none(value: Any) -> None:
    done = play(machine(("M", a_map(ECHO, ItemsPath="$.items", MaxConcurrencyPath="$.c"))), {"items": [1], "c": value})
    assert done.ending.error == "States.Runtime"


def test_maps_in_parallels_in_maps() -> None:
    inner = a_map(level(("T", task(Parameters={"n.$": "$", "outer.$": "$outer"}))), MaxConcurrency=2)
    branch = level(("Inner", inner))
    processor = level(("Set", a_pass(Assign={"outer.$": "$$.Map.Item.Index"})), ("P", parallel(branch, branch)))
    done = play(machine(("M", a_map(processor))), [[1, 2, 3], [4]])
    assert done.ending.output == [
        [[{"n": n, "outer": 0} for n in (1, 2, 3)]] * 2,
        [[{"n": 4, "outer": 1}]] * 2,
    ]


def test_a_failure_deep_inside_ends_everything_around_it() -> None:
    deep = parallel(level(("T", task())), level(("W", wait(50))))
    processor = level(("P", deep))
    states = machine(
        ("Top", parallel(level(("M", a_map(processor))), level(("Other", task())), Catch=[catch("E", to="End")])),
        ("End", a_pass()),
    )
    driver = Driver(
        states, [1, 2], lambda effect: Failed("E", None) if effect.state == "T" and effect.parameters == 2 else None
    )
    assert driver.end().output == {"Error": "E"}
    driver.check()
    assert list(driver.machine.frames) == []


def test_an_item_selector_that_fails_for_a_later_item_is_caught() -> None:
    fields = {
        "ItemSelector": {"x.$": "$$.Map.Item.Value.x"},
        "MaxConcurrency": 1,
        "Catch": [catch("States.Runtime", to="Caught")],
    }
    states = machine(("M", a_map(level(("T", task())), **fields)), ("Caught", a_pass(Result="caught")))
    done = play(states, [{"x": 1}, {}])
    assert done.ending.output == "caught"
    assert len(done.calls) == 1


def test_an_item_selector_that_fails_takes_back_what_runs() -> None:
    fields = {"ItemSelector": {"x.$": "$$.Map.Item.Value.x"}, "MaxConcurrency": 2}
    states = machine(("M", a_map(level(("T", task())), **fields)))
    driver = Driver(
        states, [{"x": 1}, {"x": 2}, {}], lambda effect: Answered(1) if effect.parameters["x"] == 1 else None
    )
    assert driver.end().error == "States.Runtime"
    driver.check()
    assert [(forgotten.frame, forgotten.ended) for forgotten in driver.forgotten] == [(2, True), (3, False)]


def test_an_item_that_is_too_large() -> None:
    fields = {"ItemsPath": "$.items", "ItemSelector": {"a.$": "$.big", "b.$": "$.big", "c.$": "$.big"}}
    done = play(machine(("M", a_map(ECHO, **fields))), {"items": [1], "big": "x" * 100_000})
    assert done.ending.error == "States.DataLimitExceeded"


# -- distributed


def distributed(**fields: Any) -> dict[str, Any]:
    return a_map({**level(("T", task())), **DISTRIBUTED}, **fields)


def test_a_distributed_map_event_by_event() -> None:
    done = play(machine(("M", distributed(Label="all"))), [1, 2])
    assert done.types == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded",
        "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert done.details("MapRunStarted")[0]["mapRunArn"].startswith(
        "arn:aws:states:us-east-1:000000000000:mapRun:machine/all:"
    )


def test_failures_that_are_tolerated() -> None:
    def tasks(effect: Any) -> Any:
        return Failed("E", None) if effect.parameters == 2 else Answered(effect.parameters)

    assert play(machine(("M", distributed(ToleratedFailureCount=1))), [1, 2, 3], lambda: tasks).ending.output == [1, 3]
    done = play(
        machine(("M", distributed(Retry=[retry("States.ExceedToleratedFailureThreshold", MaxAttempts=1)]))),
        [1, 2, 3],
        lambda: tasks,
    )
    assert done.ending.error == "States.ExceedToleratedFailureThreshold"
    assert done.types.count("MapRunStarted") == done.types.count("MapRunFailed") == 2


def test_variables_stay_outside() -> None:
    inner = {**level(("Get", a_pass(Parameters={"v.$": "$v"}))), **DISTRIBUTED}
    done = play(machine(("Set", a_pass(Assign={"v": 1}, Result=[1])), ("M", a_map(inner))))
    assert done.ending.error == "States.ExceedToleratedFailureThreshold"


def test_a_map_run_that_is_stopped_from_outside_is_taken_back() -> None:
    driver = Driver(machine(("M", distributed())), [1])
    driver.machine.run()
    driver.states_a_run = 0
    progress = driver.machine.take()
    assert progress.effects == [RunMap(1, 1)]
    driver.machine.stop("E", "C")
    assert [(effect.frame, effect.attempt, effect.ended) for effect in driver.machine.take().effects] == [(1, 1, False)]  # type: ignore[union-attr]


@pytest.mark.parametrize(("count", "percentage"), [(-1, 0), (0, -1), (0, 101), (1.5, 0), (0, "x"), (None, 0)])
def test_tolerances_that_are_none(count: Any, percentage: Any) -> None:
    fields = {"ItemsPath": "$.items", "ToleratedFailureCountPath": "$.c", "ToleratedFailurePercentagePath": "$.p"}
    done = play(machine(("M", distributed(**fields))), {"items": [1], "c": count, "p": percentage})
    assert done.ending.error == "States.Runtime"


def test_an_empty_map_run() -> None:
    assert play(machine(("M", distributed())), []).ending.output == []


def test_a_failed_iteration_names_its_error() -> None:
    done = play(machine(("M", a_map(level(("F", fail("E", "C")))))), [1], script())
    assert (done.ending.error, done.ending.cause) == ("E", "C")
