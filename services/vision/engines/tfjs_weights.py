"""Weights as TensorFlow.js stores them: a manifest in JSON, and the numbers in one or several binary shards.

Quantised tensors are uint8 or uint16 with a scale and a least value: ``value = quantised * scale + min``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_TYPES = {"float32": np.float32, "int32": np.int32, "uint8": np.uint8, "uint16": np.uint16, "float16": np.float16}

Weights = dict[str, npt.NDArray[np.float32]]


def read_weights(entries: Sequence[Mapping[str, Any]], data: bytes) -> Weights:
    """Tensors by name, as float32. ``entries``: the manifest's rows in order; ``data``: its shards joined.

    Raises ``ValueError`` where the data do not have the length that the manifest says.
    """
    weights: Weights = {}
    position = 0
    for entry in entries:
        quantization = entry.get("quantization")
        kind = np.dtype(_TYPES[quantization["dtype"] if quantization else entry["dtype"]]).newbyteorder("<")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if position + count * kind.itemsize > len(data):
            raise ValueError(f"the weights end before {entry['name']}")
        values = np.frombuffer(data, kind, count, position).astype(np.float32)
        if quantization and "scale" in quantization:
            values = values * np.float32(quantization["scale"]) + np.float32(quantization["min"])
        weights[entry["name"]] = values.reshape(entry["shape"])
        position += count * kind.itemsize
    if position != len(data):
        raise ValueError(f"{len(data) - position} bytes are left over behind the last weights")
    return weights
