"""Choice rules as short text for people: ``$.total > 100``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SIGNS = (
    ("LessThanEquals", "≤"),
    ("GreaterThanEquals", "≥"),
    ("LessThan", "<"),
    ("GreaterThan", ">"),
    ("Equals", "="),
    ("Matches", "matches"),
)
_TYPES = ("String", "Numeric", "Boolean", "Timestamp")


def rule_text(rule: Mapping[str, Any]) -> str:
    """A rule of a Choice state, in either query language."""
    if "Condition" in rule:
        return str(rule["Condition"]).removeprefix("{%").removesuffix("%}").strip()
    if "Not" in rule:
        return f"not ({rule_text(rule['Not'])})"
    for name, word in (("And", " and "), ("Or", " or ")):
        if name in rule:
            return word.join(_part(part) for part in rule[name])
    variable = str(rule.get("Variable", "?"))
    for name, value in rule.items():
        if name.startswith("Is") and isinstance(value, bool):
            return f"{variable} is {'' if value else 'not '}{name[2:].lower()}"
        comparison = name.removesuffix("Path")
        for kind in _TYPES:
            if comparison.startswith(kind):
                sign = next((sign for end, sign in _SIGNS if comparison == kind + end), None)
                if sign is not None:
                    shown = value if name.endswith("Path") else json.dumps(value, ensure_ascii=False)
                    return f"{variable} {sign} {shown}"
    return variable


def _part(rule: Mapping[str, Any]) -> str:
    text = rule_text(rule)
    return f"({text})" if "And" in rule or "Or" in rule else text
