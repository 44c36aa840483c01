from __future__ import annotations

from typing import Any

import pytest

from tests.unit.services.orchestration.interpreter.driver import a_pass, machine, play

RULES = [
    {"Variable": "$.n", "NumericLessThan": 0, "Next": "Negative"},
    {"Not": {"Variable": "$.n", "IsNumeric": True}, "Next": "Other"},
    {
        "And": [{"Variable": "$.n", "NumericGreaterThan": 9}, {"Variable": "$.n", "NumericLessThan": 100}],
        "Next": "Two digits",
    },
]
ENDS = [(name, a_pass(Result=name, End=True)) for name in ("Negative", "Other", "Two digits", "Default")]


@pytest.mark.parametrize(
    ("n", "end"), [(-1, "Negative"), ("x", "Other"), (50, "Two digits"), (5, "Default"), (100, "Default")]
)
def test_the_first_rule_that_is_true(n: Any, end: str) -> None:
    choice = {"Type": "Choice", "Choices": RULES, "Default": "Default"}
    done = play(machine(("Choose", choice), *ENDS), {"n": n})
    assert done.ending.output == end
    assert done.types[1:3] == ["ChoiceStateEntered", "ChoiceStateExited"]


def test_no_rule_and_no_default() -> None:
    done = play(machine(("Choose", {"Type": "Choice", "Choices": RULES}), *ENDS), {"n": 5})
    assert done.ending.error == "States.NoChoiceMatched"


def test_jsonata_rules_have_output_and_variables_of_their_own() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [
            {
                "Condition": "{% $states.input.n > 1 %}",
                "Next": "Show",
                "Output": {"rule": 1},
                "Assign": {"v": "{% 'one' %}"},
            },
            {"Condition": "{% $states.input.n = 1 %}", "Next": "Show"},
        ],
        "Default": "Show",
        "Output": {"rule": "default"},
        "Assign": {"v": "default"},
    }
    states = machine(
        ("Zero", a_pass(Assign={"v": "before"})), ("Choose", choice),
        ("Show", a_pass(Output={"in": "{% $states.input %}", "v": "{% $v %}"})), QueryLanguage="JSONata",
    )  # fmt: skip
    assert play(states, {"n": 2}).ending.output == {"in": {"rule": 1}, "v": "one"}
    assert play(states, {"n": 1}).ending.output == {"in": {"n": 1}, "v": "before"}
    assert play(states, {"n": 0}).ending.output == {"in": {"rule": "default"}, "v": "default"}


def test_jsonpath_rules_have_variables_of_their_own() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Show", "Assign": {"v.$": "$.n"}}],
        "Default": "Show",
        "Assign": {"v": "default"},
        "OutputPath": "$.n",
    }
    states = machine(("Choose", choice), ("Show", a_pass(Parameters={"in.$": "$", "v.$": "$v"})))
    assert play(states, {"n": 1}).ending.output == {"in": 1, "v": 1}
    assert play(states, {"n": 2}).ending.output == {"in": 2, "v": "default"}


def test_a_condition_that_is_no_boolean() -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 5 %}", "Next": "End"}]}
    done = play(machine(("Choose", choice), ("End", a_pass()), QueryLanguage="JSONata"))
    assert done.ending.error == "States.QueryEvaluationError"
    assert "EvaluationFailed" in done.types
