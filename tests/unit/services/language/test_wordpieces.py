from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.wordpieces import NEWLINE, SHAPES, WordPieces, shape_of

MODEL = Path(__file__).resolve().parents[4] / "models/tagger-en/1"
PIECES = WordPieces.from_file(MODEL / "tokenizer.json")


def test_shapes_tell_apart_what_lower_case_forgets() -> None:
    words = [
        "apple",
        "Apple",
        "APPLE",
        "A.",
        "iPhone",
        "42",
        "b2b",
        "!",
        NEWLINE,
        "@ann",
        "#tag",
        "http://a.example",
        "\u4e2d",
    ]
    assert len({shape_of(word) for word in words}) == len(words)


@given(st.text(min_size=1, max_size=40))
def test_every_word_has_a_shape(word: str) -> None:
    assert 0 < shape_of(word) < SHAPES


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20), st.integers(1, 8))
def test_every_word_has_a_first_piece(words: list[str], most: int) -> None:
    pieces = PIECES.encode(words, most)
    assert len(pieces.ids) == len(pieces.shapes)
    assert len(pieces.starts) == len(words)
    assert pieces.starts == sorted(set(pieces.starts))
    edges = [*pieces.starts, len(pieces.ids) - 1]
    assert all(0 < b - a <= most for a, b in itertools.pairwise(edges))


@pytest.mark.parametrize("word", ["Paris", "PARIS", "paris"])
def test_case_is_in_the_shape_only(word: str) -> None:
    assert PIECES.encode([word]).ids == PIECES.encode(["paris"]).ids
