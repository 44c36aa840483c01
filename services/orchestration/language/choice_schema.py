"""What a Choice state's rules may be."""

from __future__ import annotations

from typing import Any, Final

from services.orchestration.language.assign_schema import assignments
from services.orchestration.language.choices import COMPARATORS, TYPES
from services.orchestration.language.field_schema import (
    EMPTY,
    Check,
    Field,
    Where,
    boolean,
    check_object,
    expected,
    expression,
    jsonata,
    jsonpath,
    name,
    path,
    payload,
    text,
    timestamp,
)
from services.orchestration.language.jsonpath_filter import is_number


def _operand(comparator: str) -> Check:
    """What a comparator is given."""
    if comparator.startswith("Timestamp"):
        return timestamp
    if comparator.startswith("Boolean"):
        return boolean
    return text if comparator.startswith("String") else _number


def _number(value: Any, at: str, where: Where) -> None:
    if not is_number(value):
        where.error(expected("NUMBER"), at)


def _condition(value: Any, at: str, where: Where) -> None:
    if not isinstance(value, bool):
        expression(value, at, where)


def _several(value: Any, at: str, where: Where) -> None:
    if not isinstance(value, list) or not value:
        where.error(EMPTY if value == [] else expected("ARRAY"), at)
        return
    for index, rule in enumerate(value):
        _inner(rule, f"{at}[{index}]", where)


def _inner(value: Any, at: str, where: Where) -> None:
    """A rule inside And, Or or Not: it says nothing about what comes next."""
    if check_object(value, at, where, _RULE):
        _compares_once(value, at, where)


_COMPARISONS: Final[dict[str, Check]] = {
    **{comparator: _operand(comparator) for comparator in COMPARATORS},
    **{f"{comparator}Path": path for comparator in COMPARATORS},
    **dict.fromkeys(TYPES, boolean),
    "StringMatches": text,
    "And": _several,
    "Or": _several,
    "Not": _inner,
}
_RULE: Final[dict[str, Field]] = {
    **{comparison: jsonpath(check) for comparison, check in _COMPARISONS.items()},
    "Variable": jsonpath(path),
    "Condition": jsonata(_condition),
    "Comment": Field(text),
}
_TOP_RULE: Final[dict[str, Field]] = {
    **_RULE,
    "Next": Field(name),
    "Assign": Field(assignments),
    "Output": jsonata(payload),
}


def choices(value: Any, at: str, where: Where) -> None:
    """The field Choices."""
    if not isinstance(value, list) or not value:
        where.error(EMPTY if value == [] else expected("ARRAY"), at)
        return
    for index, rule in enumerate(value):
        place = f"{at}[{index}]"
        required = ("Condition", "Next") if where.jsonata else ("Next",)
        if check_object(rule, place, where, _TOP_RULE, required) and not where.jsonata:
            _compares_once(rule, place, where)


def _compares_once(rule: dict[str, Any], at: str, where: Where) -> None:
    comparisons = [field for field in rule if field in _COMPARISONS]
    if len(comparisons) != 1:
        where.error(f"A choice rule has exactly one comparison, not {len(comparisons)}: [{', '.join(comparisons)}]", at)
    combined = comparisons[0] in {"And", "Or", "Not"} if comparisons else False
    if combined == ("Variable" in rule):
        where.error(
            "And, Or and Not stand without a Variable."
            if combined
            else "These required fields are missing: [Variable]",
            at,
        )
