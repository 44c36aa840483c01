"""Paths in the fields of a state: reading with them (``evaluate``), and writing with reference paths (``assign``)."""

from __future__ import annotations

from typing import Any, Final

from services.orchestration.language import intrinsics, json_text
from services.orchestration.language.errors import (
    DATA_LIMIT_EXCEEDED,
    RESULT_PATH_MATCH_FAILURE,
    RUNTIME,
    QueryError,
)
from services.orchestration.language.jsonpath import InvalidPathError, NoResultError, Path, TooMuchWorkError
from services.orchestration.language.jsonpath_grammar import parse
from services.orchestration.language.scope import Scope

#: What AWS calls it when ItemsPath leads nowhere; the specification has no name for it.
REFERENCE_PATH_CONFLICT: Final = "States.ReferencePathConflict"
#: The fields whose failures are told in the words of the JSONPath library; all others name field and input.
_FILTERS: Final = frozenset({"InputPath", "OutputPath"})
#: Characters of the input that a cause quotes at most: causes end at 32,768 characters.
_QUOTED_CHARACTERS: Final = 30_000
#: The largest index that ``assign`` makes room for.
MAX_INDEX: Final = 10_000


def evaluate(expression: str, scope: Scope, field: str) -> Any:
    """The value of a path ("$.a", "$$.Execution.Id", "$variable.a[0]") or of an intrinsic function call.

    ``field`` names where it stood; the cause and the location of an error have it.

    Raises:
        QueryError: it leads nowhere (States.Runtime), or the function fails (States.IntrinsicFailure).
    """
    if is_intrinsic(expression):
        return intrinsics.call(expression, scope, field)
    try:
        path = parse(expression)
        document = _document(path, scope)
        if document is None and path.steps:
            raise QueryError(RUNTIME, "Unable to apply Path transformation to null or empty input.", field)
        value = path.read(document)
        if path.simple is None:
            check_length(value, field)
        return value
    except InvalidPathError as invalid:
        raise QueryError(RUNTIME, f"Invalid path '{expression}' : {invalid}", field) from invalid
    except NoResultError as missing:
        raise _nowhere(expression, scope, field, missing) from missing
    except TooMuchWorkError as too_much:
        raise QueryError(RUNTIME, f"The JSONPath '{expression}' takes too much work: {too_much}", field) from too_much


def check_length(value: Any, field: str) -> None:
    """Refuse a value that is put together of so much that its text would not fit into memory.

    Raises:
        QueryError: States.DataLimitExceeded.
    """
    if json_text.is_too_long(value):
        most = json_text.MAX_CHARACTERS
        cause = f"The value of the field '{field}' exceeds the maximum number of characters ({most})."
        raise QueryError(DATA_LIMIT_EXCEEDED, cause, field)


def _nowhere(expression: str, scope: Scope, field: str, missing: NoResultError) -> QueryError:
    """The error of a path that leads nowhere: which fields read with which part of AWS shows in their words."""
    path = parse(expression)
    if field in _FILTERS:
        return QueryError(RUNTIME, f"Invalid path '{expression}' : {missing}", field)
    if field == "ItemsPath" and path.simple and path.root in {"$", "$$"}:
        document = _document(path, scope)
        node = document
        for step in path.simple:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return QueryError(REFERENCE_PATH_CONFLICT, _inapplicable(step, document), field)
    cause = (
        f"The JSONPath '{expression}' specified for the field '{field}' could not be found in the input "
        f"'{quoted(scope.input)}'"
    )
    return QueryError(RUNTIME, cause, field)


def _inapplicable(step: str | int, document: Any) -> str:
    return f'Unable to apply step "{step}" to input {quoted(document)}'


def quoted(value: Any) -> str:
    """``value`` as compact JSON, cut off where it is too long for a cause."""
    return json_text.dumps(value)[:_QUOTED_CHARACTERS]


def _document(path: Path, scope: Scope) -> Any:
    if path.root == "$":
        return scope.input
    if path.root == "$$":
        return scope.context
    if path.root not in scope.variables:
        raise NoResultError(f"No results for path: {path.canonical()}")
    return scope.variables[path.root]


def assign(document: Any, reference_path: str, value: Any) -> Any:
    """``document`` with ``value`` at ``reference_path``, as ResultPath does it; everything else is shared with it.

    Objects that are missing along the way are made. An index must lie inside its list or right behind its end.

    Raises:
        QueryError: the path and the document do not go together (States.ResultPathMatchFailure).
    """
    try:
        steps = parse(reference_path).simple
    except InvalidPathError:
        steps = None
    if steps is None or not is_reference_path(reference_path):
        raise QueryError(RESULT_PATH_MATCH_FAILURE, _inapplicable(reference_path, document), "ResultPath")
    try:
        return _assigned(document, steps, value)
    except _UnfitError as unfit:
        raise QueryError(RESULT_PATH_MATCH_FAILURE, _inapplicable(unfit.args[0], document), "ResultPath") from unfit


class _UnfitError(Exception):
    """A step that does not apply to what is there."""


def _assigned(node: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        if not isinstance(node, dict):
            raise _UnfitError(step)
        return {**node, step: _assigned(node.get(step, {}), rest, value)}
    if not isinstance(node, list) or not 0 <= step <= len(node) or step > MAX_INDEX:
        raise _UnfitError(step)
    copy = [*node, {}] if step == len(node) else [*node]
    copy[step] = _assigned(copy[step], rest, value)
    return copy


def is_path(text: object) -> bool:
    """Whether ``text`` is a JSONPath, of the input, the context object or a variable."""
    try:
        return isinstance(text, str) and bool(parse(text))
    except InvalidPathError:
        return False


def is_reference_path(text: object) -> bool:
    """Whether ``text`` is a path to one place: names and indices only."""
    if not isinstance(text, str) or not is_path(text):
        return False
    simple = parse(text).simple
    return simple is not None and all(isinstance(step, str) or step >= 0 for step in simple)


def is_intrinsic(text: object) -> bool:
    """Whether ``text`` calls an intrinsic function, as far as its beginning tells."""
    return isinstance(text, str) and text.startswith("States.")
