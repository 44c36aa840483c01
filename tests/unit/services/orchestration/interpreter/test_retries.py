from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.interpreter import retries
from services.orchestration.interpreter.outcomes import Failed
from tests.unit.services.orchestration.interpreter.driver import (
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
    times,
)

A, B, C = Failed("A", "a"), Failed("B", "b"), Failed("C", None)


def starts(rules: list[dict[str, Any]], *outcomes: Any, **options: Any) -> list[float]:
    """Seconds at which the attempts of a task began."""
    done = play(machine(("T", task(Retry=rules))), {}, script(T=outcomes), **options)
    return list(times(done, "LambdaFunctionScheduled"))


def test_the_defaults_are_three_attempts_from_one_second_on() -> None:
    assert starts([retry()], A) == [0, 1, 3, 7]


@pytest.mark.parametrize(
    ("fields", "moments"),
    [
        ({"MaxAttempts": 0}, [0]),
        ({"MaxAttempts": 2, "IntervalSeconds": 5, "BackoffRate": 1}, [0, 5, 10]),
        ({"MaxAttempts": 3, "IntervalSeconds": 2, "BackoffRate": 3.5}, [0, 2, 9, 33.5]),
        ({"MaxAttempts": 4, "IntervalSeconds": 1, "BackoffRate": 10, "MaxDelaySeconds": 20}, [0, 1, 11, 31, 51]),
        ({"MaxAttempts": 3, "IntervalSeconds": 4, "JitterStrategy": "FULL"}, [0, 2, 6, 14]),
        ({"MaxAttempts": 3, "IntervalSeconds": 4, "JitterStrategy": "NONE"}, [0, 4, 12, 28]),
    ],
)
def test_how_often_and_when(fields: dict[str, Any], moments: list[float]) -> None:
    assert starts([retry(**fields)], A) == moments


def test_each_retrier_has_a_counter_of_its_own() -> None:
    rules = [retry("A", MaxAttempts=2, BackoffRate=1), retry("B", MaxAttempts=1, IntervalSeconds=10)]
    # A, B and A are retried; the second B finds its attempts used up, whatever is left of A's.
    assert starts(rules, A, B, A, B, A) == [0, 1, 11, 12]


def test_the_first_retrier_that_matches_decides() -> None:
    rules = [retry("A", MaxAttempts=1), retry("States.ALL", MaxAttempts=5, BackoffRate=1)]
    # States.ALL would have attempts left, but A's own retrier has none.
    assert starts(rules, A) == [0, 1]
    assert starts(rules, B, B, A, A) == [0, 1, 2, 3]


def test_counters_begin_anew_when_the_state_is_entered_again() -> None:
    again = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.round", "NumericLessThan": 2, "Next": "T"}],
        "Default": "End",
    }
    states = machine(
        ("T", task(Retry=[retry(MaxAttempts=1)], ResultPath=None)),
        ("Count", a_pass(Parameters={"round.$": "States.MathAdd($.round, 1)"})),
        ("Again", again),
        ("End", a_pass()),
    )
    done = play(states, {"round": 0}, script(T=[A, {}]))
    assert done.ending.status == "SUCCEEDED"
    assert list(times(done, "LambdaFunctionScheduled")) == [0, 1, 1, 2]


def test_counters_begin_anew_after_a_catch() -> None:
    states = machine(
        ("T", task(Retry=[retry(MaxAttempts=1)], Catch=[catch(to="Count", ResultPath=None)])),
        ("Count", a_pass(Parameters={"round.$": "States.MathAdd($.round, 1)"})),
        (
            "Again",
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.round", "NumericLessThan": 2, "Next": "T"}],
                "Default": "End",
            },
        ),
        ("End", a_pass()),
    )
    done = play(states, {"round": 0}, script(T=[A]))
    assert list(times(done, "LambdaFunctionScheduled")) == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("names", "error", "caught"),
    [
        (["States.ALL"], "X", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.HeartbeatTimeout", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.Runtime"], "States.Runtime", True),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.TaskFailed"], "X", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.HeartbeatTimeout", True),
        (["States.TaskFailed"], "States.Runtime", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
        (["Y", "X"], "X", True),
        (["Y"], "X", False),
        (["x"], "X", False),
        (["States.ALL"], None, True),
        (["States.Permissions"], "States.Permissions", True),
    ],
)
def test_which_errors_are_meant(names: list[str], error: str | None, caught: bool) -> None:
    states = machine(
        ("T", task(Catch=[catch(*names, to="Caught")])), ("Done", a_pass(End=True)), ("Caught", a_pass(Result="caught"))
    )
    done = play(states, {}, script(T=[Failed(error, "why")]))
    assert (done.ending.output == "caught") is caught
    if not caught:
        assert done.ending.error == error
        assert str(done.ending.cause).endswith("why")
    retried = play(machine(("T", task(Retry=[retry(*names)]))), {}, script(T=[Failed(error, "why"), "well"]))
    assert (retried.ending.output == "well") is caught


def test_task_failed_is_for_tasks() -> None:
    """The error of a Fail state in a branch is none that a task reported."""
    states = machine(
        ("P", parallel(level(("F", fail())), Catch=[catch("States.TaskFailed", to="Caught")])), ("Caught", a_pass())
    )
    assert play(states).ending.error == "Bad"


def test_the_catcher_comes_after_the_retries() -> None:
    states = machine(
        ("T", task(Retry=[retry(MaxAttempts=1)], Catch=[catch(to="Caught")])),
        ("Done", a_pass(End=True)),
        ("Caught", a_pass()),
    )
    done = play(states, {"kept": 1}, script(T=[A, B]))
    assert done.ending.output == {"Error": "B", "Cause": "b"}
    assert done.types.count("LambdaFunctionFailed") == 2


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, {"Error": "A", "Cause": "a"}),
        ({"ResultPath": "$.error"}, {"in": 1, "error": {"Error": "A", "Cause": "a"}}),
        ({"ResultPath": "$.deep.error"}, {"in": 1, "deep": {"error": {"Error": "A", "Cause": "a"}}}),
        ({"ResultPath": None}, {"in": 1}),
    ],
)
def test_what_a_catcher_gives_on(fields: dict[str, Any], output: Any) -> None:
    states = machine(
        ("T", task(InputPath="$.in", Catch=[catch(to="Caught", **fields)])),
        ("Done", a_pass(End=True)),
        ("Caught", a_pass()),
    )
    assert play(states, {"in": 1}, script(T=[A])).ending.output == output


def test_what_a_jsonata_catcher_gives_on() -> None:
    catchers = [
        catch(
            "A",
            to="Caught",
            Output="{% $states.errorOutput.Error & $states.input.in %}",
            Assign={"cause": "{% $states.errorOutput.Cause %}"},
        ),
        catch(to="Plain"),
    ]
    states = machine(
        ("T", task(Catch=catchers)),
        ("Done", a_pass(End=True)),
        ("Caught", a_pass(Output=["{% $states.input %}", "{% $cause %}"], End=True)),
        ("Plain", a_pass()),
        QueryLanguage="JSONata",
    )
    assert play(states, {"in": 1}, script(T=[A])).ending.output == ["A1", "a"]
    assert play(states, {"in": 1}, script(T=[C])).ending.output == {"Error": "C"}


def test_a_jsonpath_catcher_assigns_from_the_error() -> None:
    states = machine(
        ("T", task(Catch=[catch(to="Caught", ResultPath=None, Assign={"e.$": "$.Error"})])),
        ("Done", a_pass(End=True)),
        ("Caught", a_pass(Parameters={"e.$": "$e", "in.$": "$"})),
    )
    assert play(states, 5, script(T=[A])).ending.output == {"e": "A", "in": 5}


def test_what_a_failed_attempt_would_have_assigned_is_not_assigned() -> None:
    states = machine(
        ("Before", a_pass(Assign={"v": "before"})),
        (
            "T",
            task(
                ResultSelector={"x.$": "$.missing"}, Assign={"v": "after"}, Catch=[catch("States.Runtime", to="Caught")]
            ),
        ),
        ("Caught", a_pass(Parameters={"v.$": "$v"})),
    )
    assert play(states, {}, script(T=[{}])).ending.output == {"v": "before"}


def test_a_catcher_that_fails_fails_its_state() -> None:
    states = machine(
        ("T", task(Catch=[catch(to="Caught", ResultPath="$.a")])), ("Done", a_pass(End=True)), ("Caught", a_pass())
    )
    done = play(states, "no object", script(T=[A]))
    assert done.ending.status == "FAILED"
    assert done.ending.error not in ("A", None)


def test_a_retried_parallel_begins_anew() -> None:
    branches = [level(("One", task()), ("Two", task())), level(("Other", task()))]
    states = machine(("P", parallel(*branches, Retry=[retry(MaxAttempts=1)])))
    done = play(states, {}, script(One=[1], Two=[A], Other=[2]))
    assert done.ending.error == "A"
    assert done.types.count("ParallelStateStarted") == 2
    assert len(done.entered("One")) == 2
    assert len(done.entered("Other")) == 2


def test_a_retried_map_begins_anew_with_the_same_items() -> None:
    processor = level(("T", task(Parameters={"n.$": "$"})))
    outcomes: dict[int, list[Any]] = {0: [0, 0], 1: [A, 1]}

    def tasks() -> Any:
        seen: dict[int, int] = {}
        asked: dict[tuple[int, int], Any] = {}

        def answer(effect: Any) -> Any:
            key = (effect.frame, effect.attempt)
            if key not in asked:
                n = effect.parameters["n"]
                outcome = outcomes[n][seen.get(n, 0)]
                seen[n] = seen.get(n, 0) + 1
                asked[key] = outcome if isinstance(outcome, Failed) else script(T=[outcome])()(effect)
            return asked[key]

        return answer

    done = play(machine(("M", a_map(processor, Retry=[retry()]))), [0, 1], tasks)
    assert done.ending.output == [0, 1]
    assert [event["index"] for event in done.details("MapIterationStarted")] == [0, 1, 0, 1]


def test_retry_count_is_told() -> None:
    given = task(Parameters={"n.$": "$$.State.RetryCount"}, Retry=[retry("A", MaxAttempts=2), retry("B")])
    done = play(machine(("T", given)), {}, script(T=[A, B, A, "end"]))
    assert [json.loads(event["input"])["n"] for event in done.details("LambdaFunctionScheduled")] == [0, 1, 2, 3]


@given(
    base=st.integers(1, 99_999_999), rate=st.one_of(st.integers(1, 1000), st.floats(1, 1000)),
    count=st.integers(0, 5000), most=st.one_of(st.none(), st.integers(1, 31_622_400)),
)  # fmt: skip
def test_an_interval_is_a_number_of_seconds(base: int, rate: float, count: int, most: int | None) -> None:
    fields = {"IntervalSeconds": base, "BackoffRate": rate} | ({} if most is None else {"MaxDelaySeconds": most})
    seconds = retries.interval(fields, count)
    assert 0 < seconds <= (most or 31_622_400)
