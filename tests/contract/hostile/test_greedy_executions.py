"""State machines that want more than a machine has, and texts that no state machine should be made of.

Whatever it is, the caller or the execution gets an error of its own, and everybody else is served as before.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from tests.running import client, nonet

ROLE = "arn:aws:iam::000000000000:role/states"
MEBIBYTE = 1024 * 1024
#: What a bomb may cost in memory while it is refused; unbounded, each asks for gigabytes.
TOLERANCE = 300 * MEBIBYTE
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with nonet(tmp_path_factory.mktemp("greedy"), services="orchestration") as addresses:
        yield addresses


@pytest.fixture(scope="module")
def stepfunctions(suite: Addresses) -> Any:
    # Without boto3's own checks: they keep nothing out that comes from elsewhere.
    return client("stepfunctions", suite, config={"inject_host_prefix": False, "parameter_validation": False})


@pytest.fixture(scope="module")
def run(stepfunctions: Any) -> Run:
    """Runs a definition with a value, or a text for one: DescribeExecution's answer at the end, or after ``seconds``."""

    def run(
        definition: Any, value: Any = None, *, text: str | None = None, kind: str = "STANDARD", seconds: float = 30
    ) -> dict[str, Any]:
        written = definition if isinstance(definition, str) else json.dumps(definition)
        machine = stepfunctions.create_state_machine(
            name=f"g-{uuid.uuid4().hex}", definition=written, roleArn=ROLE, type=kind
        )["stateMachineArn"]
        given = json.dumps(value, separators=(",", ":")) if text is None else text
        execution = stepfunctions.start_execution(stateMachineArn=machine, input=given)["executionArn"]
        until = time.monotonic() + seconds
        while True:
            described: dict[str, Any] = stepfunctions.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING" or time.monotonic() > until:
                return described
            time.sleep(0.02)

    return run


def one(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A state machine of one state."""
    return {"StartAt": "a", "States": {"a": {"End": True, **state}}, **more}


# -- texts


def nested(text: str) -> str:
    """A definition with ``text`` as the Result of its Pass state."""
    return f'{{"StartAt":"a","States":{{"a":{{"Type":"Pass","Result":{text},"End":true}}}}}}'


@pytest.mark.parametrize(
    "definition",
    [
        nested("[" * 10_000 + "]" * 10_000),
        nested('{"a":' * 10_000 + "1" + "}" * 10_000),
        "[" * 400_000,
        nested("NaN"),
        nested("-Infinity"),
        nested("1e999"),
        nested("1" * 5_000),
        nested('{"a":1,"a":2}'),
        nested('"\x00"'),
        '{"StartAt":"a","StartAt":"a","States":{"a":{"Type":"Succeed"}}}',
        '{"StartAt":"a","TimeoutSeconds":1e999,"States":{"a":{"Type":"Succeed"}}}',
        '{"StartAt":"a","States":{"a":{"Type":"Wait","Seconds":1e999,"End":true}}}',
        '\ufeff{"StartAt":"a","States":{"a":{"Type":"Succeed"}}}',
        "{}",
        "null",
        '"text"',
    ],
)
def test_definitions_that_are_none(stepfunctions: Any, definition: str) -> None:
    with pytest.raises(ClientError) as refused:
        stepfunctions.create_state_machine(name=uuid.uuid4().hex, definition=definition, roleArn=ROLE)
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"
    assert "sys." not in refused.value.response["Error"]["Message"]
    assert stepfunctions.validate_state_machine_definition(definition=definition)["result"] == "FAIL"


def test_a_definition_of_a_mebibyte(stepfunctions: Any, run: Run) -> None:
    empty = len(json.dumps(one({"Type": "Pass"}, Comment="")))
    largest = json.dumps(one({"Type": "Pass"}, Comment="x" * (MEBIBYTE - empty)))
    assert len(largest) == MEBIBYTE
    assert run(largest)["status"] == "SUCCEEDED"
    for larger in (largest.replace("x", "xx", 1), largest.replace('"x', '"ü', 1)):
        with pytest.raises(ClientError) as refused:
            stepfunctions.create_state_machine(name=uuid.uuid4().hex, definition=larger, roleArn=ROLE)
        assert refused.value.response["Error"]["Code"] in {"InvalidDefinition", "ValidationException"}


@pytest.mark.parametrize("character", [*' <>{}[]?*"#%\\^|~`$&,;:/', "\x00", "\n", "\x1f", "\x7f", "\x85", "\x9f"])
def test_names_with_forbidden_characters(stepfunctions: Any, character: str) -> None:
    name = f"a{character}b"
    definition = json.dumps(one({"Type": "Pass"}))
    machine = stepfunctions.create_state_machine(name=uuid.uuid4().hex, definition=definition, roleArn=ROLE)
    asked: list[Callable[[], Any]] = [
        lambda: stepfunctions.create_state_machine(name=name, definition=definition, roleArn=ROLE),
        lambda: stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"], name=name),
        lambda: stepfunctions.create_activity(name=name),
    ]
    for ask in asked:
        with pytest.raises(ClientError) as refused:
            ask()
        assert refused.value.response["Error"]["Code"] == "InvalidName"


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "\udc00x", "\ufffe", "\U0010ffff", "\x7f\x80"])
def test_characters_that_databases_fear(run: Run, text: str) -> None:
    """NUL is nothing for PostgreSQL's texts, half a surrogate pair nothing for UTF-8: neither may stop an execution."""
    quoted = json.dumps(text)
    ended = run(nested(quoted))
    assert ended["status"] == "SUCCEEDED"
    expected = text.encode("utf-8", "replace").decode()
    assert json.loads(ended["output"]) == expected
    parsed = run(one({"Type": "Pass", "Parameters": {"a.$": "States.StringToJson($.text)"}}), {"text": quoted})
    assert json.loads(parsed["output"]) == {"a": expected}
    for fail in ({"Error": text, "Cause": text}, {"ErrorPath": "$.text", "CausePath": "States.StringToJson($.quoted)"}):
        failed = run({"StartAt": "a", "States": {"a": {"Type": "Fail", **fail}}}, {"text": expected, "quoted": quoted})
        assert failed["status"] == "FAILED"
        # PostgreSQL keeps no NUL in a text.
        assert failed["error"] == failed["cause"] == expected.replace("\x00", "\\u0000")


def test_texts_from_outside(stepfunctions: Any, run: Run) -> None:
    waiting = run(one({"Type": "Wait", "Seconds": 99_999_999}), seconds=0)
    stepfunctions.stop_execution(executionArn=waiting["executionArn"], error="a\x00b", cause="c\x00d")
    for _ in range(100):
        if (ended := stepfunctions.describe_execution(executionArn=waiting["executionArn"]))["status"] != "RUNNING":
            break
        time.sleep(0.05)
    assert ended["status"] == "ABORTED"
    for arn in ("arn:aws:states:us-east-1:000000000000:execution:a:b\x00", "\x00", "arn:\x00:states", "a" * 256):
        with pytest.raises(ClientError) as refused:
            stepfunctions.describe_execution(executionArn=arn)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_inputs_at_their_limit(stepfunctions: Any, run: Run) -> None:
    echo = one({"Type": "Pass"})
    assert len(run(echo, text='"' + "x" * 262_142 + '"')["output"]) == 262_144
    assert run(echo, text='"' + "ü" * 131_071 + '"')["status"] == "SUCCEEDED"
    assert run(echo, text="[" * 200 + "]" * 200)["status"] == "SUCCEEDED"
    for refused in ('"' + "x" * 262_143 + '"', '"' + "ü" * 131_072 + '"', "[" * 201 + "]" * 201, "[" * 100_000, "NaN", "",
                    '"\\ud800"', "1e999", '{"a":1', "\ufeff{}"):  # fmt: skip
        with pytest.raises(ClientError) as error:
            run(echo, text=refused)
        assert error.value.response["Error"]["Code"] in {"InvalidExecutionInput", "ValidationException"}


# -- bombs

TWIGS: Any = {"s": "x" * 200_000}
for _ in range(150):
    TWIGS = {"a": TWIGS}
STRINGS = "x" * 250_000
DOUBLE = {
    "StartAt": "first",
    "States": {
        "first": {"Type": "Pass", "Assign": {"a": "x" * 1000}, "Next": "double"},
        "double": {"Type": "Pass", "Assign": {"a.$": "States.Array($a, $a)"}, "Next": "again"},
        "again": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.never", "IsPresent": True, "Next": "end"}],
            "Default": "double",
        },
        "end": {"Type": "Succeed"},
    },
}
HOARD = {
    "QueryLanguage": "JSONata",
    "StartAt": "s0",
    "States": {
        **{
            f"s{number}": {
                "Type": "Pass",
                "Assign": {f"v{number}": "{% $states.input %}"},
                "Next": f"s{number + 1}",
            }
            for number in range(60)
        },
        "s60": {"Type": "Succeed"},
    },
}
ESCAPES = "States.Array(" + ",".join(["$"] * 3000) + ")"
for _ in range(7):
    ESCAPES = f"States.JsonToString({ESCAPES})"
FIRST = {"Type": "Pass", "End": True}
PROCESSOR = {"StartAt": "b", "States": {"b": FIRST}}
BOMBS: dict[str, tuple[Any, Any]] = {
    "a path to everything, thrice": (one({"Type": "Pass", "Parameters": {"r.$": "$..*..*..s"}}), TWIGS),
    "items that are all the same": (one({"Type": "Map", "ItemsPath": "$..*..s", "ItemProcessor": PROCESSOR}), TWIGS),
    "filters over filters": (one({"Type": "Pass", "InputPath": "$..[?(@..s)]..*"}), TWIGS),
    "the input 20,000 times": (
        one({"Type": "Pass", "Parameters": {f"a{number}.$": "$" for number in range(20_000)}}), STRINGS,
    ),
    "escapes of escapes": (one({"Type": "Pass", "Parameters": {"r.$": ESCAPES}}), '"' * 100_000),
    "a format of many": (
        one({"Type": "Pass", "Parameters": {"r.$": f"States.Format('{'{}' * 900}'{',$' * 900})"}}), STRINGS,
    ),
    "a variable that doubles": (DOUBLE, {}),
    "a variable for each state": (HOARD, STRINGS),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(run: Run, name: str) -> None:
    definition, value = BOMBS[name]
    before = psutil.Process().memory_info().rss
    ended = run(definition, value)
    assert ended["status"] == "FAILED"
    assert ended["error"] in {"States.DataLimitExceeded", "States.Runtime"}, ended
    assert psutil.Process().memory_info().rss < before + TOLERANCE


JSONATA_BOMBS = [
    "($f := function($x) { $f($x + 1) }; $f(1))",
    "($f := function($x) { $x & $f($x) }; $f('x'))",
    "($s := $pad('x', 1000000); $join([1..1000].$s))",
    "[1..10000000]",
    "$map([1..100000], function($i) { $map([1..100000], function($j) { $i * $j }) })",
    "$match($pad('a', 40, 'a') & '!', /^(a+)+$/)",
    "$reduce([1..60], function($a, $b) { $a & $a }, 'xx')",
]


@pytest.mark.parametrize("expression", JSONATA_BOMBS)
def test_jsonata_bombs(run: Run, expression: str) -> None:
    state = {"Type": "Pass", "Output": "{% " + expression + " %}"}
    before = psutil.Process().memory_info().rss
    ended = run(one(state, QueryLanguage="JSONata"))
    assert (ended["status"], ended.get("error")) in {
        ("FAILED", "States.QueryEvaluationError"),
        ("FAILED", "States.DataLimitExceeded"),
        # An engine for regular expressions that does not go back answers this one.
        *([("SUCCEEDED", None)] if "$match" in expression else []),
    }
    assert psutil.Process().memory_info().rss < before + TOLERANCE


def test_loops_end_with_their_history(stepfunctions: Any, run: Run) -> None:
    endless = {"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "b"}, "b": {
        "Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "c"}], "Default": "a"},
        "c": {"Type": "Succeed"}}}  # fmt: skip
    ended = run(endless)
    assert ended["status"] == "FAILED"
    last = stepfunctions.get_execution_history(executionArn=ended["executionArn"], reverseOrder=True, maxResults=1)
    assert (last["events"][0]["id"], last["events"][0]["type"]) == (25_000, "ExecutionFailed")


def test_a_thousand_branches(run: Run) -> None:
    branches = [{"StartAt": f"b{number}", "States": {f"b{number}": FIRST}} for number in range(1000)]
    assert len(json.loads(run(one({"Type": "Parallel", "Branches": branches}), [1])["output"])) == 1000


def test_more_items_than_a_history_holds(run: Run) -> None:
    each = one({"Type": "Map", "ItemProcessor": PROCESSOR})
    assert "25000" in run(each, [0] * 131_000)["cause"]
    assert len(json.loads(run(each, [0] * 20_000, kind="EXPRESS")["output"])) == 20_000


def test_others_are_served_meanwhile(stepfunctions: Any, run: Run) -> None:
    """Executions full of endless expressions: those without any end as they always do."""
    slow = {"Type": "Pass", "Output": "{% ($f := function($x) { $f($x + 1) }; $f(1)) %}", "End": True}
    each = {
        "Type": "Map",
        "Items": "{% [1..40] %}",
        "ItemProcessor": {"StartAt": "b", "States": {"b": slow}},
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}],
    }
    greedy = [run(one(each, QueryLanguage="JSONata"), seconds=0) for _ in range(10)]
    for _ in range(20):
        assert run(one({"Type": "Pass"}), {"a": 1})["status"] == "SUCCEEDED"
    states = [stepfunctions.describe_execution(executionArn=one["executionArn"])["status"] for one in greedy]
    assert "RUNNING" in states
    for execution in greedy:
        stepfunctions.stop_execution(executionArn=execution["executionArn"])
