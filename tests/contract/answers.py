"""Answers as they came over the wire, held against botocore's output shapes.

boto3 drops members that its model does not know and never looks at ranges, so what a client shows proves little: the
raw body is checked.
"""

from __future__ import annotations

import json
import math
import time
from typing import Any

import regex
from botocore.model import Shape

#: Seconds that a job of a few small pages may take on a busy machine.
JOB_SECONDS = 180


class Recorder:
    """A boto3 client whose answers are checked against the contract as they come in."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._body = b""
        client.meta.events.register("before-parse.*.*", self._record)

    def _record(self, response_dict: dict[str, Any], **_: Any) -> None:
        self._body = response_dict["body"]

    def ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer as JSON; raises ClientError, and AssertionError for what the contract does not have."""
        getattr(self.client, operation)(**parameters)
        answer: dict[str, Any] = json.loads(self._body)
        name = self.client.meta.method_to_api_mapping[operation]
        shape = self.client.meta.service_model.operation_model(name).output_shape
        problems = list(violations(answer, shape, name))
        assert not problems, problems[:10]
        return answer

    def finished(self, operation: str, job_id: str, **parameters: Any) -> dict[str, Any]:
        """Ask for a job until it has ended."""
        for _ in range(JOB_SECONDS * 5):
            answer = self.ask(operation, JobId=job_id, **parameters)
            if answer["JobStatus"] != "IN_PROGRESS":
                return answer
            time.sleep(0.2)
        raise AssertionError(f"the job has not ended within {JOB_SECONDS} seconds")


def violations(value: Any, shape: Shape, path: str) -> list[str]:
    """What ``value`` (parsed JSON) has that ``shape`` does not allow."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path}: not an object"]
        found = [f"{path}.{name}: unknown member" for name in value if name not in shape.members]
        found += [f"{path}.{name}: missing" for name in shape.required_members if value.get(name) is None]
        for name, member in shape.members.items():
            if name in value:
                found += violations(value[name], member, f"{path}.{name}")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        found = _bounds(len(value), shape, path) if value else []
        for index, item in enumerate(value):
            found += violations(item, shape.member, f"{path}[{index}]")
        return found
    if kind == "string":
        if not isinstance(value, str):
            return [f"{path}: not a string"]
        found = _bounds(len(value), shape, path)
        if shape.enum and value not in shape.enum:
            found.append(f"{path}: {value!r} is none of {shape.enum}")
        pattern = shape.metadata.get("pattern")
        if pattern and not regex.search(pattern, value):
            found.append(f"{path}: does not match {pattern}")
        return found
    if kind in ("integer", "long"):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return _bounds(value, shape, path) if whole else [f"{path}: not a whole number"]
    if kind in ("float", "double"):
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        return _bounds(value, shape, path) if number else [f"{path}: not a finite number"]
    if kind == "boolean":
        return [] if isinstance(value, bool) else [f"{path}: not a boolean"]
    return []


def _bounds(size: float, shape: Shape, path: str) -> list[str]:
    low, high = shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)
    return [] if low <= size <= high else [f"{path}: {size} is not within {low} and {high}"]
