"""JSON as executions keep it: compact text, with limits on what comes from outside."""

from __future__ import annotations

import json
from typing import Any

import orjson

#: Deepest nesting of a value that an execution takes in; AWS's own limit is not published.
MAX_DEPTH = 200


def loads(text: str) -> Any:
    """The value that ``text`` spells.

    Raises:
        ValueError: it is not JSON, or nested more than ``MAX_DEPTH`` levels deep.
    """
    value = orjson.loads(text)
    if depth_exceeds(value, MAX_DEPTH):
        raise ValueError(f"JSON may be nested {MAX_DEPTH} levels deep")
    return value


def loads_trusted(text: str) -> Any:
    """The value of a text that ``dumps`` wrote."""
    return orjson.loads(text)


def dumps(value: Any) -> str:
    """``value`` as compact text, members in their order."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # an integer beyond 64 bits, which orjson does not write
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def depth_exceeds(value: Any, most: int) -> bool:
    """Whether ``value`` is nested more than ``most`` levels deep."""
    level = [value]
    for _ in range(most + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(part for part in item.values() if isinstance(part, (dict, list)))
            elif isinstance(item, list):
                inner.extend(part for part in item if isinstance(part, (dict, list)))
        if not inner:
            return False
        level = inner
    return True
