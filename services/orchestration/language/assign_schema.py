"""What the field Assign may be: names of variables and what they get."""

from __future__ import annotations

import re
from typing import Any, Final

from services.orchestration.language.field_schema import Where, expected, payload

#: The longest name of a variable, in characters.
MAX_NAME: Final = 80
#: The name that JSONata keeps for itself.
RESERVED: Final = "states"
_NAME: Final = re.compile(r"[^\W\d]\w*")


def assignments(value: Any, at: str, where: Where) -> None:
    """The field Assign."""
    if not isinstance(value, dict):
        where.error(expected("OBJECT"), at)
        return
    for variable in value:
        what = wrong_with(variable if where.jsonata else variable.removesuffix(".$"))
        if what is not None:
            where.error(f"The variable name '{variable}' is invalid: {what}", f"{at}/{variable}")
    payload(value, at, where)


def wrong_with(variable: str) -> str | None:
    """What keeps ``variable`` from being the name of a variable; None for a good name."""
    if variable == RESERVED:
        return f"'{RESERVED}' is reserved."
    if len(variable) > MAX_NAME:
        return f"it has more than {MAX_NAME} characters."
    if not _NAME.fullmatch(variable):
        return "it must begin with a letter and consist of letters, digits and '_'."
    return None


def assigned(state: Any) -> set[str]:
    """The names of all variables that a state assigns, its choice rules and catchers included."""
    if not isinstance(state, dict):
        return set()
    names: set[str] = set()
    for holder in (state, *_objects(state.get("Choices")), *_objects(state.get("Catch"))):
        values = holder.get("Assign")
        if isinstance(values, dict):
            names.update(variable.removesuffix(".$") for variable in values)
    return names


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
