"""The child of ``jsonata.Jsonata``: evaluates expressions and checks their syntax."""

from __future__ import annotations

import functools
import json
import math
import re
import resource
import time
from typing import Any, Final

import jsonatapy
import orjson

from services.orchestration.language.jsonata import HARD_SECONDS, MAX_BYTES, SOFT_SECONDS
from services.orchestration.language.jsonata_functions import FUNCTIONS, TOO_MUCH_MEMORY, TOO_MUCH_TIME, unavailable
from shared.runtime.child_program import answer_questions

#: Address space of the child in bytes; Python and the engine need some 90 MB.
ADDRESS_SPACE: Final = 768 * 1024**2
#: A child that holds more than this many bytes after an answer ends, and a small one takes its place.
RETIREMENT_BYTES: Final = 256 * 1024**2
#: How deep functions may call one another, and the longest sequence that a step may make (AWS's own).
MAX_STACK_DEPTH, MAX_SEQUENCE = 500, 873_782

#: What the engine says of its limits, by its codes.
_LIMITS: Final = {
    "D1011": "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
    "D1012": TOO_MUCH_TIME,
    "D2014": TOO_MUCH_MEMORY,
    "D2015": TOO_MUCH_MEMORY,
}
_NOTHING: Final = "host function raised NothingError: "
_CALL: Final = re.compile(r"\$([A-Za-z]\w*)\s*\(")
_ARGUMENT: Final = re.compile(r"Argument \d+(?= must be)")
_OPERATOR: Final = re.compile(r"^(T200[12]: The (?:left|right) side of the) (\S+) operator")
_HOST_PREFIX: Final = re.compile(r"^host function raised \w+: ")
_PARSE_PREFIX: Final = "Parse error: "


def resident_bytes() -> int:
    """Main memory that the process holds now; 0 where the system does not tell.

    Not getrusage's ru_maxrss: that survives exec, so a child of a server with models in memory starts with its size.
    """
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        return 0


def answer(body: bytes) -> bytes:
    """A JSON array with an object for each expression: ``value``, or ``error``, or neither for undefined."""
    question = _decoded(body)
    if "check" in question:
        replies = [_checked(expression) for expression in question["check"]]
    else:
        deadline = time.monotonic() + SOFT_SECONDS
        bindings = {**question["variables"], "states": question["states"]}
        replies = [_evaluated(expression, bindings, deadline) for expression in question["expressions"]]
    reply = b"[" + b",".join(replies) + b"]"
    if len(reply) > MAX_BYTES:
        return b"[" + b",".join([_error(TOO_MUCH_MEMORY, "")] * len(replies)) + b"]"
    return reply


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        question: dict[str, Any] = orjson.loads(body)
    except ValueError:
        question = json.loads(body)
    return question


@functools.lru_cache(maxsize=2048)
def compiled(expression: str) -> jsonatapy.JsonataExpression:
    """The expression, with the functions of Step Functions. Raises ValueError where its syntax is wrong."""
    program = jsonatapy.compile(expression)
    for name, function in {**FUNCTIONS, "eval": unavailable}.items():
        program.register_override(name, function)
    return program


def _checked(expression: str) -> bytes:
    try:
        compiled(expression)
    except (ValueError, RecursionError) as broken:
        return _error(str(broken), expression)
    return b"{}"


def _evaluated(expression: str, bindings: dict[str, Any], deadline: float) -> bytes:
    milliseconds = max(1, int((deadline - time.monotonic()) * 1000))
    limits = {"timeout": milliseconds, "max_stack_depth": MAX_STACK_DEPTH, "max_sequence_length": MAX_SEQUENCE}
    try:
        program = compiled(expression)
        text = program.evaluate_json_or_none(None, bindings, **limits)
        if text is None:
            return b"{}"
        if '""' in text or "null" in text:
            # The engine writes a function as "" and a number out of range as null; its objects tell them apart.
            text = json.dumps(_data(json.loads(text), program.evaluate(None, bindings, **limits)))
    except (ValueError, TypeError, UnicodeError, RecursionError, MemoryError) as failed:
        message = str(failed)
        return b"{}" if message.startswith(_NOTHING) else _error(message, expression)
    return b'{"value":' + text.encode() + b"}"


def _data(shown: Any, meant: Any) -> Any:
    """The answer that the engine shows as ``shown`` and means as ``meant``; numbers out of range become their names."""
    if shown == "" and meant is None:
        raise ValueError("The result is a function, which is not JSON")
    if shown is None and isinstance(meant, float):
        return "NaN" if math.isnan(meant) else "Infinity" if meant > 0 else "-Infinity"
    if isinstance(shown, dict) and isinstance(meant, dict):
        return {name: _data(value, meant.get(name, value)) for name, value in shown.items()}
    if isinstance(shown, list) and isinstance(meant, list):
        return list(map(_data, shown, meant))
    return shown


def _error(message: str, expression: str) -> bytes:
    """An error in the words of JSONata's reference implementation, where the engine has words of its own."""
    message = _HOST_PREFIX.sub("", message.removeprefix(_PARSE_PREFIX))
    code, _, rest = message.partition(": ")
    called = set(_CALL.findall(expression))
    if code in _LIMITS:
        message = _LIMITS[code]
    elif code == "T1006":
        message = "T1006: Attempted to invoke a non-function"
    elif code in {"T2001", "T2002"}:
        message = _OPERATOR.sub(r'\1 "\2" operator', message)
    elif code == "T0410" and (argument := _ARGUMENT.match(rest)) is not None and len(called) == 1:
        message = f'T0410: {argument[0]} of function "{called.pop()}" does not match function signature'
    return orjson.dumps({"error": message[:2000]})


if __name__ == "__main__":
    answer_questions(
        answer,
        address_space_bytes=ADDRESS_SPACE,
        seconds=HARD_SECONDS + 1.0,
        retires=lambda: resident_bytes() > RETIREMENT_BYTES,
    )
