from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from services.language.entities import merge_entities
from services.language.tasks import TextSpan


def span(text: str, part: str, kind: str, score: float = 0.9) -> TextSpan:
    begin = text.index(part)
    return TextSpan(begin, begin + len(part), kind, score)


def test_tails_belong_to_their_names() -> None:
    text = "Acme, Inc. of Seattle, WA"
    names = [span(text, part, kind, score) for part, kind, score in (
        ("Acme", "ORGANIZATION", 0.9), ("Inc.", "ORGANIZATION", 0.8), ("Seattle", "LOCATION", 0.7), ("WA", "LOCATION", 0.9)
    )]  # fmt: skip
    merged = merge_entities(text, names)
    assert [(text[s.begin : s.end], s.type, s.score) for s in merged] == [
        ("Acme, Inc.", "ORGANIZATION", 0.8),
        ("Seattle, WA", "LOCATION", 0.7),
    ]


def test_addresses_and_links_are_other() -> None:
    text = "mary@example.org wrote"
    assert [s.type for s in merge_entities(text, [span(text, "mary@example.org", "PERSON")])] == ["OTHER"]


def test_nothing_inside_a_number_or_an_address_is_counted_or_named() -> None:
    text = "Call 1 (416) 555-0123, pay with card 4111 1111 1111 1111 or ask bob.may@example.org in 3 days"
    merged = merge_entities(text, [span(text, "bob.may", "PERSON"), span(text, "416", "OTHER")])
    assert [(text[s.begin : s.end], s.type) for s in merged] == [
        ("1 (416) 555-0123", "OTHER"),
        ("4111 1111 1111 1111", "OTHER"),
        ("bob.may@example.org", "OTHER"),
        ("3 days", "QUANTITY"),
    ]


def test_a_name_and_a_date_do_not_overlap() -> None:
    text = "the 2016 Summer Games"
    (kept,) = merge_entities(text, [span(text, "2016 Summer Games", "EVENT")])
    assert kept.type == "EVENT"


@given(
    st.text(alphabet="aB 12,.May", max_size=60), st.lists(st.tuples(st.integers(0, 59), st.integers(1, 9)), max_size=6)
)
def test_in_order_and_disjoint(text: str, pairs: list[tuple[int, int]]) -> None:
    names = [TextSpan(b, min(len(text), b + n), "PERSON", 0.5) for b, n in sorted(pairs) if b < len(text)]
    merged = merge_entities(text, names)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(merged))
