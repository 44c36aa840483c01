"""A state's input and output (states-language.net, "Input and output processing"), in either query language.

JSONPath: InputPath, Parameters, [the state's work], ResultSelector, ResultPath, OutputPath; Assign.
JSONata: Arguments, [the state's work], Output; Assign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.orchestration.language import choices, paths, templates
from services.orchestration.language.definition import State
from services.orchestration.language.errors import RUNTIME, QueryError
from services.orchestration.language.jsonata import Jsonata, expect, expression_in
from services.orchestration.language.scope import ABSENT, Scope

#: Told of every value on the way, under TestState's names for them ("afterInputPath").
Record = Callable[[str, Any], None]


class DataFlow:
    """The values of one state, as its fields shape them."""

    def __init__(
        self,
        state: State,
        raw_input: Any,
        context: Mapping[str, Any],
        variables: Mapping[str, Any],
        jsonata: Jsonata,
        record: Record | None = None,
    ) -> None:
        self._state = state
        self._fields = state.fields
        self._raw = raw_input
        self._context = context
        self._variables = variables
        self._jsonata = jsonata
        self._record = record or _ignore
        self._record("input", raw_input)

    # -- in

    def effective_input(self) -> Any:
        """The input after InputPath; JSONata has none."""
        if self._state.uses_jsonata:
            return self._raw
        value = self._path("InputPath", self._raw)
        self._record("afterInputPath", value)
        return value

    def arguments(self, effective: Any) -> Any:
        """What the state works on: Parameters or Arguments, or else the effective input."""
        if self._state.uses_jsonata:
            if "Arguments" not in self._fields:
                return effective
            value = self._jsonata.evaluate(self._fields["Arguments"], self._scope(self._raw), "Arguments")
            self._record("afterArguments", value)
            return value
        value = effective
        if "Parameters" in self._fields:
            value = templates.fill(self._fields["Parameters"], self._scope(effective), "Parameters")
        self._record("afterParameters", value)
        return value

    def field(self, name: str, effective: Any, default: Any = None) -> Any:
        """A field that may be a value, an expression, or (as ``<name>Path``) a path into the effective input."""
        return self.path_or(self._fields.get(f"{name}Path"), self._fields.get(name, default), effective, name)

    def expression(self, value: Any, name: str, *, effective: Any = None) -> Any:
        """``value`` with its JSONata expressions answered; in a JSONPath state it is a payload template."""
        if self._state.uses_jsonata:
            return self._jsonata.evaluate(value, self._scope(self._raw), name)
        if isinstance(value, dict):
            return templates.fill(value, self._scope(effective), name)
        return value

    def path_or(self, path: str | None, value: Any, effective: Any, name: str) -> Any:
        """The value at ``path``; without one, ``value`` with its expressions answered."""
        if path is not None:
            return paths.evaluate(path, self._scope(effective), f"{name}Path")
        return self.expression(value, name)

    def matches(self, rule: Mapping[str, Any], effective: Any, name: str) -> bool:
        """Whether a rule of a Choice state is true."""
        if not self._state.uses_jsonata:
            return choices.matches(rule, self._scope(effective))
        value = self._jsonata.evaluate(rule["Condition"], self._scope(self._raw), f"{name}/Condition")
        return bool(expect(value, "boolean", expression_in(rule["Condition"]) or "", f"{name}/Condition"))

    # -- out

    def finish(self, result: Any, *, rule: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """The state's output and the variables it assigns, from the result of its work.

        ``rule``: the choice rule that was taken; its Output and Assign count instead of the state's.
        """
        fields = self._fields if rule is None else rule
        self._record("result", result)
        if self._state.uses_jsonata:
            return self._finish_jsonata(fields, result, result)
        if "ResultSelector" in self._fields:
            result = templates.fill(self._fields["ResultSelector"], self._scope(result), "ResultSelector")
        self._record("afterResultSelector", result)
        assigned = self._assign_jsonpath(fields, result)
        combined = self._combine(self._fields, result)
        self._record("afterResultPath", combined)
        return self._path("OutputPath", combined), assigned

    def pass_through(self, effective: Any, *, rule: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """The output and variables of a state that has no result: Choice, Wait, Succeed, Pass in JSONata."""
        fields = self._fields if rule is None else rule
        if self._state.uses_jsonata:
            return self._finish_jsonata(fields, ABSENT, self._raw)
        return self._path("OutputPath", effective), self._assign_jsonpath(fields, effective)

    def caught(self, catcher: Mapping[str, Any], error_output: Any) -> tuple[Any, dict[str, Any]]:
        """The output and variables of a state whose error ``catcher`` took."""
        if self._state.uses_jsonata:
            scope = Scope(self._raw, self._context, self._variables, error_output=error_output)
            output = self._jsonata.evaluate(catcher.get("Output", _NOTHING), scope, "Output")
            assigned = self._jsonata.evaluate(catcher.get("Assign", {}), scope, "Assign")
            return error_output if output == _NOTHING else output, assigned
        return self._combine(catcher, error_output), self._assign_jsonpath(catcher, error_output)

    # -- the steps

    def _scope(self, value: Any, result: Any = ABSENT) -> Scope:
        return Scope(value, self._context, self._variables, result=result)

    def _finish_jsonata(self, fields: Mapping[str, Any], result: Any, default: Any) -> tuple[Any, dict[str, Any]]:
        scope = self._scope(self._raw, result)
        output = self._jsonata.evaluate(fields["Output"], scope, "Output") if "Output" in fields else default
        assigned = self._jsonata.evaluate(fields["Assign"], scope, "Assign") if "Assign" in fields else {}
        return output, assigned

    def _assign_jsonpath(self, fields: Mapping[str, Any], value: Any) -> dict[str, Any]:
        if "Assign" not in fields:
            return {}
        assigned: dict[str, Any] = templates.fill(fields["Assign"], self._scope(value), "Assign")
        return assigned

    def _combine(self, fields: Mapping[str, Any], result: Any) -> Any:
        path = fields.get("ResultPath", "$")
        if path is None:
            return self._raw
        return result if path == "$" else paths.assign(self._raw, path, result)

    def _path(self, name: str, value: Any) -> Any:
        path = self._fields.get(name, "$")
        if path == "$":
            return value
        if path is None:
            return {}
        return paths.evaluate(path, self._scope(value), name)

    def items(self, effective: Any) -> list[Any]:
        """A Map state's items."""
        if self._state.uses_jsonata:
            return self._items_jsonata()
        path = self._fields.get("ItemsPath", "$")
        value = paths.evaluate(path, self._scope(effective), "ItemsPath")
        self._record("afterItemsPath", value)
        if not isinstance(value, list):
            # AWS tells a path into the context object without its second "$".
            told = path.removeprefix("$") if path.startswith("$$") else path
            raise QueryError(RUNTIME, f'Reference path "{told}" must point to array.', "ItemsPath")
        return value

    def _items_jsonata(self) -> list[Any]:
        value = self._raw
        if "Items" in self._fields:
            value = self._jsonata.evaluate(self._fields["Items"], self._scope(self._raw), "Items")
        if isinstance(value, dict):  # an object's members are items, as in a distributed map's ItemReader
            return [{"Key": name, "Value": member} for name, member in value.items()]
        items: list[Any] = expect(value, "array", expression_in(self._fields.get("Items")) or "", "Items")
        return items

    def item_input(self, effective: Any, item: Any) -> Any:
        """The input of one iteration; the context object names its item."""
        for name in ("ItemSelector", "Parameters"):  # Parameters is the selector's old name
            if name not in self._fields:
                continue
            if self._state.uses_jsonata:
                value = self._jsonata.evaluate(self._fields[name], self._scope(self._raw), name)
            else:
                value = templates.fill(self._fields[name], self._scope(effective), name)
            self._record("afterItemSelector", value)
            return value
        return item


_NOTHING = {"nonet": "no output"}


def _ignore(name: str, value: Any) -> None:
    """Nobody wants to know."""
