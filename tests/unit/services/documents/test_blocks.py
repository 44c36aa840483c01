"""The block graph: every relationship leads somewhere, and clients find what they look for."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st

from services.documents.analysis import Feature, PageAnalysis, Question, analyze
from services.documents.blocks import Block, page_blocks
from services.documents.messages import block_message
from services.documents.sheets import lift
from shared import errors
from shared.media.documents import Page
from shared.tasks.reading import Line, Reading, Word
from tests.unit.services.documents.drawing import Drawing, turned

ALL = frozenset(Feature)


def form() -> Drawing:
    drawing = Drawing().text(60, 40, "Confidential").text(60, 150, "Name: Ada Lovelace").text(60, 190, "Town: London")
    drawing.mark(60, 240, ticked=True).text(95, 241, "Married")
    xs, ys = [100, 350, 600, 850], [400, 450, 500, 550]
    drawing.rule(100, 400, 850, 400).rule(100, 450, 850, 450).rule(100, 500, 850, 500).rule(100, 550, 850, 550)
    drawing.rule(100, 400, 100, 550).rule(350, 450, 350, 550).rule(600, 400, 600, 550).rule(850, 400, 850, 550)
    for y, row in zip(ys, (("Size", "", "Price"), ("A", "12", "34"), ("B", "56", "78")), strict=False):
        for x, text in zip(xs, row, strict=False):
            drawing.text(x + 10, y + 12, text)
    return drawing


def blocks_of(drawing: Drawing, *, numbered: bool = False) -> list[Block]:
    sheet = drawing.sheet()
    questions = [Question("What is the name?", "NAME"), Question("Which colour?"), Question("Name?", None, ("2",))]
    return page_blocks(sheet, analyze(sheet, ALL, questions), numbered=numbered)


def check_graph(blocks: list[Block]) -> None:
    """What holds of every graph: unique ids, no loose ends, every word in one line, geometry within the page."""
    by_id = {block.id: block for block in blocks}
    assert len(by_id) == len(blocks)
    assert [block.kind for block in blocks].count("PAGE") == 1 and blocks[0].kind == "PAGE"
    pointed = Counter(target for block in blocks for ids in block.relationships.values() for target in ids)
    for block in blocks:
        for ids in block.relationships.values():
            assert ids and all(target in by_id for target in ids)
        if block.kind != "PAGE":
            assert pointed[block.id] >= 1, block.kind
        if block.kind == "WORD":
            assert block.text and not any(c.isspace() for c in block.text)
        if block.kind == "LINE":
            words = [by_id[target].text for target in block.relationships["CHILD"]]
            assert block.text == " ".join(map(str, words))
        if block.polygon is not None:
            assert block.polygon.shape == (4, 2)
            assert (block.polygon >= 0).all() and (block.polygon <= 1).all()
        if block.confidence is not None:
            assert 0 <= block.confidence <= 100
    in_lines = Counter(i for block in blocks if block.kind == "LINE" for i in block.relationships["CHILD"])
    assert all(in_lines[block.id] == 1 for block in blocks if block.kind == "WORD")


def test_a_form_has_all_kinds_of_block() -> None:
    blocks = blocks_of(form())
    check_graph(blocks)
    kinds = Counter(block.kind for block in blocks)
    expected = {"PAGE", "LINE", "WORD", "KEY_VALUE_SET", "SELECTION_ELEMENT", "TABLE", "CELL", "MERGED_CELL", "QUERY"}
    assert expected | {"QUERY_RESULT", "LAYOUT_HEADER", "LAYOUT_TABLE"} <= set(kinds)
    assert kinds["CELL"] == 9 and kinds["MERGED_CELL"] == 1
    assert all(block.page is None for block in blocks)
    assert all(block.page == 1 for block in blocks_of(form(), numbered=True))


def test_queries_point_at_their_answers_only() -> None:
    blocks = blocks_of(form())
    results = {block.id: block.text for block in blocks if block.kind == "QUERY_RESULT"}
    asked = {b.question.text: b.relationships.get("ANSWER", []) for b in blocks if b.question is not None}
    # The third question is for page 2.
    assert set(asked) == {"What is the name?", "Which colour?"}
    assert [results[i] for i in asked["What is the name?"]] == ["Ada Lovelace"]
    assert asked["Which colour?"] == []


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_blocks_of_a_turned_page_lie_where_the_page_shows_them(degrees: int) -> None:
    drawing = form()
    upright = blocks_of(drawing)
    pixels = np.ascontiguousarray(np.rot90(drawing.pixels, -degrees // 90))
    words = [
        Word(w.text, w.confidence, turned(w.polygon, drawing.width, drawing.height, degrees)) for w in drawing.words
    ]
    sheet = lift(Page(1, pixels), Reading(tuple(Line((w,), w.polygon) for w in words), degrees))
    blocks = page_blocks(sheet, analyze(sheet, ALL), numbered=False)
    check_graph(blocks)
    for kind in ("LINE", "WORD", "TABLE", "CELL"):
        straight = [block for block in upright if block.kind == kind]
        rotated = [block for block in blocks if block.kind == kind]
        assert [block.text for block in straight] == [block.text for block in rotated]
        for a, b in zip(straight, rotated, strict=True):
            assert a.polygon is not None and b.polygon is not None
            unit = turned(a.polygon.astype(np.float32), 1, 1, degrees)
            assert b.polygon == pytest.approx(unit, abs=0.01)


def test_an_empty_page_is_a_page_block() -> None:
    (page,) = page_blocks(Drawing().sheet(), PageAnalysis(), numbered=False)
    assert page.kind == "PAGE" and page.relationships == {}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 1300), st.text(min_size=1, max_size=14)), max_size=25),
    st.lists(st.tuples(*[st.integers(0, 990)] * 4), max_size=6),
)
def test_any_page_gives_a_whole_graph(
    texts: list[tuple[int, int, str]], rules: list[tuple[int, int, int, int]]
) -> None:
    drawing = Drawing()
    for x, y, text in texts:
        drawing.text(x, y, text)
    for left, top, right, bottom in rules:
        drawing.rule(left, top, right, top)
        drawing.rule(left, top, left, bottom)
    check_graph(blocks_of(drawing))


def test_messages_carry_the_wire_names() -> None:
    for block in blocks_of(form(), numbered=True):
        message = MessageToDict(block_message(block))
        assert message["BlockType"] == block.kind and message["Id"] == block.id and message["Page"] == 1
        if block.polygon is not None:
            box, polygon = message["Geometry"]["BoundingBox"], message["Geometry"]["Polygon"]
            assert box["Left"] == pytest.approx(min(point["X"] for point in polygon), abs=1e-6)
            assert box["Height"] == pytest.approx(block.polygon[:, 1].max() - block.polygon[:, 1].min(), abs=1e-6)
        assert json.dumps(message)


@pytest.mark.parametrize(
    ("pages", "page", "concerned"),
    [
        ((), 1, True),
        ((), 2, False),
        (("*",), 7, True),
        (("2-3",), 3, True),
        (("2-*",), 9, True),
        (("1", "4"), 3, False),
    ],
)
def test_the_pages_of_a_question(pages: tuple[str, ...], page: int, concerned: bool) -> None:
    assert Question("?", None, pages).concerns(page) is concerned


@pytest.mark.parametrize("pages", ["-", "**", "1-", "-3", "1-2-3", "*-3", "0", "0-2", "5-2", "* 2"])
def test_malformed_pages_of_a_question_are_refused(pages: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        Question("?", None, tuple(pages.split()))
