"""Filters of random catalogues, held against an interpreter that looks at one item at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.personalization.catalogue import Catalogue, Categories
from services.personalization.filters import masks, parser
from services.personalization.filters.masks import Context

VALUES = ("a", "b", "c", "7")
EVENTS = ("view", "buy")


@dataclass(frozen=True)
class Item:
    kind: str | None
    price: float | None
    events: frozenset[str]


ITEM = st.builds(
    Item,
    kind=st.none() | st.lists(st.sampled_from(VALUES), min_size=1, max_size=3, unique=True).map("|".join),
    price=st.none() | st.integers(-2, 3).map(float),
    events=st.frozensets(st.sampled_from(EVENTS)),
)
TEXTS = st.lists(st.sampled_from(VALUES), min_size=1, max_size=3)
NUMBER = st.integers(-2, 3)


@st.composite
def item_comparison(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        values = ", ".join(f'"{value}"' for value in draw(TEXTS))
        return f"Items.KIND {draw(st.sampled_from(('IN', 'NOT IN')))} ({values})"
    if draw(st.booleans()):
        return f"Items.PRICE {draw(st.sampled_from(('=', '!=', '<', '<=', '>', '>=')))} {draw(NUMBER)}"
    return f"Items.PRICE {draw(st.sampled_from(('IN', 'NOT IN')))} ({draw(NUMBER)}, {draw(NUMBER)})"


@st.composite
def event_comparison(draw: st.DrawFn) -> str:
    values = ", ".join(
        f'"{value}"' for value in draw(st.lists(st.sampled_from((*EVENTS, "*")), min_size=1, max_size=2))
    )
    return f"Interactions.EVENT_TYPE {draw(st.sampled_from(('IN', 'NOT IN')))} ({values})"


@st.composite
def statement(draw: st.DrawFn) -> str:
    comparison = draw(st.sampled_from((item_comparison(), event_comparison())))
    parts = [draw(comparison)]
    for _ in range(draw(st.integers(0, 4))):
        parts += [draw(st.sampled_from(("AND", "OR"))), draw(comparison)]
    guard = draw(st.sampled_from(("", " IF CurrentUser.AGE > 1", ' IF CurrentUser.TOWN IN ("a", "b")')))
    return f"{draw(st.sampled_from(('INCLUDE', 'EXCLUDE')))} ItemID WHERE {' '.join(parts)}{guard}"


EXPRESSION = st.lists(statement(), min_size=1, max_size=3).map(" | ".join)


def naive(text: str, item: Item, user: Mapping[str, str | float | None]) -> bool:
    """Whether an item passes, read off the text by splitting it: another way than the parser's."""
    included: list[bool] = []
    excluded = False
    for part in text.split(" | "):
        body, _, guard = part.partition(" IF ")
        if guard and not _user_is(guard, user):
            continue
        verb, _, condition = body.partition(" ItemID WHERE ")
        holds = any(all(_holds(one, item) for one in group.split(" AND ")) for group in condition.split(" OR "))
        if verb == "INCLUDE":
            included.append(holds)
        else:
            excluded = excluded or holds
    return (not included or any(included)) and not excluded


def _holds(comparison: str, item: Item) -> bool:
    left, _, right = comparison.partition(" ")
    operator, _, raw = right.rpartition(" ") if "(" not in right else (right.split(" (")[0], "", right.split(" (")[1])
    values = [value.strip(' "') for value in raw.strip(")").split(",")]
    if left == "Interactions.EVENT_TYPE":
        if operator == "IN":
            return any("*" in values or event in values for event in item.events)
        return any("*" not in values and event not in values for event in item.events)
    if left == "Items.KIND":
        if item.kind is None:
            return False
        inside = any(one in values for one in item.kind.split("|"))
        return inside if operator == "IN" else not inside
    if item.price is None:
        return False
    numbers = [float(value) for value in values]
    return {
        "IN": item.price in numbers,
        "NOT IN": item.price not in numbers,
        "=": item.price == numbers[0],
        "!=": item.price != numbers[0],
        "<": item.price < numbers[0],
        "<=": item.price <= numbers[0],
        ">": item.price > numbers[0],
        ">=": item.price >= numbers[0],
    }[operator]


def _user_is(guard: str, user: Mapping[str, str | float | None]) -> bool:
    if "AGE" in guard:
        age = user.get("AGE")
        return isinstance(age, float) and age > 1
    return user.get("TOWN") in ("a", "b")


def catalogue_of(items: list[Item]) -> Catalogue:
    texts = {position: item.kind for position, item in enumerate(items) if item.kind is not None}
    values: dict[str, list[int]] = {}
    for position, text in texts.items():
        for value in text.split("|"):
            values.setdefault(value, []).append(position)
    rows = np.array([item.kind is not None for item in items], bool)
    kinds = Categories({value: np.array(places) for value, places in values.items()}, rows, texts)
    prices = np.array([np.nan if item.price is None else item.price for item in items])
    names = [f"item-{position}" for position in range(len(items))]
    return Catalogue(names, len(names), {"PRICE": prices}, {"KIND": kinds})


@settings(max_examples=400, deadline=None)
@given(
    EXPRESSION,
    st.lists(ITEM, min_size=1, max_size=8),
    st.fixed_dictionaries(
        {"AGE": st.none() | st.integers(0, 3).map(float), "TOWN": st.none() | st.sampled_from(VALUES)}
    ),
)
def test_masks_agree_with_a_naive_interpreter(
    text: str, items: list[Item], user: dict[str, str | float | None]
) -> None:
    interacted = {
        event: np.array([position for position, item in enumerate(items) if event in item.events], np.int64)
        for event in EVENTS
    }
    context = Context({}, user, None, interacted)
    found = masks.passing(parser.parse(text), catalogue_of(items), context)
    assert found.tolist() == [naive(text, item, user) for item in items]


def test_the_item_of_the_request() -> None:
    items = [Item("a", 1.0, frozenset()), Item("a|b", 2.0, frozenset()), Item("c", 3.0, frozenset())]
    catalogue = catalogue_of(items)
    expression = parser.parse(
        "INCLUDE ItemID WHERE Items.KIND IN (CurrentItem.KIND) AND Items.PRICE >= CurrentItem.PRICE"
    )
    assert masks.passing(expression, catalogue, Context({}, {}, 1, {})).tolist() == [False, True, False]
    assert masks.passing(expression, catalogue, Context({}, {}, 0, {})).tolist() == [True, True, False]


def test_items_by_their_ids() -> None:
    catalogue = catalogue_of([Item(None, None, frozenset())] * 3)
    context = Context({"IDS": ("item-0", "item-9")}, {}, None, {})
    chosen = masks.passing(parser.parse("INCLUDE ItemID WHERE Items.ITEM_ID IN ($IDS)"), catalogue, context)
    assert chosen.tolist() == [True, False, False]
