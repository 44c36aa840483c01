from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.services.orchestration.interpreter.driver import a_pass, fail, machine, play


def only(fields: dict[str, Any], value: Any = None, **options: Any) -> Any:
    return play(machine(("Only", fields), **options), value)


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, {"a": 1, "b": {"c": [2]}}),
        ({"Result": [1, None]}, [1, None]),
        ({"Result": 5, "ResultPath": "$.r"}, {"a": 1, "b": {"c": [2]}, "r": 5}),
        ({"Result": 5, "ResultPath": "$.b.c"}, {"a": 1, "b": {"c": 5}}),
        ({"Result": 5, "ResultPath": None}, {"a": 1, "b": {"c": [2]}}),
        ({"InputPath": "$.b"}, {"c": [2]}),
        ({"InputPath": None}, {}),
        ({"InputPath": "$.b", "Parameters": {"x.$": "$.c[0]", "y": "$.a"}}, {"x": 2, "y": "$.a"}),
        ({"InputPath": "$.b", "ResultPath": "$.again"}, {"a": 1, "b": {"c": [2]}, "again": {"c": [2]}}),
        ({"OutputPath": "$.b.c[0]"}, 2),
        ({"OutputPath": None}, {}),
        ({"Result": 1, "ResultPath": "$.x.y", "OutputPath": "$.x"}, {"y": 1}),
        # Result counts, and not what Parameters made.
        ({"Parameters": {"p": 1}, "Result": {"r": 2}}, {"r": 2}),
    ],
)
def test_pass_with_jsonpath(fields: dict[str, Any], output: Any) -> None:
    done = only(a_pass(**fields), {"a": 1, "b": {"c": [2]}})
    assert done.ending.output == output
    assert done.types == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, {"a": 1}),
        ({"Output": "{% $states.input.a + 1 %}"}, 2),
        ({"Output": {"x": "{% $states.input.a %}", "y": ["{% 'z' %}", None]}}, {"x": 1, "y": ["z", None]}),
        ({"Output": "$.a"}, "$.a"),
    ],
)
def test_pass_with_jsonata(fields: dict[str, Any], output: Any) -> None:
    assert only(a_pass(**fields), {"a": 1}, QueryLanguage="JSONata").ending.output == output


def test_a_path_that_leads_nowhere() -> None:
    done = only(a_pass(InputPath="$.missing"), {"a": 1})
    assert done.ending.status == "FAILED"
    assert done.ending.error == "States.Runtime"
    assert "'Only' (entered at the event id #2)" in done.ending.cause
    assert done.types == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]


def test_an_expression_that_gives_nothing() -> None:
    done = only(a_pass(Output="{% $states.input.missing %}"), {}, QueryLanguage="JSONata")
    assert done.ending.error == "States.QueryEvaluationError"
    assert done.types[-2:] == ["EvaluationFailed", "ExecutionFailed"]
    assert done.details("EvaluationFailed")[0]["location"] == "Output"


def test_succeed_ends_the_execution_or_its_branch() -> None:
    done = only({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}, {"a": {"b": 7}})
    assert done.ending.output == 7
    done = only({"Type": "Succeed", "Output": "{% $states.input.a %}"}, {"a": 3}, QueryLanguage="JSONata")
    assert done.ending.output == 3
    assert done.types[2] == "SucceedStateExited"


@pytest.mark.parametrize(
    ("fields", "options", "error", "cause"),
    [
        (fail("E", "C"), {}, "E", "C"),
        ({"Type": "Fail"}, {}, None, None),
        ({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('so {}', $.c)"}, {}, "of input", "so it is"),
        (
            {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'x' & $states.input.c %}"},
            {"QueryLanguage": "JSONata"},
            "of input",
            "xit is",
        ),
    ],
)
def test_fail(fields: dict[str, Any], options: dict[str, Any], error: str | None, cause: str | None) -> None:
    done = only(fields, {"e": "of input", "c": "it is"}, **options)
    assert (done.ending.status, done.ending.error, done.ending.cause) == ("FAILED", error, cause)
    assert done.types == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    failed = done.details("ExecutionFailed")[0]
    assert failed == {name: text for name, text in (("error", error), ("cause", cause)) if text is not None}


def test_the_history_has_inputs_and_outputs() -> None:
    done = play(machine(("A", a_pass(Result=1)), ("B", a_pass(Result=2))), {"x": "ü"})
    assert json.loads(done.details("ExecutionStarted")[0]["input"]) == {"x": "ü"}
    assert done.details("ExecutionStarted")[0]["roleArn"] == "arn:aws:iam::000000000000:role/r"
    assert done.entered("A") == [{"x": "ü"}]
    assert done.entered("B") == [1]
    assert [exited["output"] for exited in done.details("PassStateExited")] == ["1", "2"]
    assert done.details("ExecutionSucceeded") == [{"output": "2"}]
