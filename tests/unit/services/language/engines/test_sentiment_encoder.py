from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.language.tasks import Document
from tests.unit.services.language.engines.texts import HARD_TEXTS


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love this phone, it is wonderful!", "POSITIVE"),
        ("I hate this, what a horrible waste of money.", "NEGATIVE"),
        ("The meeting takes place on Tuesday in room 12.", "NEUTRAL"),
    ],
)
def test_plain_cases(load_engine: Callable[[str], Any], text: str, label: str) -> None:
    assert load_engine("sentiment-base-en").run([Document(text, "en")])[0].label == label


@pytest.mark.parametrize("text", [*HARD_TEXTS, "very long " * 1_000])
def test_scores_sum_to_one(load_engine: Callable[[str], Any], text: str) -> None:
    (s,) = load_engine("sentiment-base-en").run([Document(text, "en")])
    assert s.positive + s.negative + s.neutral + s.mixed == pytest.approx(1)
