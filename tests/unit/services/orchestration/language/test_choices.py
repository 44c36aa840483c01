"""Choice rules against the recorded cases, and against a model written straight from the specification."""

from __future__ import annotations

import fnmatch
import operator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language import choices
from services.orchestration.language.errors import QueryError
from tests.unit.services.orchestration.language import recorded

ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def holds(value: Any, **comparison: Any) -> bool:
    return choices.matches({"Variable": "$.x", **comparison}, recorded.scope({"x": value}))


def test_recorded_cases(shared_directory: Path) -> None:
    cases = [
        case
        for case in recorded.read(shared_directory, "cases")
        if case["kind"] == "execution" and "group:choice_operators" in case["features"]
    ]
    wrong = []
    for case in cases:
        states = case["definition"]["States"]
        rules = states[case["definition"]["StartAt"]]
        scope = recorded.scope(case["input"])
        taken = next((rule["Next"] for rule in rules["Choices"] if choices.matches(rule, scope)), rules["Default"])
        if states[taken]["Result"] != case["expected"]["output"]:
            wrong.append(case["id"])
    assert len(cases) > 100
    assert wrong == []


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("log-*.txt", "log-1.txt", True), ("log-*.txt", "log-.txt", True), ("log-*.txt", "log.txt", False), ("*", "", True),
        ("a*a", "a", False), ("a*a", "aa", True), ("ab*b", "ab", False), ("a\\*b", "a*b", True), ("a\\*b", "axb", False),
        ("a\\\\*", "a\\xyz", True), ("*x*y*", "1x2y3", True), ("*x*y*", "1y2x3", False), ("", "", True), ("", "a", False),
        ("a\nb*", "a\nb\nc", True), ("a\\b", "a\\b", True),
    ],
)  # fmt: skip
def test_string_matches(pattern: str, text: str, expected: bool) -> None:
    assert holds(text, StringMatches=pattern) is expected


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_string_matches_agrees_with_shell_patterns(pattern: str, text: str) -> None:
    assert choices.string_matches(pattern, text) is fnmatch.fnmatchcase(text, pattern)


scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.text("ab", max_size=2)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text("ab", max_size=1), scalars, max_size=2)


def is_number(value: Any) -> bool:
    return type(value) in {int, float}


@given(values, values, st.sampled_from(sorted(ORDERS)), st.booleans())
def test_comparisons_agree_with_the_specification(value: Any, operand: Any, order: str, through_path: bool) -> None:
    scope = recorded.scope({"x": value, "y": operand})

    def holds(comparator: str) -> bool:
        rule = {comparator + "Path": "$.y"} if through_path else {comparator: operand}
        return choices.matches({"Variable": "$.x", **rule}, scope)

    numbers, strings = is_number(value) and is_number(operand), isinstance(value, str) and isinstance(operand, str)
    assert holds(f"Numeric{order}") is (numbers and ORDERS[order](value, operand))
    assert holds(f"String{order}") is (strings and ORDERS[order](value, operand))
    booleans = isinstance(value, bool) and isinstance(operand, bool)
    assert holds("BooleanEquals") is (booleans and value == operand)
    assert holds(f"Timestamp{order}") is False


@given(values, st.booleans())
def test_types_agree_with_the_specification(value: Any, wanted: bool) -> None:
    assert holds(value, IsNull=wanted) is ((value is None) == wanted)
    assert holds(value, IsBoolean=wanted) is (isinstance(value, bool) == wanted)
    assert holds(value, IsNumeric=wanted) is (is_number(value) == wanted)
    assert holds(value, IsString=wanted) is (isinstance(value, str) == wanted)
    assert holds(value, IsPresent=wanted) is wanted
    assert choices.matches({"Variable": "$.y", "IsPresent": wanted}, recorded.scope({"x": value})) is not wanted


@pytest.mark.parametrize(
    ("value", "is_timestamp"),
    [
        ("2016-03-14T01:59:00Z", True), ("2016-03-14T01:59:00.123456789+01:30", True), ("2016-03-14T01:59:00", False),
        ("2016-03-14 01:59:00Z", False), ("2016-02-30T01:59:00Z", False), ("2016-03-14t01:59:00z", False), ("2016-03-14", False),
        ("", False), (0, False), ("2016-03-14T25:00:00Z", False), ("٢٠١٦-03-14T01:59:00Z", False),
    ],
)  # fmt: skip
def test_timestamps(value: Any, is_timestamp: bool) -> None:
    assert holds(value, IsTimestamp=True) is is_timestamp


def test_timestamps_are_points_in_time() -> None:
    assert holds("2016-03-14T01:59:00Z", TimestampEquals="2016-03-14T02:59:00+01:00")
    assert holds("2016-03-14T01:59:00.5Z", TimestampGreaterThan="2016-03-14T01:59:00Z")
    assert holds("2016-03-13T23:59:00-02:00", TimestampEquals="2016-03-14T01:59:00Z")
    assert not holds("2016-03-14T01:59:00Z", TimestampLessThan="not a time")


rules = st.recursive(
    st.sampled_from([True, False]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: ("And", parts))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: ("Or", parts))
        | inner.map(lambda part: ("Not", part))
    ),
    max_leaves=12,
)


def written(rule: Any) -> dict[str, Any]:
    if isinstance(rule, bool):
        return {"Variable": "$.x", "BooleanEquals": rule}
    name, parts = rule
    return {name: written(parts) if name == "Not" else [written(part) for part in parts]}


def meant(rule: Any) -> bool:
    if isinstance(rule, bool):
        return rule
    name, parts = rule
    return not meant(parts) if name == "Not" else {"And": all, "Or": any}[name](map(meant, parts))


@given(rules)
def test_combinations_agree_with_logic(rule: Any) -> None:
    assert choices.matches(written(rule), recorded.scope({"x": True})) is meant(rule)


@pytest.mark.parametrize("rule", [{"NumericEquals": 1}, {"StringEqualsPath": "$.nothing"}, {"IsNull": True}])
def test_missing_values(rule: dict[str, Any]) -> None:
    variable = "$.x" if "StringEqualsPath" in rule else "$.nothing"
    with pytest.raises(QueryError) as raised:
        choices.matches({"Variable": variable, **rule}, recorded.scope({"x": 1}))
    assert (
        raised.value.cause == "Invalid path '$.nothing': The choice state's condition path references an invalid value."
    )
    assert raised.value.error == "States.Runtime"
