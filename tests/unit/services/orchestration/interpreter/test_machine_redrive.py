from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.interpreter.outcomes import Answered, Failed
from tests.unit.services.orchestration.interpreter.driver import (
    Driver,
    Handler,
    a_map,
    a_pass,
    catch,
    level,
    machine,
    parallel,
    retry,
    task,
    wait,
)


class Broken:
    """Tasks named in ``states`` fail until they are mended; all others answer with what they were given."""

    def __init__(self, *states: str) -> None:
        self.states = set(states)
        self.ran: list[Any] = []

    def __call__(self, effect: Any) -> Any:
        self.ran.append(effect.state)
        return Failed("Broken", effect.state) if effect.state in self.states else Answered(effect.parameters)


def redriven(definition: Any, value: Any, broken: Broken, *, reloads: bool) -> Driver:
    """An execution that fails, is mended, and redriven to its end."""
    driver = Driver(definition, value, broken, reloads)
    assert driver.end().status == "FAILED"
    driver.check()
    broken.states.clear()
    broken.ran.clear()
    driver.redrive()
    assert driver.end().status == "SUCCEEDED", driver.ending
    driver.check()
    return driver


RELOADS = pytest.mark.parametrize("reloads", [False, True])


@RELOADS
def test_a_failed_task_is_run_again_and_nothing_before_it(reloads: bool) -> None:
    broken = Broken("Two")
    states = machine(("One", task()), ("Two", task()), ("Three", task()))
    driver = redriven(states, {"x": 1}, broken, reloads=reloads)
    assert broken.ran == ["Two", "Three"]
    assert driver.ending is not None and driver.ending.output == {"x": 1}
    at = driver.types.index("ExecutionRedriven")
    assert driver.types[at - 1] == "ExecutionFailed"
    assert driver.details("ExecutionRedriven") == [{"redriveCount": 1}]
    # The state was entered already.
    assert driver.types[at + 1] == "LambdaFunctionScheduled"
    assert driver.events[at + 1].previous_id == driver.events[at].id


@RELOADS
def test_branches_that_finished_are_not_run_again(reloads: bool) -> None:
    broken = Broken("B2")
    branches = [level(("A1", task()), ("A2", task())), level(("B1", task()), ("B2", task()), ("B3", task()))]
    driver = redriven(machine(("P", parallel(*branches))), 7, broken, reloads=reloads)
    assert broken.ran == ["B2", "B3"]
    assert driver.ending is not None and driver.ending.output == [7, 7]


@RELOADS
def test_branches_that_were_aborted_go_on(reloads: bool) -> None:
    broken = Broken("B")
    branches = [level(("W", wait(60)), ("A", task())), level(("W1", wait(1)), ("B", task()))]
    redriven(machine(("P", parallel(*branches))), 7, broken, reloads=reloads)
    assert broken.ran == ["B", "A"]


@RELOADS
def test_iterations_that_finished_are_not_run_again(reloads: bool) -> None:
    class Items(Broken):
        def __call__(self, effect: Any) -> Any:
            self.ran.append(effect.parameters)
            return Failed("Broken", None) if str(effect.parameters) in self.states else Answered(effect.parameters)

    broken = Items("2")
    processor = level(("T", task()), ("After", a_pass()))
    driver = redriven(machine(("M", a_map(processor, MaxConcurrency=2))), [0, 1, 2, 3, 4], broken, reloads=reloads)
    assert sorted(broken.ran) == [2, 3, 4]
    assert driver.ending is not None and driver.ending.output == [0, 1, 2, 3, 4]


@RELOADS
def test_from_the_deepest_level(reloads: bool) -> None:
    broken = Broken("Deep")
    deep = level(("Before", task()), ("Deep", task()), ("After", task()))
    branches = [level(("M", a_map(deep)), ("AfterM", task())), level(("Other", task()))]
    states = machine(("First", task()), ("Top", a_map(level(("P", parallel(*branches))))), ("Last", task()))
    driver = redriven(states, [[1, 2], [3]], broken, reloads=reloads)
    assert driver.ending is not None and driver.ending.output == [[[1, 2], [1, 2]], [[3], [3]]]
    assert broken.ran.count("Deep") == 3
    assert "Before" not in broken.ran and "First" not in broken.ran


@RELOADS
def test_several_times(reloads: bool) -> None:
    broken = Broken("T", "U")
    driver = Driver(
        machine(("P", parallel(level(("T", task())), level(("W", wait(1)), ("U", task()))))), 1, broken, reloads
    )
    for count in range(1, 5):
        assert driver.end().status == "FAILED"
        driver.redrive()
        assert driver.details("ExecutionRedriven")[-1] == {"redriveCount": count}
        broken.states.discard("T" if count == 3 else "U" if count == 4 else "")
    assert driver.end().status == "SUCCEEDED"
    driver.check()


@RELOADS
def test_retries_begin_anew(reloads: bool) -> None:
    broken = Broken("T")
    driver = Driver(machine(("T", task(Retry=[retry(MaxAttempts=2)]))), 1, broken, reloads)
    driver.end()
    assert len(broken.ran) == 3
    driver.redrive()
    assert driver.end().status == "FAILED"
    assert len(broken.ran) == 6


@RELOADS
@pytest.mark.parametrize("seconds", [0, 1, 5, 6])
def test_of_an_execution_that_was_stopped(reloads: bool, seconds: int) -> None:
    broken = Broken("R")
    branches = [level(("W", wait(5)), ("A", task())), level(("R", task(Retry=[retry(IntervalSeconds=5)])))]
    driver = Driver(machine(("P", parallel(*branches))), 1, broken, reloads)
    driver.settle()
    driver.advance(seconds)
    driver.stop()
    broken.states.clear()
    driver.redrive()
    assert driver.end().output == [1, 1]
    driver.check()


@RELOADS
def test_of_an_execution_that_timed_out(reloads: bool) -> None:
    states = machine(("W", wait(10)), ("T", task()), TimeoutSeconds=5)
    driver = Driver(states, 1, Broken(), reloads)
    assert driver.end().status == "TIMED_OUT"
    driver.redrive()
    assert driver.end().status == "SUCCEEDED"


@RELOADS
def test_of_a_state_that_failed_by_itself(reloads: bool) -> None:
    """Nothing in it is to be taken up: all of it is done again."""
    broken = Broken()
    states = machine(("M", a_map(level(("T", task())), ItemSelector={"x.$": "$$.Map.Item.Value.x"}, MaxConcurrency=2)))
    driver = Driver(states, [{"x": 1}, {"x": 2}, {}], broken, reloads)
    for _ in range(2):
        assert driver.end().error == "States.Runtime"
        driver.check()
        driver.redrive()


@RELOADS
def test_of_a_catcher_that_failed(reloads: bool) -> None:
    broken = Broken("T")
    states = machine(
        (
            "P",
            parallel(
                level(("T", task(Catch=[catch(to="C", ResultPath="$.a")])), ("C", a_pass())), level(("U", task()))
            ),
        )
    )
    redriven(states, "no object", broken, reloads=reloads)
    assert sorted(broken.ran) == ["T", "U"]


@RELOADS
def test_after_a_first_state_that_was_never_entered(reloads: bool) -> None:
    driver = Driver(machine(("A", a_pass())), 1, reloads=reloads)
    driver.write()
    driver.stop()
    driver.redrive()
    assert driver.end().output == 1
    driver.check()


def test_the_context_tells_of_it() -> None:
    broken = Broken("T")

    def tasks(effect: Any) -> Any:
        return broken(effect)

    handler: Handler = tasks
    driver = Driver(machine(("T", task(Parameters={"n.$": "$$.Execution.RedriveCount"}))), 1, handler)
    driver.end()
    broken.states.clear()
    driver.redrive()
    assert driver.end().output == {"n": 1}
