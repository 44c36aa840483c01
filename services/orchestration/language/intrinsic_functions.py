"""The eighteen intrinsic functions of the States Language, with the limits of the developer guide."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.orchestration.language.java_random import JavaRandom
from services.orchestration.language.jsonpath import java_text

#: The longest array that States.ArrayRange makes.
MAX_RANGE: Final = 1000
#: Characters that Base64 and hashing take.
MAX_CHARACTERS: Final = 10_000
#: Integers lie between these, as Java's do.
MIN_INTEGER, MAX_INTEGER = -(2**31), 2**31 - 1
#: How deep JSON in a string may nest.
MAX_DEPTH: Final = 200
#: The algorithms of States.Hash, with Python's names for them.
HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class FunctionError(ValueError):
    """The arguments do not suit the function. The message says which and why."""


@dataclass(frozen=True, slots=True)
class Function:
    """An intrinsic function. ``arity``: the fewest and most arguments that it takes; None for any number."""

    run: Callable[[Sequence[Any]], Any]
    arity: tuple[int, int | None]


def rounded(value: float) -> int:
    """The nearest integer, halves up, as Java's Math.round: -1.5 becomes -1."""
    return math.floor(value + 0.5)


def _array(value: Any, position: str) -> list[Any]:
    if not isinstance(value, list):
        raise FunctionError(f"The {position} argument must be an array.")
    return value


def _string(value: Any, position: str) -> str:
    if not isinstance(value, str):
        raise FunctionError(f"The {position} argument must be a string.")
    return value


def _object(value: Any, position: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FunctionError(f"The {position} argument must be an object.")
    return value


def _integer(value: Any, position: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FunctionError(f"The {position} argument must be a number.")
    integer = rounded(value)
    if not MIN_INTEGER <= integer <= MAX_INTEGER:
        raise FunctionError(f"The {position} argument must be an integer of 32 bits.")
    return integer


def _short(value: Any, position: str) -> str:
    text = _string(value, position)
    if len(text) > MAX_CHARACTERS:
        raise FunctionError(f"The {position} argument has more than {MAX_CHARACTERS} characters.")
    return text


def canonical(value: Any) -> str:
    """JSON text that is the same for equal values, whatever the order of their members: true is not 1."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


# Arrays


def _partition(arguments: Sequence[Any]) -> list[Any]:
    items, size = _array(arguments[0], "first"), _integer(arguments[1], "second")
    if size <= 0:
        raise FunctionError("The second argument must be a positive number.")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _contains(arguments: Sequence[Any]) -> bool:
    wanted = canonical(arguments[1])
    return any(canonical(item) == wanted for item in _array(arguments[0], "first"))


def _range(arguments: Sequence[Any]) -> list[int]:
    first, last = _integer(arguments[0], "first"), _integer(arguments[1], "second")
    step = _integer(arguments[2], "third")
    if step == 0:
        raise FunctionError("The third argument must not be zero.")
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > MAX_RANGE:
        raise FunctionError(f"The array would have more than {MAX_RANGE} items.")
    return list(numbers)


def _get_item(arguments: Sequence[Any]) -> Any:
    items, index = _array(arguments[0], "first"), _integer(arguments[1], "second")
    if not 0 <= index < len(items):
        raise FunctionError("The index is outside the bounds of the array.")
    return items[index]


def _unique(arguments: Sequence[Any]) -> list[Any]:
    unique: dict[str, Any] = {}
    for item in _array(arguments[0], "first"):
        unique.setdefault(canonical(item), item)
    return list(unique.values())


# Text


def _format(arguments: Sequence[Any]) -> str:
    # Objects and arrays come out as Java prints them.
    template = _string(arguments[0], "first")
    values = iter(arguments[1:])
    parts: list[str] = []
    position = 0
    while position < len(template):
        pair = template[position : position + 2]
        if pair in {"\\{", "\\}", "\\\\"}:
            parts.append(pair[1])
            position += 2
        elif pair == "{}":
            try:
                parts.append(java_text(next(values)))
            except StopIteration:
                raise FunctionError("There are more placeholders than arguments.") from None
            position += 2
        elif template[position] in "{}":
            raise FunctionError("A brace in the template has no partner; write \\\\{ for the character.")
        else:
            parts.append(template[position])
            position += 1
    if next(values, parts) is not parts:
        raise FunctionError("There are more arguments than placeholders.")
    return "".join(parts)


def _split(arguments: Sequence[Any]) -> list[str]:
    text, separators = _string(arguments[0], "first"), _string(arguments[1], "second")
    if not separators:
        return [text] if text else []
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


def _encode(arguments: Sequence[Any]) -> str:
    return base64.b64encode(_short(arguments[0], "first").encode("utf-8", "surrogatepass")).decode("ascii")


def _decode(arguments: Sequence[Any]) -> str:
    try:
        return base64.b64decode(_short(arguments[0], "first"), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise FunctionError("The argument is not Base64.") from None


def _hash(arguments: Sequence[Any]) -> str:
    data = arguments[0]
    text = _short(data if isinstance(data, str) else as_json(data), "first")
    algorithm = HASHES.get(_string(arguments[1], "second"))
    if algorithm is None:
        raise FunctionError(f"The second argument must be one of {', '.join(HASHES)}.")
    return hashlib.new(algorithm, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


# JSON


def as_json(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _parse(arguments: Sequence[Any]) -> Any:
    text = _string(arguments[0], "first")
    if not text.strip():
        return None
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise FunctionError("The argument is not JSON.") from None
    if depth(value) > MAX_DEPTH:
        raise FunctionError("The argument is nested too deeply.")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def depth(value: Any) -> int:
    """How deep arrays and objects nest in ``value``; 0 for a scalar."""
    level, deepest = [value], 0
    while containers := [node for node in level if isinstance(node, dict | list)]:
        deepest += 1
        level = [child for node in containers for child in (node.values() if isinstance(node, dict) else node)]
    return deepest


def _merge(arguments: Sequence[Any]) -> dict[str, Any]:
    first, second = _object(arguments[0], "first"), _object(arguments[1], "second")
    if arguments[2] is not False:
        raise FunctionError("The third argument must be false: only the shallow merging mode is supported.")
    return {**first, **second}


# Numbers


def _random(arguments: Sequence[Any]) -> int:
    first, last = _integer(arguments[0], "first"), _integer(arguments[1], "second")
    if first >= last:
        raise FunctionError("The first argument must be less than the second.")
    if len(arguments) == 2:
        return first + secrets.randbelow(last - first)
    # A wider range than that generator takes is made from its 53 bits.
    source, width = JavaRandom(_integer(arguments[2], "third")), last - first
    return first + (source.next_below(width) if width <= MAX_INTEGER else int(source.next_double() * width))


def _add(arguments: Sequence[Any]) -> int:
    total = _integer(arguments[0], "first") + _integer(arguments[1], "second")
    if not MIN_INTEGER <= total <= MAX_INTEGER:
        raise FunctionError("The sum is no integer of 32 bits.")
    return total


FUNCTIONS: Final[dict[str, Function]] = {
    "States.Array": Function(list, (0, None)),
    "States.ArrayContains": Function(_contains, (2, 2)),
    "States.ArrayGetItem": Function(_get_item, (2, 2)),
    "States.ArrayLength": Function(lambda arguments: len(_array(arguments[0], "first")), (1, 1)),
    "States.ArrayPartition": Function(_partition, (2, 2)),
    "States.ArrayRange": Function(_range, (3, 3)),
    "States.ArrayUnique": Function(_unique, (1, 1)),
    "States.Base64Decode": Function(_decode, (1, 1)),
    "States.Base64Encode": Function(_encode, (1, 1)),
    "States.Format": Function(_format, (1, None)),
    "States.Hash": Function(_hash, (2, 2)),
    "States.JsonMerge": Function(_merge, (3, 3)),
    "States.JsonToString": Function(lambda arguments: as_json(arguments[0]), (1, 1)),
    "States.MathAdd": Function(_add, (2, 2)),
    "States.MathRandom": Function(_random, (2, 3)),
    "States.StringSplit": Function(_split, (2, 2)),
    "States.StringToJson": Function(_parse, (1, 1)),
    "States.UUID": Function(lambda _arguments: str(uuid.uuid4()), (0, 0)),
}
