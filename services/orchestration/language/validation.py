"""Whether a definition can be saved: everything that is wrong with it, with its place.

Three passes. The first looks at every field by itself, the second compiles all JSONata expressions at once, and the
third, for which they must have found nothing, looks at what fields mean together: transitions, names, scopes.
"""

from __future__ import annotations

import atexit
import json
import math
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from services.orchestration.language import map_schema
from services.orchestration.language.assign_schema import assigned
from services.orchestration.language.definition import JSONATA, JSONPATH
from services.orchestration.language.diagnostics import Code, Diagnostic, Findings, Severity
from services.orchestration.language.field_schema import (
    EMPTY,
    MAX_SECONDS,
    Field,
    Where,
    anything,
    check_object,
    expected,
    name,
    one_of,
    static_number,
    text,
)
from services.orchestration.language.intrinsic_functions import depth
from services.orchestration.language.jsonata import Jsonata
from services.orchestration.language.state_schema import check_state
from services.orchestration.language.transitions import check_transitions
from shared.errors import InvalidArgument

#: The longest definition, in bytes.
MAX_BYTES: Final = 1024 * 1024
#: How deep a definition's JSON may nest.
MAX_DEPTH: Final = 200
#: The longest integer, in characters: what a double can hold.
_MAX_DIGITS: Final = 309
#: The longest name of a state, in characters.
MAX_NAME: Final = 80

_LEVEL: Final[dict[str, Field]] = {
    "StartAt": Field(name),
    "States": Field(anything),
}
_MACHINE: Final[dict[str, Field]] = {
    **_LEVEL,
    "QueryLanguage": Field(one_of(JSONPATH, JSONATA)),
    "TimeoutSeconds": Field(static_number(1, MAX_SECONDS)),
    "Version": Field(text),
}
_PROCESSOR: Final[dict[str, Field]] = {**_LEVEL, "ProcessorConfig": Field(map_schema.processor_config)}

_lock = threading.Lock()
_compiler: Jsonata | None = None


def check(text: str, machine_type: str = "STANDARD") -> None:
    """Refuse a definition that has an error.

    Raises:
        InvalidArgument: with the code InvalidDefinition and all errors in its message.
    """
    found = [item for item in diagnose(text, machine_type) if item.severity is Severity.ERROR]
    if found:
        shown = ", ".join(map(str, found[:20]))
        raise InvalidArgument(f"Invalid State Machine Definition: '{shown}'", aws_code="InvalidDefinition")


def diagnose(text: str, machine_type: str = "STANDARD") -> list[Diagnostic]:
    """Everything that is wrong with a definition, of a machine of the type "STANDARD" or "EXPRESS"."""
    findings = Findings()
    document = _parsed(text, findings)
    if isinstance(document, dict):
        levels: list[_Level] = []
        where = Where(findings, express=machine_type == "EXPRESS")
        # Branches and processors take the machine's language, not that of the state around them.
        language = document.get("QueryLanguage", JSONPATH)
        _check_level(document, "", where, _MACHINE, language, levels)
        _compile(findings)
        if not findings.has_errors:
            _check_together(levels, findings)
    return findings.diagnostics


@dataclass(frozen=True, slots=True)
class _Level:
    """A level for the third pass. ``outer``: the variables that levels around it assign."""

    document: Mapping[str, Any]
    at: str
    outer: frozenset[str]


def _parsed(text: str, findings: Findings) -> Any:
    """The JSON of a definition; None where it cannot be looked at, and findings say why."""
    if not text.strip():
        findings.error("The definition is empty", None, Code.MISSING_DESCRIPTION)
        return None
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        findings.error(f"The definition has more than {MAX_BYTES} bytes", "/")
        return None
    try:
        document = json.loads(
            text, object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
        )
    except RecursionError:
        findings.error("The definition is nested too deeply", None, Code.TOO_DEEPLY_NESTED)
        return None
    except ValueError as broken:
        findings.error(str(broken), None, Code.INVALID_JSON_DESCRIPTION)
        return None
    if depth(document) > MAX_DEPTH:
        findings.error("The definition is nested too deeply", None, Code.TOO_DEEPLY_NESTED)
        return None
    if document is None:
        findings.error("The definition is empty", None, Code.MISSING_DESCRIPTION)
    elif not isinstance(document, dict):
        findings.error(expected("OBJECT"), "/")
    return document


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"Duplicate field '{twice}'")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is out of range")
    return number


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"A number has more than {_MAX_DIGITS} digits")
    _finite(text)
    return int(text)


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _check_level(
    document: Any,
    at: str,
    where: Where,
    table: Mapping[str, Field],
    language: str,
    levels: list[_Level],
    outer: frozenset[str] = frozenset(),
) -> None:
    """A state machine, a branch or a processor, and all levels inside it."""
    if not check_object(document, at, where, table, required=("StartAt", "States")):
        return
    levels.append(_Level(document, at, outer))
    if "States" not in document:
        return
    states = document["States"]
    if not isinstance(states, dict) or not states:
        where.error(EMPTY if states == {} else expected("OBJECT"), f"{at}/States")
        return
    variables = outer.union(*map(assigned, states.values()))
    for state_name, state in states.items():
        place = f"{at}/States/{state_name}"
        if not 1 <= len(state_name) <= MAX_NAME:
            message = f"A state name has 1 to {MAX_NAME} characters"
            where.findings.error(message, place, Code.INVALID_STATE_NAME)
        _check_state(state, place, where, language, variables, levels)


def _check_state(
    state: Any, at: str, where: Where, language_of_machine: str, variables: frozenset[str], levels: list[_Level]
) -> None:
    if not isinstance(state, dict):
        where.error(expected("OBJECT"), at)
        return
    if state.get("QueryLanguage") == JSONPATH and language_of_machine == JSONATA:
        where.error("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at)
        return
    language = state.get("QueryLanguage", language_of_machine)
    check_state(state, at, Where(where.findings, language == JSONATA, where.express))
    if state.get("Type") == "Parallel" and "Branches" in state:
        branches = state["Branches"]
        if not isinstance(branches, list) or not branches:
            where.error(EMPTY if branches == [] else expected("ARRAY"), f"{at}/Branches")
            return
        for index, branch in enumerate(branches):
            _check_level(branch, f"{at}/Branches[{index}]", where, _LEVEL, language_of_machine, levels, variables)
    if state.get("Type") == "Map":
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                _check_processor(state, field, at, where, language_of_machine, variables, levels)


def _check_processor(
    state: Mapping[str, Any],
    field: str,
    at: str,
    where: Where,
    language_of_machine: str,
    variables: frozenset[str],
    levels: list[_Level],
) -> None:
    processor = state[field]
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    config = config if isinstance(config, dict) else {}
    distributed = config.get("Mode") == "DISTRIBUTED"
    # The items of a distributed Map run as executions of their own, of their own type, without the variables outside.
    inner = Where(where.findings, express=config.get("ExecutionType") == "EXPRESS") if distributed else where
    if distributed and where.express:
        where.error("Express state machine does not support Map states in DISTRIBUTED mode", f"{at}/{field}")
    outer = frozenset[str]() if distributed else variables
    _check_level(processor, f"{at}/{field}", inner, _PROCESSOR, language_of_machine, levels, outer)


def _compile(findings: Findings) -> None:
    """The second pass: the syntax of all expressions."""
    global _compiler
    if not findings.expressions:
        return
    with _lock:
        if _compiler is None:
            _compiler = Jsonata(children=1)
            atexit.register(_compiler.close)
        compiler = _compiler
    answers = compiler.check([expression for expression, _ in findings.expressions])
    for (_, location), wrong in zip(findings.expressions, answers, strict=True):
        # Calling what is no function is found while compiling, but it is an error of the evaluation.
        if wrong is not None and "T1006" not in wrong:
            findings.error(wrong, location, Code.INVALID_JSONATA_EXPRESSION)


def _check_together(levels: list[_Level], findings: Findings) -> None:
    """The third pass."""
    names: set[str] = set()
    labels: set[str] = set()
    for level in levels:
        check_transitions(level.document, level.at, findings)
        for state_name, state, place in _states(level):
            if state_name in names:
                message = f"Duplicate State name: {state_name}"
                findings.error(message, place, Code.DUPLICATE_STATE_NAME)
            names.add(state_name)
            if "Label" in state:
                label = state["Label"]
                if label in labels:
                    findings.error(f"Duplicate Label: {label}", f"{place}/Label", Code.DUPLICATE_LABEL_NAME)
                labels.add(label)
            for variable in sorted(assigned(state) & level.outer):
                message = f"The variable '{variable}' is assigned in an outer scope and cannot be assigned here"
                findings.error(message, f"{place}/Assign")


def _states(level: _Level) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for state_name, state in level.document["States"].items():
        yield state_name, state, f"{level.at}/States/{state_name}"
