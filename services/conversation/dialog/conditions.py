"""The language of conditional branches: ``({age} >= 18) AND (NOT fn.IS_SET([vip]) OR [vip] = "yes")``.

    expression = disjunction; AND binds more than OR, NOT more than both; && || ! mean the same
    comparison = reference operator constant, operator one of = != < <= > >= CONTAINS
    reference  = {slot}, {slot.originalValue}, [session attribute], ((request attribute)), #context.attribute,
                 $.inputMode, $.inputTranscript, fn.COUNT(reference), fn.LENGTH(reference)
    constant   = "text", a number, true, false
    also       = fn.IS_SET(reference)

After Lex's developer guide ("Add conditions to branch conversations"): text is compared without regard to case, numbers
as numbers, durations by their length, dates and times by their ISO spelling; a comparison of something that is not set
is false, whatever its operator.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: What a reference stands for: its text, or None where it is not set. Called with its kind and its name.
Lookup = Callable[[str, str], str | None]
SLOT, ATTRIBUTE, REQUEST_ATTRIBUTE, CONTEXT, INPUT = "slot", "attribute", "request", "context", "input"

LONGEST_EXPRESSION = 1024
_DEEPEST = 30
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<slot>\{[^{}\[\]()"]+\}) | (?P<attribute>\[[^\[\]"]+\]) | (?P<request>\(\([^()"]+\)\))
      | (?P<context>\#[A-Za-z0-9_]+\.[^\s()"=!<>&|]+) | (?P<input>\$\.\w+)
      | (?P<function>fn\.[A-Za-z_]+) | (?P<text>"(?:[^"\\]|\\.)*") | (?P<number>-?\d+(?:\.\d+)?)(?![\w.])
      | (?P<operator>!=|<=|>=|&&|\|\||[=<>!()]) | (?P<word>[A-Za-z]+)
    )""",
    re.VERBOSE,
)
_REFERENCES = frozenset({SLOT, ATTRIBUTE, REQUEST_ATTRIBUTE, CONTEXT, INPUT})
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_BOOLEANS = {"&&": "AND", "||": "OR", "!": "NOT"}
_DURATION = re.compile(
    r"P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
_DURATION_SECONDS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)


class BadCondition(ValueError):
    """An expression that is none. The text says where, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that only the conversation knows. ``function``: "", "COUNT" or "LENGTH" of it."""

    kind: str
    name: str
    function: str = ""

    def value(self, lookup: Lookup) -> str | None:
        found = lookup(self.kind, self.name)
        if self.function == "COUNT":
            return "0" if found is None else "1"
        if self.function == "LENGTH":
            return str(len(found or ""))
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Reference
    operator: str
    right: str

    def holds(self, lookup: Lookup) -> bool:
        left = self.left.value(lookup)
        if left is None:
            return False
        if self.operator == "CONTAINS":
            return self.right.casefold() in left.casefold()
        first, second = _comparable(left, self.right)
        return _ORDERS[self.operator](first, second)


@dataclass(frozen=True, slots=True)
class IsSet:
    reference: Reference

    def holds(self, lookup: Lookup) -> bool:
        return bool(self.reference.value(lookup))


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition

    def holds(self, lookup: Lookup) -> bool:
        return not self.inner.holds(lookup)


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Condition, ...]

    def holds(self, lookup: Lookup) -> bool:
        return all(part.holds(lookup) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Condition, ...]

    def holds(self, lookup: Lookup) -> bool:
        return any(part.holds(lookup) for part in self.parts)


Condition = Comparison | IsSet | Not | Every | Some


def parse_condition(text: str) -> Condition:
    """Read an expression. Raises ``BadCondition``."""
    if len(text) > LONGEST_EXPRESSION:
        raise BadCondition(f"An expression has at most {LONGEST_EXPRESSION} characters.")
    return _Parser(_tokens(text)).whole()


def parse_reference(text: str) -> Reference | None:
    """``text`` as one reference, as set values and default values may be; None where it is a constant."""
    match = _TOKEN.fullmatch(text.strip())
    if match is None or match.lastgroup not in _REFERENCES:
        return None
    return _reference(str(match.lastgroup), match[0].strip())


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadCondition(f"The expression cannot be read from character {position + 1} on.")
        found.append((str(match.lastgroup), match[0].strip(), position + 1))
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._any()
        if self._next < len(self._tokens):
            raise self._bad("something else")
        return condition

    def _any(self) -> Condition:
        parts = [self._every()]
        while self._take("OR"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Condition:
        parts = [self._single()]
        while self._take("AND"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _single(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadCondition(f"An expression is nested at most {_DEEPEST} levels deep.")
        try:
            if self._take("NOT"):
                return Not(self._single())
            if self._take("("):
                inner = self._any()
                self._expect(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        kind, text = self._peek()
        if kind == "function" and text.upper() == "FN.IS_SET":
            self._next += 1
            return IsSet(self._argument())
        left = self._operand()
        kind, text = self._peek()
        if text not in _ORDERS and text.upper() != "CONTAINS":
            raise self._bad("a comparison operator")
        self._next += 1
        kind, constant = self._peek()
        if kind == "text":
            constant = re.sub(r"\\(.)", r"\1", constant[1:-1])
        elif kind != "number" and constant.lower() not in ("true", "false"):
            raise self._bad("a constant: text in double quotes, a number, true or false")
        self._next += 1
        return Comparison(left, text.upper(), constant)

    def _operand(self) -> Reference:
        kind, text = self._peek()
        if kind in _REFERENCES:
            self._next += 1
            return _reference(kind, text)
        if kind == "function" and text.upper() in ("FN.COUNT", "FN.LENGTH"):
            self._next += 1
            inner = self._argument()
            return Reference(inner.kind, inner.name, text.upper().removeprefix("FN."))
        if kind == "function" or text.upper() in ("ALL", "ANY"):
            raise BadCondition("The functions are fn.IS_SET, fn.COUNT and fn.LENGTH; quantifiers are not built.")
        raise self._bad("a slot in braces or an attribute in brackets")

    def _argument(self) -> Reference:
        # "((name))" is both an argument in parentheses and a request attribute.
        if self._take("("):
            kind, text = self._peek()
            if kind not in _REFERENCES:
                raise self._bad("a slot in braces or an attribute in brackets")
            self._next += 1
            self._expect(")")
            return _reference(kind, text)
        raise self._bad("an opening parenthesis")

    def _peek(self) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise BadCondition("The expression ends too early.")
        return self._tokens[self._next][:2]

    def _take(self, wanted: str) -> bool:
        if self._next < len(self._tokens):
            kind, text, _ = self._tokens[self._next]
            if kind in ("operator", "word") and _BOOLEANS.get(text, text.upper()) == wanted:
                self._next += 1
                return True
        return False

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._bad(f"'{wanted}'")

    def _bad(self, wanted: str) -> BadCondition:
        if self._next >= len(self._tokens):
            return BadCondition(f"The expression ends where {wanted} must be.")
        if wanted == "something else":
            return BadCondition(f"The expression should end before character {self._tokens[self._next][2]}.")
        return BadCondition(f"At character {self._tokens[self._next][2]} must be {wanted}.")


def _reference(kind: str, text: str) -> Reference:
    if kind == REQUEST_ATTRIBUTE:
        name = text[2:-2]
    elif kind == CONTEXT:
        name = text[1:]
    elif kind == INPUT:
        name = text[2:]
        if name not in ("inputMode", "inputTranscript"):
            raise BadCondition("Of the input there are $.inputMode and $.inputTranscript.")
    else:
        name = text[1:-1]
    return Reference(kind, name.strip())


def _comparable(left: str, right: str) -> tuple[Any, Any]:
    for convert in (_number, _duration):
        first, second = convert(left), convert(right)
        if first is not None and second is not None:
            return first, second
    return left.casefold(), right.casefold()


def _number(text: str) -> float | None:
    try:
        return float(text) if re.fullmatch(r"\s*-?\d+(?:\.\d+)?\s*", text) else None
    except ValueError:
        return None


def _duration(text: str) -> float | None:
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    return sum(float(part) * seconds for part, seconds in zip(match.groups(), _DURATION_SECONDS, strict=True) if part)
