"""``nonet demo``: starts the suite on free ports and lets an ordinary boto3 program ask it real questions."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nonet import Nonet
from nonet.cli.invoice import invoice_scan

START_SECONDS = 120
TEXT = (
    "Maria Lindqvist flew from Lisbon to Toronto on 3 May 2026 to sign the contract with Acme Robotics. "
    "She was delighted with the 40 new machines, but the hotel was dreadful. "
    "Write to maria.lindqvist@example.com or call +1 416 555 0142; the card 4111 1111 1111 1111 was charged twice."
)
#: What a text is about, as a state machine: the language first, then three questions at once.
CHAIN: dict[str, Any] = {
    "StartAt": "Language",
    "States": {
        "Language": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:comprehend:detectDominantLanguage",
            "Parameters": {"Text.$": "$.text"},
            "ResultSelector": {"code.$": "$.Languages[0].LanguageCode"},
            "ResultPath": "$.language",
            "Next": "Look closer",
        },
        "Look closer": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": name,
                    "States": {
                        name: {
                            "Type": "Task",
                            "Resource": f"arn:aws:states:::aws-sdk:comprehend:{operation}",
                            "Parameters": {"Text.$": "$.text", "LanguageCode.$": "$.language.code"},
                            "End": True,
                        }
                    },
                }
                for name, operation in (
                    ("Sentiment", "detectSentiment"),
                    ("Entities", "detectEntities"),
                    ("Personal data", "detectPiiEntities"),
                )
            ],
            "ResultSelector": {
                "sentiment.$": "$[0].Sentiment",
                "entities.$": "$[1].Entities[*].Text",
                "personalData.$": "$[2].Entities[*].Type",
            },
            "Next": "Private?",
        },
        "Private?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.personalData[0]", "IsPresent": True, "Next": "Keep private"}],
            "Default": "Publish",
        },
        "Keep private": {"Type": "Pass", "Result": "keep private", "ResultPath": "$.decision", "End": True},
        "Publish": {"Type": "Pass", "Result": "publish", "ResultPath": "$.decision", "End": True},
    },
}


@dataclass(frozen=True, slots=True)
class Endpoints:
    http: str
    grpc: str


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nonet demo", description=__doc__)
    parser.add_argument("--keep", metavar="FILE", type=Path, help="write the invoice that is read to FILE (PNG)")
    chosen = parser.parse_args(arguments[1:])
    began = time.monotonic()
    scan = invoice_scan()
    if chosen.keep:
        chosen.keep.write_bytes(scan)
    with tempfile.TemporaryDirectory(prefix="nonet-demo-") as data, server(Path(data)) as endpoints:
        title(f"Nonet answers at {endpoints.http} after {time.monotonic() - began:.1f} s")
        print("An ordinary boto3 program; only endpoint_url differs from one for AWS.\n")
        show_language(endpoints)
        show_documents(endpoints, scan)
        show_job(endpoints, scan)
        show_chain(endpoints)
        show_grpc(endpoints)
    title(f"Done in {time.monotonic() - began:.1f} s")
    print("Next:  ./nonet up  starts the suite for your own programs.")
    return 0


@contextlib.contextmanager
def server(data: Path) -> Iterator[Endpoints]:
    """``nonet up`` in a process of its own, as a user would have it."""
    environment = {**os.environ, "NONET_DATA_DIRECTORY": str(data), "NONET_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "nonet.cli", "up", "--http-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(r"endpoint (\S+)\s+gRPC (\S+)", line)
            if found:
                yield Endpoints(found[1], found[2])
                return
        raise SystemExit("nonet: the suite did not start; `./nonet doctor` looks for the reason")
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def boto3_client(name: str, endpoints: Endpoints) -> Any:
    import boto3

    return boto3.client(
        name,
        endpoint_url=endpoints.http,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def show_language(endpoints: Endpoints) -> None:
    comprehend = boto3_client("comprehend", endpoints)
    title("Comprehend")
    print(f'text: "{TEXT}"\n')
    language, seconds = timed(lambda: comprehend.detect_dominant_language(Text=TEXT))
    best = language["Languages"][0]
    row("DetectDominantLanguage", f"{best['LanguageCode']} {best['Score']:.2f}", seconds, language)
    for sentence in TEXT.split(". ")[1].split(", "):
        answer, seconds = timed(lambda s=sentence: comprehend.detect_sentiment(Text=s, LanguageCode="en"))
        score = answer["SentimentScore"][answer["Sentiment"].capitalize()]
        row("DetectSentiment", f'{answer["Sentiment"]} {score:.2f}  "{sentence}"', seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_entities(Text=TEXT, LanguageCode="en"))
    row("DetectEntities", "; ".join(f"{e['Type']} {e['Text']}" for e in answer["Entities"]), seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_key_phrases(Text=TEXT, LanguageCode="en"))
    row("DetectKeyPhrases", "; ".join(phrase["Text"] for phrase in answer["KeyPhrases"]), seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_syntax(Text=TEXT[:98], LanguageCode="en"))
    tags = " ".join(f"{token['Text']}/{token['PartOfSpeech']['Tag']}" for token in answer["SyntaxTokens"])
    row("DetectSyntax", tags, seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_pii_entities(Text=TEXT, LanguageCode="en"))
    found = [f"{e['Type']} {TEXT[e['BeginOffset'] : e['EndOffset']]}" for e in answer["Entities"]]
    row("DetectPiiEntities", "; ".join(found), seconds, answer)


def show_documents(endpoints: Endpoints, scan: bytes) -> None:
    textract = boto3_client("textract", endpoints)
    title(f"Textract: an invoice drawn here, tilted and speckled like a scan ({len(scan) // 1024} KB PNG)")
    answer, seconds = timed(lambda: textract.detect_document_text(Document={"Bytes": scan}))
    lines = [block for block in answer["Blocks"] if block["BlockType"] == "LINE"]
    words = sum(block["BlockType"] == "WORD" for block in answer["Blocks"])
    row("DetectDocumentText", f"{len(lines)} lines, {words} words; first: {lines[0]['Text']}", seconds, answer)
    question = "What is the total due?"
    answer, seconds = timed(
        lambda: textract.analyze_document(
            Document={"Bytes": scan},
            FeatureTypes=["FORMS", "TABLES", "QUERIES"],
            QueriesConfig={"Queries": [{"Text": question, "Alias": "TOTAL"}]},
        )
    )
    blocks = {block["Id"]: block for block in answer["Blocks"]}
    row("AnalyzeDocument", f"{len(blocks)} blocks", seconds, answer)
    print("  forms:")
    for key, value in pairs(blocks):
        print(f"    {key:<24} {value}")
    print("  table:")
    for table_row in table(blocks):
        print("    " + "".join(f"{cell:<24}" for cell in table_row))
    answers = [block["Text"] for block in blocks.values() if block["BlockType"] == "QUERY_RESULT"]
    print(f"  query: {question} -> {', '.join(answers) or '(no answer)'}")


def show_job(endpoints: Endpoints, scan: bytes) -> None:
    s3, textract = boto3_client("s3", endpoints), boto3_client("textract", endpoints)
    title("A durable job on an object in S3")
    s3.create_bucket(Bucket="invoices")
    s3.upload_fileobj(io.BytesIO(scan), "invoices", "2026/may.png")
    location = {"S3Object": {"Bucket": "invoices", "Name": "2026/may.png"}}
    started = time.monotonic()
    job = textract.start_document_text_detection(DocumentLocation=location)["JobId"]
    while (answer := textract.get_document_text_detection(JobId=job))["JobStatus"] == "IN_PROGRESS":
        time.sleep(0.1)
    row(
        "GetDocumentTextDetection",
        f"{answer['JobStatus']}, {len(answer['Blocks'])} blocks",
        time.monotonic() - started,
        answer,
    )


def show_chain(endpoints: Endpoints) -> None:
    states = boto3_client("stepfunctions", endpoints)
    title("Step Functions: the same questions as a state machine, three of them at once")
    machine = states.create_state_machine(
        name="look-at-a-text", definition=json.dumps(CHAIN), roleArn="arn:aws:iam::000000000000:role/demo"
    )["stateMachineArn"]
    started = time.monotonic()
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps({"text": TEXT}))["executionArn"]
    while (answer := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.02)
    if answer["status"] != "SUCCEEDED":
        raise SystemExit(f"nonet: the execution ended {answer['status']}: {answer.get('error')} {answer.get('cause')}")
    events = states.get_execution_history(executionArn=execution)["events"]
    row("StartExecution", f"{answer['status']}, {len(events)} events", time.monotonic() - started, answer)
    inside = False
    for name, kind, seconds in passed(events):
        print(f"  {'  ' if inside and kind == 'Task' else ''}{name:<20} {kind:<9} {seconds * 1000:5.0f} ms")
        inside = inside or kind == "Parallel"
    output = json.loads(answer["output"])
    for name, value in output.items():
        print(f"  {name}: {value if isinstance(value, str) else '; '.join(value)}")


def passed(events: list[dict[str, Any]]) -> Iterator[tuple[str, str, float]]:
    """The states of an execution in the order they were entered: name, type and seconds."""
    left = {e["stateExitedEventDetails"]["name"]: e["timestamp"] for e in events if "stateExitedEventDetails" in e}
    for event in events:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            yield name, event["type"].removesuffix("StateEntered"), (left[name] - event["timestamp"]).total_seconds()


def show_grpc(endpoints: Endpoints) -> None:
    title("The same over gRPC, with the SDK")
    with Nonet(endpoints.grpc) as client:
        answer, seconds = timed(
            lambda: client.language.detect_sentiment(text="The new machines are great.", language_code="en")
        )
    row("language.detect_sentiment", answer.sentiment, seconds, {})


def pairs(blocks: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys and values of the FORMS blocks."""
    for block in blocks.values():
        if block["BlockType"] == "KEY_VALUE_SET" and "KEY" in block.get("EntityTypes", ()):
            values = [blocks[i] for i in related(block, "VALUE")]
            yield text_of(block, blocks), " ".join(text_of(value, blocks) for value in values)


def table(blocks: dict[str, Any]) -> list[list[str]]:
    """Rows of the table with the most cells."""
    cells: dict[tuple[int, int], str] = {}
    tables = [block for block in blocks.values() if block["BlockType"] == "TABLE"]
    largest = max(tables, key=lambda block: len(related(block, "CHILD")), default=None)
    for cell in (blocks[i] for i in related(largest, "CHILD")) if largest else ():
        if cell["BlockType"] == "CELL":
            cells[cell["RowIndex"], cell["ColumnIndex"]] = text_of(cell, blocks)
    rows = max((row for row, _ in cells), default=0)
    columns = max((column for _, column in cells), default=0)
    return [[cells.get((row, column), "") for column in range(1, columns + 1)] for row in range(1, rows + 1)]


def text_of(block: dict[str, Any], blocks: dict[str, Any]) -> str:
    words = [blocks[i] for i in related(block, "CHILD")]
    return " ".join(word.get("Text") or word.get("SelectionStatus", "") for word in words)


def related(block: dict[str, Any], kind: str) -> list[str]:
    return [i for relation in block.get("Relationships", ()) if relation["Type"] == kind for i in relation["Ids"]]


def timed(call: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - started


def title(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")
    print("-" * min(len(text), 100))


def row(operation: str, text: str, seconds: float, answer: Any) -> None:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    model = headers.get("nonet-model", "")
    print(f"{operation:<24} {seconds * 1000:7.1f} ms  {text}{f'   [{model}]' if model else ''}")
