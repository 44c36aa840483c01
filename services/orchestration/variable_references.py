"""Which variables each state of a definition refers to: DescribeStateMachine's variableReferences."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.orchestration.language import definition
from services.orchestration.language.definition import State

#: In JSONata "$name" is a variable unless it is called, or bound within the expression.
_JSONATA_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*+)(?!\s*\()")
_JSONATA_LITERAL = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|/\*.*?\*/", re.DOTALL)
_JSONATA_BOUND = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)\s*:=|(?:function|λ)\s*\(([^)]*)\)|[@#]\s*\$([A-Za-z_]\w*)")
#: In a JSONPath, or an argument of an intrinsic function: not "$.a", "$$.a" or "$[0]".
_JSONPATH_NAME = re.compile(r"(?<!\$)\$([A-Za-z_][A-Za-z0-9_]*)")
_JSONPATH_LITERAL = re.compile(r"'(?:\\.|[^'\\])*'")
#: Fields that hold states of their own.
_INNER = frozenset({"Branches", "ItemProcessor", "Iterator"})


@functools.lru_cache(maxsize=256)
def variable_references(text: str) -> Mapping[str, Sequence[str]]:
    """Names of variables by name of state, in order of first use; states without any are left out.

    ``text`` has passed ``validation.check``.
    """
    found: dict[str, Sequence[str]] = {}
    for level in definition.load(text).levels.values():
        for name, state in level.states.items():
            names = list(dict.fromkeys(_names(state)))
            if names:
                found[name] = names
    return found


def _names(state: State) -> Iterator[str]:
    own = {key: value for key, value in state.fields.items() if key not in _INNER}
    for key, text in _texts(own, ""):
        if state.uses_jsonata:
            if text.startswith("{%") and text.endswith("%}"):
                yield from _in_jsonata(text[2:-2])
        elif key.endswith((".$", "Path")) or key == "Variable":
            for match in _JSONPATH_NAME.finditer(_JSONPATH_LITERAL.sub("''", text)):
                yield match.group(1)


def _in_jsonata(expression: str) -> Iterator[str]:
    expression = _JSONATA_LITERAL.sub('""', expression)
    bound = {"states"}
    for match in _JSONATA_BOUND.finditer(expression):
        bound.update(re.findall(r"[A-Za-z_]\w*", " ".join(group for group in match.groups() if group)))
    for match in _JSONATA_NAME.finditer(expression):
        if match.group(1) not in bound:
            yield match.group(1)


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every string in ``value`` with the key under which it, or the list around it, stands."""
    waiting: list[tuple[str, Any]] = [(key, value)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            waiting.extend(reversed(list(value.items())))
        elif isinstance(value, list):
            waiting.extend((key, item) for item in reversed(value))
