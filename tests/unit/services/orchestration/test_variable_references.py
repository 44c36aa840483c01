"""Which variables a state refers to."""

from __future__ import annotations

import json
from typing import Any

from services.orchestration.variable_references import variable_references


def machine(language: str, **states: dict[str, Any]) -> str:
    return json.dumps({"QueryLanguage": language, "StartAt": next(iter(states)), "States": states})


def test_jsonpath() -> None:
    text = machine(
        "JSONPath",
        first={"Type": "Pass", "Assign": {"a.$": "$.x", "literal": "$b"}, "Next": "second"},
        second={
            "Type": "Pass",
            "Parameters": {"x.$": "$a.b", "y.$": "States.Format('{} $no', $c[0])", "z.$": "$$.Execution.Id"},
            "OutputPath": "$a",
            "Next": "choice",
        },
        choice={
            "Type": "Choice",
            "Choices": [{"Variable": "$d", "NumericEqualsPath": "$e.f", "Next": "last"}],
            "Default": "last",
        },
        last={"Type": "Succeed"},
    )
    assert variable_references(text) == {"second": ["a", "c"], "choice": ["d", "e"]}


def test_jsonata() -> None:
    text = machine(
        "JSONata",
        first={"Type": "Pass", "Assign": {"a": "{% $states.input.x + $b %}", "plain": "$no"}, "Next": "second"},
        second={
            "Type": "Pass",
            "Output": "{% ($local := $a; $map($c, function($v, $i) { $v + $i + $local }) & '$no' & \"$no\") %}",
            "End": True,
        },
    )
    assert variable_references(text) == {"first": ["b"], "second": ["a", "c"]}


def test_states_inside_states_are_states_of_their_own() -> None:
    inner = {"Type": "Pass", "Parameters": {"x.$": "$inner"}, "End": True}
    processor = {"StartAt": "each", "States": {"each": inner}}
    text = machine(
        "JSONPath", all={"Type": "Map", "ItemsPath": "$outer", "ItemProcessor": processor, "End": True}
    )
    assert variable_references(text) == {"all": ["outer"], "each": ["inner"]}
