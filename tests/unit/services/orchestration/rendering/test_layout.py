"""Layouts: nothing covers anything, and every line goes where it says."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from services.orchestration.language.definition import load
from services.orchestration.rendering import layout
from services.orchestration.rendering.graph import graph_of
from services.orchestration.rendering.layout import Box, Layout, lay_out
from shared import errors
from tests.unit.services.orchestration.rendering.machines import texts

relaxed = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TOLERANCE = 0.2  # positions are rounded to a tenth


def made(*states: tuple[str, dict[str, Any]]) -> Layout:
    text = json.dumps({"StartAt": states[0][0], "States": dict(states)})
    return lay_out(graph_of(load(text)))


def overlap(first: Box, second: Box) -> bool:
    return (
        first.x + first.width > second.x + TOLERANCE
        and second.x + second.width > first.x + TOLERANCE
        and first.bottom > second.y + TOLERANCE
        and second.bottom > first.y + TOLERANCE
    )


@relaxed
@given(texts())
def test_boxes_do_not_overlap(text: str) -> None:
    drawn = lay_out(graph_of(load(text)))
    levels: dict[int | None, list[Box]] = {}
    for box in drawn.boxes:
        levels.setdefault(box.parent, []).append(box)
    for boxes in levels.values():
        assert not any(overlap(first, second) for first, second in itertools.combinations(boxes, 2))


@relaxed
@given(texts())
def test_everything_is_inside_what_holds_it(text: str) -> None:
    drawn = lay_out(graph_of(load(text)))
    for number, box in enumerate(drawn.boxes):
        assert box.parent is None or box.parent < number
        left, top, right, bottom = 0.0, 0.0, drawn.width, drawn.height
        if box.parent is not None:
            around = drawn.boxes[box.parent]
            left, top, right, bottom = around.x, around.y + 40, around.x + around.width, around.bottom
        assert left - TOLERANCE <= box.x and box.x + box.width <= right + TOLERANCE
        assert top - TOLERANCE <= box.y and box.bottom <= bottom + TOLERANCE
    for line in drawn.lines:
        for x, y in line.points:
            assert -TOLERANCE <= x <= drawn.width + TOLERANCE and -TOLERANCE <= y <= drawn.height + TOLERANCE


@relaxed
@given(texts())
def test_every_line_ends_on_its_boxes(text: str) -> None:
    drawn = lay_out(graph_of(load(text)))
    for line in drawn.lines:
        source, target = drawn.boxes[line.source], drawn.boxes[line.target]
        (x, y), (into, top) = line.points[0], line.points[-1]
        assert source.x <= x <= source.x + source.width and y == pytest.approx(source.bottom, abs=TOLERANCE)
        assert target.x <= into <= target.x + target.width and top == pytest.approx(target.y, abs=TOLERANCE)
        assert source.parent == target.parent


@relaxed
@given(texts())
def test_no_line_crosses_a_box(text: str) -> None:
    drawn = lay_out(graph_of(load(text)))
    for line in drawn.lines:
        level = drawn.boxes[line.source].parent
        boxes = [box for box in drawn.boxes if box.parent == level]
        for (x1, y1), (x2, y2) in itertools.pairwise(line.points):
            for step in range(9):
                x, y = x1 + (x2 - x1) * step / 8, y1 + (y2 - y1) * step / 8
                crossed = [
                    box
                    for box in boxes
                    if box.x + TOLERANCE < x < box.x + box.width - TOLERANCE
                    and box.y + TOLERANCE < y < box.bottom - TOLERANCE
                ]
                assert not crossed


@relaxed
@given(texts())
def test_every_transition_is_drawn_once_and_the_same_way_each_time(text: str) -> None:
    graph = graph_of(load(text))
    drawn = lay_out(graph)
    assert drawn == lay_out(graph_of(load(text)))

    def count(document: dict[str, Any]) -> int:
        edges = 0
        for state in document["States"].values():
            edges += "Next" in state
            edges += len(state.get("Choices", ())) + ("Default" in state) + len(state.get("Catch", ()))
            edges += sum(count(branch) for branch in state.get("Branches", ()))
            edges += count(state["ItemProcessor"]) if "ItemProcessor" in state else 0
        return edges

    document = json.loads(text)
    ends = sum(bool(state.get("End")) or state["Type"] == "Succeed" for state in document["States"].values())
    assert len(drawn.lines) == count(document) + ends + 1


def test_labels_cover_neither_boxes_nor_one_another() -> None:
    rules = [{"Variable": "$.value", "NumericEquals": number, "Next": f"s{number}"} for number in range(6)]
    drawn = made(
        ("choice", {"Type": "Choice", "Choices": rules, "Default": "s0"}),
        *((f"s{number}", {"Type": "Succeed"}) for number in range(6)),
    )
    spans = []
    for line in drawn.lines:
        if line.label_at is not None:
            half = len(layout.label_text(line.edge)) * layout.SMALL_CHARACTER_WIDTH / 2
            spans.append((line.label_at[1], line.label_at[0] - half, line.label_at[0] + half))
            y = line.label_at[1]
            assert not any(box.y < y < box.bottom and box.node.name != "choice" for box in drawn.boxes)
    assert len(spans) == 7
    for (y1, left1, right1), (y2, left2, right2) in itertools.combinations(spans, 2):
        assert y1 != y2 or right1 <= left2 or right2 <= left1


def test_ranks_are_longest_paths_and_loops_lead_back() -> None:
    drawn = made(
        ("a", {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "c"}], "Default": "b"}),
        ("b", {"Type": "Pass", "Next": "c"}),
        ("c", {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "a"}], "Default": "d"}),
        ("d", {"Type": "Pass", "Next": "d"}),
    )
    tops = {box.node.name: box.y for box in drawn.boxes}
    assert tops["Start"] < tops["a"] < tops["b"] < tops["c"] < tops["d"] < tops["End"]
    right = max(box.x + box.width for box in drawn.boxes)
    names = {(drawn.boxes[line.source].node.name, drawn.boxes[line.target].node.name): line for line in drawn.lines}
    for back in (("c", "a"), ("d", "d")):
        assert max(x for x, _ in names[back].points) > right


def test_a_chain_stands_in_one_column() -> None:
    names = [f"state {number}" for number in range(20)]
    drawn = made(
        *((name, {"Type": "Pass", "Next": following}) for name, following in itertools.pairwise(names)),
        (names[-1], {"Type": "Succeed"}),
    )
    assert len({round(box.x + box.width / 2) for box in drawn.boxes}) == 1


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_MOST_BENDS", 10)
    with pytest.raises(errors.InvalidArgument):
        made(*((f"s{n}", {"Type": "Pass", "Next": f"s{n + 1}"}) for n in range(30)), ("s30", {"Type": "Succeed"}))
