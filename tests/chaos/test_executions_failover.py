"""Two replicas share a PostgreSQL database; one is killed, and its executions go on with the other within 5 seconds."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.functions import functions
from tests.chaos.test_executions_kill import make, suite, task

EXECUTIONS = 20
TAKEOVER_SECONDS = 5.0
SLOW = {
    "StartAt": "One",
    "States": {
        "One": task("work", {"value": 1}, ResultPath=None, Next="Nap"),
        "Nap": {"Type": "Wait", "Seconds": 1, "Next": "Two"},
        "Two": task("work", {"value": 2}, ResultPath=None, Next="One more"),
        "One more": {"Type": "Wait", "Seconds": 1, "Next": "Three"},
        "Three": task("work", {"value.$": "$.number"}, ResultSelector={"value.$": "$.Payload.value"}, End=True),
    },
}


@pytest.mark.slow
def test_the_other_replica_goes_on(tmp_path: Path, database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("replicas share PostgreSQL; a SQLite file has one process")
    with (
        functions() as served,
        suite(tmp_path / "a", database_url, served) as (first, states_of_first),
        suite(tmp_path / "b", database_url, served) as (_, states),
    ):
        machine = make(states_of_first, "slow", SLOW)
        arns = [
            states_of_first.start_execution(stateMachineArn=machine, input=json.dumps({"number": number}))["executionArn"]
            for number in range(EXECUTIONS)
        ]
        time.sleep(0.3)
        killed_at = time.time()
        first.send_signal(signal.SIGKILL)
        first.wait()
        deadline = time.monotonic() + 60
        while any(states.describe_execution(executionArn=arn)["status"] == "RUNNING" for arn in arns):
            assert time.monotonic() < deadline, "the other replica did not take over"
            time.sleep(0.1)
        for number, arn in enumerate(arns):
            described = states.describe_execution(executionArn=arn)
            assert described["status"] == "SUCCEEDED", described
            assert json.loads(described["output"]) == {"value": number}
            events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
            assert [event["id"] for event in events] == list(range(1, len(events) + 1))
            after = [event["timestamp"].timestamp() - killed_at for event in events]
            # Each has work left after the kill, and somebody did some of it in time.
            assert min(moment for moment in after if moment > 0) < TAKEOVER_SECONDS
