"""The recorded cases of the States Language, as far as they can be put to the language without an engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.orchestration.language.scope import Scope


def read(shared_directory: Path, folder: str) -> list[dict[str, Any]]:
    """All cases of a folder of the data ("cases", "cases_peer/jsonata"); skips the test where it is absent."""
    directory = shared_directory / "data" / "states_language" / folder
    if not directory.is_dir():
        pytest.skip(f"no recorded cases at {directory}")
    return [json.loads(file.read_text("utf-8")) for file in sorted(directory.glob("*.json"))]


def scope(value: Any, **variables: Any) -> Scope:
    """What a first state sees of an execution with the input ``value``."""
    return Scope(value, {"Execution": {"Id": "arn", "Input": value}}, variables)


def same(expected: Any, actual: Any) -> bool:
    """Equality of JSON: true is not 1, and 1 is 1.0."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(same(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    return bool(expected == actual)
