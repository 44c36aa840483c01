"""The expression language of conditional branches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.dialog.conditions import (
    LONGEST_EXPRESSION,
    BadCondition,
    parse_condition,
    parse_reference,
)

VALUES = {
    ("slot", "age"): "23",
    ("slot", "make"): "Honda",
    ("slot", "stay"): "PT90M",
    ("slot", "day"): "2026-12-24",
    ("attribute", "vip"): "Yes",
    ("attribute", "empty"): "",
    ("request", "channel"): "web",
    ("context", "order.size"): "large",
    ("input", "inputMode"): "Text",
}


def holds(text: str) -> bool:
    return parse_condition(text).holds(lambda kind, name: VALUES.get((kind, name)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{age} < 24", True),
        ("{age} < 9", False),  # as numbers, not as text
        ("{age} >= 23 AND {age} <= 23", True),
        ('({make} = "honda") AND ({age} != 7)', True),
        ('{make} CONTAINS "OND"', True),
        ('{make} = "Civic" OR [vip] = "yes"', True),
        ('NOT {make} = "Honda" || [vip] = "no"', False),
        ('!({make} = "Honda") && [vip] = "yes"', False),
        ('{stay} > "PT1H"', True),
        ('{stay} = "PT1H30M"', True),
        ('{day} < "2027-01-01"', True),
        ("fn.IS_SET({make})", True),
        ("fn.IS_SET([empty])", False),
        ("NOT fn.IS_SET({nothing})", True),
        ("fn.COUNT({make}) = 1", True),
        ("fn.COUNT({nothing}) = 0", True),
        ("fn.LENGTH({make}) > 4", True),
        ('{nothing} != "x"', False),  # what is not set is not compared
        ('((channel)) = "web"', True),
        ('#order.size = "large"', True),
        ('$.inputMode = "Text"', True),
        ("{age} = true", False),
        ('{make} = "a \\"quoted\\" car"', False),
        # AND binds more than OR
        ("{age} = 1 AND {age} = 1 OR {age} = 23", True),
        ("{age} = 23 OR {age} = 1 AND {age} = 1", True),
    ],
)
def test_an_expression_holds(text: str, expected: bool) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "", "{age}", "{age} <", '"a" = {age}', "{age} = {make}", "({age} = 1", "{age} = 1)", "{age} = 1 {age}",
        "fn.IS_SET()", "fn.SUM({age}) = 1", "ALL({age} = 1)", "$.secret = 1", "{age} ~ 1", '{age} = "open',
        "NOT", "(" * 100 + "{age} = 1" + ")" * 100, "NOT " * 200 + "{age} = 1", "{age} = 1.2.3",
        "{a} = 1 " + "AND {a} = 1 " * LONGEST_EXPRESSION,
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(BadCondition):
        parse_condition(text)


_REFERENCES = st.sampled_from(["{age}", "[vip]", "((channel))", "fn.LENGTH({make})", "$.inputMode", "#order.size"])
_CONSTANTS = st.one_of(
    st.integers(-99, 99).map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.text(st.characters(codec="utf-8", exclude_characters='"\\'), max_size=8).map('"{}"'.format),
)
_COMPARISONS = st.builds(
    lambda left, operator, right: f"{left} {operator} {right}",
    _REFERENCES,
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "CONTAINS"]),
    _CONSTANTS,
)


@given(_COMPARISONS, _COMPARISONS)
def test_the_laws_of_de_morgan(first: str, second: str) -> None:
    assert holds(f"NOT ({first} AND {second})") is holds(f"(NOT {first}) OR (NOT ({second}))")
    assert holds(f"NOT ({first} OR {second})") is holds(f"(NOT {first}) AND (NOT ({second}))")
    assert holds(f"{first} && !({first})") is False
    assert holds(f"{first} || !{first}") is True


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        condition = parse_condition(text)
    except BadCondition:
        return
    assert condition.holds(lambda kind, name: None) in (True, False)


@given(st.text(alphabet='{}[]()=!<>&|"\\ aANDORT.fn_1#$', max_size=40))
def test_broken_expressions_are_refused_and_nothing_else(text: str) -> None:
    try:
        parse_condition(text).holds(lambda kind, name: "1")
    except BadCondition as bad:
        assert str(bad)


def test_a_set_value_is_a_reference_or_a_constant() -> None:
    found = parse_reference(" [name] ")
    assert found is not None and (found.kind, found.name) == ("attribute", "name")
    assert parse_reference("{Flight.City}") is not None
    assert parse_reference("hello {name}") is None
    assert parse_reference("42") is None
