"""Validation: recorded refusals, the lists of statelint and asl-validator, each rule by itself, and any JSON."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.orchestration.language import definition, validation
from services.orchestration.language.diagnostics import Code, Severity
from services.orchestration.language.state_schema import STATE_TYPES
from shared.errors import InvalidArgument
from tests.unit.services.orchestration.language import recorded

#: What their authors have wrong.
WRONG = {
    # It has CloudFormation's {"Fn::GetAtt": ...} for a Resource, which is gone before a definition reaches the service: the
    # States Language wants a URI there.
    "aslvalidator.valid-task-intrisic-function",
    # The machine's QueryLanguage is JSONata and a state's is JSONPath, which CreateStateMachine is known to refuse with
    # "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine".
    "aslvalidator.valid-map-with-item-batcher-jsonata",
}
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:f"


def errors(machine: Any, machine_type: str = "STANDARD") -> list[tuple[str, str | None]]:
    """Code and location of every error."""
    text = machine if isinstance(machine, str) else json.dumps(machine)
    found = validation.diagnose(text, machine_type)
    return [(item.code, item.location) for item in found if item.severity is Severity.ERROR]


def machine(**states: Any) -> dict[str, Any]:
    """A machine that starts at the first of the states."""
    return {"StartAt": next(iter(states)), "States": states}


def alone(state: dict[str, Any], **top: Any) -> dict[str, Any]:
    """A machine of one state "A" that ends."""
    return {**machine(A={"End": True, **state}), **top}


def schema(location: str) -> list[tuple[str, str | None]]:
    return [("SCHEMA_VALIDATION_FAILED", location)]


def test_recorded_definitions(shared_directory: Path) -> None:
    """What AWS ran is accepted, and what it refused is refused."""
    wrong = []
    refused = 0
    for case in recorded.read(shared_directory, "cases"):
        if case["kind"] == "test_state":
            continue
        text = case.get("definition_string") or json.dumps(case["definition"])
        found = errors(text, case.get("type") or "STANDARD")
        expected = case["expected"]
        if case["kind"] == "validate":
            codes = sorted(item["code"] for item in expected["diagnostics"] if item["severity"] == "ERROR")
            good = sorted(code for code, _ in found) == codes
        else:
            good = bool(found) == (case["kind"] == "create_reject")
        refused += bool(found)
        if not good:
            wrong.append(case["id"])
    assert refused > 20
    assert wrong == []


def test_lists_of_statelint_and_asl_validator(shared_directory: Path) -> None:
    cases = recorded.read(shared_directory, "cases_peer/validation")
    wrong = {
        case["id"] for case in cases if bool(errors(case["definition_string"])) != (case["kind"] == "create_reject")
    }
    assert len(cases) > 50
    assert wrong == WRONG


PASS: dict[str, Any] = {"Type": "Pass", "End": True}
TASK: dict[str, Any] = {"Type": "Task", "Resource": LAMBDA}
INNER = machine(B=PASS)
DISTRIBUTED = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
MAP: dict[str, Any] = {"Type": "Map", "ItemProcessor": INNER}
BIG: dict[str, Any] = {"Type": "Map", "ItemProcessor": DISTRIBUTED}
JSONATA = {"QueryLanguage": "JSONata"}


@pytest.mark.parametrize(
    "state",
    [
        TASK,
        {**TASK, "TimeoutSeconds": 60, "HeartbeatSeconds": 59, "Credentials": {"RoleArn.$": "$.role"}, "InputPath": None},
        {**TASK, "TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h", "ResultPath": None, "ResultSelector": {"a.$": "$.b"}},
        {**TASK, "Retry": [{"ErrorEquals": ["A", "B"], "IntervalSeconds": 1, "MaxAttempts": 0, "BackoffRate": 1.5,
                            "MaxDelaySeconds": 5, "JitterStrategy": "NONE"}, {"ErrorEquals": ["States.ALL"]}]},
        {**TASK, "End": True, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "A", "ResultPath": "$.e", "Assign": {"x.$": "$"}}]},
        {**TASK, "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"},
        {**TASK, "Resource": "arn:aws:states:::states:startExecution.sync:2"},
        {**TASK, "Resource": "arn:aws:states:::aws-sdk:comprehend:detectSentiment"},
        {**TASK, "Resource": "arn:aws-cn:states:eu-1:1:activity:a"},
        {**TASK, **JSONATA, "Arguments": {"a": "{% $states.input %}"}, "TimeoutSeconds": "{% 5 %}", "Output": "{% 1 %}"},
        {"Type": "Pass", "Parameters": {"a.$": "States.Format('{}', $$.Execution.Id)"}, "Result": {"x.$": "anything"}},
        {"Type": "Pass", "Assign": {"größe_1": 1, "b.$": "$v.c"}},
        {"Type": "Pass", **JSONATA, "Output": {"a": ["{% $v %}", "$.b"], "b.$": 5}, "Assign": {"a": "{% 1 %}"}},
        {"Type": "Wait", "Seconds": 0},
        {"Type": "Wait", "SecondsPath": "$.a"},
        {"Type": "Wait", "Timestamp": "2016-03-14T01:59:00Z"},
        {"Type": "Wait", "TimestampPath": "$$.Execution.StartTime"},
        {"Type": "Wait", **JSONATA, "Seconds": "{% 1 %}"},
        {"Type": "Wait", **JSONATA, "Timestamp": "{% $now() %}"},
        {"Type": "Parallel", "Branches": [INNER, machine(C={"Type": "Succeed"})]},
        {"Type": "Parallel", **JSONATA, "Arguments": {}, "Branches": [INNER]},
        MAP,
        {"Type": "Map", "Iterator": INNER, "Parameters": {"a.$": "$$.Map.Item.Value"}, "MaxConcurrencyPath": "$.n"},
        {**MAP, **JSONATA, "Items": [1, "{% 2 %}"], "MaxConcurrency": "{% 1 %}", "ItemSelector": {"a": "{% $states.input %}"}},
        {**BIG, "Label": "a-b_c.1", "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 99.5, "MaxConcurrency": 0,
         "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.k"},
                        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "MaxItems": 5}},
         "ItemBatcher": {"MaxItemsPerBatchPath": "$.n", "BatchInput": {"a.$": "$.b"}},
         "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}},
        {"Type": "Pass", "End": True, "OutputPath": "$[(@.length-1)].bar"},
    ],
)  # fmt: skip
def test_good_states(state: dict[str, Any]) -> None:
    assert errors(alone(state)) == []


CHOICE = {"Variable": "$.a", "IsNull": True, "Next": "A"}


@pytest.mark.parametrize(
    ("state", "at"),
    [
        ({"Type": "Nothing"}, "/Type"), ({}, ""), ({"Type": 5}, "/Type"), ({"Type": "Pass", "Colour": 1}, ""),
        ({"Type": "Pass", "End": False}, ""), ({"Type": "Pass", "Next": "A"}, ""), ({"Type": "Pass", "End": "yes"}, "/End"),
        ({"Type": "Pass", "Comment": 5}, "/Comment"), ({"Type": "Pass", "QueryLanguage": "SQL"}, "/QueryLanguage"),
        ({"Type": "Pass", "InputPath": "a"}, "/InputPath"), ({"Type": "Pass", "OutputPath": "States.UUID()"}, "/OutputPath"),
        ({"Type": "Pass", "ResultPath": "$.a[*]"}, "/ResultPath"), ({"Type": "Pass", "ResultPath": "$$.a"}, "/ResultPath"),
        ({"Type": "Pass", "ResultPath": "$v.a"}, "/ResultPath"), ({"Type": "Pass", "Parameters": {"a": {"b.$": "c"}}}, "/Parameters/a"),
        ({"Type": "Pass", "Parameters": {"b.$": "States.Format('{}', )"}}, "/Parameters"),
        ({"Type": "Pass", "Parameters": {"b.$": 5}}, "/Parameters"), ({"Type": "Pass", "Arguments": {}}, ""),
        ({"Type": "Pass", "Output": 1}, ""), ({"Type": "Pass", **JSONATA, "Output": "{% 1"}, "/Output"),
        ({"Type": "Pass", **JSONATA, "Output": [{"a": "1 %}"}]}, "/Output[0]/a"), 
        ({"Type": "Pass", **JSONATA, "ResultPath": "$.a"}, ""), ({"Type": "Pass", **JSONATA, "InputPath": "$"}, ""),
        ({"Type": "Pass", "Assign": 5}, "/Assign"), ({"Type": "Pass", "Assign": {"states": 1}}, "/Assign/states"),
        ({"Type": "Pass", "Assign": {"1a": 1}}, "/Assign/1a"), ({"Type": "Pass", "Assign": {"a-b.$": "$"}}, "/Assign/a-b.$"),
        ({"Type": "Pass", "Assign": {"x" * 81: 1}}, "/Assign/" + "x" * 81), ({"Type": "Pass", "Assign": {"": 1}}, "/Assign/"),
        ({"Type": "Task"}, ""), ({**TASK, "TimeoutSeconds": 0}, "/TimeoutSeconds"), ({**TASK, "TimeoutSeconds": 1.5}, "/TimeoutSeconds"),
        ({**TASK, "TimeoutSeconds": True}, "/TimeoutSeconds"), ({**TASK, "TimeoutSeconds": 100_000_000}, "/TimeoutSeconds"),
        ({**TASK, "TimeoutSeconds": "{% 1 %}"}, "/TimeoutSeconds"), ({**TASK, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.a"}, ""),
        ({**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}, "/HeartbeatSeconds"), ({**TASK, "Credentials": None}, "/Credentials"),
        ({**TASK, "Retry": {}}, "/Retry"), ({**TASK, "Retry": [5]}, "/Retry[0]"), ({**TASK, "Retry": [{}]}, "/Retry[0]"),
        ({**TASK, "Retry": [{"ErrorEquals": []}]}, "/Retry[0]/ErrorEquals"), ({**TASK, "Retry": [{"ErrorEquals": [5]}]}, "/Retry[0]/ErrorEquals"),
        ({**TASK, "Retry": [{"ErrorEquals": ["States.ALL", "a"]}]}, "/Retry[0]/ErrorEquals"),
        ({**TASK, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["a"]}]}, "/Retry[0]/ErrorEquals"),
        ({**TASK, "Retry": [{"ErrorEquals": ["a"], "MaxAttempts": -1}]}, "/Retry[0]/MaxAttempts"),
        ({**TASK, "Retry": [{"ErrorEquals": ["a"], "IntervalSeconds": 0}]}, "/Retry[0]/IntervalSeconds"),
        ({**TASK, "Retry": [{"ErrorEquals": ["a"], "BackoffRate": 0.9}]}, "/Retry[0]/BackoffRate"),
        ({**TASK, "Retry": [{"ErrorEquals": ["a"], "MaxDelaySeconds": 31_622_401}]}, "/Retry[0]/MaxDelaySeconds"),
        ({**TASK, "Retry": [{"ErrorEquals": ["a"], "JitterStrategy": "SOME"}]}, "/Retry[0]/JitterStrategy"),
        ({**TASK, "Catch": [{"ErrorEquals": ["a"]}]}, "/Catch[0]"), ({**TASK, "Catch": [{"ErrorEquals": ["a"], "Next": ""}]}, "/Catch[0]/Next"),
        ({**TASK, "Catch": [{"ErrorEquals": ["a"], "Next": "A", "Output": 1}]}, "/Catch[0]"),
        ({"Type": "Wait"}, ""), ({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a"}, ""), ({"Type": "Wait", "Seconds": -1}, "/Seconds"),
        ({"Type": "Wait", "Seconds": "$.a"}, "/Seconds"), ({"Type": "Wait", "Timestamp": "2016-03-14 01:59:00Z"}, "/Timestamp"),
        ({"Type": "Wait", "Timestamp": "2016-13-14T01:59:00Z"}, "/Timestamp"), ({"Type": "Wait", "Timestamp": "{% $now() %}"}, "/Timestamp"),
        ({"Type": "Wait", **JSONATA, "Timestamp": "tomorrow"}, "/Timestamp"), ({"Type": "Wait", "Seconds": 1, "Parameters": {}}, ""),
        ({"Type": "Parallel"}, ""), ({"Type": "Parallel", "Branches": []}, "/Branches"), ({"Type": "Parallel", "Branches": {}}, "/Branches"),
        ({"Type": "Parallel", "Branches": [5]}, "/Branches[0]"), ({"Type": "Parallel", "Branches": [{"StartAt": "B"}]}, "/Branches[0]"),
        ({"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {}}]}, "/Branches[0]/States"),
        ({"Type": "Map"}, ""), ({**MAP, "Iterator": INNER}, ""), ({"Type": "Map", "ItemProcessor": []}, "/ItemProcessor"),
        ({**MAP, "ItemProcessor": {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}}, "/ItemProcessor/ProcessorConfig"),
        ({**MAP, "ItemProcessor": {**INNER, "ProcessorConfig": {"Mode": "BOTH"}}}, "/ItemProcessor/ProcessorConfig/Mode"),
        ({**MAP, "MaxConcurrency": -1}, "/MaxConcurrency"), ({**MAP, "ItemsPath": "a"}, "/ItemsPath"), ({**MAP, "Items": []}, ""),
        ({**MAP, **JSONATA, "Items": "text"}, "/Items"), ({**MAP, "MaxConcurrencyPath": "$.a[*]"}, "/MaxConcurrencyPath"),
        ({**BIG, "ToleratedFailurePercentage": 101}, "/ToleratedFailurePercentage"), ({**BIG, "ToleratedFailureCount": -1}, "/ToleratedFailureCount"),
        ({**BIG, "ToleratedFailureCount": 1, "ToleratedFailureCountPath": "$.a"}, ""), ({**BIG, "ItemBatcher": {}}, "/ItemBatcher"),
        ({**BIG, "ItemBatcher": {"MaxItemsPerBatch": 0}}, "/ItemBatcher/MaxItemsPerBatch"), ({**BIG, "ItemReader": {}}, "/ItemReader"),
        ({**BIG, "ItemReader": {"Resource": "a", "ReaderConfig": {"InputType": "XML"}}}, "/ItemReader/ReaderConfig/InputType"),
        ({**BIG, "ItemReader": {"Resource": "a", "ReaderConfig": {"CSVHeaderLocation": "GIVEN"}}}, "/ItemReader/ReaderConfig"),
        ({**BIG, "ItemReader": {"Resource": "a", "ReaderConfig": {"CSVHeaders": [1]}}}, "/ItemReader/ReaderConfig/CSVHeaders"),
        ({**BIG, "ResultWriter": {}}, "/ResultWriter"), ({**BIG, "ResultWriter": {"Resource": "a"}}, "/ResultWriter"),
        ({**BIG, "ResultWriter": {"WriterConfig": {"OutputType": "JSON"}}}, "/ResultWriter/WriterConfig"),
    ],
)  # fmt: skip
def test_bad_fields(state: dict[str, Any], at: str) -> None:
    assert errors(alone(state)) == schema(f"/States/A{at}")


@pytest.mark.parametrize(
    "resource",
    ["", "f", "arn:aws:lambda", "arn:aws:states:::nothing", "arn:aws:states:::sqs:sendMessage.later", "arn:aws:states:::aws-sdk:sqs",
     "arn:aws:states:::aws-sdk:sqs:sendMessage.sync", "arn:aws:states:::sqs:", None, {"Ref": "x"}],
)  # fmt: skip
def test_bad_resources(resource: Any) -> None:
    assert errors(alone({**TASK, "Resource": resource})) == schema("/States/A/Resource")


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"Error": "a", "ErrorPath": "$.a"}, ""), ({"Cause": "a", "CausePath": "$.a"}, ""), ({"Error": 5}, "/Error"),
        ({"ErrorPath": "a"}, "/ErrorPath"), ({"CausePath": "States.Nothing()"}, "/CausePath"), ({"Next": "A"}, ""),
        ({"InputPath": "$"}, ""), ({**JSONATA, "ErrorPath": "$.a"}, ""), ({**JSONATA, "Cause": "{% 1"}, "/Cause"),
    ],
)  # fmt: skip
def test_fail_states(fields: dict[str, Any], at: str) -> None:
    assert errors(machine(A={"Type": "Fail", **fields})) == schema(f"/States/A{at}")


def test_good_fail_states() -> None:
    for fields in (
        {},
        {"Error": "a", "CausePath": "States.JsonToString($)"},
        {**JSONATA, "Cause": "{% 'a' %}", "Error": "b"},
    ):
        assert errors(machine(A={"Type": "Fail", **fields})) == []


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ({"Variable": "$.a", "IsNull": True}, ""), ({**CHOICE, "IsString": True}, ""), ({"IsNull": True, "Next": "A"}, ""),
        ({"Variable": "$.a", "Next": "A"}, ""), ({**CHOICE, "Variable": "a"}, "/Variable"), ({**CHOICE, "IsNull": 1}, "/IsNull"),
        ({**CHOICE, "End": True}, ""), ({"Variable": "$.a", "StringEquals": 1, "Next": "A"}, "/StringEquals"),
        ({"Variable": "$.a", "NumericEquals": "1", "Next": "A"}, "/NumericEquals"),
        ({"Variable": "$.a", "NumericLessThan": True, "Next": "A"}, "/NumericLessThan"),
        ({"Variable": "$.a", "BooleanEquals": "true", "Next": "A"}, "/BooleanEquals"),
        ({"Variable": "$.a", "TimestampEquals": "today", "Next": "A"}, "/TimestampEquals"),
        ({"Variable": "$.a", "StringEqualsPath": "b", "Next": "A"}, "/StringEqualsPath"),
        ({"Variable": "$.a", "StringMatchesPath": "$.b", "Next": "A"}, ""),
        ({"And": [], "Next": "A"}, "/And"), ({"Or": 5, "Next": "A"}, "/Or"), ({"Not": [], "Next": "A"}, "/Not"),
        ({"And": [CHOICE], "Next": "A"}, "/And[0]"), ({"Not": {"Variable": "$.a"}, "Next": "A"}, "/Not"),
        ({"Not": {"Variable": "$.a", "IsNull": True}, "Variable": "$.a", "Next": "A"}, ""), ({**CHOICE, "Output": 1}, ""),
        ({**CHOICE, "Condition": "{% true %}"}, ""), ({**CHOICE, "Assign": {"states": 1}}, "/Assign/states"), (5, ""),
    ],
)  # fmt: skip
def test_bad_choice_rules(rule: Any, at: str) -> None:
    states = machine(A={"Type": "Choice", "Choices": [rule], "Default": "A"})
    found = errors(states)
    assert ("SCHEMA_VALIDATION_FAILED", f"/States/A/Choices[0]{at}") in found
    assert {code for code, _ in found} == {"SCHEMA_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ({"Next": "A"}, ""), ({"Condition": "true", "Next": "A"}, "/Condition"), 
        ({"Condition": True}, ""), ({"Condition": True, "Variable": "$.a", "Next": "A"}, ""),
    ],
)  # fmt: skip
def test_bad_conditions(rule: dict[str, Any], at: str) -> None:
    states = machine(A={"Type": "Choice", **JSONATA, "Choices": [rule]})
    assert errors(states) == schema(f"/States/A/Choices[0]{at}")


def test_good_choice_rules() -> None:
    rules = [
        {**CHOICE, "Next": "B", "Assign": {"a": 1}},
        {
            "And": [
                {"Variable": "$$.a", "NumericGreaterThanEqualsPath": "$v"},
                {"Not": {"Variable": "$.a", "StringMatches": "*"}},
            ],
            "Next": "B",
        },
    ]
    end = {"Type": "Succeed"}
    assert errors(machine(A={"Type": "Choice", "Choices": rules}, B=end)) == []
    conditions = [{"Condition": "{% $states.input.a %}", "Next": "B", "Output": 1}, {"Condition": False, "Next": "B"}]
    assert errors(machine(A={"Type": "Choice", **JSONATA, "Choices": conditions, "Default": "B"}, B=end)) == []


def test_transitions() -> None:
    states = machine(
        A={**TASK, "Next": "B", "Catch": [{"ErrorEquals": ["x"], "Next": "nowhere"}]},
        B={"Type": "Choice", "Choices": [{**CHOICE, "Next": "gone"}], "Default": "away"},
        C={"Type": "Pass", "Next": "lost"},
    )
    assert errors(states) == [
        ("MISSING_TRANSITION_TARGET", "/States/A/Catch[0]/Next"),
        ("MISSING_TRANSITION_TARGET", "/States/B/Default"),
        ("MISSING_TRANSITION_TARGET", "/States/B/Choices[0]/Next"),
        ("MISSING_TRANSITION_TARGET", "/States/C/Next"),
        ("MISSING_TRANSITION_TARGET", "/States/C"),
        ("MISSING_END_STATE", None),
    ]
    assert errors({"StartAt": "X", "States": {"A": PASS}}) == [
        ("MISSING_TRANSITION_TARGET", "/StartAt"),
        ("MISSING_TRANSITION_TARGET", "/States/A"),
    ]
    # A transition does not leave its level.
    outside = machine(A={**MAP, "ItemProcessor": machine(B={"Type": "Pass", "Next": "C"}, D=PASS), "Next": "C"}, C=PASS)
    place = "/States/A/ItemProcessor/States"
    assert errors(outside) == [
        ("MISSING_TRANSITION_TARGET", f"{place}/B/Next"),
        ("MISSING_TRANSITION_TARGET", f"{place}/D"),
    ]


def test_names() -> None:
    assert errors(machine(**{"x" * 81: PASS})) == [("INVALID_STATE_NAME", "/States/" + "x" * 81)]
    assert errors(machine(**{"x" * 80: PASS})) == []
    twice = machine(A={"Type": "Parallel", "Branches": [machine(B=PASS), machine(B=PASS)], "End": True})
    assert errors(twice) == [("DUPLICATE_STATE_NAME", "/States/A/Branches[1]/States/B")]
    assert errors('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "A": {"Type": "Fail"}}}') == [
        ("INVALID_JSON_DESCRIPTION", None)
    ]


@pytest.mark.parametrize(
    "label", ["", "x" * 41, "a b", "a,b", "a\\b", "\x00", "\x7f", "\x9f", "a#b", "a%b", "a[b", "a&b", 'a"b', "a;b"]
)
def test_labels(label: str) -> None:
    assert errors(alone({**BIG, "Label": label})) == [("INVALID_LABEL_NAME", "/States/A/Label")]


def test_query_languages() -> None:
    upgraded = {
        **MAP,
        **JSONATA,
        "Items": [1],
        "ItemProcessor": machine(B={**PASS, "QueryLanguage": "JSONPath", "InputPath": "$"}),
    }
    assert errors(alone(upgraded)) == []
    # The states inside take the machine's language, not that of the Map.
    inside = machine(B={**PASS, "Output": 1})
    assert errors(alone({**upgraded, "ItemProcessor": inside})) == schema("/States/A/ItemProcessor/States/B")
    assert errors({**alone({"Type": "Map", "Items": [1], "ItemProcessor": inside}), **JSONATA}) == []
    assert errors({**alone({**PASS, "QueryLanguage": "JSONPath", "InputPath": "$"}), **JSONATA}) == schema("/States/A")
    assert errors(alone({**MAP, "ItemProcessor": {**INNER, **JSONATA}})) == schema("/States/A/ItemProcessor")


def test_malformed_expressions_have_a_code_of_their_own() -> None:
    malformed = [("INVALID_JSONATA_EXPRESSION", "/States/A/Output/a[0]")]
    assert errors(alone({**PASS, **JSONATA, "Output": {"a": ["{% 1 + %}"]}})) == malformed
    # Calling what is no function is an error of the evaluation.
    assert errors(alone({**PASS, **JSONATA, "Output": "{% 2(1) %}"})) == []


def test_labels_are_unique() -> None:
    second = {**BIG, "ItemProcessor": {**DISTRIBUTED, **machine(D=PASS)}, "Label": "x", "End": True}
    states = machine(A={**BIG, "Label": "x", "Next": "C"}, C=second)
    assert errors(states) == [("DUPLICATE_LABEL_NAME", "/States/C/Label")]
    assert errors(alone({**BIG, "Label": "x" * 40})) == []


def test_variables_of_outer_scopes_are_not_assigned() -> None:
    inner = machine(B={**PASS, "Assign": {"x": 1, "y": 2}})
    outer = {"Type": "Pass", "Assign": {"x.$": "$"}, "Next": "A"}
    for state in ({**MAP, "ItemProcessor": inner}, {"Type": "Parallel", "Branches": [inner]}):
        found = errors(machine(S=outer, A={**state, "End": True}))
        assert [code for code, _ in found] == ["SCHEMA_VALIDATION_FAILED"]
        assert str(found[0][1]).endswith("/States/B/Assign")
    # A distributed Map's executions have variables of their own, and so have branches beside one another.
    assert errors(machine(S=outer, A={**BIG, "ItemProcessor": {**DISTRIBUTED, **inner}, "End": True})) == []
    beside = [inner, machine(C={**PASS, "Assign": {"x": 1}})]
    assert errors(alone({"Type": "Parallel", "Branches": beside})) == []


@pytest.mark.parametrize(
    "state",
    [
        {**TASK, "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"},
        {**TASK, "Resource": "arn:aws:states:::batch:submitJob.sync"},
        {**TASK, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a"},
        BIG,
    ],
)
def test_express_machines_wait_for_nobody(state: dict[str, Any]) -> None:
    assert errors(alone(state)) == []
    assert [code for code, _ in errors(alone(state), "EXPRESS")] == ["SCHEMA_VALIDATION_FAILED"]
    # An express child of a distributed Map does not either.
    child = {
        **machine(B={**state, "End": True}),
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
    }
    if state is not BIG:
        assert [code for code, _ in errors(alone({"Type": "Map", "ItemProcessor": child}))] == [
            "SCHEMA_VALIDATION_FAILED"
        ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "MISSING_DESCRIPTION"), ("  ", "MISSING_DESCRIPTION"), ("null", "MISSING_DESCRIPTION"), ("{", "INVALID_JSON_DESCRIPTION"),
        ("not JSON", "INVALID_JSON_DESCRIPTION"), ('{"a": NaN}', "INVALID_JSON_DESCRIPTION"), ("{} {}", "INVALID_JSON_DESCRIPTION"),
        ('{"a": ' + "9" * 5000 + "}", "INVALID_JSON_DESCRIPTION"), ("[]", "SCHEMA_VALIDATION_FAILED"), ("5", "SCHEMA_VALIDATION_FAILED"),
        ("{}", "SCHEMA_VALIDATION_FAILED"), ("[" * 300 + "]" * 300, "TOO_DEEPLY_NESTED"), ("[" * 100_000, "TOO_DEEPLY_NESTED"),
        ('{"a": "' + "x" * 1024 * 1024 + '"}', "SCHEMA_VALIDATION_FAILED"),
    ],
)  # fmt: skip
def test_texts_that_are_no_definition(text: str, code: str) -> None:
    assert errors(text) == [(code, "/" if code == "SCHEMA_VALIDATION_FAILED" else None)]


@pytest.mark.parametrize(
    ("change", "at"),
    [({"TimeoutSeconds": 0}, "/TimeoutSeconds"), ({"Version": 1}, "/Version"), ({"Colour": 1}, "/"), ({"StartAt": 1}, "/StartAt"),
     ({"States": {}}, "/States"), ({"States": []}, "/States"), ({"States": {"A": 5}}, "/States/A"), ({"QueryLanguage": 1}, "/QueryLanguage")],
)  # fmt: skip
def test_bad_tops(change: dict[str, Any], at: str) -> None:
    assert schema(at)[0] in errors({**alone({"Type": "Pass"}), **change})


def test_warnings_do_not_refuse() -> None:
    states = machine(
        A={"Type": "Pass", "Parameters": {"a": "$.b"}, "Next": "B"},
        B={"Type": "Pass", "Result": {"a": ["$.b"]}, "Next": "C"},
        C={"Type": "Fail", "Cause": "$.cause"},
    )
    found = validation.diagnose(json.dumps(states))
    assert [(item.severity, item.code, item.location) for item in found] == [
        (Severity.WARNING, Code.NO_DOLLAR, "/States/A/Parameters/a"),
        (Severity.WARNING, Code.PASS_RESULT_IS_STATIC, "/States/B/Result"),
        (Severity.WARNING, Code.NO_PATH, "/States/C/Cause"),
    ]
    validation.check(json.dumps(states))


def test_check_tells_all_errors() -> None:
    with pytest.raises(InvalidArgument) as raised:
        validation.check(json.dumps(machine(A={"Type": "Pass", "Next": "X"}, B=PASS)))
    assert raised.value.aws_code_for([]) == "InvalidDefinition"
    assert raised.value.message == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next, "
        'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B\''
    )


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "A", "$.a", "{% $a %}", "States.UUID()", "Pass", "JSONata"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["A", "a.$", "And", "Not", "StartAt", "States", "Type", "Next", "ErrorEquals"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FIELDS = sorted({field for state_type in STATE_TYPES.values() for field in state_type.fields})


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([*STATE_TYPES, "?"]),
    st.dictionaries(st.sampled_from(FIELDS), junk, max_size=5),
    junk,
    st.booleans(),
)
def test_any_json_is_diagnosed_and_what_passes_loads(kind: str, fields: Any, rest: Any, bare: bool) -> None:
    document = rest if bare else {"StartAt": "A", "States": {"A": {"Type": kind, **fields}}}
    before = copy.deepcopy(document)
    found = errors(document)
    assert document == before
    if not found:
        assert definition.load(json.dumps(document)).top.start_at in document["States"]


GOOD: list[dict[str, Any]] = [
    machine(
        A={
            **TASK,
            "Retry": [{"ErrorEquals": ["a"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
            "Next": "Decide",
        },
        Decide={
            "Type": "Choice",
            "Choices": [{"And": [{"Variable": "$.a", "IsNull": True}], "Next": "C"}],
            "Default": "D",
        },
        C={"Type": "Fail", "ErrorPath": "$.e"},
        D={"Type": "Wait", "Seconds": 1, "Assign": {"x.$": "$"}, "Next": "E"},
        E={"Type": "Parallel", "Branches": [machine(F={**MAP, "Label": "x", "End": True})], "End": True},
    ),
    {
        **machine(
            A={
                "Type": "Map",
                "Items": "{% [1] %}",
                "ItemProcessor": DISTRIBUTED,
                "Output": {"a": "{% $states.result %}"},
                "Next": "C",
            },
            C={"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "D"}], "Default": "D"},
            D={"Type": "Succeed", "Output": ["{% 1 %}"]},
        ),
        **JSONATA,
    },
]


def containers(value: Any) -> list[Any]:
    """Every object and array in a document that has something in it."""
    found = [value]
    for node in found:
        inner = node.values() if isinstance(node, dict) else node
        found.extend(item for item in inner if isinstance(item, dict | list) and item)
    return found


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_definitions_with_a_changed_part_are_diagnosed(good: dict[str, Any], data: st.DataObject) -> None:
    assert errors(good) == []
    document = copy.deepcopy(good)
    holder = data.draw(st.sampled_from(containers(document)))
    place = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
    if data.draw(st.booleans()):
        del holder[place]
    else:
        holder[place] = data.draw(junk)
    if not errors(document):
        definition.load(json.dumps(document))


@given(st.text(max_size=60))
def test_any_text_is_diagnosed(text: str) -> None:
    assert errors(text) != []
