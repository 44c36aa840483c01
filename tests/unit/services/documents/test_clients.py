"""The two client libraries read our graph, and it has the shape of the real answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from services.documents.messages import block_message
from tests.unit.services.documents.test_blocks import blocks_of, form

SHARED = Path(os.environ.get("NONET_SHARED", Path(__file__).resolve().parents[5] / "shared"))
REAL = SHARED / "data" / "documents" / "textract_response_parser"


@pytest.fixture(scope="module")
def response() -> dict[str, Any]:
    blocks = [MessageToDict(block_message(block)) for block in blocks_of(form())]
    return {"DocumentMetadata": {"Pages": 1}, "Blocks": blocks, "AnalyzeDocumentModelVersion": "1.0"}


def test_the_response_parser_reads_it(response: dict[str, Any]) -> None:
    trp = pytest.importorskip("trp", reason="amazon-textract-response-parser is not installed")
    page = trp.Document(json.loads(json.dumps(response))).pages[0]
    fields = {str(field.key): str(field.value) for field in page.form.fields}
    assert fields["Name:"] == "Ada Lovelace"
    assert fields["Married"].strip() in {"SELECTED", "X"}
    (table,) = page.tables
    assert [[cell.text.strip() for cell in row.cells] for row in table.rows][1:] == [
        ["A", "12", "34"],
        ["B", "56", "78"],
    ]


def test_the_second_response_parser_reads_it(response: dict[str, Any]) -> None:
    trp2 = pytest.importorskip("trp.trp2", reason="amazon-textract-response-parser is not installed")
    document = trp2.TDocumentSchema().load(json.loads(json.dumps(response)))
    answers = document.get_query_answers(document.pages[0])
    assert ["What is the name?", "NAME", "Ada Lovelace"] in answers


def test_the_textractor_reads_it(response: dict[str, Any]) -> None:
    parser = pytest.importorskip("textractor.parsers.response_parser", reason="textractor is not installed")
    document = parser.parse(response)
    assert len(document.tables) == 1 and len(document.checkboxes) == 1
    assert {" ".join(word.text for word in pair.key) for pair in document.key_values} >= {"Name:", "Town:"}
    assert "Ada Lovelace" in document.pages[0].get_text()


def test_our_members_and_relationships_are_those_of_the_real_answers(response: dict[str, Any]) -> None:
    if not REAL.is_dir():
        pytest.skip("NONET_SHARED has no real Textract answers")
    known: dict[str, set[str]] = {}
    required: dict[str, set[str]] = {}
    for block in _real_blocks():
        present = {name for name, value in block.items() if value is not None}
        known.setdefault(block["BlockType"], set()).update(_edges(block) | present)
        required.setdefault(block["BlockType"], set(present)).intersection_update(present)
    for block in response["Blocks"]:
        kind = block["BlockType"]
        if kind in known:
            assert set(block) | _edges(block) <= known[kind], kind
            # A value without words and a header without entity types are told by absence, there as here.
            assert required[kind] - {"Relationships", "Page"} <= set(block) | {"Relationships"}, kind


def _edges(block: dict[str, Any]) -> set[str]:
    return {f"-> {relationship['Type']}" for relationship in block.get("Relationships") or ()}


def _real_blocks() -> Iterator[dict[str, Any]]:
    for path in sorted(REAL.glob("*.json")):
        answer = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(answer, dict):
            yield from answer.get("Blocks") or ()
