"""What Step Functions adds to JSONata: $partition, $range, $hash, $random, $uuid and $parse.

An argument that is undefined arrives as None. Where the answer should be undefined they raise NothingError, for the
engine takes no such answer from outside: the whole expression then answers nothing, inside $exists() too.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
import uuid
from collections.abc import Callable
from typing import Any, Final

from services.orchestration.language.intrinsic_functions import HASHES, MAX_DEPTH, depth
from services.orchestration.language.java_random import JavaRandom

#: Numbers that $range makes at most: where AWS was seen to stop.
MAX_RANGE: Final = 360_145
#: What is said of an expression that needs too much of either.
TOO_MUCH_MEMORY: Final = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
TOO_MUCH_TIME: Final = "Expression evaluation timeout: Check for infinite loop"
_INVALID_JSON: Final = "D3137: Invalid JSON"


class NothingError(ValueError):
    """The function answers undefined."""


def partition(*arguments: Any) -> list[Any]:
    """``$partition(array, size)``: chunks of an array; all of it where no size is given."""
    arguments = _taken("partition", arguments, 2)
    items = arguments[0] if arguments else None
    if items is None:
        raise ValueError("T0412: Argument null must be an array")
    items = items if isinstance(items, list) else [items]
    size = _integer("partition", arguments, 1) if len(arguments) == 2 else len(items)
    if size < 0:
        raise ValueError("D3137: Second argument must be zero or greater")
    if not items or size == 0:
        raise NothingError
    return [items[start : start + size] for start in range(0, len(items), size)]


def number_range(*arguments: Any) -> Any:
    """``$range(first, last, step)``: a sequence, so that one of a single number is that number."""
    arguments = _taken("range", arguments, 3)
    first, last = _integer("range", arguments, 0), _integer("range", arguments, 1)
    step = _integer("range", arguments, 2) if len(arguments) == 3 else 0
    if step == 0:
        raise NothingError
    numbers = range(first, last + (1 if step > 0 else -1), step)
    # Not by len(), which takes no numbers beyond 64 bits.
    if abs(last - first) // abs(step) >= MAX_RANGE and numbers:
        raise ValueError(TOO_MUCH_MEMORY)
    if not numbers:
        raise NothingError
    return numbers[0] if len(numbers) == 1 else list(numbers)


def hashed(*arguments: Any) -> str:
    """``$hash(content, algorithm)``: in hexadecimal."""
    arguments = _taken("hash", arguments, 2)
    content = _string("hash", arguments, 0)
    if len(arguments) == 1:
        raise NothingError
    algorithm = _string("hash", arguments, 1)
    if algorithm not in HASHES:
        raise ValueError(f"D3137: Unsupported hash algorithm: {algorithm[:100]}")
    return hashlib.new(HASHES[algorithm], content.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def random_number(*arguments: Any) -> float:
    """``$random([seed])``: 0 <= n < 1, the same one for the same seed."""
    arguments = _taken("random", arguments, 1)
    if not arguments:
        return secrets.randbits(53) / 2**53
    return JavaRandom(_integer("random", arguments, 0)).next_double()


def new_uuid(*arguments: Any) -> str:
    """``$uuid()``: a random one."""
    arguments = _taken("uuid", arguments, 0)
    return str(uuid.uuid4())


def parsed(*arguments: Any) -> Any:
    """``$parse(text)``: the value of JSON text."""
    arguments = _taken("parse", arguments, 1)
    if not arguments:
        raise NothingError
    text = _string("parse", arguments, 0)
    try:
        value = json.loads(
            text, object_pairs_hook=_members, parse_constant=_number, parse_float=_number, parse_int=_number
        )
    except (ValueError, RecursionError):
        raise ValueError(_INVALID_JSON) from None
    if depth(value) > MAX_DEPTH:
        raise ValueError(_INVALID_JSON)
    return value


def unavailable(*_arguments: Any) -> Any:
    """``$eval``, which Step Functions does not have."""
    raise ValueError("T1006: Attempted to invoke a non-function")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member appears twice")
    return members


def _number(text: str) -> int | float:
    """A number that a JSON text may have: an integer of 64 bits, or a double."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    if text.lstrip("-").isdecimal() and -(2**63) <= int(text) < 2**63:
        return int(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _taken(name: str, arguments: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    """The arguments, if there are not too many.

    $map and its like hand each item over with its index and the whole array; a function takes what it can of them.
    """
    if len(arguments) <= most:
        return arguments
    if len(arguments) == 3:
        item, index, items = arguments
        if isinstance(items, list) and isinstance(index, int) and index < len(items) and items[index] == item:
            return arguments[:most]
    raise _mismatch(name, most)


def _string(name: str, arguments: tuple[Any, ...], index: int) -> str:
    if index >= len(arguments) or not isinstance(arguments[index], str):
        raise _mismatch(name, index)
    return str(arguments[index])


def _integer(name: str, arguments: tuple[Any, ...], index: int) -> int:
    """An argument as an integer, rounded towards zero."""
    value = arguments[index] if index < len(arguments) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _mismatch(name, index)
    return int(value)


def _mismatch(name: str, index: int) -> ValueError:
    return ValueError(f'T0410: Argument {index + 1} of function "{name}" does not match function signature')


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "hash": hashed,
    "parse": parsed,
    "partition": partition,
    "random": random_number,
    "range": number_range,
    "uuid": new_uuid,
}
