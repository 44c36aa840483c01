from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.interpreter.context import instant
from services.orchestration.interpreter.outcomes import Answered
from tests.unit.services.orchestration.interpreter.driver import (
    ARN,
    EPOCH,
    INVOKE,
    Driver,
    a_map,
    a_pass,
    fail,
    level,
    machine,
    parallel,
    play,
    task,
    wait,
)

EXECUTION = {
    "Id": f"{ARN}:execution:machine:run",
    "Input": {"x": 1},
    "StartTime": "2027-01-15T08:00:00.000Z",
    "Name": "run",
    "RoleArn": "arn:aws:iam::000000000000:role/r",
    "RedriveCount": 0,
}
MACHINE = {"Id": f"{ARN}:stateMachine:machine", "Name": "machine"}


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_the_whole_of_it(language: str) -> None:
    look = (
        {"Output": "{% $states.context %}"}
        if language == "JSONata"
        else {"Parameters": {"c.$": "$$"}, "OutputPath": "$.c"}
    )
    done = play(machine(("Wait", wait(2)), ("Look", a_pass(**look)), QueryLanguage=language), {"x": 1})
    assert done.ending.output == {
        "Execution": EXECUTION,
        "StateMachine": MACHINE,
        "State": {"EnteredTime": "2027-01-15T08:00:02.000Z", "Name": "Look"},
    }


def test_entered_time_stays_while_a_state_is_in_it() -> None:
    states = machine(("W", wait(3, OutputPath="$$.State.EnteredTime")))
    assert play(states).ending.output == "2027-01-15T08:00:00.000Z"


PLACES: list[tuple[dict[str, Any], Any]] = [
    (a_pass(InputPath="$$.State.Name"), "S"),
    (a_pass(OutputPath="$$.State.Name"), "S"),
    (a_pass(Parameters={"n.$": "$$.State.Name"}), {"n": "S"}),
    (a_pass(Parameters={"n.$": "States.Format('{}!', $$.State.Name)"}), {"n": "S!"}),
    (task(Parameters={"n.$": "$$.State.Name"}), {"n": "S"}),
    (task(ResultSelector={"n.$": "$$.State.Name"}), {"n": "S"}),
    (task(Parameters={"n.$": "$$.State.RetryCount"}), {"n": 0}),
    (parallel(level(("In", a_pass(Parameters={"n.$": "$$.State.Name"})))), [{"n": "In"}]),
    (parallel(level(("In", a_pass())), Parameters={"n.$": "$$.State.Name"}), [{"n": "S"}]),
    (a_map(level(("In", a_pass())), ItemsPath="$$.Execution.Input.items"), [5, 6]),
    (a_map(level(("In", a_pass(InputPath="$$.Map.Item.Value"))), ItemsPath="$.items"), [5, 6]),
    (a_map(level(("In", a_pass(InputPath="$$.Map.Item.Index"))), ItemsPath="$.items"), [0, 1]),
    (
        a_map(level(("In", parallel(level(("Deep", a_pass(InputPath="$$.Map.Item.Value")))))), ItemsPath="$.items"),
        [[5], [6]],
    ),
    (a_map(level(("In", wait(1, OutputPath="$$.Map.Item.Index"))), ItemsPath="$.items"), [0, 1]),
]


@pytest.mark.parametrize(("state", "output"), PLACES)
def test_every_place_of_jsonpath(state: dict[str, Any], output: Any) -> None:
    assert play(machine(("S", state)), {"items": [5, 6]}).ending.output == output


def test_it_is_seen_by_fail_choice_and_wait() -> None:
    assert play(machine(("S", {"Type": "Fail", "ErrorPath": "$$.State.Name"}))).ending.error == "S"
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$$.State.Name", "StringEquals": "S", "Next": "Y"}],
        "Default": "N",
    }
    assert play(machine(("S", choice), ("Y", a_pass(Result="y", End=True)), ("N", fail()))).ending.output == "y"
    done = play(machine(("S", {"Type": "Wait", "TimestampPath": "$$.Execution.StartTime"})))
    assert done.ending.status == "SUCCEEDED"


def test_the_innermost_map_counts() -> None:
    look = a_pass(Parameters={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"})
    inner = level(("Inner", a_map(level(("Look", look)))))
    done = play(machine(("Outer", a_map(inner))), [["a", "b"], ["c"]])
    assert done.ending.output == [[{"i": 0, "v": "a"}, {"i": 1, "v": "b"}], [{"i": 0, "v": "c"}]]


def test_a_task_token_is_there_only_while_its_task_runs() -> None:
    look = a_pass(Parameters={"c.$": "$$"}, OutputPath="$.c")
    states = machine(
        ("T", task(Resource=f"{INVOKE}.waitForTaskToken", Parameters={"t.$": "$$.Task.Token"})), ("Look", look)
    )
    driver = Driver(states, tasks=lambda effect: Answered(None))
    driver.settle()
    assert driver.calls[0].parameters == {"t": "token-1"}
    driver.machine.deliver(1, 1, Answered(None))  # a second answer to the call is no end
    from services.orchestration.interpreter.outcomes import Completed

    driver.answer("T", Completed({}))
    assert driver.ending is not None and "Task" not in driver.ending.output


def test_an_instant() -> None:
    assert instant(EPOCH + 0.0019) == "2027-01-15T08:00:00.001Z"
    assert instant(0) == "1970-01-01T00:00:00.000Z"
