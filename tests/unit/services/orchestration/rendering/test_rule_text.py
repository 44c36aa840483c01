"""Choice rules in words."""

from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.rendering.rule_text import rule_text


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"Variable": "$.a", "NumericGreaterThanEquals": 5}, "$.a ≥ 5"),
        ({"Variable": "$.a", "StringEquals": "ä"}, '$.a = "ä"'),
        ({"Variable": "$.a", "StringLessThanPath": "$.b"}, "$.a < $.b"),
        ({"Variable": "$.a", "BooleanEquals": False}, "$.a = false"),
        ({"Variable": "$.a", "TimestampGreaterThan": "2026-01-01T00:00:00Z"}, '$.a > "2026-01-01T00:00:00Z"'),
        ({"Variable": "$.a", "StringMatches": "x*"}, '$.a matches "x*"'),
        ({"Variable": "$.a", "IsPresent": True}, "$.a is present"),
        ({"Variable": "$.a", "IsNull": False}, "$.a is not null"),
        ({"Not": {"Variable": "$.a", "NumericEquals": 1}}, "not ($.a = 1)"),
        (
            {"And": [{"Variable": "$.a", "NumericEquals": 1}, {"Or": [{"Variable": "$.b", "IsNull": True}] * 2}]},
            "$.a = 1 and ($.b is null or $.b is null)",
        ),
        ({"Condition": "{% $states.input.a > 1 %}"}, "$states.input.a > 1"),
        ({"Condition": True}, "True"),
        ({"Variable": "$.a"}, "$.a"),
    ],
)
def test_a_rule(rule: dict[str, Any], expected: str) -> None:
    assert rule_text({**rule, "Next": "n", "Comment": "IsThis"}) == expected
