"""What the operators in a JSONPath filter mean (Jayway's JsonPath, "Filter Operators")."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from typing import Any, Final

import regex

from services.orchestration.language.jsonpath import Budget, InvalidPathError, TooMuchWorkError
from shared import patterns


class Missing(enum.Enum):
    """What a path in a filter answers where it leads nowhere; null is something else."""

    MISSING = enum.auto()


MISSING: Final = Missing.MISSING

#: The longest first, so that a prefix of an operator is not taken for another.
COMPARISONS: Final = (
    "subsetof",
    "contains",
    "anyof",
    "noneof",
    "empty",
    "size",
    "nin",
    "==",
    "!=",
    "<=",
    ">=",
    "in",
    "<",
    ">",
)


def compare(operator: str, left: Any, right: Any) -> bool:
    """Whether ``left operator right``. Values of unlike types are never in order, and unequal."""
    if operator == "==":
        return same(left, right)
    if operator == "!=":
        return not same(left, right)
    if left is MISSING or right is MISSING:
        return operator == "nin" and right is not MISSING
    if operator in {"<", "<=", ">", ">="}:
        return _ordered(operator, left, right)
    if operator == "size":
        return isinstance(left, str | list | dict) and same(len(left), right)
    if operator == "empty":
        return isinstance(left, str | list | dict) and (not left) is right
    if operator == "contains":
        if isinstance(left, str):
            return isinstance(right, str) and right in left
        return isinstance(left, list) and _among(right, left)
    if not isinstance(right, list):
        return False
    if operator in {"in", "nin"}:
        return _among(left, right) == (operator == "in")
    if not isinstance(left, list):
        return False
    if operator == "subsetof":
        return all(_among(item, right) for item in left)
    return any(_among(item, right) for item in left) == (operator == "anyof")


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values: true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    return bool(left == right)


def _among(value: Any, values: list[Any]) -> bool:
    return any(same(value, item) for item in values)


def _ordered(operator: str, left: Any, right: Any) -> bool:
    alike = (isinstance(left, str) and isinstance(right, str)) or (is_number(left) and is_number(right))
    if not alike:
        return False
    equal = left == right
    if operator in {"<", "<="}:
        return bool(left < right) or (equal and operator == "<=")
    return bool(left > right) or (equal and operator == ">=")


def is_number(value: Any) -> bool:
    """Whether ``value`` is a JSON number; Python's booleans are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def matches_regex(pattern: str, flags: str) -> Callable[[Any, Budget], bool]:
    """A test whether a whole string matches; an evaluation's tests share one allowance of time.

    Raises:
        InvalidPathError: the pattern is none.
    """
    letters = {"i": regex.IGNORECASE, "s": regex.DOTALL, "m": regex.MULTILINE, "x": regex.VERBOSE}
    combined = 0
    for letter in flags:
        combined |= letters[letter]
    try:
        expression = regex.compile(pattern, combined)
    except (regex.error, OverflowError, RecursionError) as broken:
        raise InvalidPathError("the regular expression is none") from broken

    def test(value: Any, budget: Budget) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return budget.timed(lambda left: patterns.fullmatch(expression, value, left))
        except TimeoutError as slow:
            raise TooMuchWorkError("a regular expression takes too long") from slow

    return test


def number(text: str) -> int | float:
    """The JSON number that ``text`` is.

    Raises:
        ValueError: it is none.
    """
    value = json.loads(text) if len(text) <= 400 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    return value
