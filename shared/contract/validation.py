"""Checks a request against the constraints of the contract, before any servicer sees it.

A message class is compiled once into a flat list of checks. All problems of a request are told in one error, in
the manner of AWS; values are never quoted, for they are the caller's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import regex
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from nonet.api.v1 import annotations_pb2
from shared import errors, patterns
from shared.contract import options
from shared.contract.apis import enumeration

#: CPU time, in seconds, that a pattern may be tried on a value: some backtrack badly on hostile input.
PATTERN_SECONDS = 0.2
MAX_PROBLEMS = 10

Problem = tuple[str, type[errors.NonetError]]
#: Value and its path -> problems.
Check = Callable[[Any, str], Iterable[Problem]]

_ERROR_CLASSES = {cls.__name__: cls for cls in errors.error_classes()}


def validate(message: Message) -> None:
    """Raise the error that fits ``message``'s first problem, telling all of them; return when there is none.

    Raises:
        InvalidArgument: or the refinement that the contract names for the member.
    """
    problems: list[Problem] = []
    for problem in _message_check(message.DESCRIPTOR)(message, ""):
        problems.append(problem)
        if len(problems) == MAX_PROBLEMS:
            break
    if not problems:
        return
    # A member that is wrong in itself outranks one that is too large: AWS looks at the latter last.
    error_class = min((cls for _, cls in problems), key=lambda cls: cls is not errors.InvalidArgument)
    told = [text for text, cls in problems if cls is error_class]
    if error_class is errors.InvalidArgument:
        plural = "error" if len(told) == 1 else "errors"
        raise error_class(f"{len(told)} validation {plural} detected: {'; '.join(told)}")
    raise error_class("; ".join(told))


@functools.cache
def _message_check(descriptor: Descriptor) -> Check:
    """The check of one message class. Recursive shapes meet their own (cached) check at call time."""
    shape = options.shape(descriptor)
    fields = [compiled for entry in descriptor.fields if (compiled := _field_check(entry)) is not None]

    def check(message: Any, path: str) -> Iterable[Problem]:
        if shape.union and len(message.ListFields()) != 1:
            yield f"'{path or 'request'}' must have exactly one member set", errors.InvalidArgument
        for field in fields:
            yield from field(message, path)

    return check


def _field_check(field: FieldDescriptor) -> Check | None:
    constraint = options.constraint(field)
    name, wire_name, required = field.name, field.json_name, constraint.required

    if field.is_repeated:
        container_check = _container_check(field, constraint)
        # proto cannot tell an empty list from none, so a required one must have entries unless it says "min: 0".
        needs_entries = required and not (constraint.HasField("min") and constraint.min == 0)
        if container_check is None and not needs_entries:
            return None

        def check_container(message: Any, path: str) -> Iterable[Problem]:
            value = getattr(message, name)
            if value:
                if container_check is not None:
                    yield from container_check(value, _join(path, wire_name))
            elif needs_entries:
                yield f"'{_join(path, wire_name)}' must not be empty", errors.InvalidArgument

        return check_container

    value_check = _value_check(field, constraint)
    if value_check is None and not required:
        return None

    def check_single(message: Any, path: str) -> Iterable[Problem]:
        if message.HasField(name):
            if value_check is not None:
                yield from value_check(getattr(message, name), _join(path, wire_name))
        elif required:
            yield f"'{_join(path, wire_name)}' must not be null", errors.InvalidArgument

    return check_single


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _container_check(field: FieldDescriptor, constraint: annotations_pb2.Constraint) -> Check | None:
    """Checks of a list or map: the number of entries, then each entry."""
    bounds = _bounds_check(constraint, len, "entries")
    if options.is_map(field):
        key_check = _value_check(options.message_of(field).fields_by_name["key"], constraint.keys)
        value_check = _value_check(options.map_value(field), constraint.items)

        def check_map(value: Any, path: str) -> Iterable[Problem]:
            yield from bounds(value, path)
            for key in value:
                if key_check is not None:
                    yield from key_check(key, f"{path}.key")
                if value_check is not None:
                    yield from value_check(value[key], f"{path}.value")

        return check_map

    item_check = _value_check(field, constraint.items)

    def check_list(value: Any, path: str) -> Iterable[Problem]:
        too_many = list(bounds(value, path))
        yield from too_many
        if item_check is not None and not too_many:
            for index, item in enumerate(value, start=1):
                yield from item_check(item, f"{path}.{index}.member")

    return check_list


def _value_check(field: FieldDescriptor, constraint: annotations_pb2.Constraint) -> Check | None:
    """Checks of one value: a message's members, a number's range, a string's length, set and pattern."""
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        descriptor = options.message_of(field)
        if descriptor.full_name.startswith("google.protobuf."):
            return None
        return lambda value, path: _message_check(descriptor)(value, path)
    checks: list[Check] = []
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        unit = "characters" if field.type == FieldDescriptor.TYPE_STRING else "bytes"
        checks.append(_bounds_check(constraint, len, unit))
        if constraint.HasField("max_bytes"):
            checks.append(_bytes_check(constraint))
        if constraint.enumeration:
            checks.append(_enumeration_check(field, constraint))
        if constraint.pattern and field.type == FieldDescriptor.TYPE_STRING:
            checks.append(_pattern_check(constraint.pattern))
    elif constraint.HasField("min") or constraint.HasField("max"):
        checks.append(_bounds_check(constraint, lambda value: value, ""))
    if not (checks := [check for check in checks if check is not _NO_CHECK]):
        return None
    if len(checks) == 1:
        return checks[0]

    def check_all(value: Any, path: str) -> Iterable[Problem]:
        for check in checks:
            problems = list(check(value, path))
            yield from problems
            if problems:  # too long a text is not held against a pattern besides
                return

    return check_all


def _no_check(value: Any, path: str) -> Iterable[Problem]:
    return ()


_NO_CHECK: Check = _no_check


def _too_large(constraint: annotations_pb2.Constraint) -> type[errors.NonetError]:
    return _ERROR_CLASSES[constraint.too_large_error] if constraint.too_large_error else errors.InvalidArgument


def _bounds_check(constraint: annotations_pb2.Constraint, measure: Callable[[Any], float], unit: str) -> Check:
    low = constraint.min if constraint.HasField("min") else None
    high = constraint.max if constraint.HasField("max") else None
    if low is None and high is None:
        return _NO_CHECK
    too_large = _too_large(constraint)
    of_unit = f" {unit}" if unit else ""

    def check(value: Any, path: str) -> Iterable[Problem]:
        size = measure(value)
        if low is not None and size < low:
            yield f"'{path}' must be at least {low:.10g}{of_unit}", errors.InvalidArgument
        elif high is not None and size > high:
            yield f"'{path}' must be at most {high:.10g}{of_unit}", too_large

    return check


def _bytes_check(constraint: annotations_pb2.Constraint) -> Check:
    limit, too_large = constraint.max_bytes, _too_large(constraint)

    def check(value: str, path: str) -> Iterable[Problem]:
        # A code point takes at most four bytes: most texts are cleared without encoding them.
        if len(value) * 4 > limit and (size := len(value.encode())) > limit:
            yield f"'{path}' must be at most {limit} bytes of UTF-8, it has {size}", too_large

    return check


def _enumeration_check(field: FieldDescriptor, constraint: annotations_pb2.Constraint) -> Check:
    owner = field.containing_type
    assert owner is not None
    allowed = enumeration(owner.file, constraint.enumeration)
    error = _ERROR_CLASSES[constraint.not_allowed_error] if constraint.not_allowed_error else errors.InvalidArgument
    told = ", ".join(sorted(allowed)[:60])

    def check(value: str, path: str) -> Iterable[Problem]:
        if value not in allowed:
            yield f"'{path}' must be one of: {told}", error

    return check


def _pattern_check(pattern: str) -> Check:
    # The patterns are Java's; the regex library knows \p{L} and possessive quantifiers, which re does not.
    compiled = regex.compile(pattern)

    def check(value: str, path: str) -> Iterable[Problem]:
        try:
            matches = patterns.fullmatch(compiled, value, PATTERN_SECONDS)
        except TimeoutError:
            matches = False
        if not matches:
            yield f"'{path}' must match the pattern {pattern}", errors.InvalidArgument

    return check
