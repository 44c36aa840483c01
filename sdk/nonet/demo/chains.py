"""Step Functions: services chained by state machines."""

from __future__ import annotations

import datetime
import io
import json
import time
from collections.abc import Iterator
from typing import Any

from nonet.demo.stage import ROOT, Stage
from nonet.demo.texts import TEXT

CHAINS = ROOT / "examples" / "chains"
REVIEW = "Das Hotel war schön und die Leute waren sehr freundlich."


def show(stage: Stage) -> None:
    s3 = stage.client("s3")
    s3.create_bucket(Bucket="chains")
    stage.report.title("Chain: three questions about the text at once, then a decision")
    run(stage, "text", {"Text": TEXT})
    stage.report.title(f'Chain: text -> Translate -> Comprehend, for "{REVIEW}"')
    run(stage, "review", {"Text": REVIEW})
    stage.report.title(
        "Chain: scan -> Textract -> Comprehend without personal data -> Translate and Polly, for a letter"
    )
    letter = (CHAINS / "letter" / "letter.png").read_bytes()
    stage.report.keep("letter.png", letter, "What the chain is given")
    s3.upload_fileobj(io.BytesIO(letter), "chains", "letter.png")
    output = run(stage, "letter", {"Bucket": "chains", "Key": "letter.png", "Language": "de"})
    if "Sound" in output:
        sound = s3.get_object(Bucket="chains", Key=output["Sound"].removeprefix("s3://chains/"))["Body"].read()
        stage.report.keep("letter.mp3", sound, "The letter without personal data, read aloud")
    stage.report.title("Chain: audio -> Transcribe -> Comprehend, for a call on two channels")
    s3.upload_fileobj(io.BytesIO((CHAINS / "call" / "call.ogg").read_bytes()), "chains", "call.ogg")
    run(stage, "call", {"Bucket": "chains", "Key": "call.ogg"})


def run(stage: Stage, chain: str, given: dict[str, Any]) -> dict[str, Any]:
    """Run one of examples/chains, tell its states and its output, and give the output."""
    states = stage.client("stepfunctions")
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
    told_events = f"{answer['status']}, {len(events)} events"
    stage.report.row("StartExecution", told_events, time.monotonic() - started, answer)
    for name, kind, times, seconds in in_sum(passed(events)):
        again = f"  in {times} times" if times > 1 else ""
        stage.report.line(f"  {name:<28} {kind:<9} {seconds * 1000:6.0f} ms{again}")
    output: dict[str, Any] = json.loads(answer["output"])
    for name, value in output.items():
        if name != "Text":
            stage.report.line(f"  {name}: {told(value)}")
    return output


def passed(events: list[dict[str, Any]]) -> Iterator[tuple[str, str, float]]:
    """The states of an execution in the order they were entered: name, type and seconds."""
    left: dict[str, list[datetime.datetime]] = {}
    for event in reversed(events):
        if "stateExitedEventDetails" in event:
            left.setdefault(event["stateExitedEventDetails"]["name"], []).append(event["timestamp"])
    for event in events:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            # A state that failed and was caught has no exit of its own.
            ended = left[name].pop() if left.get(name) else event["timestamp"]
            yield name, event["type"].removesuffix("StateEntered"), (ended - event["timestamp"]).total_seconds()


def in_sum(states: Iterator[tuple[str, str, float]]) -> Iterator[tuple[str, str, int, float]]:
    """Each state once, where it was entered first: name, type, how many times, and seconds in all."""
    sums: dict[tuple[str, str], list[float]] = {}
    for name, kind, seconds in states:
        sums.setdefault((name, kind), []).append(seconds)
    for (name, kind), each in sums.items():
        yield name, kind, len(each), sum(each)


def told(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return ", ".join(map(str, value.values()))
    return "; ".join(map(told, value)) if isinstance(value, list) else " ".join(str(value).split())
