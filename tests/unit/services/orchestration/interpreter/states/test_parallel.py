from __future__ import annotations

from typing import Any

import pytest

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
    never,
    parallel,
    play,
    retry,
    script,
    task,
    wait,
)

TOKEN = f"{INVOKE}.waitForTaskToken"


def test_results_come_in_the_order_of_the_branches() -> None:
    branches = [level(("Slow", wait(5)), ("S", a_pass(Result="slow"))), level(("Q", a_pass(Result="quick")))]
    done = play(machine(("P", parallel(*branches))), {"x": 1})
    assert done.ending.output == ["slow", "quick"]
    assert done.entered("Slow") == done.entered("Q") == [{"x": 1}]
    assert done.types[1:3] == ["ParallelStateEntered", "ParallelStateStarted"]
    assert done.types[-3:] == ["PassStateExited", "ParallelStateExited", "ExecutionSucceeded"]


def test_every_field_with_jsonpath() -> None:
    fields = {
        "InputPath": "$.in", "Parameters": {"p.$": "$.a"}, "ResultSelector": {"one.$": "$[0]", "both.$": "$"},
        "ResultPath": "$.r", "OutputPath": "$.r", "Assign": {"v.$": "$.both[1]"},
    }  # fmt: skip
    states = machine(
        ("P", parallel(level(("A", a_pass())), level(("B", a_pass(Result=2))), **fields)),
        ("After", a_pass(Parameters={"v.$": "$v", "in.$": "$"})),
    )
    done = play(states, {"in": {"a": 1}})
    assert done.ending.output == {"v": 2, "in": {"one": {"p": 1}, "both": [{"p": 1}, 2]}}


def test_every_field_with_jsonata() -> None:
    fields = {
        "Arguments": {"p": "{% $states.input.a %}"},
        "Output": "{% $states.result[0].p %}",
        "Assign": {"v": "{% $states.result[1] %}"},
    }
    states = machine(
        ("P", parallel(level(("A", a_pass())), level(("B", a_pass(Output=2))), **fields)),
        ("After", a_pass(Output=["{% $states.input %}", "{% $v %}"])),
        QueryLanguage="JSONata",
    )
    assert play(states, {"a": 7}).ending.output == [7, 2]


def test_variables_of_a_branch_stay_in_it() -> None:
    branch = level(
        ("Set", a_pass(Assign={"inner.$": "$outer"})),
        ("Get", a_pass(Parameters={"inner.$": "$inner", "outer.$": "$outer"})),
    )
    states = machine(
        ("Set first", a_pass(Assign={"outer": 1})),
        ("P", parallel(branch)),
        ("After", a_pass(Parameters={"inner.$": "$inner"})),
    )
    done = play(states)
    assert done.entered("After") == [[{"inner": 1, "outer": 1}]]
    assert done.ending.error == "States.Runtime"


def test_the_first_branch_that_fails_fails_the_state_and_ends_the_others() -> None:
    branches = [level(("F", wait(1)), ("Fail", fail())), level(("W", wait(60))), level(("T", task(Resource=TOKEN)))]
    driver = Driver(machine(("P", parallel(*branches))), tasks=lambda effect: Answered(None))
    ending = driver.end()
    assert (ending.error, ending.cause) == ("Bad", "because")
    assert driver.types[-2:] == ["ParallelStateFailed", "ExecutionFailed"]
    assert [(forgotten.has_token, forgotten.ended) for forgotten in driver.forgotten] == [(True, False)]
    assert driver.clock.now - driver.events[0].timestamp == 1
    driver.check()
    play(machine(("P", parallel(*branches))), {}, lambda: lambda effect: Answered(None))


def test_attempts_of_the_other_branches_are_taken_back_when_the_error_is_caught() -> None:
    states = machine(
        ("P", parallel(level(("T", task())), level(("U", task())), Catch=[catch(to="Caught")])),
        ("Caught", wait(5)),
        ("End", a_pass()),
    )
    driver = Driver(states, tasks=lambda effect: Failed("E", None) if effect.state == "U" else None)
    driver.settle()
    assert {(forgotten.frame, forgotten.ended) for forgotten in driver.forgotten} == {(2, False), (3, True)}
    assert list(driver.machine.frames) == [1]
    # Whatever it says now, nobody waits for it.
    driver.deliver(2, 1, Completed("late"))
    assert driver.end().output == {"Error": "E"}


def test_timeouts_of_several_branches_at_one_moment_count_once() -> None:
    branches = [level((name, task(TimeoutSeconds=5))) for name in ("A", "B", "C")]
    states = machine(("P", parallel(*branches, Catch=[catch("States.Timeout", to="Caught")])), ("Caught", a_pass()))
    done = play(states, {}, lambda: never)
    assert done.ending.output == {"Error": "States.Timeout"}
    assert done.types.count("LambdaFunctionTimedOut") == 1
    assert done.types.count("PassStateEntered") == 1


def test_waits_that_end_at_the_moment_when_the_state_fails() -> None:
    """The frames that are due are looked up before the first one's failure takes the others away."""
    item = {"ItemSelector": {"x.$": "$$.Map.Item.Value.x"}, "MaxConcurrency": 2}
    states = machine(
        ("M", a_map(level(("W", wait(5))), **item, Catch=[catch("States.Runtime", to="Caught")])),
        ("Caught", a_pass(Result="caught")),
    )
    # The third item has no x: as the first iteration ends, the next cannot begin, and the second ends just then.
    done = play(states, [{"x": 1}, {"x": 2}, {"y": 3}])
    assert done.ending.output == "caught"
    assert done.types.count("WaitStateExited") == 1


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_an_error_rises_through_every_level(depth: int) -> None:
    inner: dict[str, Any] = level(("Fail", fail()))
    for number in range(depth):
        state = parallel(inner) if number % 2 else a_map(inner, ItemsPath="$.items", ItemSelector={"items": [1]})
        inner = level((f"L{number}", state))
    states = machine(
        ("Top", parallel(inner, level(("W", wait(9))), Catch=[catch("Bad", to="Caught")])), ("Caught", a_pass())
    )
    assert play(states, {"items": [1]}).ending.output == {"Error": "Bad", "Cause": "because"}


def test_an_error_is_caught_by_the_innermost_catcher() -> None:
    inner = level(("T", task(Catch=[catch("A", to="Inner")])), ("Inner", a_pass(Result="inner")))
    states = machine(
        ("P", parallel(inner, Catch=[catch(to="Outer")])), ("End", a_pass(End=True)), ("Outer", a_pass(Result="outer"))
    )
    assert play(states, {}, script(T=[Failed("A", None)])).ending.output == ["inner"]
    assert play(states, {}, script(T=[Failed("B", None)])).ending.output == "outer"


def test_a_result_that_cannot_be_placed() -> None:
    states = machine(
        (
            "P",
            parallel(
                level(("A", a_pass())), ResultSelector={"x.$": "$[9]"}, Retry=[retry("States.Runtime", MaxAttempts=1)]
            ),
        )
    )
    done = play(states)
    assert done.ending.error == "States.Runtime"
    # A retry runs the branches again.
    assert len(done.entered("A")) == 2


def test_the_arguments_of_a_branch_are_bounded() -> None:
    big = {"Parameters": {"a.$": "$", "b.$": "$", "c.$": "$"}}
    done = play(machine(("P", parallel(level(("A", a_pass(Result=1))), **big))), "x" * 100_000)
    assert done.ending.error == "States.DataLimitExceeded"
