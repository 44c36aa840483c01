from __future__ import annotations

import json
from typing import Any

import pytest

from services.orchestration.interpreter.history import MOST_EVENTS
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
    story,
    task,
    wait,
)

TOKEN = f"{INVOKE}.waitForTaskToken"
NESTED = parallel(
    level(("M", a_map(level(("T", task(Resource=TOKEN)))))),
    level(("W", wait(50))),
    level(("R", task(Retry=[retry(IntervalSeconds=9)]))),
)


def of_nested(effect: Any) -> Any:
    return Failed("E", None) if effect.state == "R" else Answered(None)


# -- stop, and too late


@pytest.mark.parametrize("reloads", [False, True])
def test_stop_ends_everything_at_any_moment(reloads: bool) -> None:
    steps = 0
    while True:
        driver = Driver(machine(("P", NESTED)), [1, 2], of_nested, reloads, states_a_run=1)
        driver.machine.run(0)
        driver.write()
        for _ in range(steps):
            driver.machine.run(1)
            driver.write()
        everything_waits = not driver.machine.run(1)
        driver.write()
        ending = driver.stop("Stopped", "by me")
        assert (ending.status, ending.error, ending.cause) == ("ABORTED", "Stopped", "by me")
        assert driver.details("ExecutionAborted") == [{"error": "Stopped", "cause": "by me"}]
        driver.check()
        assert not driver.under_way
        before = list(driver.events)
        driver.machine.stop(None, None)
        driver.machine.tick()
        driver.machine.run()
        assert not driver.machine.take().events and driver.events == before
        if everything_waits:
            return
        steps += 1


def test_stop_without_a_reason() -> None:
    driver = Driver(machine(("W", wait(5))))
    driver.settle()
    assert driver.stop().error is None
    assert driver.details("ExecutionAborted") == [{}]


def test_the_executions_own_timeout() -> None:
    done = play(machine(("P", NESTED), TimeoutSeconds=20), [1, 2], lambda: of_nested)
    assert (done.ending.status, done.ending.error, done.ending.cause) == ("TIMED_OUT", None, None)
    assert done.clock.now - done.events[0].timestamp == 20


def test_the_executions_own_timeout_ends_a_loop() -> None:
    driver = Driver(machine(("A", a_pass(Next="B")), ("B", a_pass(Next="A")), TimeoutSeconds=5))
    driver.machine.run()
    driver.write()
    driver.clock.now += 5
    driver.machine.tick()
    driver.write()
    assert driver.ending is not None and driver.ending.status == "TIMED_OUT"


# -- limits


def test_a_loop_gives_others_their_turn() -> None:
    driver = Driver(machine(("A", a_pass(Next="B")), ("B", a_pass(Next="A"))))
    assert driver.machine.run(100) is True
    assert len(driver.machine.take().events) == 201
    assert driver.machine.run(1) is True


@pytest.mark.parametrize("states", [
    (("A", a_pass(Next="B")), ("B", a_pass(Next="A"))),
    (("A", a_pass(Result=[])), ("B", a_map(level(("T", task())), Next="A"))),
    # The event that is one too many is one of a failure here.
    (("A", task(Resource=INVOKE, Catch=[catch(to="A")])),),
    (("A", a_pass()), ("B", task(Catch=[catch(to="A")]))),
    (("A", parallel(level(("F", fail())), Catch=[catch(to="A")])),),
    (("A", a_pass(Result=[1])), ("B", a_map(level(("F", fail())), Catch=[catch(to="A")]))),
    (("A", a_pass(Result=[1])), ("B", a_pass()), ("C", a_map(level(("T", task())), Retry=[retry(MaxAttempts=99999999, BackoffRate=1)]))),
])  # fmt: skip
def test_the_history_has_an_end(states: Any) -> None:
    driver = Driver(machine(*states), {}, lambda effect: Failed("E", None))
    ending = driver.end()
    assert ending.status == "FAILED"
    assert str(MOST_EVENTS) in str(ending.cause)
    assert len(driver.events) == MOST_EVENTS
    driver.check()


def test_an_execution_without_a_history_has_no_such_end() -> None:
    driver = Driver(machine(("A", a_pass(Next="B")), ("B", a_pass(Next="A"))), keeps_history=False)
    for _ in range(300):
        assert driver.machine.run(100)
        assert not driver.machine.take().events
    assert driver.machine.next_event > MOST_EVENTS


@pytest.mark.parametrize("text", ["x" * 262_142, "ü" * 131_071])
def test_an_output_may_have_256_kib(text: str) -> None:
    assert play(machine(("A", a_pass())), text).ending.output == text
    done = play(machine(("A", a_pass(Parameters={"x.$": "$"}))), text)
    assert done.ending.error == "States.DataLimitExceeded"


def test_what_states_all_does_not_stand_for() -> None:
    states = machine(("A", task(Catch=[catch(to="B")])), ("B", a_pass()))
    done = play(states, {}, script(A=["x" * 262_143]))
    assert done.ending.error == "States.DataLimitExceeded"


def test_a_cause_may_have_32768_characters() -> None:
    done = play(machine(("F", {"Type": "Fail", "CausePath": "$"})), "x" * 40_000)
    assert done.ending.cause == "x" * 32_768 == done.details("ExecutionFailed")[0]["cause"]


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_a_value_that_grows_deeper_and_deeper(language: str) -> None:
    deeper = {"Output": {"x": "{% $states.input %}"}} if language == "JSONata" else {"Parameters": {"x.$": "$"}}
    states = machine(("A", a_pass(Next="B", **deeper)), ("B", a_pass(Next="A")), QueryLanguage=language)
    driver = Driver(states, {}, reloads=True)
    assert driver.end().status == "FAILED"
    driver.check()
    assert len(driver.events) < 25_000


def test_a_definition_with_numbers_and_texts_that_other_libraries_refuse() -> None:
    done = play(
        machine(
            ("A", a_pass(Result={"big": 123456789012345678901234567890, "text": "\ud800"})),
            ("B", wait(1)),
            ("C", a_pass()),
        )
    )
    assert done.ending.status == "SUCCEEDED"
    json.dumps(done.ending.output).encode()


# -- variables


def test_variables() -> None:
    states = machine(
        ("A", a_pass(Assign={"a": 1, "b.$": "$.x"}, Result={"x": 2})),
        ("B", a_pass(Assign={"a.$": "States.MathAdd($a, 1)", "was.$": "$a"})),
        ("C", a_pass(Parameters={"a.$": "$a", "b.$": "$b", "was.$": "$was"})),
    )
    done = play(states, {"x": 5})
    assert done.ending.output == {"a": 2, "b": 2, "was": 1}
    assert [exited.get("assignedVariables") for exited in done.details("PassStateExited")] == [
        {"a": "1", "b": "2"}, {"a": "2", "was": "1"}, None
    ]  # fmt: skip


def test_outer_variables_are_seen_inside_and_inner_ones_not_outside() -> None:
    get = a_pass(Output={"outer": "{% $outer %}", "mine": "{% $mine %}"})
    processor = level(("Set", a_pass(Assign={"mine": "{% $states.input %}"})), ("Wait", wait(1)), ("Get", get))
    states = machine(
        ("Set first", a_pass(Assign={"outer": "o", "mine": "hidden"} | {}, Output=[1, 2])),
        ("M", a_map(processor)),
        QueryLanguage="JSONata",
    )
    # (validation refuses an inner variable by the name of an outer one; the machine does not rely on that)
    done = play(states)
    assert done.ending.output == [{"outer": "o", "mine": 1}, {"outer": "o", "mine": 2}]


# -- crashes


def test_a_machine_that_is_loaded_goes_on_in_the_midst_of_states() -> None:
    """State by state, with a reload between any two: branches may take other turns, but all comes out the same."""
    processor = level(
        ("S", a_pass(Assign={"v.$": "$"})),
        ("W", wait(1)),
        ("T", task(Retry=[retry()])),
        ("G", a_pass(Parameters={"v.$": "$v", "r.$": "$"})),
    )
    branches = [
        level(("M", a_map(processor, MaxConcurrency=2))),
        level(("U", task(TimeoutSeconds=3, Catch=[catch(to="C")])), ("C", a_pass())),
    ]
    states = machine(("P", parallel(*branches, ResultPath="$.r", Next="End")), ("End", a_pass(OutputPath="$.r")))

    def tasks() -> Any:
        outcomes = script(T=[Failed("E", None), 5])()
        return lambda effect: None if effect.state == "U" else outcomes(effect)

    value: Any = {"items": [1, 2, 3]}
    states["States"]["P"]["Branches"][0]["States"]["M"]["ItemsPath"] = "$.items"
    plain = play(states, value, tasks)
    fine = Driver(states, value, tasks(), reloads=True, states_a_run=1)
    assert fine.end() == plain.ending
    fine.check()

    def without_order(driver: Driver) -> list[Any]:
        return sorted((event[2], event[3], event[4]) for event in story(driver))

    assert without_order(fine) == without_order(plain)


def test_what_happens_is_told_once() -> None:
    driver = Driver(machine(("T", task()), ("W", wait(1))), tasks=never)
    driver.settle()
    driver.deliver(1, 1, Completed(1))
    before = len(driver.events)
    driver.deliver(1, 1, Completed(2))
    driver.deliver(1, 2, Completed(3))
    driver.deliver(9, 1, Completed(4))
    assert len(driver.events) == before
    assert driver.end().output == 1
