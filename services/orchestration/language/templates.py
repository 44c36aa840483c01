"""Payload templates: Parameters, ResultSelector, ItemSelector and Assign of states that use JSONPath."""

from __future__ import annotations

from typing import Any

from services.orchestration.language import paths
from services.orchestration.language.errors import RUNTIME, QueryError
from services.orchestration.language.scope import Scope

#: How deep a template may nest.
MAX_DEPTH = 200


def fill(template: Any, scope: Scope, field: str) -> Any:
    """``template`` with every member "name.$" replaced by a member "name" with the value of its path or function call.

    Everything else is copied as it is. ``field`` is where the template stands ("Parameters").

    Raises:
        QueryError: a path leads nowhere, or a function fails.
    """
    return _filled(template, scope, field, 0)


def _filled(template: Any, scope: Scope, field: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise QueryError(RUNTIME, f"The field '{field}' is nested too deeply", field)
    if isinstance(template, dict):
        filled: dict[str, Any] = {}
        for name, value in template.items():
            if name.endswith(".$"):
                if not isinstance(value, str):
                    raise QueryError(RUNTIME, f"The value for the field '{name}' must be a valid JSONPath", field)
                filled[name[:-2]] = paths.evaluate(value, scope, name)
            else:
                filled[name] = _filled(value, scope, field, depth + 1)
        return filled
    if isinstance(template, list):
        return [_filled(item, scope, field, depth + 1) for item in template]
    return template
