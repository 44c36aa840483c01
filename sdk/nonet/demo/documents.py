"""Textract: what stands on a scan, at once and as a job."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

from nonet.demo.stage import Stage, timed


def show(stage: Stage, scan: bytes) -> None:
    textract, row, line = stage.client("textract"), stage.report.row, stage.report.line
    stage.report.title(f"Textract: an invoice drawn here, tilted and speckled like a scan ({len(scan) // 1024} KB PNG)")
    stage.report.keep("invoice.png", scan, "What Textract is given")
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
    line("  forms:")
    for key, value in pairs(blocks):
        line(f"    {key:<24} {value}")
    line("  table:")
    for table_row in table(blocks):
        line("    " + "".join(f"{cell:<24}" for cell in table_row))
    answers = [block["Text"] for block in blocks.values() if block["BlockType"] == "QUERY_RESULT"]
    line(f"  query: {question} -> {', '.join(answers) or '(no answer)'}")


def show_job(stage: Stage, scan: bytes) -> None:
    s3, textract = stage.client("s3"), stage.client("textract")
    stage.report.title("Textract: a durable job on an object in S3")
    s3.create_bucket(Bucket="invoices")
    s3.upload_fileobj(io.BytesIO(scan), "invoices", "2026/may.png")
    location = {"S3Object": {"Bucket": "invoices", "Name": "2026/may.png"}}
    started = time.monotonic()
    job = textract.start_document_text_detection(DocumentLocation=location)["JobId"]
    while (answer := textract.get_document_text_detection(JobId=job))["JobStatus"] == "IN_PROGRESS":
        time.sleep(0.1)
    stage.report.row(
        "GetDocumentTextDetection",
        f"{answer['JobStatus']}, {len(answer['Blocks'])} blocks",
        time.monotonic() - started,
        answer,
    )


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
