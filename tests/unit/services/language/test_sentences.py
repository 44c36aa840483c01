from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.sentences import split_sentences, windows
from services.language.tokens import tokenise


def sentences(text: str) -> list[str]:
    tokens = tokenise(text)
    return [text[tokens[a].begin : tokens[b - 1].end] for a, b in split_sentences(text, tokens)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rains. We stay.", ["It rains.", "We stay."]),
        ("Mr. Smith went to the U.S. in Jan. 2020.", ["Mr. Smith went to the U.S. in Jan. 2020."]),
        ('He said "go." Then he left.', ['He said "go."', "Then he left."]),
        ("What?! No...", ["What?!", "No..."]),
        ("Title\n\nThe text", ["Title", "The text"]),
        ("J. Smith wrote it. Good.", ["J. Smith wrote it.", "Good."]),
        ("version 1.5 is out", ["version 1.5 is out"]),
        (
            "\u4eca\u5929\u4e0b\u96e8\u3002\u660e\u5929\u4e5f\u662f\u3002",
            ["\u4eca\u5929\u4e0b\u96e8\u3002", "\u660e\u5929\u4e5f\u662f\u3002"],
        ),
    ],
)
def test_sentence_ends(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="aB .!?\n\"'\u3002\U0001f600", max_size=200), st.integers(1, 12))
def test_ranges_cover_all_tokens_once_and_stay_short(text: str, longest: int) -> None:
    tokens = tokenise(text)
    ranges = split_sentences(text, tokens, longest)
    assert [i for a, b in ranges for i in range(a, b)] == list(range(len(tokens)))
    assert all(0 < b - a <= longest for a, b in ranges)


@given(st.lists(st.integers(1, 10), max_size=30), st.integers(10, 30))
def test_windows_pack_whole_sentences(lengths: list[int], longest: int) -> None:
    ranges, start = [], 0
    for length in lengths:
        ranges.append((start, start + length))
        start += length
    packed = list(windows(ranges, longest))
    assert [i for a, b in packed for i in range(a, b)] == list(range(start))
    assert all(b - a <= longest for a, b in packed)
    assert {a for a, _ in packed} <= {a for a, _ in ranges}
