"""Pictures: well-formed, readable by everybody, the same each time."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.orchestration.language.definition import load
from services.orchestration.rendering.graph import graph_of
from services.orchestration.rendering.layout import lay_out
from services.orchestration.rendering.progress import StateProgress, Status
from services.orchestration.rendering.svg import draw, duration
from tests.unit.services.orchestration.rendering.machines import NAMES, texts

SVG = "{http://www.w3.org/2000/svg}"
MACHINE = {
    "StartAt": "check <order>",
    "States": {
        "check <order>": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.total", "NumericGreaterThan": 100, "Next": "ask & wait"}],
            "Default": "ship",
        },
        "ask & wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "give up"}],
            "Next": "ship",
        },
        "ship": {"Type": "Succeed"},
        "give up": {"Type": "Fail"},
    },
}


def picture(machine: dict[str, Any], title: str = "orders", progress: Any = None) -> tuple[str, ElementTree.Element]:
    text = draw(lay_out(graph_of(load(json.dumps(machine)))), title, progress)
    return text, ElementTree.fromstring(text)


def test_a_definition() -> None:
    text, root = picture(MACHINE)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    assert [element.text for element in root.iter(f"{SVG}text") if element.get("class") == "name"] == [
        "check <order>",
        "ask & wait",
        "ship",
        "give up",
    ]
    labels = {element.text for element in root.iter(f"{SVG}text") if element.get("class") == "label"}
    assert labels == {"$.total > 100", "otherwise", "States.Timeout"}
    assert text.count('class="line catch"') == 1
    assert "<script" not in text and "href" not in text
    assert text == picture(MACHINE)[0]


def test_it_says_in_words_what_it_shows() -> None:
    _, root = picture(MACHINE, "orders <&>")
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and title.text == "orders <&>"
    assert description is not None and description.text is not None
    assert "4 states." in description.text
    assert "check <order> leads to ask & wait (choice: $.total > 100)." in description.text
    assert "ask & wait leads to give up (catch: States.Timeout)." in description.text
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_an_execution_colours_its_states() -> None:
    progress = {
        "check <order>": StateProgress(Status.SUCCEEDED, 1, 0, 0.0, 0.012),
        "ask & wait": StateProgress(Status.CAUGHT, 2, 3, 0.0, 75.0),
        "give up": StateProgress(Status.FAILED, 1, 0, 0.0, 0.0),
    }
    text, root = picture(MACHINE, "orders", progress)
    classes = [element.get("class", "") for element in root.iter(f"{SVG}rect")]
    for wanted in ("box succeeded", "box caught", "box failed", "box"):
        assert wanted in classes
    assert text.count('class="state not-reached"') == 1
    notes = [element.text for element in root.iter(f"{SVG}text") if element.get("class") == "note"]
    assert "Task · 2x, 3 retries, 1 min 15 s" in notes
    assert "ask & wait: error caught." in text.replace("&amp;", "&")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts(1), NAMES | st.text(max_size=20))
def test_any_text_makes_a_well_formed_picture(definition: str, title: str) -> None:
    ElementTree.fromstring(draw(lay_out(graph_of(load(definition))), title))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 ms"), (0.0124, "12 ms"), (1.25, "1.2 s"), (59.9, "59.9 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected
