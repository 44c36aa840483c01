from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.language import json_text, templates
from services.orchestration.language.errors import QueryError
from tests.unit.services.orchestration.language import recorded


def test_members_that_end_in_dollar_are_evaluated_and_all_others_copied() -> None:
    template = {
        "path.$": "$.a",
        "context.$": "$$.Execution.Id",
        "variable.$": "$v",
        "call.$": "States.Format('{}!', $.a)",
        "text": "$.a",
        "list": [{"deep.$": "$.a"}, "$.a", None, 1.5],
        "Comment": "kept",
    }
    assert templates.fill(template, recorded.scope({"a": 1}, v=[2]), "Parameters") == {
        "path": 1,
        "context": "arn",
        "variable": [2],
        "call": "1!",
        "text": "$.a",
        "list": [{"deep": 1}, "$.a", None, 1.5],
        "Comment": "kept",
    }


@pytest.mark.parametrize("template", [{"a.$": "nothing"}, {"a.$": 5}, {"a.$": "$.b"}, {"a.$": "States.Nothing()"}])
def test_failures(template: Any) -> None:
    with pytest.raises(QueryError) as raised:
        templates.fill(template, recorded.scope({}), "Parameters")
    assert raised.value.error == "States.Runtime"


def test_depth_is_bounded() -> None:
    template: Any = {}
    for _ in range(5000):
        template = {"x": template}
    with pytest.raises(QueryError, match="too deeply"):
        templates.fill(template, recorded.scope({}), "Parameters")


def test_many_large_values_are_refused_before_anybody_writes_them() -> None:
    few = {f"a{number}.$": "$" for number in range(json_text.FEW_VALUES)}
    scope = recorded.scope("x" * 262_000)
    assert len(templates.fill(few, scope, "Parameters")) == json_text.FEW_VALUES
    many = {"in": [{f"a{number}.$": "$"} for number in range(20_000)]}
    with pytest.raises(QueryError) as refused:
        templates.fill(many, scope, "Parameters")
    assert (refused.value.error, refused.value.location) == ("States.DataLimitExceeded", "Parameters")
    assert len(templates.fill(many, recorded.scope("x"), "Parameters")["in"]) == 20_000
