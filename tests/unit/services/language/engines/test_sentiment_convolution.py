from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.engines.sentiment_convolution import combine
from services.language.tasks import Document
from tests.unit.services.language.engines.texts import HARD_TEXTS


@pytest.fixture
def engine(load_engine: Callable[[str], Any]) -> Any:
    return load_engine("sentiment-small-en")


def total(s: Any) -> float:
    return float(s.positive + s.negative + s.neutral + s.mixed)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love this phone, it is wonderful!", "POSITIVE"),
        ("I hate this, what a horrible waste of money.", "NEGATIVE"),
        ("The film is not good at all.", "NEGATIVE"),
        ("The meeting takes place on Tuesday in room 12.", "NEUTRAL"),
        ("The acting is superb and moving . However , the story is dull and painfully boring .", "MIXED"),
    ],
)
def test_plain_cases(engine: Any, text: str, label: str) -> None:
    assert engine.run([Document(text, "en")])[0].label == label


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_scores_sum_to_one(engine: Any, text: str) -> None:
    (sentiment,) = engine.run([Document(text, "en")])
    assert total(sentiment) == pytest.approx(1)
    assert min(sentiment.positive, sentiment.negative, sentiment.neutral, sentiment.mixed) >= 0


def test_company_in_a_batch_changes_nothing(engine: Any) -> None:
    texts = ["good", "a truly terrible film " * 5, "ok", "It opens at nine and closes at five.", "wonderful " * 60]
    together = engine.run([Document(t, "en") for t in texts])
    for text, result in zip(texts, together, strict=True):
        (alone,) = engine.run([Document(text, "en")])
        assert result.positive == pytest.approx(alone.positive, abs=1e-4)
        assert result.label == alone.label


def test_long_texts_are_read_to_the_end(engine: Any) -> None:
    praise = "This is a wonderful, brilliant and deeply moving film. " * 20
    blame = "It is awful, boring and a terrible waste of time. " * 80
    (sentiment,) = engine.run([Document(praise + blame, "en")])
    assert sentiment.negative + sentiment.mixed > sentiment.positive
    assert total(sentiment) == pytest.approx(1)


@given(
    st.lists(st.lists(st.floats(0.01, 1), min_size=4, max_size=4), min_size=1, max_size=6),
    st.lists(st.integers(1, 200), min_size=6, max_size=6),
)
def test_combined_windows_stay_probabilities(rows: list[list[float]], lengths: list[int]) -> None:
    probabilities = np.array(rows)
    probabilities /= probabilities.sum(1, keepdims=True)
    combined = combine(probabilities, lengths[: len(rows)])
    assert combined.sum() == pytest.approx(1)
    assert (combined >= -1e-12).all()


def test_windows_that_disagree_are_mixed() -> None:
    poles = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    assert combine(poles, [10, 10])[3] == pytest.approx(1)
    agreeing = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    assert combine(agreeing, [10, 10])[3] == 0
