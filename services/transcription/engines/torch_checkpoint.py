"""The tensors of a checkpoint that torch wrote before version 1.6, read without torch.

Such a file is a few pickles (a number, a version, the machine, the state, the storages' names) and then the storages: 8
bytes that say how many numbers, and the numbers. A pickle may name any function; here it may make dictionaries and
float32 tensors, and whatever else it names is refused.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from shared import errors

Tensor = NDArray[np.float32]

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_COUNT = struct.Struct("<q")


@dataclass(slots=True)
class _Storage:
    """Numbers that tensors are views of; filled once the pickles are read."""

    count: int
    numbers: Tensor = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor as the pickle tells it."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def tensor(self) -> Tensor:
        strides = tuple(4 * stride for stride in self.strides)
        return np.lib.stride_tricks.as_strided(self.storage.numbers[self.offset :], self.shape, strides).copy()


def _view(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _View:
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if offset < 0 or min(shape, default=1) < 1 or min(strides, default=1) < 0 or last >= storage.count:
        raise pickle.UnpicklingError("a tensor reaches beyond its numbers")
    return _View(storage, offset, shape, strides)


#: All that a checkpoint may name.
_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _view,
    ("torch", "FloatStorage"): "float32",
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"the checkpoint names {module}.{name}") from None

    def persistent_load(self, saved: Any) -> _Storage:
        kind, dtype, key, _, count, view = saved
        if kind != "storage" or dtype != "float32" or view is not None:
            raise pickle.UnpicklingError("a storage of another kind")
        return self.storages.setdefault(key, _Storage(count))


def read_tensors(path: Path, key: str) -> dict[str, Tensor]:
    """The tensors by name that the checkpoint has under ``key``.

    Raises:
        FailedPrecondition: the file is no such checkpoint.
    """
    try:
        with path.open("rb") as file:
            magic, protocol, machine = (_Unpickler(file).load() for _ in range(3))
            if (magic, protocol) != (_MAGIC, _PROTOCOL) or not machine["little_endian"]:
                raise pickle.UnpicklingError("another format")
            reader = _Unpickler(file)
            state = reader.load()[key]
            for name in _Unpickler(file).load():
                storage = reader.storages[name]
                if _COUNT.unpack(file.read(_COUNT.size)) != (storage.count,):
                    raise pickle.UnpicklingError("a storage of another length")
                storage.numbers = np.frombuffer(file.read(4 * storage.count), "<f4")
        return {name: view.tensor() for name, view in state.items()}
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, struct.error, AttributeError) as broken:
        raise errors.FailedPrecondition(f"{path.name} is no checkpoint that can be read here ({broken}).") from broken
