"""Random values for botocore shapes, and botocore's own serializer and parser: the other side of our wire."""

from __future__ import annotations

import datetime
import random
from typing import Any

import botocore.loaders
import botocore.parsers
import botocore.serialize
from botocore.model import OperationModel, ServiceModel, Shape

MAX_DEPTH = 5


def service_model(client: str) -> ServiceModel:
    return ServiceModel(botocore.loaders.Loader().load_service_model(client, "service-2"), client)


def value_of(shape: Shape, rng: random.Random, depth: int = 0) -> Any:
    """A value with the right type for ``shape``; constraints on ranges and patterns are not looked at."""
    kind = shape.type_name
    if kind == "structure":
        return structure_of(shape, rng, depth)
    if kind == "list":
        return [value_of(shape.member, rng, depth + 1) for _ in range(rng.randint(1, 2))]
    if kind == "map":
        return {value_of(shape.key, rng, depth + 1): value_of(shape.value, rng, depth + 1) for _ in range(2)}
    if kind == "string":
        return rng.choice(getattr(shape, "enum", None) or ["plain", "mit Umlaut ü", "日本", 'quo"te\\', "x" * 40])
    if kind in ("integer", "long"):
        return rng.randint(-1000, 10**6)
    if kind in ("float", "double"):
        return rng.randint(-1000, 1000) / 8  # exact in single precision
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "blob":
        return rng.randbytes(rng.randint(1, 20))
    if kind == "timestamp":
        return datetime.datetime.fromtimestamp(rng.randint(0, 2**31), datetime.UTC)
    raise AssertionError(f"unknown type {kind}")


def structure_of(shape: Shape, rng: random.Random, depth: int) -> dict[str, Any]:
    members = list(shape.members)
    if shape.metadata.get("union") or getattr(shape, "is_tagged_union", False):
        members = [rng.choice(members)]
    elif depth:
        members = [name for name in members if rng.random() < 0.7]
    if depth > MAX_DEPTH:  # recursive shapes have to end somewhere
        members = [name for name in members if shape.members[name].type_name not in ("structure", "list", "map")]
    return {name: member_of(shape.members[name], rng, depth + 1) for name in members}


def member_of(shape: Shape, rng: random.Random, depth: int) -> Any:
    # Headers carry latin-1 at most, and text in them is sent as it is.
    if shape.serialization.get("location") == "header" and shape.type_name == "string":
        return "plain"
    return value_of(shape, rng, depth)


def serialize(operation: OperationModel, parameters: dict[str, Any], protocol: str) -> dict[str, Any]:
    """What botocore would send: method, url_path, query_string, headers, body."""
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    return serializer.serialize_to_request(parameters, operation)


def parse(operation: OperationModel, status: int, headers: dict[str, str], body: bytes, protocol: str) -> Any:
    """What a boto3 program would see."""
    parser = botocore.parsers.create_parser(protocol)
    parsed = parser.parse({"status_code": status, "headers": headers, "body": body}, operation.output_shape)
    parsed.pop("ResponseMetadata", None)
    return parsed
