"""Holds the mocked result of a task against the shape of the API's answer, as TestState does.

The shapes are botocore's service models, which lie on every machine that Nonet runs on: a mock may stand for services
that are no part of this suite. A model is read when a mock first needs it.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import regex

from services.orchestration.resource_names import invalid
from shared import patterns

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, Shape

_SDK = "aws-sdk"
#: Optimised integrations whose name is not that of botocore's service.
_OPTIMISED_NAMES = {"states": "stepfunctions", "elasticmapreduce": "emr"}
#: Names in Resource ARNs that botocore's own table of names does not lead to.
_SDK_NAMES = {"lexruntimev2": "lexv2-runtime", "lexmodelsv2": "lexv2-models", "directoryservicedata": "ds-data"}
#: Integrations that answer in a form of their own, which no service model tells.
_WITHOUT_SHAPE = frozenset({"apigateway", "bedrock", "http", "eks"})
#: Bounds in which Step Functions is stricter than the model, by service and shape. Lambda's model has the memory that
#: only managed instances can have; AWS refuses a mock with more than other functions have (recorded December 2025).
_BOUNDS: Mapping[tuple[str, str], Mapping[str, int]] = {("lambda", "MemorySize"): {"max": 10_240}}
#: CPU time, in seconds, that a pattern may be tried on a value.
_PATTERN_SECONDS = 0.2


class FieldValidation(enum.StrEnum):
    """How strictly a mock is looked at."""

    #: Required members must be there, and what is there must fit.
    STRICT = "STRICT"
    #: What is there must fit.
    PRESENT = "PRESENT"
    NONE = "NONE"


def check_result(resource: str, result: Any, validation: FieldValidation) -> None:
    """Check the mocked ``result`` of a Task state that calls ``resource``.

    Members that the API does not have are let through, as Step Functions does. Results that no service model
    describes (activities, function ARNs, HTTP calls, the ends of .waitForTaskToken, of most .sync) are not looked at.

    Raises:
        InvalidArgument: ValidationException naming the first member that does not fit.
    """
    if validation is FieldValidation.NONE:
        return
    found = _operation(resource)
    if found is None:
        return
    operation, optimised = found
    shape = operation.output_shape
    if shape is None:
        return
    check = _Check(operation.service_model.service_name, validation is FieldValidation.STRICT, optimised)
    for problem in check.problems(shape, result, "result"):
        raise invalid(f"Mock result schema validation error: {problem}")


def _operation(resource: str) -> tuple[OperationModel, bool] | None:
    """The operation that ``resource`` calls, and whether by an optimised integration."""
    parts = resource.split(":")
    if parts[:5] != ["arn", "aws", "states", "", ""]:
        return None
    names = parts[5:]
    optimised = names[0] != _SDK
    names = names if optimised else names[1:]
    if len(names) < 2 or (optimised and names[0] in _WITHOUT_SHAPE):
        return None
    service = _OPTIMISED_NAMES.get(names[0], names[0]) if optimised else _botocore_names().get(names[0], names[0])
    action, _, pattern = names[1].partition(".")
    if pattern:
        # The result is not the call's answer, but what the poll that follows comes to.
        poll = _poll(service, action) if pattern == "sync" else None
        operation = None if poll is None else _find(service, poll.lower())
        return None if operation is None else (operation, False)
    operation = _find(service, action.lower())
    return None if operation is None else (operation, optimised)


def _poll(service: str, action: str) -> str | None:
    """The operation whose answer is the result of ``action`` with the pattern .sync, where that is so."""
    if (service, action) == ("stepfunctions", "startExecution"):
        return "DescribeExecution"
    if service == "sagemaker" and action.startswith("create"):
        return f"Describe{action.removeprefix('create')}"
    return None


@functools.lru_cache(maxsize=64)
def _find(service: str, operation: str) -> OperationModel | None:
    from botocore.exceptions import UnknownServiceError
    from botocore.model import ServiceModel

    try:
        document = _loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return None
    model = ServiceModel(document, service)
    return next((model.operation_model(name) for name in model.operation_names if name.lower() == operation), None)


@functools.cache
def _loader() -> Loader:
    from botocore.loaders import Loader

    # Nothing but what botocore brings: a user's own folder of models is no business of a server's.
    return Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])


@functools.cache
def _botocore_names() -> Mapping[str, str]:
    """Names of services as Resource ARNs have them ("eventbridge") -> botocore's ("events")."""
    from botocore.utils import EVENT_ALIASES

    available = set(_loader().list_available_services("service-2"))
    names = {alias.replace("-", ""): name for name, alias in EVENT_ALIASES.items() if name in available}
    return {**{name.replace("-", ""): name for name in available}, **names, **_SDK_NAMES}


@dataclass(frozen=True, slots=True)
class _Check:
    """Holds values against shapes of one service. ``optimised``: the integration has read blobs, they are any JSON."""

    service: str
    strict: bool
    optimised: bool

    def problems(self, shape: Shape, value: Any, name: str) -> Iterator[str]:
        """What is wrong with ``value``, a member called ``name`` that should have ``shape``."""
        if value is None:
            return
        kind = shape.type_name
        if kind == "structure":
            yield from self._structure(shape, value, name)
        elif kind == "list":
            if not isinstance(value, list):
                yield f"Field '{name}' must be an array"
                return
            yield from self._size(shape, len(value), name, "number of items")
            for item in value:
                yield from self.problems(shape.member, item, name)
        elif kind == "map":
            if not isinstance(value, dict):
                yield f"Field '{name}' must be an object"
                return
            yield from self._size(shape, len(value), name, "number of entries")
            for key, item in value.items():
                yield from self.problems(shape.value, item, key)
        elif kind != "blob" or not self.optimised:
            yield from self._scalar(shape, value, name)

    def _structure(self, shape: Shape, value: Any, name: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"Field '{name}' must be an object"
            return
        for member, member_shape in shape.members.items():
            # Step Functions spells members in PascalCase, whatever the service does.
            key = member[:1].upper() + member[1:]
            if key in value:
                yield from self.problems(member_shape, value[key], key)
            elif self.strict and member in shape.required_members:
                yield f"Required field '{key}' is missing"

    def _scalar(self, shape: Shape, value: Any, name: str) -> Iterator[str]:
        kind = shape.type_name
        if kind in ("string", "blob", "char", "timestamp"):  # moments are text: "2026-01-31T12:00:00Z"
            if not isinstance(value, str):
                yield f"Field '{name}' must be a string"
                return
            yield from self._size(shape, len(value), name, "length")
            yield from _content_problems(shape, value, name)
        elif kind == "boolean":
            if not isinstance(value, bool):
                yield f"Field '{name}' must be a boolean"
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"Field '{name}' must be a number"
        elif kind in ("integer", "long") and isinstance(value, float) and not value.is_integer():
            yield f"Field '{name}' must be an integer"
        else:
            bounds = self._bounds(shape)
            if value < bounds.get("min", value):
                yield f"Field '{name}' is less than the minimum value"
            elif value > bounds.get("max", value):
                yield f"Field '{name}' exceeds the maximum value"

    def _size(self, shape: Shape, size: int, name: str, what: str) -> Iterator[str]:
        bounds = self._bounds(shape)
        if size < bounds.get("min", size):
            yield f"Field '{name}' is smaller than the minimum {what}"
        elif size > bounds.get("max", size):
            yield f"Field '{name}' exceeds the maximum {what}"

    def _bounds(self, shape: Shape) -> Mapping[str, Any]:
        return {**shape.metadata, **_BOUNDS.get((self.service, shape.name), {})}


def _content_problems(shape: Shape, value: str, name: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"Field '{name}' is not an expected value"
    pattern = _pattern(shape.metadata.get("pattern", ""))
    if pattern is None:
        return
    try:
        if not patterns.fullmatch(pattern, value, _PATTERN_SECONDS):
            yield f"Field '{name}' does not match the expected pattern"
    except TimeoutError:
        yield f"Field '{name}' could not be held against its pattern in time"


@functools.lru_cache(maxsize=1024)
def _pattern(text: str) -> regex.Pattern[str] | None:
    """The patterns are Java's, mostly; one that cannot be read checks nothing."""
    if not text:
        return None
    try:
        return regex.compile(text)
    except regex.error:
        return None
