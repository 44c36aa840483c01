from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.orchestration.language import paths
from services.orchestration.language.errors import QueryError
from services.orchestration.language.scope import Scope
from tests.unit.services.orchestration.language.test_jsonpath import documents, places

SCOPE = Scope(
    {"a": [1, {"b": 2}], "n": None}, {"Execution": {"Id": "arn", "Input": {"x": 1}}}, {"v": {"k": [5]}, "nil": None}
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$", SCOPE.input),
        ("$.a[1].b", 2),
        ("$.n", None),
        ("$$.Execution.Id", "arn"),
        ("$$", SCOPE.context),
        ("$v.k[0]", 5),
        ("$nil", None),
        ("States.ArrayLength($.a)", 2),
    ],
)
def test_evaluates(expression: str, expected: Any) -> None:
    assert paths.evaluate(expression, SCOPE, "x.$") == expected


@pytest.mark.parametrize(
    ("expression", "field", "cause"),
    [
        ("$.no", "x.$", "The JSONPath '$.no' specified for the field 'x.$' could not be found in the input "
         '\'{"a":[1,{"b":2}],"n":null}\''),
        ("$$.Execution.no", "x.$", "The JSONPath '$$.Execution.no' specified for the field 'x.$' could not be found in the "
         'input \'{"a":[1,{"b":2}],"n":null}\''),
        ("$.no.way", "InputPath", "Invalid path '$.no.way' : Missing property in path $['no']"),
        ("$.a[7]", "OutputPath", "Invalid path '$.a[7]' : No results for path: $['a'][7]"),
    ],
)  # fmt: skip
def test_causes(expression: str, field: str, cause: str) -> None:
    with pytest.raises(QueryError) as raised:
        paths.evaluate(expression, SCOPE, field)
    assert (raised.value.error, raised.value.cause, raised.value.location) == ("States.Runtime", cause, field)


def test_items_path_names_the_step_that_fails() -> None:
    with pytest.raises(QueryError) as raised:
        paths.evaluate("$.found.objects", Scope({"found": {"status": 500}}, {}, {}), "ItemsPath")
    assert (raised.value.error, raised.value.cause) == (
        "States.ReferencePathConflict",
        'Unable to apply step "objects" to input {"found":{"status":500}}',
    )
    with pytest.raises(QueryError, match=r"States\.Runtime"):
        paths.evaluate("$nobody", Scope({}, {}, {}), "ItemsPath")


def test_unknown_variables_and_empty_input() -> None:
    with pytest.raises(QueryError) as raised:
        paths.evaluate("$nobody", SCOPE, "x")
    assert "The JSONPath '$nobody' specified for the field 'x' could not be found" in str(raised.value.cause)
    assert paths.evaluate("$", Scope(None, {}, {}), "x") is None
    with pytest.raises(QueryError, match="null or empty input"):
        paths.evaluate("$.a", Scope(None, {}, {}), "x")


@pytest.mark.parametrize(
    ("document", "path", "expected"),
    [
        ({"a": 1}, "$", 9),
        ({"a": 1}, "$.b", {"a": 1, "b": 9}),
        ({"a": 1}, "$.b.c.d", {"a": 1, "b": {"c": {"d": 9}}}),
        ({"a": {"b": 1, "c": 2}}, "$.a.b", {"a": {"b": 9, "c": 2}}),
        ({"a": [1, 2]}, "$.a[1]", {"a": [1, 9]}),
        ({"a": [1, 2]}, "$.a[2]", {"a": [1, 2, 9]}),
        ([{"x": 1}], "$[0].y", [{"x": 1, "y": 9}]),
        ("anything", "$", 9),
    ],
)
def test_assigns(document: Any, path: str, expected: Any) -> None:
    before = copy.deepcopy(document)
    assert paths.assign(document, path, 9) == expected
    assert document == before


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ("text", "$.a"), (5, "$.a"), (None, "$.a"), ([1], "$.a"), ({"a": 1}, "$.a.b"), ({"a": {}}, "$.a[0]"),
        ({"a": [1]}, "$.a[5]"), ({"a": [1]}, "$.a[-1]"), ({}, "$.a[*]"), ({}, "no path"),
    ],
)  # fmt: skip
def test_assigns_nothing_where_the_path_does_not_fit(document: Any, path: str) -> None:
    with pytest.raises(QueryError) as raised:
        paths.assign(document, path, 9)
    assert raised.value.error == "States.ResultPathMatchFailure"


@given(documents, documents, st.data())
def test_what_is_assigned_is_read_again(document: Any, value: Any, data: st.DataObject) -> None:
    path, _ = data.draw(st.sampled_from(places(document)))
    scope = Scope(paths.assign(document, path, value), {}, {})
    assume(scope.input is not None or path == "$")
    assert paths.evaluate(path, scope, "x") == value
    others = [place for place, _ in places(document) if not place.startswith(path) and not path.startswith(place)]
    for place in others:
        assert paths.evaluate(place, scope, "x") == paths.evaluate(place, Scope(document, {}, {}), "x")


@given(
    st.text(max_size=30) | st.text(alphabet="States.Formath('{}\\', $a)[]", max_size=40).map("States.".__add__),
    documents,
)
def test_evaluation_fails_with_query_errors_only(text: str, document: Any) -> None:
    scope = Scope(document, {}, {})
    for expression in (text, f"${text}"):
        with contextlib.suppress(QueryError):
            paths.evaluate(expression, scope, "x")


@pytest.mark.parametrize(
    ("text", "is_path", "is_reference"),
    [
        ("$.a[0].b", True, True), ("$", True, True), ("$$.a", True, True), ("$v.a", True, True), ("$.a[*]", True, False),
        ("$..a", True, False), ("$.a[-1]", True, False), ("$.a.length()", True, False), ("a", False, False), ("", False, False),
        (5, False, False), (None, False, False), ("States.UUID()", False, False),
    ],
)  # fmt: skip
def test_kinds_of_paths(text: object, is_path: bool, is_reference: bool) -> None:
    assert (paths.is_path(text), paths.is_reference_path(text)) == (is_path, is_reference)


def test_answers_that_share_one_large_text() -> None:
    value: object = {"s": "x" * 200_000}
    for _ in range(100):
        value = {"a": value}
    with pytest.raises(QueryError) as refused:
        paths.evaluate("$..*..s", Scope(value, {}, {}), "ItemsPath")
    assert (refused.value.error, refused.value.location) == ("States.DataLimitExceeded", "ItemsPath")
    assert paths.evaluate("$..s", Scope(value, {}, {}), "ItemsPath") == ["x" * 200_000]
