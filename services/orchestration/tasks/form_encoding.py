"""URL-encoded forms of JSON objects, with the spellings of arrays that HTTP tasks know (``RequestEncodingOptions``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from services.orchestration.tasks.parameters import to_json

#: Name of the array and position -> key of the element.
_ELEMENT_KEYS: Mapping[str, Callable[[str, int], str]] = {
    "INDICES": lambda name, index: f"{name}[{index}]",
    "BRACKETS": lambda name, index: f"{name}[]",
    "REPEAT": lambda name, index: name,
}
ARRAY_FORMATS = frozenset({*_ELEMENT_KEYS, "COMMAS", "NONE"})


def encode_form(value: Mapping[str, Any], array_format: str = "INDICES") -> str:
    """{"a": ["x", "y"], "b": {"c": 1}} -> "a[0]=x&a[1]=y&b[c]=1", percent-encoded.

    ``array_format``: one of ``ARRAY_FORMATS``. COMMAS gives "a=x,y", NONE writes an array as JSON.
    """
    pairs = [pair for name, member in value.items() for pair in _pairs(name, member, array_format)]
    return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in pairs)


def _pairs(name: str, value: Any, array_format: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _pairs(f"{name}[{key}]", member, array_format)
    elif isinstance(value, list):
        yield from _array(name, value, array_format)
    else:
        yield name, form_text(value)


def _array(name: str, value: Sequence[Any], array_format: str) -> Iterator[tuple[str, str]]:
    if array_format == "COMMAS":
        yield name, ",".join(form_text(item) for item in value)
    elif array_format == "NONE":
        yield name, to_json(value)
    else:
        for index, item in enumerate(value):
            yield from _pairs(_ELEMENT_KEYS[array_format](name, index), item, array_format)


def form_text(value: Any) -> str:
    """A value as it stands in a form or a query: text as it is, null as nothing, the rest as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value)
