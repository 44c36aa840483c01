"""SIGTERM in the middle of executions: calls under way end and count, so a rolled process makes nobody work twice."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.functions import functions
from tests.chaos.test_executions_kill import check_history, history, make, suite, task

EXECUTIONS = 10
STEPS = 8
ROLLS = 3


@pytest.mark.slow
def test_rolling_a_process_repeats_no_call(tmp_path: Path, database_url: str) -> None:
    states = {
        f"S{number}": task(
            "work",
            {"value.$": "$.value"},
            ResultSelector={"value.$": "States.MathAdd($.Payload.value, 1)"},
            **({"Next": f"S{number + 1}"} if number < STEPS - 1 else {"End": True}),
        )
        for number in range(STEPS)
    }
    arns: list[str] = []
    with functions() as served:
        for roll in range(ROLLS):
            with suite(tmp_path, database_url, served) as (process, client):
                if not arns:
                    machine = make(client, "steps", {"StartAt": "S0", "States": states})
                    arns = [
                        client.start_execution(stateMachineArn=machine, input='{"value": 0}')["executionArn"]
                        for _ in range(EXECUTIONS)
                    ]
                time.sleep(0.05 * (roll + 1))
                process.send_signal(signal.SIGTERM)
                process.wait(30)
        with suite(tmp_path, database_url, served) as (_, client):
            deadline = time.monotonic() + 60
            while any(client.describe_execution(executionArn=arn)["status"] == "RUNNING" for arn in arns):
                assert time.monotonic() < deadline, "the executions did not go on"
                time.sleep(0.1)
            for arn in arns:
                assert json.loads(client.describe_execution(executionArn=arn)["output"]) == {"value": STEPS}
                check_history(history(client, arn))
    assert len(served.calls) == EXECUTIONS * STEPS
    assert {len(moments) for moments in served.calls.values()} == {1}
