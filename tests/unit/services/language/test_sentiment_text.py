from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.sentiment_text import SentimentPieces, spell_emoji

MODEL = Path(__file__).resolve().parents[4] / "models/sentiment-small-en/1"


@pytest.fixture(scope="module")
def pieces() -> SentimentPieces:
    return SentimentPieces.from_file(MODEL / "tokenizer.json")


def test_emoji_are_spelt() -> None:
    assert "smiling face with sunglasses" in spell_emoji("ok \U0001f60e")
    assert spell_emoji("plain") == "plain"
    assert spell_emoji("caf\u00e9") == "caf\u00e9"


def test_handles_and_links_count_alike(pieces: SentimentPieces) -> None:
    assert pieces.ids("@alice loves http://a.example/x") == pieces.ids("@bob loves https://b.example")


def test_case_does_not_matter(pieces: SentimentPieces) -> None:
    assert pieces.ids("GREAT Movie") == pieces.ids("great movie")


@given(st.text(max_size=200))
def test_never_empty_and_in_range(text: str) -> None:
    pieces = SentimentPieces.from_file(MODEL / "tokenizer.json")
    ids = pieces.ids(text)
    assert ids
    assert all(i > 0 for i in ids)  # 0 is padding
