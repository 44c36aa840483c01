"""What the fields of a definition may hold: checks of single values, and of objects by a table of their fields."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.orchestration.language import intrinsics, paths, timestamps
from services.orchestration.language.definition import JSONATA, JSONPATH
from services.orchestration.language.diagnostics import Code, Findings

#: What is said of strings, arrays and objects that have nothing in them.
EMPTY: Final = "Value cannot be empty"
#: Seconds, counts and delays end here.
MAX_SECONDS: Final = 99_999_999
_EXPRESSION: Final = re.compile(r"\{%\s[\s\S]*\s%\}")


@dataclass(frozen=True, slots=True)
class Where:
    """What holds at the place of a field."""

    findings: Findings
    jsonata: bool = False
    #: Whether the state runs in an express execution, which cannot wait for others.
    express: bool = False

    def error(self, message: str, location: str) -> None:
        self.findings.error(message, location)


#: Looks at a value and its location, and reports what is wrong with it.
Check = Callable[[Any, str, Where], None]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that an object may have; ``language``: the only query language that has it."""

    check: Check
    language: str | None = None


def jsonpath(check: Check) -> Field:
    """A field of states that use JSONPath."""
    return Field(check, JSONPATH)


def jsonata(check: Check) -> Field:
    """A field of states that use JSONata."""
    return Field(check, JSONATA)


def check_object(
    value: Any,
    at: str,
    where: Where,
    table: Mapping[str, Field],
    required: Sequence[str] = (),
    exclusive: Sequence[Sequence[str]] = (),
) -> bool:
    """Whether ``value`` is an object; reports what its fields are not.

    ``required``: fields that must be there; ``exclusive``: groups of which one at most may be there.
    """
    if not isinstance(value, dict):
        where.error(expected("OBJECT"), at)
        return False
    missing = [name for name in required if name not in value]
    if missing:
        where.error(f"These required fields are missing: [{', '.join(missing)}]", at)
    for group in exclusive:
        present = [name for name in group if name in value]
        if len(present) > 1:
            where.error(f"Only one of these fields may be present: [{', '.join(present)}]", at)
    language = JSONATA if where.jsonata else JSONPATH
    for name, item in value.items():
        field = table.get(name, _COMMENT if name == "Comment" else None)
        if field is None:
            where.error(f"Field '{name}' is not supported", at)
        elif field.language not in {None, language}:
            where.error(
                f"The QueryLanguage is set to '{language}', but field '{name}' is only supported for the "
                f"'{field.language}' QueryLanguage",
                at,
            )
        else:
            field.check(item, f"{at}/{name}", where)
    return True


def anything(value: Any, at: str, where: Where) -> None:
    """Any JSON."""


def expected(kind: str) -> str:
    """What is said of a value of another type than it should have."""
    return f"Expected value of type [{kind}]"


def text(value: Any, at: str, where: Where) -> None:
    if not isinstance(value, str):
        where.error(expected("STRING"), at)


_COMMENT: Final = Field(text)


def name(value: Any, at: str, where: Where) -> None:
    """A string that is not empty."""
    text(value, at, where)
    if value == "":
        where.error(EMPTY, at)


def boolean(value: Any, at: str, where: Where) -> None:
    if not isinstance(value, bool):
        where.error(expected("BOOLEAN"), at)


def one_of(*names: str) -> Check:
    """One of a few strings."""

    def check(value: Any, at: str, where: Where) -> None:
        text(value, at, where)
        if isinstance(value, str) and value not in names:
            where.error(f"Value should be one of the following: [{', '.join(names)}]", at)

    return check


def number(low: float, high: float = math.inf, *, integer: bool = True) -> Check:
    """A number from ``low`` to ``high``; in states that use JSONata an expression too."""

    def check(value: Any, at: str, where: Where) -> None:
        if where.jsonata and isinstance(value, str):
            expression(value, at, where)
        elif isinstance(value, bool) or not isinstance(value, int | float) or (integer and value != math.floor(value)):
            where.error(expected("INTEGER" if integer else "NUMBER"), at)
        elif not low <= value <= high:
            where.error(f"Value should lie between {low} and {high}", at)

    return check


def static_number(low: float, high: float = math.inf, *, integer: bool = True) -> Check:
    """A number that no expression can stand for, as in a retrier."""
    check = number(low, high, integer=integer)
    return lambda value, at, where: check(value, at, Where(where.findings))


def expression(value: Any, at: str, where: Where) -> None:
    """A string that is a JSONata expression as a whole."""
    if not isinstance(value, str) or not _EXPRESSION.fullmatch(value):
        where.error("The value must be a JSONata expression: '{% <expression> %}'", at)
    else:
        where.findings.expressions.append((value[2:-2].strip(), at))


def text_or_expression(value: Any, at: str, where: Where) -> None:
    """A string; in states that use JSONata an expression too."""
    text(value, at, where)
    if where.jsonata:
        payload(value, at, where)


def path(value: Any, at: str, where: Where) -> None:
    if not paths.is_path(value):
        where.error(f"The value for the field '{_last(at)}' must be a valid JSONPath", at)


def reference_path(value: Any, at: str, where: Where) -> None:
    """A path to one place, in the input, the context object or a variable."""
    if not paths.is_reference_path(value):
        where.error(f"The value for the field '{_last(at)}' must be a valid reference path", at)


def path_or_null(value: Any, at: str, where: Where) -> None:
    if value is not None:
        path(value, at, where)


def path_or_function(value: Any, at: str, where: Where) -> None:
    if not is_path_or_function(value):
        where.error(
            f"The value for the field '{_last(at)}' must be a valid JSONPath or a valid intrinsic function call", at
        )


def reference_path_or_null(value: Any, at: str, where: Where) -> None:
    """ResultPath: where in the input the result goes."""
    if value is not None and not (paths.is_reference_path(value) and (value == "$" or value[1] in ".[")):
        where.error(f"The value for the field '{_last(at)}' must be a valid reference path", at)


def is_path_or_function(value: Any) -> bool:
    """Whether a template's "name.$" may have this value."""
    if not isinstance(value, str):
        return False
    if not paths.is_intrinsic(value):
        return paths.is_path(value)
    try:
        intrinsics.parse(value)
    except intrinsics.InvalidCallError:
        return False
    return True


def timestamp(value: Any, at: str, where: Where) -> None:
    if where.jsonata and isinstance(value, str) and value.startswith("{%"):
        expression(value, at, where)
    elif timestamps.parse(value) is None:
        where.error("String does not match RFC3339 timestamp", at)


def payload(value: Any, at: str, where: Where) -> None:
    """A payload: a template with paths, or any JSON with expressions in it."""
    if where.jsonata:
        _expressions(value, at, where)
    else:
        _template(value, at, where)


def payload_object(value: Any, at: str, where: Where) -> None:
    """A payload that is an object."""
    if isinstance(value, dict):
        payload(value, at, where)
    else:
        where.error(expected("OBJECT"), at)


def _expressions(value: Any, at: str, where: Where) -> None:
    if isinstance(value, str):
        if value.startswith("{%") or value.endswith("%}"):
            expression(value, at, where)
    elif isinstance(value, dict):
        for key, item in value.items():
            _expressions(item, f"{at}/{key}", where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _expressions(item, f"{at}[{index}]", where)


def _template(value: Any, at: str, where: Where) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$"):
                if not is_path_or_function(item):
                    where.error(
                        f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call",
                        at,
                    )
                if key[:-2] in value:
                    where.error(f"The field '{key[:-2]}' is present both with and without '.$'", at)
            else:
                if isinstance(item, str) and looks_dynamic(item):
                    where.findings.warning(
                        Code.NO_DOLLAR,
                        "The value looks like a JSONPath or an intrinsic function; such a field's name ends with '.$'",
                        f"{at}/{key}",
                    )
                _template(item, f"{at}/{key}", where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _template(item, f"{at}[{index}]", where)


def looks_dynamic(value: str) -> bool:
    """Whether a string looks as if somebody meant it to be evaluated."""
    return value.startswith(("$.", "$[", "$$.")) or (value.startswith("States.") and value.endswith(")"))


def _last(at: str) -> str:
    return at.rpartition("/")[2]
