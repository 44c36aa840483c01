"""JSONata expressions: ``{% $states.input.total * 2 %}``.

The engine is jsonatapy. It holds the interpreter lock while it works, and an expression of twenty characters can ask it
for gigabytes or minutes, so it lives in child processes (``jsonata_worker``): a few, started when the first expression
comes, each with a bound on its memory and a deadline for every answer. A child that passes either is gone with its
expression, and another takes its place. A whole field is one round trip, whatever it holds.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from services.orchestration.language.errors import QUERY_EVALUATION_ERROR, QueryError
from services.orchestration.language.jsonata_functions import TOO_MUCH_MEMORY, TOO_MUCH_TIME
from services.orchestration.language.scope import ABSENT, Scope
from shared.runtime.child import Child, ChildGoneError, ChildLostError, ChildSilentError

#: Seconds that the expressions of one field may take together, and those after which the child is killed.
SOFT_SECONDS, HARD_SECONDS = 1.0, 2.0
#: Seconds that a child may take to start, on top of its first answer.
START_SECONDS: Final = 20.0
#: Seconds that a caller waits for a child to be free.
PATIENCE_SECONDS: Final = 60.0
#: The largest question and answer: the input of a state has 256 KiB, all variables of an execution 10 MiB.
MAX_BYTES: Final = 24 * 1024 * 1024
#: How deep a value with expressions may nest, and how many expressions it may hold.
MAX_DEPTH, MAX_EXPRESSIONS = 200, 5_000
#: Characters of an expression that a cause quotes at most.
_SHOWN_CHARACTERS: Final = 20_000

_CODED: Final = re.compile(r"[A-Z]\d{4}: ")
_VARIABLE: Final = re.compile(r"\$([A-Za-z_]\w*)")
_MEMBER: Final = re.compile(r"\$states\s*\.\s*([A-Za-z]\w*)")
_STATES: Final = re.compile(r"\$states\b")


def expression_in(value: object) -> str | None:
    """The expression that a string "{% ... %}" holds; None for any other value."""
    if isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}"):
        return value[2:-2].strip()
    return None


def expect(value: Any, type_name: str, expression: str, field: str) -> Any:
    """``value``, if it is of a JSON type: "array", "boolean", "number", "integer", "object" or "string".

    Raises:
        QueryError: it is of another (States.QueryEvaluationError).
    """
    actual = type_of(value)
    integral = actual == "number" and isinstance(value, int | float) and float(value).is_integer()
    if actual == type_name or (type_name == "integer" and integral):
        return value
    cause = (
        f"The JSONata expression '{expression}' specified for the field '{field}' returned an unexpected result type. "
        f"Expected '{type_name}', but was '{actual}' for value: {_compact(value)}"
    )
    raise QueryError(QUERY_EVALUATION_ERROR, cause, field)


def type_of(value: Any) -> str:
    """The name of a JSON value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:10_000]


class Jsonata:
    """Evaluates expressions in ``children`` processes at most. Safe to use from many threads."""

    def __init__(self, children: int = 2) -> None:
        self._idle: list[Child] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(children)

    def evaluate(self, value: Any, scope: Scope, field: str) -> Any:
        """``value`` with every string "{% ... %}" in it replaced by the answer of its expression.

        ``field`` is where ``value`` stands ("Output"); errors name the place in it ("Output/Total").

        Raises:
            QueryError: an expression is malformed, fails, takes too much, or answers nothing or a function
                (States.QueryEvaluationError).
        """
        found: list[tuple[str, str]] = []
        _collect(value, field, 0, found)
        if not found:
            return value
        expressions = [expression for expression, _ in found]
        try:
            answers = self._ask({"expressions": expressions, **_bindings(expressions, scope)})
        except _TooMuchError as too_much:
            expression, place = found[0]
            raise _threw(expression, place, str(too_much)) from too_much
        replies: list[Any] = []
        for (expression, place), answer in zip(found, answers, strict=True):
            if "error" in answer:
                raise _threw(expression, place, answer["error"])
            if "value" not in answer:
                raise _failure(expression, place, "returned nothing (undefined).")
            replies.append(answer["value"])
        return _replaced(value, iter(replies))

    def check(self, expressions: Sequence[str]) -> list[str | None]:
        """For each expression what is wrong with its syntax, or None."""
        if not expressions:
            return []
        try:
            answers = self._ask({"check": list(expressions)})
        except _TooMuchError as too_much:
            return [str(too_much)] * len(expressions)
        return [answer.get("error") for answer in answers]

    def close(self) -> None:
        """End the children. Using it again starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.bury()

    def _ask(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        body = _encoded(question)
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise _TooMuchError(TOO_MUCH_TIME)
        try:
            return self._exchange(body)
        finally:
            self._places.release()

    def _exchange(self, body: bytes) -> list[dict[str, Any]]:
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            fresh = child is None
            child = child or _child()
            try:
                reply = child.ask(body, HARD_SECONDS + (START_SECONDS if fresh else 0.0))
            except ChildGoneError as gone:
                if fresh:
                    raise _TooMuchError("The evaluator does not start") from gone
                continue  # something ended it while it had nothing to do: no fault of this expression
            except ChildSilentError as silent:
                raise _TooMuchError(TOO_MUCH_TIME) from silent
            except ChildLostError as lost:
                raise _TooMuchError(TOO_MUCH_MEMORY) from lost
            try:
                answer: list[dict[str, Any]] = orjson.loads(reply)
            except ValueError as nonsense:
                child.bury()
                raise _TooMuchError(TOO_MUCH_MEMORY) from nonsense
            if child.retired:
                child.bury()
            else:
                with self._lock:
                    self._idle.append(child)
            return answer


class _TooMuchError(Exception):
    """The evaluation needs more than it may have."""


def _child() -> Child:
    return Child(
        "services.orchestration.language.jsonata_worker",
        # The engine's allocator would set a gigabyte of the address space aside at once.
        {"MIMALLOC_ARENA_RESERVE": "32MiB"},
        max_answer_bytes=MAX_BYTES,
        # What a broken engine prints may quote the expression, and that is nobody's business.
        quiet=True,
    )


def _threw(expression: str, place: str, error: str) -> QueryError:
    # An error with a code is a sentence of its own.
    separator = "." if _CODED.match(error) else ":"
    return _failure(expression, place, f"threw an error during evaluation{separator} {error}")


def _failure(expression: str, place: str, what: str) -> QueryError:
    shown = expression[:_SHOWN_CHARACTERS]
    cause = f"The JSONata expression '{shown}' specified for the field '{place}' {what}"
    return QueryError(QUERY_EVALUATION_ERROR, cause, place)


def _collect(value: Any, place: str, depth: int, found: list[tuple[str, str]]) -> None:
    """The expressions in ``value`` and their places, in the order of the document."""
    if depth > MAX_DEPTH or len(found) > MAX_EXPRESSIONS:
        raise QueryError(QUERY_EVALUATION_ERROR, f"The field '{place}' holds too much", place)
    if isinstance(value, str):
        expression = expression_in(value)
        if expression is not None:
            found.append((expression, place))
    elif isinstance(value, dict):
        for name, item in value.items():
            _collect(item, f"{place}/{name}", depth + 1, found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _collect(item, f"{place}[{index}]", depth + 1, found)


def _replaced(value: Any, replies: Iterator[Any]) -> Any:
    if isinstance(value, str):
        return value if expression_in(value) is None else next(replies)
    if isinstance(value, dict):
        return {name: _replaced(item, replies) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, replies) for item in value]
    return value


def _bindings(expressions: Sequence[str], scope: Scope) -> dict[str, Any]:
    """What the expressions can name of the scope: large inputs that nobody asks for are not sent."""
    text = "\n".join(expressions)
    values = {
        "input": scope.input,
        "context": scope.context,
        "result": scope.result,
        "errorOutput": scope.error_output,
    }
    asked = _MEMBER.findall(text)
    if len(asked) == len(_STATES.findall(text)):
        values = {name: value for name, value in values.items() if name in asked}
    names = set(_VARIABLE.findall(text))
    variables = {name: value for name, value in scope.variables.items() if name in names or not name.isascii()}
    return {"states": {name: value for name, value in values.items() if value is not ABSENT}, "variables": variables}


def _encoded(question: Mapping[str, Any]) -> bytes:
    try:
        body = orjson.dumps(question)
    except TypeError:  # integers of more than 64 bits, half a surrogate pair, deep nesting
        try:
            body = json.dumps(question).encode()
        except (RecursionError, ValueError) as unfit:
            raise _TooMuchError("The values are nested too deeply") from unfit
    if len(body) > MAX_BYTES:
        raise _TooMuchError(TOO_MUCH_MEMORY)
    return body
