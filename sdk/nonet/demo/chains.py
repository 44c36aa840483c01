"""Step Functions: services chained by state machines."""

from __future__ import annotations

import datetime
import io
import json
import time
from collections.abc import Iterator
from typing import Any

from nonet.demo.stage import ROOT, Endpoints, boto3_client, row, title
from nonet.demo.texts import TEXT

CHAINS = ROOT / "examples" / "chains"
REVIEW = "Das Hotel war schön und die Leute waren sehr freundlich."


def show(endpoints: Endpoints) -> None:
    title("Step Functions: three questions about the text at once, then a decision")
    run(endpoints, "text", {"Text": TEXT})
    title(f'Step Functions: text -> Translate -> Comprehend, for "{REVIEW}"')
    run(endpoints, "review", {"Text": REVIEW})
    title("Step Functions: audio -> Transcribe -> Comprehend, for a call on two channels")
    s3 = boto3_client("s3", endpoints)
    s3.create_bucket(Bucket="calls")
    s3.upload_fileobj(io.BytesIO((CHAINS / "call" / "call.ogg").read_bytes()), "calls", "call.ogg")
    run(endpoints, "call", {"Bucket": "calls", "Key": "call.ogg"})


def run(endpoints: Endpoints, chain: str, given: dict[str, Any]) -> None:
    """Run one of examples/chains, and print its states and its output."""
    states = boto3_client("stepfunctions", endpoints)
    definition = (CHAINS / chain / f"{chain}.asl.json").read_text(encoding="utf-8")
    machine = states.create_state_machine(
        name=chain, definition=definition, roleArn="arn:aws:iam::000000000000:role/demo"
    )["stateMachineArn"]
    started = time.monotonic()
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    while (answer := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.02)
    if answer["status"] != "SUCCEEDED":
        raise SystemExit(f"nonet: the execution ended {answer['status']}: {answer.get('error')} {answer.get('cause')}")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"]]
    row("StartExecution", f"{answer['status']}, {len(events)} events", time.monotonic() - started, answer)
    for name, kind, seconds in passed(events):
        print(f"  {name:<28} {kind:<9} {seconds * 1000:6.0f} ms")
    for name, value in json.loads(answer["output"]).items():
        if name != "Text":
            print(f"  {name}: {told(value)}")


def passed(events: list[dict[str, Any]]) -> Iterator[tuple[str, str, float]]:
    """The states of an execution in the order they were entered: name, type and seconds."""
    left: dict[str, list[datetime.datetime]] = {}
    for event in reversed(events):
        if "stateExitedEventDetails" in event:
            left.setdefault(event["stateExitedEventDetails"]["name"], []).append(event["timestamp"])
    for event in events:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            seconds = (left[name].pop() - event["timestamp"]).total_seconds()
            yield name, event["type"].removesuffix("StateEntered"), seconds


def told(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return ", ".join(map(str, value.values()))
    return "; ".join(map(told, value)) if isinstance(value, list) else str(value)
