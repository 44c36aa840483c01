"""JSON in pieces, held against the json module with the whole text."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language.errors import StateError
from services.orchestration.map_items import json_items as module
from services.orchestration.map_items.json_items import json_items, pointer_tokens
from tests.unit.services.orchestration.map_items.pieces import collect, in_pieces, lengths

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=3), children, max_size=4),
    max_leaves=10,
)


def items_of(text: str, sizes: list[int], pointer: str = "") -> list[Any]:
    return asyncio.run(collect(json_items(in_pieces(text, sizes), pointer)))


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW_CHARACTERS", 4)


@given(st.lists(values, max_size=6), lengths, st.sampled_from([None, 1]), st.booleans())
def test_an_array(items: list[Any], sizes: list[int], indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=ascii_only)
    assert items_of(f" {text}\n", sizes) == items


@given(st.dictionaries(st.text(max_size=3), values, max_size=5), lengths)
def test_an_object(value: dict[str, Any], sizes: list[int]) -> None:
    assert items_of(json.dumps(value), sizes) == [{"Key": key, "Value": item} for key, item in value.items()]


@given(
    st.dictionaries(st.text(max_size=3), values, max_size=4), st.text(max_size=3), st.lists(values, max_size=4), lengths
)
def test_a_pointer(siblings: dict[str, Any], name: str, items: list[Any], sizes: list[int]) -> None:
    document = [siblings, {**siblings, name: {"a.b": items}}]
    token = name.replace("~", "~0").replace("/", "~1")
    assert items_of(json.dumps(document), sizes, f"/1/{token}/a.b") == items


@pytest.mark.parametrize(
    "text", ["", "[", "[1", "[1,", "[1 2]", "[1]]", "[1]x", '{"a"}', "{1: 2}", "[NaN]", "[1,]", "7", '"a"', "nul"]
)
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(StateError) as caught:
        items_of(text, [2])
    assert caught.value.error == "States.ItemReaderFailed"


@pytest.mark.parametrize("pointer", ["/b", "/a/x", "/a/7", "/a/0/b", "a"])
def test_a_pointer_to_nothing(pointer: str) -> None:
    with pytest.raises(StateError):
        items_of('{"c": {"b": []}, "a": [[1], 2]}', [5], pointer)


def test_escapes_in_pointers() -> None:
    assert pointer_tokens("/a~1b/c~0d/~01/") == ["a/b", "c~d", "~1", ""]


def test_integers_keep_their_digits() -> None:
    assert items_of("[123456789012345678901234567890]", [7]) == [123456789012345678901234567890]


def test_what_was_read_before_the_damage_is_given() -> None:
    async def main() -> list[Any]:
        seen = []
        with pytest.raises(StateError):
            async for item in json_items(in_pieces("[1, 2, oops]", [3])):
                seen.append(item)
        return seen

    assert asyncio.run(main()) == [1, 2]


def test_values_without_an_end_are_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VALUE_CHARACTERS", 1000)
    with pytest.raises(StateError, match="1000"):
        items_of('["' + "x" * 100_000, [100])


def test_a_value_that_is_nested_without_an_end() -> None:
    with pytest.raises(StateError, match=r"nested|JSON"):
        items_of("[" * 100_000, [1000])


@pytest.mark.parametrize("depth", [250, 5000])
def test_an_item_that_is_nested_too_deeply(depth: int) -> None:
    with pytest.raises(StateError, match="deep"):
        items_of("[" + "[" * depth + "]" * depth + "]", [1000])


def test_a_long_value_is_skipped_without_being_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VALUE_CHARACTERS", 1000)
    document = {"long": [{"a": [1, "x"]}] * 1000, "items": [1, 2]}
    assert items_of(json.dumps(document), [100], "/items") == [1, 2]
