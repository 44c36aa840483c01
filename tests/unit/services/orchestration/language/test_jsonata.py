"""JSONata: the suite of its authors, what Step Functions changes about it, and expressions that mean harm."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.orchestration.language.errors import QueryError
from services.orchestration.language.jsonata import Jsonata, expect, expression_in
from services.orchestration.language.scope import Scope
from tests.unit.services.orchestration.language import recorded

SCOPE = Scope(
    input={"n": 2, "list": [1, 2, 3], "null": None, "text": "é"},
    context={"Execution": {"Id": "arn"}},
    variables={"v": 40, "größe": 7},
    result={"r": 1},
    error_output={"Error": "E"},
)

#: Ranges of ten million items, which Step Functions refuses as too large.
NOT_HERE = {"jsonata.range-operator_case021", "jsonata.range-operator_case024"}


@pytest.fixture(scope="module")
def jsonata() -> Iterator[Jsonata]:
    evaluator = Jsonata()
    yield evaluator
    evaluator.close()


def answer(jsonata: Jsonata, expression: str, scope: Scope = SCOPE) -> Any:
    return jsonata.evaluate("{% " + expression + " %}", scope, "Output")


def failure(jsonata: Jsonata, value: Any, scope: Scope = SCOPE) -> QueryError:
    with pytest.raises(QueryError) as raised:
        jsonata.evaluate(value, scope, "Output")
    assert raised.value.error == "States.QueryEvaluationError"
    return raised.value


def test_suite_of_jsonata(jsonata: Jsonata, shared_directory: Path) -> None:
    wrong = set()
    cases = recorded.read(shared_directory, "cases_peer/jsonata")
    for case in cases:
        (state,) = case["definition"]["States"].values()
        expected = case["expected"]
        try:
            output = jsonata.evaluate(state["Output"], Scope(case["input"], {}, {}), "Output")
        except QueryError as refused:
            good = (expected["status"], expected.get("error")) == ("FAILED", refused.error)
        else:
            good = expected["status"] == "SUCCEEDED" and recorded.same(expected["output"], output)
        if not good:
            wrong.add(case["id"])
    assert len(cases) > 400
    assert wrong == NOT_HERE


def test_recorded_cases(jsonata: Jsonata, shared_directory: Path) -> None:
    cases = [
        case
        for case in recorded.read(shared_directory, "cases")
        if {"group:intrinsic_functions", "ql:JSONata"} <= set(case["features"])
    ]
    wrong = []
    for case in cases:
        (state,) = (state for state in case["definition"]["States"].values() if "Output" in state)
        expected = case["expected"]
        try:
            output = jsonata.evaluate(state["Output"], recorded.scope(case["input"]), "Output")
            good = expected["status"] == "SUCCEEDED" and recorded.same(expected["output"], output)
        except QueryError as refused:
            good = refused.error == expected.get("error") and str(expected["cause"]).endswith(str(refused.cause))
        if not good:
            wrong.append(case["id"])
    assert len(cases) > 8
    assert wrong == []


def test_every_expression_in_a_value_is_replaced(jsonata: Jsonata) -> None:
    value: Any = {"a": "{% $v + $states.input.n %}", "b": [1, "{% $states.result %}", "$v", "{v}"], "c": None, "d": {}}
    assert jsonata.evaluate(value, SCOPE, "Output") == {"a": 42, "b": [1, {"r": 1}, "$v", "{v}"], "c": None, "d": {}}
    assert jsonata.evaluate([], SCOPE, "Output") == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$states", {"input": SCOPE.input, "context": SCOPE.context, "result": {"r": 1}, "errorOutput": {"Error": "E"}}),
        ("$states.input.list[0]", 1), ("$states . context.Execution.Id", "arn"), ("$states.errorOutput.Error", "E"),
        ("$lookup($states, 'input').n", 2), ("$states.`input`.text", "é"), ("$v", 40), ("$größe", 7), ("null", None),
        ("$states.input.`null`", None), ("''", ""), ("[]", []), ("{'a': nothing}", {}), ("[null, '']", [None, ""]), ("1.0", 1),
        ("1/0", "Infinity"), ("[-1/0, 1, null, '']", ["-Infinity", 1, None, ""]), ("{'k': {'v': 1e308 * 10}}", {"k": {"v": "Infinity"}}),
        ("$string($states.input.list)", "[1,2,3]"), ("$x := 5", 5), ("'{% x %}'", "{% x %}"), ("'\\u00e9' = $states.input.text", True),
        ("12345678901234567890 > 1", True),
    ],
)  # fmt: skip
def test_what_expressions_see(jsonata: Jsonata, expression: str, expected: Any) -> None:
    assert recorded.same(expected, answer(jsonata, expression))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$partition([1,2,3,4], 3)", [[1, 2, 3], [4]]), ("$partition([0], 2)", [[0]]), ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(1, 9, 9)", 1), ("$hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}), ("$parse('-0')", 0), ("$length($uuid())", 36),
        ("$random(7) = $random(7)", True), ("$random(1) = $random(2)", False), ("($r := $random(); $r >= 0 and $r < 1)", True),
        ("$uuid() = $uuid()", False), ("$map(['a','b'], function($x){ $hash($x, 'MD5') })[0]", "0cc175b9c0f1b6a831c399e269772661"),
        ("[1,2] ~> $partition(1)", [[1], [2]]), ("$partition([1,2,3])", [[1, 2, 3]]), ("$partition([1,2,3], 2.9)", [[1, 2], [3]]),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]), ("$range(5, 1, -1.5)", [5, 4, 3, 2, 1]), ("$count($range(1, 360145, 1))", 360145),
        ("$random(42)", 0.7275636800328681), ("$random(0.9) = $random(0)", True), ("$parse('[1.0, 1e2, 1.5]')", [1, 100, 1.5]),
        ("$parse('123456789012345678901234567890')", 1.2345678901234568e29), ("$exists($parse('null'))", True),
        ("$map(['{\"a\":1}', '{\"a\":2}'], $parse).a", [1, 2]),
    ],
)  # fmt: skip
def test_functions_of_step_functions(jsonata: Jsonata, expression: str, expected: Any) -> None:
    assert recorded.same(expected, answer(jsonata, expression))


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("nothing", "returned nothing (undefined)."),
        ("$states.input.no", "returned nothing (undefined)."),
        ("$states.nobody", "returned nothing (undefined)."),
        ("$", "returned nothing (undefined)."),
        ("$nobody(1)", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
        ("$eval('1')", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
        (
            "1 + 'a'",
            'threw an error during evaluation. T2002: The right side of the "+" operator must evaluate to a number',
        ),
        ("$error('mine')", "threw an error during evaluation. D3137: mine"),
    ],
)
def test_causes(jsonata: Jsonata, expression: str, what: str) -> None:
    refused = failure(jsonata, {"a": [{"b": "{% " + expression + " %}"}]})
    place = "Output/a[0]/b"
    assert refused.cause == f"The JSONata expression '{expression}' specified for the field '{place}' {what}"
    assert refused.location == place


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("$sum", ": The result is a function, which is not JSON"),
        ("function($x){$x}", ": The result is a function, which is not JSON"),
        ("{'f': [$sum]}", ": The result is a function, which is not JSON"),
        ("/a/", ": The result is a function, which is not JSON"),
        ("$abs('x')", '. T0410: Argument 1 of function "abs" does not match function signature'),
        ("$hash('a', 'md5')", ". D3137: Unsupported hash algorithm: md5"),
        ("$hash(1, 'MD5')", '. T0410: Argument 1 of function "hash" does not match function signature'),
        ("$partition([1], -1)", ". D3137: Second argument must be zero or greater"),
        ("$range(1)", '. T0410: Argument 2 of function "range" does not match function signature'),
        ("$range(1, 360146, 1)", ": Expression evaluation memory limit exceeded: Check for excessive memory usage"),
        ("$range(1, 1e300, 1)", ": Expression evaluation memory limit exceeded: Check for excessive memory usage"),
        ("[1..900000]", ": Expression evaluation memory limit exceeded: Check for excessive memory usage"),
        ("$parse(null)", '. T0410: Argument 1 of function "parse" does not match function signature'),
        ("$parse('{')", ". D3137: Invalid JSON"),
        ("$parse('')", ". D3137: Invalid JSON"),
        ('$parse(\'{"a":1,"a":2}\')', ". D3137: Invalid JSON"),
        ("$parse('1e400')", ". D3137: Invalid JSON"),
        ("$random('a')", '. T0410: Argument 1 of function "random" does not match function signature'),
        ("$uuid(1)", '. T0410: Argument 1 of function "uuid" does not match function signature'),
        ("($f := function($x){ $f($x) }; $f(1))", ": Expression evaluation timeout: Check for infinite loop"),
    ],
)
def test_errors(jsonata: Jsonata, expression: str, error: str) -> None:
    cause = str(failure(jsonata, "{% " + expression + " %}").cause)
    assert cause.endswith(f"specified for the field 'Output' threw an error during evaluation{error}")


@pytest.mark.parametrize("expression", ["1 +", "", "$partition(nothing, 1)", "$random(1, 2)", "$range(1, 5, 1, 1)"])
def test_further_errors(jsonata: Jsonata, expression: str) -> None:
    assert "threw an error during evaluation. " in str(failure(jsonata, "{% " + expression + " %}").cause)


@pytest.mark.parametrize(
    "expression",
    ["$partition([1], 0)", "$partition([1], -0.5)", "$partition([], 2)", "$range(1, 5)", "$range(1, 5, 0)", "$range(5, 1, 1)",
     "$hash('a')", "$parse()"],
)  # fmt: skip
def test_functions_that_answer_nothing(jsonata: Jsonata, expression: str) -> None:
    assert str(failure(jsonata, "{% " + expression + " %}").cause).endswith("returned nothing (undefined).")


def test_the_first_failure_in_the_document_is_told(jsonata: Jsonata) -> None:
    assert failure(jsonata, {"a": "{% 1 %}", "b": "{% nothing %}", "c": "{% $sum %}"}).location == "Output/b"


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("{% $pad('a', 2000000000) %}", id="gigabytes in one call"),
        pytest.param("{% ($f := function($x){ $f($x) }; $f(1)) %}", id="endless tail recursion"),
        pytest.param("{% ($f := function($x){ 1 + $f($x) }; $f(1)) %}", id="endless recursion"),
        pytest.param("{% ($f := function($x){ {'a': [$map([$x], $f)]} }; $f(1)) %}", id="recursion through a builtin"),
        pytest.param("{% $match($pad('', 34, 'a') & 'b', /^(a+)+$/) %}", id="backtracking"),
        pytest.param("{% $contains('a', /(a{1000}){1000}{1000}/) %}", id="a large automaton"),
        pytest.param("{% $map([1..3000], function($x){ $map([1..3000], function($y){ $x * $y }) }) %}", id="nested maps"),
        pytest.param("{% ($a := [1..100000]; $a.$a) %}", id="a product of sequences"),
        pytest.param("{% $formatNumber(1, $pad('', 30000000, '0')) %}", id="a long picture"),
        pytest.param("{% $fromMillis(1, '[Y,100000000-100000000]') %}", id="a wide field"),
        pytest.param("{% $reduce([1..100000], function($a, $b){ $a & 'xxxxxxxxxx' }) %}", id="a growing string"),
        pytest.param("{% $pad('', 30000000) %}", id="an answer that is too long"),
        pytest.param("{% " + "(" * 20000 + "1" + ")" * 20000 + " %}", id="parentheses"),
        pytest.param("{% " + "-" * 50000 + "1 %}", id="signs"),
        pytest.param("{% \"\\ud800\" & $states.input.half %}", id="half a character"),
        pytest.param(deep(500), id="a deep value"),
        pytest.param(["{% 1 %}"] * 6000, id="many expressions"),
    ],
)  # fmt: skip
def test_harm_is_refused_and_the_next_expression_answers(jsonata: Jsonata, value: Any) -> None:
    scope = Scope({"half": "\ud800"}, {}, {})
    failure(jsonata, value, scope)
    assert answer(jsonata, "$v + 2") == 42


@pytest.mark.parametrize("value", [{"big": 10**40}, {"half": "\ud800"}, {"deep": deep(300)}, {"deep": deep(5000)}])
def test_unusual_input_is_no_harm(jsonata: Jsonata, value: Any) -> None:
    scope = Scope({"a": 1, **value}, {}, {})
    try:
        assert answer(jsonata, "$states.input.a", scope) == 1
    except QueryError as refused:
        assert "deep" in value or "half" in value, refused.cause
    assert answer(jsonata, "$v", scope=SCOPE) == 40


def test_many_threads_share_the_children(jsonata: Jsonata) -> None:
    answers: dict[int, Any] = {}

    def work(number: int) -> None:
        answers[number] = [
            answer(jsonata, f"$states.input.n * {number} + {turn}", Scope({"n": turn}, {}, {})) for turn in range(20)
        ]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [turn * number + turn for turn in range(20)] for number in range(8)}


def test_a_child_that_died_in_its_sleep_is_replaced() -> None:
    evaluator = Jsonata(children=1)
    try:
        assert answer(evaluator, "1 + 1") == 2
        evaluator._idle[0]._process.kill()
        evaluator._idle[0]._process.wait()
        assert answer(evaluator, "1 + 1") == 2
    finally:
        evaluator.close()


def test_a_child_that_has_grown_is_replaced(jsonata: Jsonata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.orchestration.language.jsonata.HARD_SECONDS", 60.0)
    for _ in range(5):
        assert answer(jsonata, "$length($pad('', 20000000) & $pad('', 20000000))") == 40_000_000
        assert answer(jsonata, "1 + 1") == 2


def test_close_ends_the_children_and_use_starts_others() -> None:
    evaluator = Jsonata(children=1)
    assert answer(evaluator, "1 + 1") == 2
    process = evaluator._idle[0]._process
    evaluator.close()
    assert process.returncode is not None
    assert answer(evaluator, "1 + 1") == 2
    evaluator.close()


def test_check_tells_what_is_malformed(jsonata: Jsonata) -> None:
    answers = jsonata.check(["1 +", "$states.input.a", "$a[", "nobody(1)", "'a"])
    assert [wrong is None for wrong in answers] == [False, True, False, True, False]
    assert jsonata.check([]) == []


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        ("{% $a %}", "$a"),
        ("{%$a%}", "$a"),
        ("{% %}", ""),
        ("{%%}", ""),
        ("{%}", None),
        ("{% $a", None),
        ("$a", None),
        (1, None),
    ],
)
def test_expression_in(value: Any, expression: str | None) -> None:
    assert expression_in(value) == expression


@pytest.mark.parametrize(
    ("value", "type_name", "actual", "shown"),
    [(None, "array", "null", "null"), ("string", "array", "string", '"string"'), (1, "boolean", "number", "1"),
     (True, "number", "boolean", "true"), (1.5, "integer", "number", "1.5"), ([1, "a"], "object", "array", '[1,"a"]'),
     ({"a": 1}, "string", "object", '{"a":1}')],
)  # fmt: skip
def test_expect_refuses(value: Any, type_name: str, actual: str, shown: str) -> None:
    with pytest.raises(QueryError) as raised:
        expect(value, type_name, "$x", "Items")
    assert raised.value.cause == (
        "The JSONata expression '$x' specified for the field 'Items' returned an unexpected result type. "
        f"Expected '{type_name}', but was '{actual}' for value: {shown}"
    )


@pytest.mark.parametrize(
    ("value", "type_name"),
    [([], "array"), (True, "boolean"), (1.5, "number"), (2.0, "integer"), ({}, "object"), ("", "string")],
)
def test_expect_takes(value: Any, type_name: str) -> None:
    assert expect(value, type_name, "$x", "Items") is value


@settings(deadline=None, max_examples=200)
@given(st.text("$.[]{}()'\"*?:=<>~&|+-/%^@#,; 01ab\\λ", max_size=25))
def test_any_text_is_refused_or_answered(jsonata: Jsonata, text: str) -> None:
    try:
        json.dumps(answer(jsonata, text))
    except QueryError as refused:
        assert refused.error == "States.QueryEvaluationError"
