"""Items and results of engines as bytes, for the wire between two processes of a cluster.

They are dataclasses of numbers, texts, bytes and arrays, so CBOR with three tags of our own is enough. Pickle would be
shorter, but whoever can reach the port could run code with it; here only dataclasses of our own packages are made.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
from typing import Any

import cbor2
import numpy as np

from shared import errors

#: Packages whose dataclasses and enums may travel.
PACKAGES = ("services.", "shared.", "tests.")
DATACLASS, ARRAY, ERROR, ENUM = "dataclass", "array", "error", "enum"
MARK = "\x00nonet"
#: What bytes that ``encode`` did not make can raise on their way back.
DECODE_ERRORS = (
    cbor2.CBORDecodeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ImportError,
    RecursionError,
    OverflowError,
)

_ERRORS = {cls.__name__: cls for cls in errors.error_classes()}


def encode(values: Any) -> bytes:
    """Bytes of any nesting of lists, tuples, dicts, dataclasses, enums, arrays, errors and scalars.

    Raises:
        TypeError: a value is none of these.
    """
    return cbor2.dumps(_plain(values))


def decode(data: bytes) -> Any:
    """What ``encode`` was given; tuples come back as tuples.

    Raises:
        MalformedRequest: the bytes are not what ``encode`` makes.
    """
    try:
        return _value(cbor2.loads(data))
    except DECODE_ERRORS as problem:
        raise errors.MalformedRequest("The items are not what the runtime's codec makes.") from problem


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, float, bytes)) or type(value) in (int, str):
        return value
    if isinstance(value, enum.Enum):
        return {MARK: ENUM, "class": _name(type(value)), "name": value.name}
    if isinstance(value, errors.NonetError):
        return {MARK: ERROR, "class": type(value).__name__, "message": value.message, "code": value.explicit_aws_code}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {MARK: DATACLASS, "class": _name(type(value)), "members": members}
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        return {MARK: ARRAY, "dtype": array.dtype.str, "shape": list(array.shape), "data": array.tobytes()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        return {MARK: "tuple", "items": items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} cannot travel between processes")


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    kind = plain.get(MARK)
    if kind is None:
        return {key: _value(item) for key, item in plain.items()}
    if kind == "tuple":
        return tuple(_value(item) for item in plain["items"])
    if kind == ARRAY:
        dtype = np.dtype(plain["dtype"])
        if dtype.hasobject:
            raise ValueError("arrays of objects do not travel")
        return np.frombuffer(plain["data"], dtype).reshape(plain["shape"]).copy()
    if kind == ERROR:
        return _ERRORS[plain["class"]](plain["message"], aws_code=plain["code"])
    cls = _class(plain["class"])
    if kind == ENUM and issubclass(cls, enum.Enum):
        return cls[plain["name"]]
    if kind == DATACLASS and dataclasses.is_dataclass(cls):
        return cls(**{name: _value(item) for name, item in plain["members"].items()})
    raise ValueError(f"{cls.__name__} is no {kind}")


def _name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _class(name: str) -> type:
    module_name, _, class_name = name.partition(":")
    if not module_name.startswith(PACKAGES):
        raise ValueError("a class of a package that may not travel")
    found = importlib.import_module(module_name)
    for part in class_name.split("."):
        found = getattr(found, part)
    if not isinstance(found, type) or found.__module__ != module_name:
        raise ValueError("not a class of that module")
    return found
