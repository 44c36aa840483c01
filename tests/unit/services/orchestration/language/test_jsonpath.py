"""JSONPath against Jayway's dialect: the examples of its documentation and the States Language's own."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language.jsonpath import (
    MAX_VISITS,
    InvalidPathError,
    NoResultError,
    TooMuchWorkError,
)
from services.orchestration.language.jsonpath_grammar import parse

STORE: dict[str, Any] = {
    "store": {
        "book": [
            {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
            {"category": "fiction", "author": "Waugh", "title": "Sword", "price": 12.99},
            {"category": "fiction", "author": "Melville", "title": "Moby", "isbn": "0-553", "price": 8.99},
            {"category": "fiction", "author": "Tolkien", "title": "Rings", "isbn": "0-395", "price": 22.99},
        ],
        "bicycle": {"color": "red", "price": 19.95},
    },
    "expensive": 10,
    "delivery-partner": "UQS",
    "a.b": {"c d": 1},
    "Ж": {"\U00010346": "gothic"},
    "none": None,
    "text": "hello",
}


def read(path: str, document: Any = STORE) -> Any:
    return parse(path).read(document)


def titles(path: str) -> list[str]:
    return [book["title"] for book in read(path)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.expensive", 10),
        ("$.delivery-partner", "UQS"),
        ("$['a.b']['c d']", 1),
        ("$.a\\.b['c d']", 1),
        ("$.\\expensive", 10),
        ("$.['store'].book.[0].title", "Sayings"),
        ('$["store"].bicycle.color', "red"),
        ("$.Ж.\\uD800\\uDF46", "gothic"),
        ("$.Ж.\U00010346", "gothic"),
        ("$.none", None),
        ("$.store.book[0].title", "Sayings"),
        ("$.store.book[-1].title", "Rings"),
        ("$.store.book[(@.length-2)].title", "Moby"),
        ("$.store.book[*].price", [8.95, 12.99, 8.99, 22.99]),
        ("$.store.book[0,3].title", ["Sayings", "Rings"]),
        ("$.store.book[0:2].title", ["Sayings", "Sword"]),
        ("$.store.book[:1].title", ["Sayings"]),
        ("$.store.book[-2:].title", ["Moby", "Rings"]),
        ("$.store.book[0:4:2].title", ["Sayings", "Moby"]),
        ("$..author", ["Rees", "Waugh", "Melville", "Tolkien"]),
        ("$..book[2].title", ["Moby"]),
        ("$..[1].title", ["Sword"]),
        ("$.store.bicycle.*", ["red", 19.95]),
        ("$.store.bicycle['color','price']", {"color": "red", "price": 19.95}),
        ("$.store.bicycle['color','wheels']", {"color": "red"}),
        ("$.store['bicycle','nothing'].price", [19.95]),
        ("$.store.book.length()", 4),
        ("$.store.book[*].price.max()", 22.99),
        ("$.store.bicycle.keys()", ["color", "price"]),
        ("$.store.book[*].title.first()", "Sayings"),
    ],
)
def test_answers(path: str, expected: Any) -> None:
    assert read(path) == expected


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("@.isbn", ["Moby", "Rings"]),
        ("!(@.isbn)", ["Sayings", "Sword"]),
        ("@.price < 10", ["Sayings", "Moby"]),
        ("@.price<$.expensive", ["Sayings", "Moby"]),
        ("@.price >= 12.99 && @.author != 'Waugh'", ["Rings"]),
        ("@.author == 'Rees' || @['author'] == \"Waugh\"", ["Sayings", "Sword"]),
        ("(@.author == 'Rees' || @.isbn) && @.price < 9", ["Sayings", "Moby"]),
        ("@.author in ['Rees', 'Tolkien']", ["Sayings", "Rings"]),
        ("@.author nin ['Rees', 'Tolkien']", ["Sword", "Moby"]),
        ("@.author =~ /.*LKI.*/i", ["Rings"]),
        ("@.title size 4", ["Moby"]),
        ("@.title contains 'in'", ["Sayings", "Rings"]),
        ("@.title empty true", []),
        ("@.price > 'a'", []),
        ("@.price == true", []),
        ("@.isbn == null", []),
    ],
)
def test_filters(filter_: str, expected: list[str]) -> None:
    assert titles(f"$.store.book[?({filter_})]") == expected


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [("@.a subsetof [1, 2, 3]", [0]), ("@.a anyof [9, 2]", [0, 1]), ("@.a noneof [3, 4]", [0]), ("@.b", [2])],
)
def test_filters_on_lists(filter_: str, expected: list[int]) -> None:
    documents = [{"n": 0, "a": [1, 2]}, {"n": 1, "a": [3, 9]}, {"n": 2, "b": None}]
    assert [found["n"] for found in read(f"$[?({filter_})]", documents)] == expected


@pytest.mark.parametrize(
    "path", ["$.nothing[*]", "$.store.nothing[1:]", "$.nothing..x", "$.text[*]", "$.expensive[?(@.x)]"]
)
def test_indefinite_paths_answer_an_empty_list(path: str) -> None:
    assert read(path) == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("$.nothing", "No results for path: $['nothing']"),
        ("$.store.book[4]", "No results for path: $['store']['book'][4]"),
        ("$.store.book[4].title", "No results for path: $['store']['book'][4]['title']"),
        ("$.store.book.title", "No results for path: $['store']['book']['title']"),
        ("$.expensive.x", "No results for path: $['expensive']['x']"),
        ("$.none.x", "No results for path: $['none']['x']"),
        ("$.nothing.x.y", "Missing property in path $['nothing']"),
        ("$.store.nothing[0]", "Missing property in path $['store']['nothing']"),
        ("$.none[0]", "The path $['none'] is null"),
        ("$.text[0]", "Filter: [0] can only be applied to arrays. Current context is: hello"),
        (
            "$.store.bicycle[1].x",
            "Filter: [1] can only be applied to arrays. Current context is: {color=red, price=19.95}",
        ),
    ],
)
def test_definite_paths_fail(path: str, why: str) -> None:
    with pytest.raises(NoResultError) as raised:
        read(path)
    assert str(raised.value) == why


@pytest.mark.parametrize(
    "text",
    ["", "a", ".a", "$.", "$..", "$[", "$[]", "$['a]", "$.a b", "$a b", "$.a[?(@.b]", "$.a[?(@.b ==)]", "$.a[1:2:0]", "$x.y.",
     "$.a[?(1)]", "$.a[?()]", "$.a.nofunction()", "$.a[1.5]", "$.a[99999999999]", "$$x", "@.a", "$.a[?(@.b =~ /(/)]", "$.a\\",
     "$.a\\u12", "$" + ".a" * 6000, "$.a[?(" + "!" * 50 + "@.b)]"],
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(InvalidPathError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "root"), [("$.a", "$"), ("$", "$"), ("$$.a", "$$"), ("$$", "$$"), ("$name[0]", "name")]
)
def test_roots(text: str, root: str) -> None:
    assert parse(text).root == root


def test_work_is_bounded() -> None:
    wide = {"a": [{"b": list(range(300))} for _ in range(300)]}
    with pytest.raises(TooMuchWorkError):
        read("$..*..*..*", wide)
    assert MAX_VISITS >= 300 * 300
    with pytest.raises(TooMuchWorkError):
        read("$.a[?(@ =~ /(a|aa)+b/)]", {"a": ["a" * 64] * 50})


def test_nothing_of_the_document_changes() -> None:
    before = json.dumps(STORE)
    read("$..*")
    read("$.store.book[?(@.isbn)]")
    assert json.dumps(STORE) == before


names = st.text(min_size=1, max_size=5)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


def places(document: Any) -> list[tuple[str, Any]]:
    """Every place in a document as a path in brackets, with the value there: a model of what paths mean."""
    found = [("$", document)]
    for path, value in found:
        if isinstance(value, dict):
            for name, item in value.items():
                quoted = name.replace("\\", "\\\\").replace("'", "\\'")
                found.append((f"{path}['{quoted}']", item))
        elif isinstance(value, list):
            found.extend((f"{path}[{index}]", item) for index, item in enumerate(value))
    return found


@given(documents)
def test_every_place_can_be_named(document: Any) -> None:
    everything = places(document)
    for path, value in everything:
        assert read(path, document) is value
    assert len(read("$..*", document)) == len(everything) - 1


@given(st.text(alphabet="$.[]'\"*?@()!=<>~&|,:-0123ab \\/u{}%", max_size=30), documents)
def test_any_text_is_refused_or_read(text: str, document: Any) -> None:
    with contextlib.suppress(InvalidPathError, NoResultError, TooMuchWorkError):
        parse(f"${text}").read(document)
