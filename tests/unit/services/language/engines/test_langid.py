from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.language.tasks import Document
from tests.unit.services.language.engines.texts import HARD_TEXTS


@pytest.fixture
def engine(load_engine: Callable[[str], Any]) -> Any:
    return load_engine("py3langid")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("This is plainly an English sentence about nothing.", "en"),
        ("Das ist ein ganz gew\u00f6hnlicher deutscher Satz.", "de"),
        ("Il s'agit d'une phrase fran\u00e7aise tout \u00e0 fait ordinaire.", "fr"),
        ("Esta es una frase espa\u00f1ola completamente normal.", "es"),
        ("\u4eca\u65e5\u306f\u5929\u6c17\u304c\u3044\u3044\u3067\u3059\u306d\u3002", "ja"),
        ("\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u73a9\u3002", "zh"),
        ("\u4eca\u5929\u5929\u6c23\u5f88\u597d\uff0c\u6211\u5011\u53bb\u516c\u5712\u73a9\u3002", "zh-TW"),
        ("Dette er en helt vanlig norsk setning.", "no"),
    ],
)
def test_dominant_language(engine: Any, text: str, code: str) -> None:
    assert engine.run([Document(text)])[0][0].code == code


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_scores_are_sorted_probabilities(engine: Any, text: str) -> None:
    (ranked,) = engine.run([Document(text)])
    assert ranked
    scores = [r.score for r in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < s <= 1 for s in scores)
    assert sum(scores) <= 1 + 1e-6


def test_text_without_letters_has_no_language(engine: Any) -> None:
    assert engine.run([Document("12345 !?")])[0][0].code == "zxx"


def test_a_long_text_in_two_languages_names_the_longer_first(engine: Any) -> None:
    text = "Das ist ein deutscher Satz, und noch einer. " * 1500 + "This one is English. " * 300
    assert engine.run([Document(text)])[0][0].code == "de"
