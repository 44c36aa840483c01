"""JSON as executions keep it: compact text, with limits on what comes from outside."""

from __future__ import annotations

import json
from typing import Any

import orjson

#: Deepest nesting of a value that an execution takes in; AWS's own limit is not published.
MAX_DEPTH = 200
#: Characters that the answer of a path, template or function may have on its way to a state's output, whose own limit
#: is less. Values share their parts: a few hundred bytes of template can name gigabytes of text.
MAX_CHARACTERS = 8 * 1024 * 1024
#: Values that no sum of is too long, if each is (part of) a document of an execution: 256 KiB.
FEW_VALUES = 32
#: Deepest nesting of a value that an execution may come to hold. What it is kept in nests it a few levels more.
MAX_WRITTEN_DEPTH = 250


def loads(text: str) -> Any:
    """The value that ``text`` spells.

    Raises:
        ValueError: it is not JSON, or nested more than ``MAX_DEPTH`` levels deep.
    """
    value = orjson.loads(text)
    if depth_exceeds(value, MAX_DEPTH):
        raise ValueError(f"JSON may be nested {MAX_DEPTH} levels deep")
    return value


def loads_trusted(text: str | bytes) -> Any:
    """The value of a text that ``dumps`` wrote."""
    return orjson.loads(text)


def dumps(value: Any, most: int = 2 * MAX_WRITTEN_DEPTH) -> str:
    """``value`` as compact text, members in their order.

    Raises:
        ValueError: it is nested more than ``most`` levels deep.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # an integer beyond 64 bits, or more than MAX_WRITTEN_DEPTH levels: orjson writes neither
        if depth_exceeds(value, most):
            raise ValueError(f"JSON may be nested {most} levels deep") from None
        return encodable(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def encodable(text: str) -> str:
    """``text`` as UTF-8 can say it: half a surrogate pair, which functions can make, is a question mark, as in Java."""
    return text.encode("utf-8", "replace").decode()


def depth_exceeds(value: Any, most: int) -> bool:
    """Whether ``value`` is nested more than ``most`` levels deep."""
    level = [value]
    for _ in range(most):
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


def is_too_long(value: Any, most: int = MAX_CHARACTERS) -> bool:
    """Whether ``value`` as JSON text has more than ``most`` characters, found out without writing it."""
    left, pending = most, [value]
    while pending and left >= 0:
        item = pending.pop()
        left -= 1
        if isinstance(item, str):
            left -= len(item)
        elif isinstance(item, dict):
            left -= len(item) + sum(map(len, item))
            pending.extend(item.values())
        elif isinstance(item, list):
            left -= len(item)
            pending.extend(item)
    return left < 0
