"""dlib's face recognition network (Davis King, 2017) with the 8-bit weights of face-api.js: 128 numbers a face.

A residual network of 29 convolutions after He et al., "Deep Residual Learning for Image Recognition", 2016, trained so
that two faces of one person lie less than 0.6 apart (Euclidean) and those of different people more. Where a block
halves its map, its shortcut is a mean over 2 x 2, filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from services.vision.engines.faceapi import network_input, weights_of
from services.vision.engines.onnx_builder import OnnxBuilder
from services.vision.engines.sessions import onnx_session
from services.vision.engines.tfjs_weights import Weights
from services.vision.faces.alignment import chip_transform, cut
from services.vision.tasks import FacePicture, Vector
from shared.models.catalog import CatalogEntry

#: Side of the chips that the network was trained on, and the room around the face in them (dlib's own).
SIDE = 150
PADDING = 0.25
#: (name, whether it halves the map) of the residual blocks, in order.
BLOCKS = (
    ("conv32_1", False),
    ("conv32_2", False),
    ("conv32_3", False),
    ("conv64_down", True),
    ("conv64_1", False),
    ("conv64_2", False),
    ("conv64_3", False),
    ("conv128_down", True),
    ("conv128_1", False),
    ("conv128_2", False),
    ("conv256_down", True),
    ("conv256_1", False),
    ("conv256_2", False),
    ("conv256_down_out", True),
)


def _scaled_convolution(network: OnnxBuilder, x: str, weights: Weights, name: str, *, halve: bool) -> str:
    """A convolution followed by a scale and shift a channel (dlib's "affine"), folded into one."""
    scale, shift = weights[f"{name}/scale/weights"], weights[f"{name}/scale/biases"]
    filters = weights[f"{name}/conv/filters"] * scale
    bias = weights[f"{name}/conv/bias"] * scale + shift
    return network.convolution(x, filters, bias, stride=2 if halve else 1, same=not halve)


def _residual_block(
    network: OnnxBuilder, x: str, weights: Weights, name: str, *, halve: bool, side: int
) -> tuple[str, int]:
    """``side`` is the map's before; gives the output and the side of its map."""
    channels_in, channels_out = weights[f"{name}/conv1/conv/filters"].shape[2:]
    y = network.node("Relu", _scaled_convolution(network, x, weights, f"{name}/conv1", halve=halve))
    y = _scaled_convolution(network, y, weights, f"{name}/conv2", halve=False)
    if halve:
        inner, outer = (side - 3) // 2 + 1, side // 2
        x = network.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
        if channels_out != channels_in:
            pads = np.array([0, 0, 0, 0, 0, channels_out - channels_in, 0, 0], dtype=np.int64)
            x = network.node("Pad", x, network.constant(pads))
        if outer != inner:
            pads = np.array([0, 0, 0, 0, 0, 0, outer - inner, outer - inner], dtype=np.int64)
            y = network.node("Pad", y, network.constant(pads))
        side = outer
    return network.node("Relu", network.node("Add", x, y)), side


def recognition_network(weights: Weights) -> bytes:
    """The network as ONNX: "picture" (batch, 3, 150, 150), less the mean colour and divided by 256 -> "vector"
    (batch, 128)."""
    network = OnnxBuilder()
    x = network.input("picture", ["batch", 3, SIDE, SIDE])
    x = network.node("Relu", _scaled_convolution(network, x, weights, "conv32_down", halve=True))
    x = network.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    side = ((SIDE - 7) // 2 + 1 - 3) // 2 + 1
    for name, halve in BLOCKS:
        x, side = _residual_block(network, x, weights, name, halve=halve, side=side)
    x = network.node("Flatten", network.node("GlobalAveragePool", x))
    network.node("MatMul", x, network.constant(weights["fc"]), output="vector")
    network.output("vector", ["batch", weights["fc"].shape[1]])
    return network.model()


class RecognitionEngine:
    """Vectors of faces, float32 of shape (128,)."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def run(self, items: Sequence[FacePicture]) -> Sequence[Vector]:
        """A vector for each face."""
        chips = [cut(item.pixels, chip_transform(item.face.points, SIDE, PADDING), SIDE) for item in items]
        return list(self._session.run(["vector"], {"picture": network_input(chips, 256.0)})[0])

    def close(self) -> None:
        """The session frees its memory with the last reference."""
        del self._session


def load(entry: CatalogEntry, directory: Path, device: str) -> RecognitionEngine:
    """Build the network from its weights, on "cpu" or "cuda:N"."""
    return RecognitionEngine(onnx_session(recognition_network(weights_of(entry, directory)), entry, device))
