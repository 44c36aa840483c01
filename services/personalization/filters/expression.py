"""What a filter expression says, as a tree."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass


class Dataset(enum.StrEnum):
    """Whose field a condition looks at."""

    ITEMS = "Items"
    INTERACTIONS = "Interactions"
    CURRENT_USER = "CurrentUser"
    CURRENT_ITEM = "CurrentItem"


class Operator(enum.StrEnum):
    IN = "IN"
    NOT_IN = "NOT IN"
    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Placeholder:
    """``$NAME``: its value comes with the request."""

    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """``CurrentUser.AGE``, ``CurrentItem.GENRE``: a value of who or what the request is about."""

    dataset: Dataset
    field: str


#: ``"*"`` is a text like any other here; what it means is the condition's affair.
Value = str | float | Placeholder | Reference


@dataclass(frozen=True, slots=True)
class Comparison:
    """``dataset.field operator (values)``; operators other than IN and NOT IN have one value."""

    dataset: Dataset
    field: str
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Both:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    left: Condition
    right: Condition


Condition = Comparison | Both | Either


@dataclass(frozen=True, slots=True)
class Statement:
    """``INCLUDE|EXCLUDE ItemID WHERE condition [IF guards]``; it applies where all guards hold."""

    includes: bool
    condition: Condition
    guards: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """Statements joined by ``|``: what any INCLUDE has, without what any EXCLUDE has."""

    statements: tuple[Statement, ...]

    def comparisons(self) -> Iterator[Comparison]:
        """Every comparison, guards too."""
        for statement in self.statements:
            yield from _comparisons(statement.condition)
            yield from statement.guards

    def placeholders(self) -> set[str]:
        """Names of the values that a request must bring."""
        return {
            value.name
            for comparison in self.comparisons()
            for value in comparison.values
            if isinstance(value, Placeholder)
        }


def _comparisons(condition: Condition) -> Iterator[Comparison]:
    # Not recursive: a chain of ANDs is as deep as it is long.
    stack = [condition]
    while stack:
        one = stack.pop()
        if isinstance(one, Comparison):
            yield one
        else:
            stack += [one.right, one.left]
