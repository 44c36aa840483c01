"""amazon-textract-response-parser and amazon-textract-textractor read our answers; our answers look like real ones."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.answers import Recorder
from tests.contract.documents import papers
from tests.contract.documents.graphs import Graph

Answer = dict[str, Any]
#: What the parsers' own tests added to some of the real answers; the contract has none of it.
FOREIGN = {"childText", "SearchKey"}
#: Kinds of the real answers that an earlier service gave (KEY, VALUE, TITLE), or that SIGNATURES gives.
ELSEWHERE = {"KEY", "VALUE", "TITLE", "SIGNATURE"}


@pytest.fixture
def answer(form_answer: Answer) -> Answer:
    """A copy: the parsers write into what they read."""
    return copy.deepcopy(form_answer)


def test_trp_reads_fields_tables_and_marks(answer: Answer) -> None:
    trp = pytest.importorskip("trp", reason="amazon-textract-response-parser is not installed")
    (page,) = trp.Document(answer).pages
    fields = {str(field.key): str(field.value) for field in page.form.fields}
    for key, value in papers.FIELDS.items():
        assert fields[key] == value
        assert page.form.getFieldByKey(key).value.text == value
    assert fields["Student"] == "SELECTED" and fields["Teacher"] == "NOT_SELECTED"
    rows = [[cell.text.strip() for cell in row.cells] for row in page.tables[-1].rows]
    assert rows == [list(row) for row in papers.TABLE]
    lines = [line.text for line in page.lines]
    assert lines.index(papers.TITLE) < lines.index("London") < lines.index("Apples") < lines.index(papers.SENTENCE)
    assert sorted(lines) == sorted(text for _, text in page.getLinesInReadingOrder())


def test_trp2_reads_answers_and_goes_round(answer: Answer) -> None:
    trp2 = pytest.importorskip("trp.trp2", reason="amazon-textract-response-parser is not installed")
    schema = trp2.TDocumentSchema()
    document = schema.load(answer)
    (page,) = document.pages
    assert ["What is the name?", "NAME", "Ada Lovelace"] in document.get_query_answers(page)
    assert {block.id for block in document.tables(page)} == {
        block["Id"] for block in Graph(answer["Blocks"]).of("TABLE")
    }
    fields = {block.id for block in document.forms(page)}
    assert fields == {block["Id"] for block in Graph(answer["Blocks"]).of("KEY_VALUE_SET")}
    assert {block["Id"] for block in schema.dump(document)["Blocks"]} == {block["Id"] for block in answer["Blocks"]}


def test_trp2_puts_merged_and_headed_tables_into_rows(answer: Answer) -> None:
    pytest.importorskip("trp", reason="amazon-textract-response-parser is not installed")
    from trp.t_pipeline import order_blocks_by_geo
    from trp.trp2 import TDocumentSchema

    ordered = order_blocks_by_geo(TDocumentSchema().load(answer))
    texts = [block.text for block in ordered.lines(ordered.pages[0])]
    assert texts.index(papers.TITLE) == 0 and texts[-1] == papers.SENTENCE


def test_textractor_reads_everything(answer: Answer) -> None:
    parser = pytest.importorskip("textractor.parsers.response_parser", reason="textractor is not installed")
    document = parser.parse(answer)
    # The library puts a blank after what it joins.
    assert document.get("Name")[0].value.text.strip() == "Ada Lovelace"
    values = {pair.key.text.strip(): pair.value.text.strip() for pair in document.key_values}
    assert values["City:"] == "London"
    marks = {box.key.text.strip(): box.is_selected() for box in document.checkboxes}
    assert marks == papers.CHOICES
    cells = {(cell.row_index, cell.col_index): cell.text.strip() for cell in document.tables[-1].table_cells}
    assert cells == {
        (row, column): text for row, texts in enumerate(papers.TABLE, 1) for column, text in enumerate(texts, 1)
    }
    headers = [cell for cell in document.tables[-1].table_cells if cell.is_column_header]
    assert [cell.text.strip() for cell in headers] == list(papers.TABLE[0])
    assert [query.result.answer for query in document.queries] == ["Ada Lovelace", "London"]
    assert document.pages[0].page_layout.tables and document.pages[0].page_layout.titles
    text = document.get_text()
    assert text.index(papers.TITLE) < text.index("Ada Lovelace") < text.index("Apples") < text.index(papers.SENTENCE)


def test_textractor_calls_us_by_itself(
    suite: Any, form_file: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    textractor = pytest.importorskip("textractor", reason="textractor is not installed")
    monkeypatch.setenv("AWS_ENDPOINT_URL", suite.http)
    image = tmp_path / "form.png"
    image.write_bytes(form_file)
    document = textractor.Textractor(region_name="us-east-1").detect_document_text(file_source=str(image))
    assert papers.TITLE in [line.text for line in document.lines]


# -- shape


def _real_answers(shared_directory: Path) -> Iterator[Answer]:
    folder = shared_directory / "data" / "documents" / "textract_response_parser"
    for path in sorted(folder.glob("*.json")):
        answer = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(answer, dict) and answer.get("Blocks"):
            yield answer


def _shape(blocks: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Block type -> paths of every member that has a value, relationship types included."""
    found: dict[str, set[str]] = defaultdict(set)
    for block in blocks:
        kind = block["BlockType"]
        for relationship in block.get("Relationships") or ():
            found[kind].add(f"-> {relationship['Type']}")
        for entity in block.get("EntityTypes") or ():
            found[kind].add(f"is {entity}")
        found[kind].update(_members(block, ""))
    return found


def _members(value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in value.items():
        if member is None or name in FOREIGN:
            continue
        yield f"{path}{name}"
        if isinstance(member, dict):
            yield from _members(member, f"{path}{name}.")


#: Kinds whose presence on a page is a matter of opinion: the same picture may be read either way.
JUDGEMENT = {
    "MERGED_CELL",
    "TABLE_TITLE",
    "TABLE_FOOTER",
    "LAYOUT_FIGURE",
    "LAYOUT_TITLE",
    "LAYOUT_HEADER",
    "LAYOUT_FOOTER",
}


@pytest.mark.slow
def test_a_real_pay_stub_has_the_shape_of_the_real_answer(textract: Recorder, shared_directory: Path) -> None:
    """The same picture that Textract answered: every kind of block and member it gave, we give as well."""
    folder = shared_directory / "data" / "documents" / "textract_response_parser"
    real = json.loads((folder / "paystub-response.json").read_text(encoding="utf-8"))
    ours = textract.ask(
        "analyze_document",
        Document={"Bytes": (folder / "paystub.jpg").read_bytes()},
        FeatureTypes=["FORMS", "TABLES", "LAYOUT", "QUERIES"],
        QueriesConfig={"Queries": [block["Query"] for block in real["Blocks"] if block["BlockType"] == "QUERY"]},
    )
    graph = Graph(ours["Blocks"])
    graph.check()
    expected, seen = _shape(real["Blocks"]), _shape(ours["Blocks"])
    missing = set(expected) - set(seen) - ELSEWHERE
    assert missing <= JUDGEMENT, missing
    for kind in set(expected) & set(seen):
        members = {name for name in expected[kind] if not name.startswith(("is ", "-> ")) and name != "Page"}
        assert members <= seen[kind], kind
    theirs = {line["Text"] for line in real["Blocks"] if line["BlockType"] == "LINE"}
    words = {word["Text"] for word in real["Blocks"] if word["BlockType"] == "WORD"}
    our_words = {word["Text"] for word in graph.of("WORD")}
    assert len(words & our_words) >= 0.75 * len(words)
    assert len(theirs & set(graph.lines())) >= 0.5 * len(theirs)
    assert graph.fields()["Pay date:"] == "7/25/2008"
    assert graph.fields()["Social Security Number:"] == "987-65-4321"


def test_every_kind_and_relationship_of_the_real_answers_occurs(textract: Recorder, shared_directory: Path) -> None:
    """A report with all that Textract's answers know, drawn plainly: a reader of each finds it."""
    known = {kind for answer in _real_answers(shared_directory) for kind in _shape(answer["Blocks"])}
    edges = {
        (kind, member)
        for answer in _real_answers(shared_directory)
        for kind, members in _shape(answer["Blocks"]).items()
        for member in members
        if member.startswith("-> ")
    }
    ours = textract.ask(
        "analyze_document",
        Document={"Bytes": papers.encoded(papers.report())},
        FeatureTypes=["FORMS", "TABLES", "LAYOUT", "QUERIES"],
        QueriesConfig={"Queries": [{"Text": "What is the author?"}]},
    )
    Graph(ours["Blocks"]).check()
    seen = _shape(ours["Blocks"])
    missing = known - ELSEWHERE - set(seen)
    assert not missing, missing
    lost = {edge for edge in edges if edge[0] not in ELSEWHERE and edge[1] not in seen[edge[0]]}
    assert lost <= {("TABLE", "-> TITLE")}, lost


def test_nothing_of_ours_is_unknown_to_the_real_answers(form_answer: Answer, shared_directory: Path) -> None:
    known: dict[str, set[str]] = defaultdict(set)
    for answer in _real_answers(shared_directory):
        for kind, members in _shape(answer["Blocks"]).items():
            known[kind] |= members
    assert len(known) > 20, "the real answers are there"
    for kind, members in _shape(form_answer["Blocks"]).items():
        if kind in known:
            assert members <= known[kind], kind
        else:
            assert kind.startswith("LAYOUT_"), kind


def test_every_member_of_the_real_form_blocks_is_ours_too(form_answer: Answer, shared_directory: Path) -> None:
    """Members that *every* real block of a kind has, ours have as well."""
    always: dict[str, set[str]] = {}
    for answer in _real_answers(shared_directory):
        for block in answer["Blocks"]:
            members = {name for name in _members(block, "") if not name.startswith("Page")}
            always.setdefault(block["BlockType"], members).intersection_update(members)
    for block in form_answer["Blocks"]:
        kind = block["BlockType"]
        assert always.get(kind, set()) <= set(_members(block, "")), kind
