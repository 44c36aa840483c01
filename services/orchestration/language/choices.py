"""Choice rules of states that use JSONPath (states-language.net, "Choice State")."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.orchestration.language import paths, timestamps
from services.orchestration.language.errors import RUNTIME, QueryError
from services.orchestration.language.jsonpath_filter import is_number
from services.orchestration.language.scope import Scope

#: How deep And, Or and Not may nest; no definition nests deeper.
MAX_DEPTH: Final = 250

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _utf16(value: Any) -> bytes | None:
    """What strings are put in order by: their code units."""
    return value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else None


def _number(value: Any) -> int | float | None:
    return value if is_number(value) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _comparator(key: Callable[[Any], Any], order: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison that is false for values of another type than its own."""

    def compare(value: Any, operand: Any) -> bool:
        left, right = key(value), key(operand)
        return left is not None and right is not None and order(left, right)

    return compare


#: The comparators that take an operand; each but StringMatches has a twin "...Path".
COMPARATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "BooleanEquals": _comparator(_boolean, operator.eq),
    **{f"Numeric{name}": _comparator(_number, order) for name, order in _ORDERS.items()},
    **{f"String{name}": _comparator(_utf16, order) for name, order in _ORDERS.items()},
    **{f"Timestamp{name}": _comparator(timestamps.parse, order) for name, order in _ORDERS.items()},
}

#: The comparators that ask for a type; their operand says whether it should be so.
TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsPresent": lambda value: True,
    "IsString": lambda value: isinstance(value, str),
    "IsTimestamp": lambda value: timestamps.parse(value) is not None,
}


def matches(rule: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a choice rule of a state that uses JSONPath holds for the input.

    Raises:
        QueryError: a path leads nowhere (States.Runtime); only IsPresent may ask for what is not there.
    """
    return _holds(rule, scope, 0)


def _holds(rule: Mapping[str, Any], scope: Scope, depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise QueryError(RUNTIME, "The rules of the Choice state are nested too deeply", "Choices")
    if "And" in rule:
        return all(_holds(part, scope, depth + 1) for part in rule["And"])
    if "Or" in rule:
        return any(_holds(part, scope, depth + 1) for part in rule["Or"])
    if "Not" in rule:
        return not _holds(rule["Not"], scope, depth + 1)
    return _compared(rule, scope)


def _compared(rule: Mapping[str, Any], scope: Scope) -> bool:
    for name, operand in rule.items():
        if name in COMPARATORS:
            return COMPARATORS[name](_variable(rule, scope), operand)
        if name.endswith("Path") and (comparator := COMPARATORS.get(name[:-4])) is not None:
            value = _variable(rule, scope)
            return comparator(value, _read(operand, scope, name))
        if name == "StringMatches":
            value = _variable(rule, scope)
            return isinstance(value, str) and string_matches(operand, value)
        if name == "IsPresent":
            return _present(rule["Variable"], scope) is operand
        if name in TYPES:
            return TYPES[name](_variable(rule, scope)) is operand
    raise QueryError(RUNTIME, "A choice rule compares nothing", "Choices")


def _variable(rule: Mapping[str, Any], scope: Scope) -> Any:
    return _read(rule["Variable"], scope, "Variable")


def _present(path: str, scope: Scope) -> bool:
    try:
        paths.evaluate(path, scope, "Variable")
    except QueryError:
        return False
    return True


def _read(path: str, scope: Scope, field: str) -> Any:
    try:
        return paths.evaluate(path, scope, field)
    except QueryError as error:
        cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise QueryError(RUNTIME, cause, field) from error


@functools.lru_cache(maxsize=512)
def _pieces(pattern: str) -> tuple[str, ...]:
    """A StringMatches pattern, cut at its stars. "\\*" stands for a star and "\\\\" for a backslash."""
    pieces, position = [""], 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\" and pattern[position + 1 : position + 2] in {"*", "\\"}:
            pieces[-1] += pattern[position + 1]
            position += 1
        elif character == "*":
            pieces.append("")
        else:
            pieces[-1] += character
        position += 1
    return tuple(pieces)


def string_matches(pattern: str, text: str) -> bool:
    """StringMatches: whether ``text`` is ``pattern``, in which "*" stands for any characters, none included.

    No pattern makes it slow: the first place where a piece fits is as good as any later one.
    """
    first, *middle = _pieces(pattern)
    if not middle:
        return text == first
    last = middle.pop()
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return position <= end
