"""Every P0 operation of textract, asked by boto3 and answered by the models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.answers import Recorder
from tests.contract.documents import papers
from tests.contract.documents.conftest import FEATURES, QUERIES
from tests.contract.documents.graphs import Graph

pytestmark = pytest.mark.slow

Upload = Callable[[bytes], dict[str, dict[str, str]]]
PAGES = [[f"Page number {page}", "The quick brown fox", "jumps over the lazy dog."] for page in range(1, 6)]


def test_detect_document_text(textract: Recorder, form_file: bytes) -> None:
    answer = textract.ask("detect_document_text", Document={"Bytes": form_file})
    assert set(answer) == {"DocumentMetadata", "Blocks", "DetectDocumentTextModelVersion"}
    assert answer["DocumentMetadata"] == {"Pages": 1}
    graph = Graph(answer["Blocks"])
    graph.check()
    assert {block["BlockType"] for block in graph.blocks} == {"PAGE", "LINE", "WORD"}
    lines = graph.lines()
    for expected in (papers.TITLE, *papers.FIELDS.values(), papers.SENTENCE):
        assert expected in lines
    assert lines.index(papers.TITLE) < lines.index("Ada Lovelace") < lines.index(papers.SENTENCE)
    assert all(block["TextType"] in ("PRINTED", "HANDWRITING") for block in graph.of("WORD"))
    (sentence,) = (block for block in graph.of("LINE") if block["Text"] == papers.SENTENCE)
    assert sentence["Geometry"]["BoundingBox"]["Top"] == pytest.approx(0.725, abs=0.02)
    assert sentence["Geometry"]["BoundingBox"]["Left"] == pytest.approx(60 / 900, abs=0.02)


def test_detect_document_text_of_an_object(textract: Recorder, upload: Upload) -> None:
    answer = textract.ask("detect_document_text", Document=upload(papers.encoded(papers.note(), "JPEG", quality=95)))
    assert Graph(answer["Blocks"]).lines() == ["Hello small world"]


def test_analyze_document(form_answer: dict[str, Any]) -> None:
    assert set(form_answer) == {"DocumentMetadata", "Blocks", "AnalyzeDocumentModelVersion"}
    graph = Graph(form_answer["Blocks"])
    graph.check()
    fields = graph.fields()
    for key, value in papers.FIELDS.items():
        assert fields[key] == value
    table = graph.of("TABLE")[-1]
    assert graph.rows(table) == [list(row) for row in papers.TABLE]
    assert table["EntityTypes"] == ["STRUCTURED_TABLE"]
    headers = [cell for cell in graph.related(table) if cell.get("EntityTypes") == ["COLUMN_HEADER"]]
    assert [graph.text(cell) for cell in headers] == list(papers.TABLE[0])
    states = [block["SelectionStatus"] for block in graph.of("SELECTION_ELEMENT")]
    assert sorted(states) == ["NOT_SELECTED", "SELECTED"]
    assert fields["Student"] == "SELECTED" and fields["Teacher"] == "NOT_SELECTED"


def test_a_list_of_fields_is_no_table(form_answer: dict[str, Any]) -> None:
    graph = Graph(form_answer["Blocks"])
    assert [graph.rows(table)[0] for table in graph.of("TABLE")] == [list(papers.TABLE[0])]
    assert [len(graph.related(block)) for block in graph.of("LAYOUT_TABLE")] == [9]


def test_queries(form_answer: dict[str, Any]) -> None:
    graph = Graph(form_answer["Blocks"])
    answers = {
        block["Query"]["Text"]: [result["Text"] for result in graph.related(block, "ANSWER")]
        for block in graph.of("QUERY")
    }
    assert answers == {"What is the name?": ["Ada Lovelace"], "What is the city?": ["London"]}
    assert [block["Query"].get("Alias") for block in graph.of("QUERY")] == ["NAME", None]


def test_layout(form_answer: dict[str, Any]) -> None:
    graph = Graph(form_answer["Blocks"])
    kinds = {block["BlockType"] for block in graph.blocks if block["BlockType"].startswith("LAYOUT_")}
    assert "LAYOUT_TABLE" in kinds and kinds & {"LAYOUT_TITLE", "LAYOUT_SECTION_HEADER"}
    covered = [line["Id"] for block in graph.blocks if block["BlockType"].startswith("LAYOUT_")
               for line in graph.related(block) if line["BlockType"] == "LINE"]  # fmt: skip
    assert sorted(covered) == sorted(line["Id"] for line in graph.of("LINE")), "each line is in one region"


@pytest.mark.parametrize("bullets", [False, True])
def test_lists(textract: Recorder, bullets: bool) -> None:
    """Points that are numbered, and points that have a dot before them, which no reader takes for text."""
    page = papers.report(bullets=bullets).crop((0, 180, 1200, 640))
    answer = textract.ask("analyze_document", Document={"Bytes": papers.encoded(page)}, FeatureTypes=["LAYOUT"])
    graph = Graph(answer["Blocks"])
    graph.check()
    (found,) = graph.of("LAYOUT_LIST")
    texts = [line["Text"] for part in (found, *graph.related(found)) for line in graph.related(part)
             if line["BlockType"] == "LINE"]  # fmt: skip
    assert [point for point in papers.POINTS if any(text.endswith(point) for text in texts)] == list(papers.POINTS)


@pytest.mark.parametrize(
    ("feature", "kinds"),
    [
        ("TABLES", {"TABLE", "CELL"}),
        ("FORMS", {"KEY_VALUE_SET", "SELECTION_ELEMENT"}),
        ("LAYOUT", {"LAYOUT_TABLE", "LAYOUT_TEXT"}),
    ],
)
def test_one_feature_alone(textract: Recorder, form_file: bytes, feature: str, kinds: set[str]) -> None:
    answer = textract.ask("analyze_document", Document={"Bytes": form_file}, FeatureTypes=[feature])
    graph = Graph(answer["Blocks"])
    graph.check()
    found = {block["BlockType"] for block in graph.blocks}
    assert kinds <= found
    others = {"TABLES": "TABLE", "FORMS": "KEY_VALUE_SET", "LAYOUT": "LAYOUT_TABLE"}
    assert not {kind for name, kind in others.items() if name != feature} & found


def test_text_detection_job(textract: Recorder, upload: Upload) -> None:
    started = textract.ask("start_document_text_detection", DocumentLocation=upload(papers.pdf(PAGES)), JobTag="tag")
    assert set(started) == {"JobId"}
    answer = textract.finished("get_document_text_detection", started["JobId"])
    assert set(answer) == {"DocumentMetadata", "JobStatus", "Blocks", "DetectDocumentTextModelVersion"}
    assert (answer["JobStatus"], answer["DocumentMetadata"]) == ("SUCCEEDED", {"Pages": 5})
    graph = Graph(answer["Blocks"])
    graph.check(5, numbered=True)
    assert graph.lines() == [line for page in PAGES for line in page]
    assert [block["Page"] for block in graph.of("PAGE")] == [1, 2, 3, 4, 5]
    assert answer["Blocks"][0]["BlockType"] == "PAGE"


def test_a_job_is_read_in_portions(textract: Recorder, upload: Upload) -> None:
    job = textract.ask("start_document_text_detection", DocumentLocation=upload(papers.pdf(PAGES)))["JobId"]
    whole = textract.finished("get_document_text_detection", job)["Blocks"]
    seen: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    for _ in range(len(whole)):
        answer = textract.ask("get_document_text_detection", JobId=job, MaxResults=7, **token)
        assert answer["DocumentMetadata"] == {"Pages": 5}
        assert len(answer["Blocks"]) <= 7
        seen += answer["Blocks"]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert seen == whole


def test_analysis_job(textract: Recorder, upload: Upload, form_file: bytes) -> None:
    tiff = papers.encoded(papers.form(), "TIFF", save_all=True, append_images=[papers.note("A second page here")])
    queries = {"Queries": [*QUERIES["Queries"], {"Text": "What is the phone?", "Pages": ["2"]}]}
    job = textract.ask(
        "start_document_analysis", DocumentLocation=upload(tiff), FeatureTypes=FEATURES, QueriesConfig=queries
    )["JobId"]  # fmt: skip
    answer = textract.finished("get_document_analysis", job)
    assert set(answer) == {"DocumentMetadata", "JobStatus", "Blocks", "AnalyzeDocumentModelVersion"}
    assert (answer["JobStatus"], answer["DocumentMetadata"]) == ("SUCCEEDED", {"Pages": 2})
    graph = Graph(answer["Blocks"])
    graph.check(2, numbered=True)
    table = graph.of("TABLE")[-1]
    assert table["Page"] == 1 and graph.rows(table) == [list(row) for row in papers.TABLE]
    assert graph.fields()["City:"] == "London"
    asked = {(block["Query"]["Text"], block["Page"]) for block in graph.of("QUERY")}
    assert asked == {("What is the name?", 1), ("What is the city?", 1), ("What is the phone?", 2)}
    assert [line["Text"] for line in graph.of("LINE") if line["Page"] == 2] == ["A second page here"]


def test_a_client_token_starts_one_job(textract: Recorder, upload: Upload) -> None:
    place, other = upload(papers.pdf(PAGES[:1])), upload(papers.pdf(PAGES[:2]))
    name = place["S3Object"]["Name"].rpartition("/")[2]
    first = textract.ask("start_document_text_detection", DocumentLocation=place, ClientRequestToken=name)
    again = textract.ask("start_document_text_detection", DocumentLocation=place, ClientRequestToken=name)
    assert again == first
    with pytest.raises(textract.client.exceptions.IdempotentParameterMismatchException):
        textract.ask("start_document_text_detection", DocumentLocation=other, ClientRequestToken=name)


def test_a_job_whose_document_is_bad_has_failed(textract: Recorder, upload: Upload) -> None:
    job = textract.ask("start_document_text_detection", DocumentLocation=upload(b"%PDF-1.4 nothing"))["JobId"]
    answer = textract.finished("get_document_text_detection", job)
    assert answer["JobStatus"] == "FAILED" and answer["StatusMessage"]
    assert not answer.get("Blocks")
