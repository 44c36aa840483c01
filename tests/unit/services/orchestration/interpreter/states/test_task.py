from __future__ import annotations

import json
from typing import Any

import pytest

from services.orchestration.interpreter.effects import Forget, RunTask
from services.orchestration.interpreter.outcomes import Answered, Completed, Failed, Heartbeat, Started
from services.orchestration.interpreter.states.task import Resource
from tests.unit.services.orchestration.interpreter.driver import (
    ARN,
    INVOKE,
    Driver,
    a_pass,
    catch,
    echo,
    machine,
    never,
    play,
    retry,
    script,
    task,
    times,
)

ACTIVITY = f"{ARN}:activity:work"
TOKEN = f"{INVOKE}.waitForTaskToken"
SYNC = "arn:aws:states:::batch:submitJob.sync"


def waiting(definition: dict[str, Any], **options: Any) -> Driver:
    driver = Driver(definition, tasks=options.pop("tasks", never), **options)
    driver.settle()
    assert driver.ending is None
    return driver


@pytest.mark.parametrize(
    ("resource", "kind", "details"),
    [
        (f"{ARN.replace(':states:', ':lambda:')}:function:f", "LambdaFunction", {}),
        (ACTIVITY, "Activity", {}),
        (INVOKE, "Task", {"resourceType": "lambda", "resource": "invoke"}),
        (TOKEN, "Task", {"resourceType": "lambda", "resource": "invoke.waitForTaskToken"}),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            "Task",
            {"resourceType": "states", "resource": "startExecution.sync:2"},
        ),
        (
            "arn:aws:states:::aws-sdk:comprehend:detectSentiment",
            "Task",
            {"resourceType": "aws-sdk:comprehend", "resource": "detectSentiment"},
        ),
    ],
)
def test_resources(resource: str, kind: str, details: dict[str, str]) -> None:
    assert Resource(resource).event_prefix == kind
    assert Resource(resource).event_details == details


def test_a_task_with_jsonpath() -> None:
    fields = {
        "InputPath": "$.in", "Parameters": {"p.$": "$.a"}, "ResultSelector": {"s.$": "$.p"}, "ResultPath": "$.r",
        "OutputPath": "$.r", "TimeoutSeconds": 9,
    }  # fmt: skip
    done = play(machine(("T", task(Resource=INVOKE, **fields))), {"in": {"a": 1}})
    assert done.ending.output == {"s": 1}
    assert done.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
    scheduled = done.details("TaskScheduled")[0]
    assert json.loads(scheduled["parameters"]) == {"p": 1}
    assert (scheduled["region"], scheduled["timeoutInSeconds"]) == ("us-east-1", 9)
    assert done.details("TaskSucceeded")[0]["output"] == '{"p":1}'


def test_a_task_with_jsonata() -> None:
    fields = {
        "Arguments": {"p": "{% $states.input.a %}"},
        "Output": "{% $states.result.p + $states.input.a %}",
        "Assign": {"v": "{% $states.result.p %}"},
    }
    states = machine(
        ("T", task(**fields)), ("After", a_pass(Output=["{% $states.input %}", "{% $v %}"])), QueryLanguage="JSONata"
    )
    done = play(states, {"a": 2})
    assert done.ending.output == [4, 2]
    assert done.details("TaskStateExited")[0]["assignedVariables"] == {"v": "2"}


def test_a_function_event_by_event() -> None:
    done = play(machine(("T", task())), {"x": 1})
    assert done.types[2:6] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
    ]
    assert done.details("LambdaFunctionScheduled")[0]["input"] == '{"x":1}'


@pytest.mark.parametrize("resource", [INVOKE, ACTIVITY, TOKEN, SYNC])
@pytest.mark.parametrize("reloads", [False, True])
def test_a_timeout_ends_the_attempt_and_takes_it_back(resource: str, reloads: bool) -> None:
    states = machine(
        ("T", task(Resource=resource, TimeoutSeconds=5, Catch=[catch("States.Timeout", to="Late")])), ("Late", a_pass())
    )
    driver = waiting(states, reloads=reloads)
    driver.advance(4.9)
    assert driver.ending is None
    driver.advance(0.1)
    assert driver.ending is not None and driver.ending.output == {"Error": "States.Timeout"}
    has_token = resource in (ACTIVITY, TOKEN)
    assert driver.forgotten == [Forget(1, 1, has_token)]
    driver.check()


@pytest.mark.parametrize(("seconds", "ends_at"), [(3, 3), (10, 10)])
def test_timeout_seconds_path(seconds: int, ends_at: float) -> None:
    driver = Driver(machine(("T", task(TimeoutSecondsPath="$.t"))), {"t": seconds}, never)
    assert driver.end().error == "States.Timeout"
    assert list(times(driver, "LambdaFunctionTimedOut")) == [ends_at]
    assert driver.details("LambdaFunctionScheduled")[0]["timeoutInSeconds"] == ends_at


@pytest.mark.parametrize("value", [0, -1, 1.5, "5", True, None, 100_000_000])
def test_a_timeout_that_is_no_number_of_seconds(value: Any) -> None:
    done = play(machine(("T", task(TimeoutSecondsPath="$.t"))), {"t": value})
    assert done.ending.error == "States.Runtime"
    done = play(machine(("T", task(HeartbeatSecondsPath="$.t", Resource=TOKEN))), {"t": value}, lambda: never)
    assert done.ending.error == "States.Runtime"


def test_timeout_seconds_of_jsonata() -> None:
    states = machine(("T", task(TimeoutSeconds="{% $states.input.t * 2 %}")), QueryLanguage="JSONata")
    driver = Driver(states, {"t": 3}, never)
    assert driver.end().error == "States.Timeout"
    assert list(times(driver, "LambdaFunctionTimedOut")) == [6]


def test_each_attempt_has_its_whole_timeout() -> None:
    states = machine(("T", task(TimeoutSeconds=5, Retry=[retry("States.Timeout", MaxAttempts=2, BackoffRate=1)])))
    done = play(states, {}, lambda: never)
    assert list(times(done, "LambdaFunctionTimedOut")) == [5, 11, 17]


@pytest.mark.parametrize("reloads", [False, True])
def test_heartbeats_put_the_end_off(reloads: bool) -> None:
    driver = waiting(machine(("T", task(Resource=TOKEN, HeartbeatSeconds=5, TimeoutSeconds=12))), reloads=reloads)
    for _ in range(2):
        driver.advance(4)
        driver.answer("T", Heartbeat())
    driver.advance(3.9)
    assert driver.ending is None
    driver.advance(0.1)
    assert driver.ending is not None and driver.ending.error == "States.Timeout"


def test_no_heartbeat() -> None:
    driver = waiting(machine(("T", task(Resource=TOKEN, HeartbeatSeconds=5, TimeoutSeconds=12))))
    driver.advance(5)
    assert driver.ending is not None and driver.ending.error == "States.HeartbeatTimeout"
    assert driver.details("TaskTimedOut")[0]["error"] == "States.HeartbeatTimeout"


@pytest.mark.parametrize("reloads", [False, True])
def test_an_activitys_heartbeats_are_expected_of_the_worker_that_has_it(reloads: bool) -> None:
    driver = waiting(machine(("T", task(Resource=ACTIVITY, HeartbeatSeconds=5, TimeoutSeconds=60))), reloads=reloads)
    driver.advance(30)
    assert driver.ending is None
    driver.answer("T", Started("worker"))
    driver.advance(4.9)
    assert driver.ending is None
    driver.advance(0.1)
    assert driver.ending is not None and driver.ending.error == "States.HeartbeatTimeout"


def test_a_heartbeat_of_a_task_without_heartbeat_seconds_changes_nothing() -> None:
    driver = waiting(machine(("T", task(Resource=TOKEN))))
    driver.answer("T", Heartbeat())
    assert driver.machine.deadline is None


@pytest.mark.parametrize("reloads", [False, True])
def test_a_task_token(reloads: bool) -> None:
    states = machine(("T", task(Resource=TOKEN, Parameters={"token.$": "$$.Task.Token"})))
    driver = waiting(states, tasks=lambda effect: Answered({"sent": True}), reloads=reloads)
    assert driver.types[-2:] == ["TaskStarted", "TaskSubmitted"]
    assert [(offer.token, offer.activity) for offer in driver.offers] == [(driver.calls[0].parameters["token"], None)]
    assert driver.calls[0].token == driver.offers[0].token
    driver.answer("T", Completed({"answer": 1}))
    assert driver.ending is not None and driver.ending.output == {"answer": 1}
    assert driver.types[-3:] == ["TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"]


def test_a_token_may_come_back_before_the_call_is_answered() -> None:
    driver = waiting(machine(("T", task(Resource=TOKEN)), ("After", task(Resource=TOKEN))))
    driver.answer("T", Completed(1))
    assert driver.entered("After") == [1]
    # The first call's late answer belongs to no attempt any more.
    driver.deliver(1, 1, Answered("late"))
    assert "TaskSubmitted" not in driver.types


def test_each_attempt_has_a_token_of_its_own() -> None:
    states = machine(("T", task(Resource=TOKEN, Parameters={"token.$": "$$.Task.Token"}, Retry=[retry(BackoffRate=1)])))
    driver = waiting(states)
    driver.answer("T", Failed("E", None))
    driver.advance(1)
    first, second = (offer.token for offer in driver.offers)
    assert first != second
    assert driver.forgotten == [Forget(1, 1, has_token=True, ended=True)]
    driver.deliver(1, 1, Completed("of the old attempt"))
    assert driver.ending is None
    driver.deliver(1, 2, Completed("of the new one"))
    assert driver.ending is not None and driver.ending.output == "of the new one"


def test_an_activity() -> None:
    driver = waiting(machine(("T", task(Resource=ACTIVITY, HeartbeatSeconds=30))), input={"x": 1})
    assert driver.types[2:] == ["ActivityScheduled"]
    assert driver.details("ActivityScheduled")[0] == {
        "resource": ACTIVITY,
        "input": '{"x":1}',
        "heartbeatInSeconds": 30,
    }
    assert (driver.offers[0].activity, driver.offers[0].input) == (ACTIVITY, '{"x":1}')
    assert not driver.calls
    driver.answer("T", Started("worker-7"))
    assert driver.details("ActivityStarted") == [{"workerName": "worker-7"}]
    driver.answer("T", Completed(2))
    assert driver.types[-3:] == ["ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded"]


def test_the_two_halves_of_sync() -> None:
    states = machine(("T", task(Resource=SYNC)))
    driver = waiting(states, tasks=lambda effect: Answered({"JobId": "j"}) if effect.submitted is None else None)
    assert driver.types[2:] == ["TaskScheduled", "TaskStarted", "TaskSubmitted"]
    assert [call.submitted for call in driver.calls] == [None, [{"JobId": "j"}]]
    # After a crash, the second half alone is run again.
    assert [effect.submitted for effect in driver.machine.effects_under_way()] == [[{"JobId": "j"}]]  # type: ignore[union-attr]
    driver.answer("T", Completed({"Status": "SUCCEEDED"}))
    assert driver.ending is not None and driver.ending.output == {"Status": "SUCCEEDED"}


def test_an_answer_of_null_was_an_answer_too() -> None:
    driver = waiting(
        machine(("T", task(Resource=SYNC))), tasks=lambda effect: Answered(None) if effect.submitted is None else None
    )
    assert [effect.submitted for effect in driver.machine.effects_under_way()] == [[None]]  # type: ignore[union-attr]


def test_a_job_that_fails_is_submitted_anew() -> None:
    def job(effect: RunTask) -> Any:
        if effect.submitted is None:
            return Answered({"attempt": effect.attempt})
        return Failed("Job", "no") if effect.attempt == 1 else Completed(effect.submitted[0])

    done = play(machine(("T", task(Resource=SYNC, Retry=[retry()]))), {}, lambda: job)
    assert done.ending.output == {"attempt": 2}
    assert done.types.count("TaskSubmitted") == 2


def test_a_result_that_is_too_large() -> None:
    states = machine(
        ("T", task(Catch=[catch("States.DataLimitExceeded", to="Caught", ResultPath="$.e")])),
        ("Done", a_pass(End=True)),
        ("Caught", a_pass()),
    )
    done = play(states, {}, script(T=["x" * 262_143]))
    assert done.ending.output["e"]["Error"] == "States.DataLimitExceeded"
    assert "'T' returned a result with a size exceeding" in done.ending.output["e"]["Cause"]
    assert play(states, {}, script(T=["x" * 262_142])).ending.output == "x" * 262_142
    assert play(states, {}, script(T=["ü" * 131_072])).ending.output["e"]["Error"] == "States.DataLimitExceeded"


def test_a_late_answer_after_the_timeout_changes_nothing() -> None:
    states = machine(("T", task(TimeoutSeconds=5, Catch=[catch(to="Wait")])), ("Wait", {"Type": "Wait", "Seconds": 9}))
    driver = waiting(states)
    driver.advance(5)
    driver.deliver(1, 1, Answered("late"))
    assert driver.end().output == {"Error": "States.Timeout"}


def test_the_call_gets_what_names_it() -> None:
    done = play(machine(("First", a_pass()), ("T", task())), {"x": 1}, lambda: echo)
    call = done.calls[0]
    assert (call.state, call.parameters, call.attempt) == ("T", {"x": 1}, 1)
    assert done.events[call.entered - 1].type == "TaskStateEntered"
