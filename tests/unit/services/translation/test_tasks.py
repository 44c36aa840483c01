from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.tasks import endless, placeholders, text_of, without_repeats


def test_parts() -> None:
    assert text_of(("a ", 0, " b", 1)) == "a  b"
    assert placeholders(("a", 0, 1, 0)) == {0: 2, 1: 1}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("olive oil", "olive olive olive"),
        ("a good day", "of the day of the day of the day"),
        ("short", "word " * 40),
        ("I cannot come", "I can't come tomorrow, I can't come tomorrow."),
        ("VAT included", "VAT-VAT-VAT-Spätze"),
        ("it costs 1,200", "es kostet 1200000000"),
    ],
)
def test_loops(source: str, text: str) -> None:
    assert endless(source, text)
    assert not endless(source, without_repeats(text)) or len(text) > 100


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("no no no no", "nein nein nein nein"),
        ("had had", "hatte hatte"),
        ("again and again", "wieder und wieder"),
        ("one million is 1000000", "eine Million ist 1000000"),
        ("The man saw the man who saw the man.", "Der Mann sah den Mann, der den Mann sah."),
    ],
)
def test_no_loops(source: str, text: str) -> None:
    assert not endless(source, text)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=30).map(" ".join))
def test_without_repeats_leaves_none(text: str) -> None:
    short = without_repeats(text)
    words = short.split()
    for size in range(1, 9):
        for start in range(len(words) - 2 * size + 1):
            assert words[start : start + size] != words[start + size : start + 2 * size]
