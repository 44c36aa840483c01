"""Intrinsic functions: the recorded cases, the developer guide's examples and limits, and any text."""

from __future__ import annotations

import base64
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language import intrinsics, templates
from services.orchestration.language.errors import QueryError
from services.orchestration.language.intrinsic_functions import FUNCTIONS
from tests.unit.services.orchestration.language import recorded


def call(text: str, value: Any = None, **variables: Any) -> Any:
    return intrinsics.call(text, recorded.scope(value, **variables), "x.$")


def failure(text: str, value: Any = None) -> QueryError:
    with pytest.raises(QueryError) as raised:
        call(text, value)
    return raised.value


def test_recorded_cases(shared_directory: Path) -> None:
    cases = [
        case
        for case in recorded.read(shared_directory, "cases")
        if {"group:intrinsic_functions", "ql:JSONPath"} <= set(case["features"])
        and "ql:JSONata" not in case["features"]
    ]
    wrong = []
    for case in cases:
        (state,) = case["definition"]["States"].values()
        output = templates.fill(state["Parameters"], recorded.scope(case["input"]), "Parameters")
        expected = case["expected"]["output"]
        if expected == {"FunctionResult": "RandomNumberGenerated"}:  # the recording hides what was drawn
            expected = {
                "FunctionResult": next(number for number in range(13, 45) if number == output["FunctionResult"])
            }
        if not recorded.same(expected, output):
            wrong.append(case["id"])
    assert len(cases) > 35
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("States.Array()", None, []),
        ("States.Array('a', 2, -1.5e2, null, true, $.x, States.Array(1))", {"x": {}}, ["a", 2, -150.0, None, True, {}, [1]]),
        ("States.Array( 'a' ,1 )", None, ["a", 1]),
        ("States.ArrayPartition($, 4)", [1, 2, 3, 4, 5, 6, 7, 8, 9], [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ("States.ArrayPartition($, 2)", [], []),
        ("States.ArrayContains($, 1)", [True], False),
        ("States.ArrayContains($, 'a')", ["b", "a"], True),
        ("States.ArrayRange(1, 9, 2)", None, [1, 3, 5, 7, 9]),
        ("States.ArrayRange(9, 1, -3)", None, [9, 6, 3]),
        ("States.ArrayRange(1, 1000, 1)", None, list(range(1, 1001))),
        ("States.ArrayGetItem($, 2)", ["a", "b", "c"], "c"),
        ("States.ArrayLength($)", [1, [2]], 2),
        ("States.ArrayUnique($)", [1, 2, 1, "1", True, {"a": 1, "b": 2}, {"b": 2, "a": 1}], [1, 2, "1", True, {"a": 1, "b": 2}]),
        ("States.Base64Encode('Data to encode')", None, "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGVjb2RlZCBkYXRh')", None, "Decoded data"),
        ("States.Hash('input data', 'SHA-1')", None, "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.JsonMerge($.a, $.b, false)", {"a": {"x": {"p": 1}, "y": 1}, "b": {"x": {"q": 2}}}, {"x": {"q": 2}, "y": 1}),
        ("States.StringToJson($)", '{"a": [1, null]}', {"a": [1, None]}),
        ("States.StringToJson($)", " ", None),
        ("States.JsonToString($)", {"é": [1, 2.5, None]}, '{"é":[1,2.5,null]}'),
        ("States.MathAdd(111, -1)", None, 110),
        ("States.MathAdd(-1.5, 0.5)", None, 0),
        ("States.StringSplit($, '.+,=')", "This.is+a,test=string", ["This", "is", "a", "test", "string"]),
        ("States.StringSplit(',a,,b,', ',')", None, ["a", "b"]),
        ("States.StringSplit('a]b^c-d', '^-]')", None, ["a", "b", "c", "d"]),
        ("States.StringSplit('abc', '')", None, ["abc"]),
        ("States.StringSplit('a\\nb', '\\n')", None, ["a", "b"]),
        ("States.Format('Hello {} {}', $.a, $.b)", {"a": "x", "b": [1, {"k": "v"}]}, "Hello x [1, {k=v}]"),
        ("States.Format('no holes')", None, "no holes"),
        ("States.Format('\\{\\}{}\\\\', 1)", None, "{}1\\"),
        ("States.Format('it\\'s {}', 'a{}b')", None, "it's a{}b"),
        ("States.Format('{}', States.MathAdd($n, 1))", None, "42"),
        ("States.Format($.template, 1)", {"template": "<{}>"}, "<1>"),
    ],
)  # fmt: skip
def test_answers(text: str, value: Any, expected: Any) -> None:
    assert recorded.same(expected, call(text, value, n=41))


@pytest.mark.parametrize(
    "text",
    [
        "States.ArrayRange(1, 1001, 1)", "States.ArrayRange(1, 2, 0)", "States.ArrayRange(1, 2, 'a')",
        "States.ArrayGetItem($.list, 2)", "States.ArrayGetItem($.list, -1)", "States.ArrayLength('a')",
        "States.ArrayPartition($.list, 0)", "States.ArrayPartition($.list, -1)", "States.ArrayPartition('a', 1)",
        "States.ArrayContains(1, 1)", "States.ArrayUnique(1)", "States.Base64Encode($.long)", "States.Base64Decode($.long)",
        "States.Base64Decode('***')", "States.Base64Encode(1)", "States.Hash('a', 'CRC')", "States.Hash($.long, 'MD5')",
        "States.JsonMerge($.object, $.object, true)", "States.JsonMerge($.object, 1, false)", "States.StringToJson('{')",
        "States.StringToJson('NaN')", "States.StringToJson(5)", "States.StringToJson($.deep)", "States.MathAdd('1', 2)",
        "States.MathAdd(2147483647, 1)", "States.MathAdd(true, 1)", "States.MathRandom(5, 5)", "States.MathRandom('a', 5)",
        "States.StringSplit(1, ',')", "States.Format('{}')", "States.Format('{}', 1, 2)", "States.Format('{a}', 1)",
        "States.Format(1)", "States.Format('}')",
    ],
)  # fmt: skip
def test_what_the_functions_refuse(text: str) -> None:
    value = {"list": [1, 2], "long": "x" * 10_001, "object": {}, "deep": "[" * 5000 + "]" * 5000}
    refused = failure(text, value)
    assert refused.error == "States.IntrinsicFailure"
    assert str(refused.cause).startswith(f"The function '{text}' had the following error: ")


def test_a_path_that_leads_nowhere() -> None:
    refused = failure("States.Array($.a, $.b)", {"a": 1})
    assert refused.error == "States.Runtime"
    assert refused.cause == (
        "The function 'States.Array($.a, $.b)' had the following error: The JsonPath argument for the field '$.b' could "
        "not be found in the input '{\"a\":1}'"
    )


@pytest.mark.parametrize(
    "text",
    [
        "States.", "States.Nothing()", "States.Array", "States.Array(", "States.Array(1", "States.Array(1,)", "States.Array(,1)",
        "States.Array(1 2)", "States.Array('a)", "States.Array(a)", "States.Array($.[)", "States.Array(1) x", "States.UUID(1)",
        "States.Hash('a')", "States.array(1)", "States.Array(NaN)", "States.Array(01)", "States.Array(\"a\")", "States.Format()",
        "States.Array(" * 11 + ")" * 11,
    ],
)  # fmt: skip
def test_what_is_no_call(text: str) -> None:
    with pytest.raises(intrinsics.InvalidCallError):
        intrinsics.parse(text)
    assert failure(text).error == "States.Runtime"


def test_paths_among_the_arguments() -> None:
    found = intrinsics.parse("States.Array($.a, States.Format('{}', $v.b, $$.c), 1)")
    assert [path.text for path in found.paths()] == ["$.a", "$v.b", "$$.c"]


def test_all_functions_are_there() -> None:
    assert len(FUNCTIONS) == 18


def test_random_numbers() -> None:
    drawn = {call("States.MathRandom(1, 4)") for _ in range(200)}
    assert drawn == {1, 2, 3}
    seeded = [call("States.MathRandom(1, 1000000, 5)") for _ in range(3)]
    assert len(set(seeded)) == 1
    assert {call(f"States.MathRandom(0, 10, {seed})") for seed in range(100)} == set(range(10))
    assert -(2**31) <= call("States.MathRandom(-2147483648, 2147483647, 1)") < 2**31 - 1


def test_uuids_are_of_version_four() -> None:
    first, second = call("States.UUID()"), call("States.UUID()")
    assert first != second
    assert uuid.UUID(first).version == 4


@given(st.text(max_size=200))
def test_base64_round_trip(text: str) -> None:
    encoded = call("States.Base64Encode($)", text)
    assert base64.b64decode(encoded) == text.encode()
    assert call("States.Base64Decode($)", encoded) == text


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)))  # fmt: skip
def test_json_round_trip(value: Any) -> None:
    assert call("States.StringToJson($)", call("States.JsonToString($.v)", {"v": value})) == value


@given(st.text(max_size=50))
def test_strings_are_quoted_with_backslashes(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'").replace("{", "\\{").replace("}", "\\}")
    assert call(f"States.Format('{quoted}')") == text


@given(st.text("States.Formatray('\\{}$,) 1", max_size=40))
def test_any_text_is_refused_or_answered(text: str) -> None:
    for expression in (text, f"States.Format({text}", f"States.Array({text})"):
        try:
            call(expression, {"a": 1})
        except QueryError as refused:
            assert refused.error in {"States.Runtime", "States.IntrinsicFailure"}


def test_arguments_that_are_more_than_memory_holds() -> None:
    text = "x" * 250_000
    listed = "States.Array(" + ",".join(["$"] * 3000) + ")"
    assert len(call(listed.replace(",$" * 2970, ""), text)) == 30
    for expression in (
        listed,
        f"States.JsonToString(States.JsonToString({listed}))",
        f"States.Format('{'{}' * 900}'{',$' * 900})",
        f"States.ArrayLength(States.Array({','.join(['$..*'] * 40)}))",
    ):
        value = [text] * 3 if "$..*" in expression else text
        assert failure(expression, value).error == "States.DataLimitExceeded", expression[:40]
