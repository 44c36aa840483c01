"""Intrinsic functions: ``States.Format('Hello {}', $.name)`` where a path could stand (states-language.net, B).

A call is parsed once into a tree; arguments are strings in single quotes, numbers, null, true, false, paths (of the
input, the context object or a variable) and further calls. The functions themselves are in ``intrinsic_functions``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.orchestration.language import json_text
from services.orchestration.language.errors import DATA_LIMIT_EXCEEDED, INTRINSIC_FAILURE, RUNTIME, QueryError
from services.orchestration.language.intrinsic_functions import FUNCTIONS, FunctionError
from services.orchestration.language.jsonpath import InvalidPathError, NoResultError, Path, TooMuchWorkError
from services.orchestration.language.jsonpath_grammar import parse_prefix
from services.orchestration.language.scope import Scope

#: The longest call, in characters, and how deep calls may nest (the guide's limit).
MAX_LENGTH, MAX_DEPTH = 10_000, 10
#: Characters of the input that a cause quotes at most.
_QUOTED_CHARACTERS: Final = 30_000
_CONSTANTS: Final[dict[str, Any]] = {"null": None, "true": True, "false": False}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class InvalidCallError(ValueError):
    """The text is no call of an intrinsic function. The message says where it goes wrong."""


class _TooLongError(ValueError):
    """The arguments of a call are more than a function may get."""


@dataclass(frozen=True, slots=True)
class Literal:
    """An argument that stands for itself."""

    value: Any


@dataclass(frozen=True, slots=True)
class Call:
    """A call; ``function`` is its whole name, "States.Format"."""

    function: str
    arguments: tuple[Literal | Path | Call, ...]

    @property
    def takes_little(self) -> bool:
        """Whether the arguments are so few and plain that together they cannot be too long."""
        return len(self.arguments) <= json_text.FEW_VALUES and all(
            argument.definite if isinstance(argument, Path) else isinstance(argument, Literal)
            for argument in self.arguments
        )

    def paths(self) -> Sequence[Path]:
        """Every path among the arguments, those of nested calls too."""
        found: list[Path] = []
        for argument in self.arguments:
            if isinstance(argument, Path):
                found.append(argument)
            elif isinstance(argument, Call):
                found.extend(argument.paths())
        return found


@functools.lru_cache(maxsize=2048)
def parse(text: str) -> Call:
    """The call that ``text`` is.

    Raises:
        InvalidCallError: it is none, names a function that there is not, or gives it too few or too many arguments.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidCallError(f"a call has {MAX_LENGTH} characters at most")
    found, end = _call(text, 0, 1)
    if _blank(text, end) != len(text):
        raise InvalidCallError(f"unexpected '{text[end]}' at position {end}")
    return found


def call(expression: str, scope: Scope, field: str) -> Any:
    """The answer of a call.

    Raises:
        QueryError: a path leads nowhere (States.Runtime), or a function fails (States.IntrinsicFailure).
    """
    try:
        return _answer(parse(expression), scope)
    except InvalidCallError as invalid:
        cause = f"The intrinsic function '{expression}' specified for the field '{field}' is invalid: {invalid}"
        raise QueryError(RUNTIME, cause, field) from invalid
    except NoResultError as missing:
        cause = (
            f"The function '{expression}' had the following error: The JsonPath argument for the field '{missing}' "
            f"could not be found in the input '{json_text.dumps(scope.input)[:_QUOTED_CHARACTERS]}'"
        )
        raise QueryError(RUNTIME, cause, field) from missing
    except TooMuchWorkError as too_much:
        cause = f"The function '{expression}' had the following error: too much work: {too_much}"
        raise QueryError(RUNTIME, cause, field) from too_much
    except _TooLongError as too_long:
        cause = f"The function '{expression}' had the following error: {too_long}"
        raise QueryError(DATA_LIMIT_EXCEEDED, cause, field) from too_long
    except FunctionError as failed:
        cause = f"The function '{expression}' had the following error: {failed}"
        raise QueryError(INTRINSIC_FAILURE, cause, field) from failed


def _answer(node: Literal | Path | Call, scope: Scope) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call):
        arguments = [_answer(argument, scope) for argument in node.arguments]
        if not node.takes_little and json_text.is_too_long(arguments):
            raise _TooLongError(f"its arguments have more than {json_text.MAX_CHARACTERS} characters")
        return FUNCTIONS[node.function].run(arguments)
    if node.root not in {"$", "$$"} and node.root not in scope.variables:
        raise NoResultError(node.text)
    document = scope.input if node.root == "$" else scope.context if node.root == "$$" else scope.variables[node.root]
    try:
        return node.read(document)
    except NoResultError:
        raise NoResultError(node.text) from None


def _blank(text: str, position: int) -> int:
    while text[position : position + 1] in {" ", "\t", "\r", "\n"}:
        position += 1
    return position


def _call(text: str, start: int, depth: int) -> tuple[Call, int]:
    if depth > MAX_DEPTH:
        raise InvalidCallError(f"calls are nested more than {MAX_DEPTH} deep")
    position = text.find("(", start)
    name = text[start:position].rstrip() if position >= 0 else text[start:]
    function = FUNCTIONS.get(name)
    if position < 0 or function is None:
        raise InvalidCallError(f"there is no function '{name}'")
    position = _blank(text, position + 1)
    arguments: list[Literal | Path | Call] = []
    while text[position : position + 1] != ")":
        if arguments:
            if text[position : position + 1] != ",":
                raise InvalidCallError(f"expected ',' or ')' at position {position}")
            position = _blank(text, position + 1)
        argument, position = _argument(text, position, depth)
        arguments.append(argument)
        position = _blank(text, position)
    fewest, most = function.arity
    if len(arguments) < fewest or (most is not None and len(arguments) > most):
        raise InvalidCallError(f"{name} does not take {len(arguments)} arguments")
    return Call(name, tuple(arguments)), position + 1


def _argument(text: str, start: int, depth: int) -> tuple[Literal | Path | Call, int]:
    character = text[start : start + 1]
    if character == "'":
        return _string(text, start)
    if character == "$":
        try:
            return parse_prefix(text, start)
        except InvalidPathError as invalid:
            raise InvalidCallError(str(invalid)) from invalid
    if text.startswith("States.", start):
        return _call(text, start, depth + 1)
    end = start
    while end < len(text) and text[end] not in ",) \t\r\n":
        end += 1
    word = text[start:end]
    if word in _CONSTANTS:
        return Literal(_CONSTANTS[word]), end
    try:
        value = json.loads(word) if word and word[-1] in "0123456789" and len(word) <= 400 else None
    except ValueError:
        value = None
    if value is None:
        raise InvalidCallError(f"expected an argument at position {start}")
    return Literal(value), end


def _string(text: str, start: int) -> tuple[Literal, int]:
    """A string in single quotes. A backslash keeps quotes, braces and itself from meaning anything.

    The backslash before a brace stays: it is States.Format that takes it away.
    """
    characters: list[str] = []
    position = start + 1
    while (character := text[position : position + 1]) != "'":
        if not character:
            raise InvalidCallError(f"the string at position {start} is not closed")
        if character == "\\":
            position += 1
            character = text[position : position + 1]
            if character in {"{", "}"}:
                character = "\\" + character
            elif character == "\\" and text[position + 1 : position + 2] in {"{", "}"}:
                character = "\\\\"
            else:
                character = _ESCAPES.get(character, character)
        characters.append(character)
        position += 1
    return Literal("".join(characters)), position + 1
