"""Which items of a catalogue pass a filter, all at once.

What is not there (a null, a user without a column) fulfils no condition, NOT IN and != neither: Amazon filters by exact
values, and nothing is no value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.personalization.catalogue import Catalogue, Mask
from services.personalization.filters.expression import (
    Both,
    Comparison,
    Condition,
    Dataset,
    Expression,
    Operator,
    Placeholder,
    Reference,
)
from services.personalization.schemas import EVENT_TYPE
from shared import errors

_COMPARE: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}
#: All kinds of events.
_ANY = "*"

Known = str | float


@dataclass(frozen=True, slots=True)
class Context:
    """What a request brings: values of placeholders, the user's columns, and the item it is about.

    ``interacted``: for each event type that the user had, positions of items in the catalogue; ``""`` is for events
    without a type.
    """

    values: Mapping[str, Sequence[Known]]
    user: Mapping[str, Known | None]
    item: int | None
    interacted: Mapping[str, npt.NDArray[np.int64]]


#: What a request brings that brings nothing.
NOBODY = Context({}, {}, None, {})


def constant(expression: Expression) -> bool:
    """Whether it lets the same items of a catalogue through whoever asks."""
    return all(
        comparison.dataset is Dataset.ITEMS
        and not any(isinstance(value, Placeholder | Reference) for value in comparison.values)
        for comparison in expression.comparisons()
    )


def passing(expression: Expression, catalogue: Catalogue, context: Context) -> Mask:
    """The items that pass [items].

    Raises:
        InvalidArgument: a placeholder without a value, or an item that the filter needs and the request lacks.
    """
    included = np.zeros(len(catalogue), bool)
    excluded = np.zeros(len(catalogue), bool)
    restricted = False
    for statement in expression.statements:
        if not all(_holds(guard, context) for guard in statement.guards):
            continue
        found = _mask(statement.condition, catalogue, context)
        if statement.includes:
            restricted = True
            included |= found
        else:
            excluded |= found
    return included & ~excluded if restricted else ~excluded


def _mask(condition: Condition, catalogue: Catalogue, context: Context) -> Mask:
    if isinstance(condition, Comparison):
        return _compared(condition, catalogue, context)
    left = _mask(condition.left, catalogue, context)
    right = _mask(condition.right, catalogue, context)
    return left & right if isinstance(condition, Both) else left | right


def _compared(comparison: Comparison, catalogue: Catalogue, context: Context) -> Mask:
    values = _resolved(comparison, catalogue, context)
    if comparison.dataset is Dataset.INTERACTIONS:
        return _interacted(comparison, catalogue, context, values)
    column = catalogue.categories.get(comparison.field)
    if column is not None:
        # A category's name may look like a number: IN (5) asks for "5".
        wanted = {_text(value) for value in values}
        found = np.zeros(len(catalogue), bool)
        for value in wanted & column.items.keys():
            found[column.items[value]] = True
        negated = comparison.operator in (Operator.NOT_IN, Operator.UNEQUAL)
        return column.rows & ~found if negated and wanted else found
    if comparison.field == "ITEM_ID":
        found = np.zeros(len(catalogue), bool)
        places = [catalogue.positions[name] for name in map(_text, values) if name in catalogue.positions]
        found[places] = True
        return ~found if comparison.operator in (Operator.NOT_IN, Operator.UNEQUAL) and values else found
    numbers = catalogue.numbers.get(comparison.field)
    if numbers is None or not values:
        return np.zeros(len(catalogue), bool)
    there = ~np.isnan(numbers)
    wanted_numbers = _numbers(comparison, values)
    if comparison.operator in (Operator.IN, Operator.NOT_IN):
        found = np.isin(numbers, wanted_numbers)
        return there & (found if comparison.operator is Operator.IN else ~found)
    result: Mask = there & _COMPARE[comparison.operator](numbers, wanted_numbers[0])
    return result


def _interacted(comparison: Comparison, catalogue: Catalogue, context: Context, values: Sequence[Known]) -> Mask:
    """Items that the user had an event of a kind with: NOT IN means an event of any other kind."""
    wanted = {_text(value) for value in values}
    negated = comparison.operator in (Operator.NOT_IN, Operator.UNEQUAL)
    found = np.zeros(len(catalogue), bool)
    for kind, places in context.interacted.items():
        matches = _ANY in wanted or (kind != "" and kind in wanted)
        if matches != negated:
            found[places] = True
    return found


def _holds(guard: Comparison, context: Context) -> bool:
    mine = context.user.get(guard.field)
    if mine is None:
        return False
    values = _bound(guard, context)
    if guard.operator in (Operator.IN, Operator.NOT_IN) or isinstance(mine, str):
        parts = set(mine.split("|")) if isinstance(mine, str) else {_text(mine)}
        inside = bool(parts & {_text(value) for value in values})
        if guard.operator in (Operator.IN, Operator.EQUAL):
            return inside
        if guard.operator in (Operator.NOT_IN, Operator.UNEQUAL):
            return not inside
        raise _refused(f"CurrentUser.{guard.field} is a text, and is not compared by {guard.operator}")
    (number,) = _numbers(guard, values)
    return bool(_COMPARE[guard.operator](mine, number))


def _resolved(comparison: Comparison, catalogue: Catalogue, context: Context) -> Sequence[Known]:
    """The values of a comparison, those of the request filled in."""
    values: list[Known] = []
    for value in comparison.values:
        if isinstance(value, Placeholder):
            values += _of_placeholder(value, context)
        elif isinstance(value, Reference):
            found: Known | None
            if value.dataset is Dataset.CURRENT_USER:
                found = context.user.get(value.field)
            elif context.item is None:
                raise _refused("the filter looks at CurrentItem: the request names an item, of the catalogue")
            else:
                found = catalogue.value(value.field, context.item)
            if found is not None:
                values += found.split("|") if isinstance(found, str) else [found]
        else:
            values.append(value)
    return values


def _bound(guard: Comparison, context: Context) -> Sequence[Known]:
    values: list[Known] = []
    for value in guard.values:
        if isinstance(value, Placeholder):
            values += _of_placeholder(value, context)
        elif isinstance(value, Reference):
            found = context.user.get(value.field) if value.dataset is Dataset.CURRENT_USER else None
            values += [] if found is None else [found]
        else:
            values.append(value)
    return values


def _of_placeholder(value: Placeholder, context: Context) -> Sequence[Known]:
    if value.name not in context.values:
        raise _refused(f"filterValues lacks {value.name}")
    return context.values[value.name]


def _numbers(comparison: Comparison, values: Sequence[Known]) -> list[float]:
    """Values as numbers; one alone where the operator takes one."""
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except ValueError:
            raise _refused(f"{comparison.dataset}.{comparison.field} is compared with a number") from None
    if comparison.operator not in (Operator.IN, Operator.NOT_IN) and len(numbers) != 1:
        raise _refused(f"{comparison.dataset}.{comparison.field} is compared with one value")
    return numbers


def _text(value: Known) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else str(value)


def check_fields(expression: Expression, columns: Mapping[Dataset, Sequence[str] | None]) -> None:
    """Whether every field is one of its dataset; None = there is no such dataset.

    Raises:
        InvalidArgument: it is not.
        Unimplemented: an interaction is filtered by something else than its type.
    """
    for comparison in expression.comparisons():
        _check_field(comparison.dataset, comparison.field, columns)
        for value in comparison.values:
            if isinstance(value, Reference):
                _check_field(value.dataset, value.field, columns)
        ordered = comparison.operator not in (Operator.IN, Operator.NOT_IN, Operator.EQUAL, Operator.UNEQUAL)
        if comparison.dataset is Dataset.INTERACTIONS and ordered:
            raise _refused("kinds of events are compared by IN and NOT IN")


def _check_field(dataset: Dataset, field: str, columns: Mapping[Dataset, Sequence[str] | None]) -> None:
    if dataset is Dataset.INTERACTIONS:
        if field != EVENT_TYPE:
            raise errors.Unimplemented(
                "Interactions are filtered by EVENT_TYPE; other columns of theirs are not built."
            )
        return
    known = columns[dataset]
    if known is None:
        raise _refused(f"the dataset group has no dataset for {dataset}.{field}")
    if field not in known:
        raise _refused(f"there is no field {dataset}.{field}; there are {', '.join(known)}")


def _refused(why: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(f"The filter cannot be applied: {why}.")
