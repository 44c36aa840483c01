"""Payload templates: Parameters, ResultSelector, ItemSelector and Assign of states that use JSONPath."""

from __future__ import annotations

from typing import Any

from services.orchestration.language import json_text, paths
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
    filling = _Filling(scope, field)
    filled = filling.filled(template, 0)
    if filling.values > json_text.FEW_VALUES:
        paths.check_length(filled, field)
    return filled


class _Filling:
    """One template being filled, and how many values were put in."""

    def __init__(self, scope: Scope, field: str) -> None:
        self.values = 0
        self._scope = scope
        self._field = field

    def filled(self, template: Any, depth: int) -> Any:
        field = self._field
        if depth > MAX_DEPTH:
            raise QueryError(RUNTIME, f"The field '{field}' is nested too deeply", field)
        if isinstance(template, dict):
            filled: dict[str, Any] = {}
            for name, value in template.items():
                if name.endswith(".$"):
                    if not isinstance(value, str):
                        raise QueryError(RUNTIME, f"The value for the field '{name}' must be a valid JSONPath", field)
                    self.values += 1
                    filled[name[:-2]] = paths.evaluate(value, self._scope, name)
                else:
                    filled[name] = self.filled(value, depth + 1)
            return filled
        if isinstance(template, list):
            return [self.filled(item, depth + 1) for item in template]
        return template
