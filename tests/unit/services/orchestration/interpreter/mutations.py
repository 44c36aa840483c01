"""Definitions that are good, and ways to spoil them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from services.orchestration.interpreter.effects import Ending
from tests.unit.services.orchestration.interpreter.driver import (
    ARN,
    FUNCTION,
    INVOKE,
    Driver,
    a_map,
    a_pass,
    catch,
    fail,
    level,
    machine,
    parallel,
    retry,
    task,
    wait,
)

VALUES: list[Any] = [
    "$", "$$", "$.a", "$.a[0]", "$..a", "$.a[*]", "$.a[?(@.b == 1)]", "$v", "$v.a", "$$.Map.Item.Value", "$$.Task.Token", "$.a[-1:]",
    "States.Array($.a, 1)", "States.Format('{}', $)", "States.StringToJson('[[[1]]]')", "States.JsonToString($)", "States.MathAdd($.n, 1)",
    "States.ArrayRange(1, 1000, 1)", "States.ArrayPartition($.items, 2)", "States.UUID()", "States.MathRandom(1, 5)", "States.Base64Decode($.a)",
    "States.JsonMerge($, $, false)", "States.ArrayGetItem($.items, $.n)", "States.StringSplit($.a, ',')", "States.Hash($, 'MD5')",
    "{% $states.input %}", "{% $states.result %}", "{% $states.context %}", "{% $v %}", "{% 1/0 %}", "{% $error('no') %}", "{% [1..50] %}",
    "{% $states.errorOutput %}", "{%%}", "{% $map($states.input.items, function($i) { $i }) %}", "{% nothing %}", "{% function(){1} %}",
    "JSONata", "JSONPath", "Pass", "Task", "Map", "Parallel", "Choice", "Wait", "Fail", "Succeed", "A", "B", "C", "D", "E", "F", "States.ALL",
    "States.Runtime", "DISTRIBUTED", "INLINE", FUNCTION, INVOKE, f"{INVOKE}.waitForTaskToken", f"{ARN}:activity:a", "FULL", "NONE",
    "2027-01-15T08:00:01Z", "arn:aws:states:::s3:getObject", "arn:aws:states:::states:startExecution.sync:2",
    "arn:aws:states:::batch:submitJob.sync", -1, 0, 1, 2, 1.5, 1e300, 10**400, True, None, [], {}, "", "\ud800", "\x00",
]  # fmt: skip
FIELD_NAMES = [
    "Type", "Next", "End", "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "Output", "Assign", "Arguments",
    "Seconds", "SecondsPath", "Timestamp", "TimestampPath", "Error", "ErrorPath", "Cause", "CausePath", "Choices", "Default", "Variable",
    "Condition", "Retry", "Catch", "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy",
    "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Branches", "ItemProcessor", "Iterator", "ItemsPath",
    "Items", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath", "ItemBatcher", "ItemReader", "ResultWriter", "Label", "QueryLanguage",
    "ToleratedFailureCount", "ToleratedFailurePercentage", "ToleratedFailureCountPath", "ProcessorConfig", "StartAt", "States", "Comment",
    "Version", "Resource", "And", "Or", "Not", "StringEquals", "NumericGreaterThanPath", "IsPresent", "a", "a.$", "v", "v.$",
]  # fmt: skip

INNER = level(("I1", a_pass(Assign={"w.$": "$"})), ("I2", task(Catch=[catch(to="I3")])), ("I3", wait(1)))
BASES: list[dict[str, Any]] = [
    machine(
        ("A", a_pass(Parameters={"a.$": "$.a", "items": [1, 2], "n": 1}, Assign={"v.$": "$.a"})),
        ("B", {"Type": "Choice", "Choices": [{"Not": {"Variable": "$.n", "NumericEquals": 2}, "Next": "C"}, {"And": [{"Variable": "$.a", "IsPresent": True}], "Next": "F"}], "Default": "C"}),
        ("C", task(Retry=[retry("X", MaxAttempts=1), retry()], Catch=[catch(to="D", ResultPath="$.e")], TimeoutSeconds=5, ResultPath="$.r")),
        ("D", parallel(INNER, ResultSelector={"one.$": "$[0]"}, ResultPath="$.p")),
        ("E", a_map(level(("I4", a_pass()), ("I5", wait(0))), ItemsPath="$.items", ItemSelector={"x.$": "$$.Map.Item.Value"}, MaxConcurrency=1)),
        ("F", {"Type": "Succeed"}),
    ),
    machine(
        ("A", a_pass(Output="{% $states.input %}", Assign={"v": "{% $states.input.a %}"})),
        ("B", {"Type": "Choice", "Choices": [{"Condition": "{% $v = 1 %}", "Next": "F"}], "Default": "C", "Output": "{% $states.input %}"}),
        ("C", task(Arguments={"a": "{% $v %}"}, Output="{% $states.input %}", Retry=[retry(MaxAttempts=1)], Catch=[catch(to="D")])),
        ("D", a_map(level(("I", a_pass(Output="{% $states.context.Map.Item.Index %}"))), Items="{% [1,2] %}", Output="{% $states.result[0] %}")),
        ("E", {"Type": "Wait", "Seconds": "{% 1 %}"}),
        ("F", fail("{% 'x' %}")),
        QueryLanguage="JSONata",
    ),
    machine(
        ("A", a_map({**level(("I", task(Resource=f"{INVOKE}.waitForTaskToken"))), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}, ItemsPath="$.items", ToleratedFailureCount=1)),
        ("B", task(Resource=f"{ARN}:activity:a", HeartbeatSeconds=2)),
        TimeoutSeconds=30,
    ),
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item, as what it is in and its name there."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def mutated(base: dict[str, Any], mutations: list[tuple[int, str, Any, str, int]]) -> dict[str, Any]:
    definition = copy.deepcopy(base)
    for where, how, value, name, other in mutations:
        found = list(places(definition))
        if not found:
            break
        holder, key = found[where % len(found)]
        if how == "replace":
            holder[key] = value
        elif how == "delete":
            del holder[key]
        elif how == "copy":
            source, source_key = found[other % len(found)]
            holder[key] = copy.deepcopy(source[source_key])
        elif isinstance(holder[key], dict):
            holder[key][name] = value
        else:
            holder[key] = {name: value}
    return definition


class Somewhat(Driver):
    """Goes on for a while; what has not ended by then is stopped."""

    def end(self) -> Ending:
        for _ in range(30):
            if self.ending is None:
                self.machine.run(20)
                self.write()
            if self.ending is None and not self._answer_one() and self.machine.deadline is not None:
                self.clock.now = max(self.clock.now, self.machine.deadline)
                self.machine.tick()
                self.write()
        ending = self.ending or self.stop()
        self.check()
        return ending
