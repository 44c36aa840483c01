from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.language.tasks import SYNTAX_TAGS, Document
from tests.unit.services.language.engines.texts import HARD_TEXTS


@pytest.mark.parametrize(
    ("language", "text", "tags"),
    [
        ("es", "La casa es blanca.", ["DET", "NOUN", "AUX", "ADJ", "PUNCT"]),
        ("de", "Das Haus ist sehr alt.", ["DET", "NOUN", "AUX", "ADV", "ADJ", "PUNCT"]),
        ("fr", "Il mange une pomme rouge.", ["PRON", "VERB", "DET", "NOUN", "ADJ", "PUNCT"]),
    ],
)
def test_simple_sentences(load_engine: Callable[[str], Any], language: str, text: str, tags: list[str]) -> None:
    (tagged,) = load_engine("syntax-linear").run([Document(text, language)])
    assert [t.tag for t in tagged] == tags


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_hard_texts(load_engine: Callable[[str], Any], text: str) -> None:
    (tagged,) = load_engine("syntax-linear").run([Document(text, "de")])
    for t in tagged:
        assert text[t.token.begin : t.token.end] == t.token.text
        assert t.tag in SYNTAX_TAGS
        assert 0 < t.score <= 1
