"""Expressions with face-api.js's small densely connected network: 330 KB of weights, seven expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnxruntime

from services.vision.engines.faceapi import (
    SIDE,
    convolution,
    dense,
    face_chips,
    network_input,
    pooled,
    separable_convolution,
    weights_of,
)
from services.vision.engines.onnx_builder import OnnxBuilder
from services.vision.engines.sessions import onnx_session
from services.vision.engines.tfjs_weights import Weights
from services.vision.tasks import FacePicture
from shared.models.catalog import CatalogEntry

#: Rekognition's names of the network's classes (neutral, happy, sad, angry, fearful, disgusted, surprised), in its
#: order. It does not know CONFUSED.
EMOTIONS = ("CALM", "HAPPY", "SAD", "ANGRY", "FEAR", "DISGUSTED", "SURPRISED")
BLOCKS = 4


def _dense_block(network: OnnxBuilder, x: str, weights: Weights, name: str, *, first: bool) -> str:
    """Four convolutions, each of which sees the sum of all before."""
    if first:
        x = convolution(network, x, weights, f"{name}/conv0", stride=2)
    else:
        x = separable_convolution(network, x, weights, f"{name}/conv0", stride=2)
    x = total = network.node("Relu", x)
    for number in range(1, 4):
        total = network.node("Add", total, separable_convolution(network, x, weights, f"{name}/conv{number}"))
        x = network.node("Relu", total)
    return x


def expression_network(weights: Weights) -> bytes:
    """The network as ONNX: "picture" (batch, 3, 112, 112), less the mean colour and divided by 255 -> "emotion"
    (batch, 7), probabilities."""
    network = OnnxBuilder()
    x = network.input("picture", ["batch", 3, SIDE, SIDE])
    for number in range(BLOCKS):
        x = _dense_block(network, x, weights, f"dense{number}", first=number == 0)
    logits = dense(network, pooled(network, x), weights["fc/weights"], weights["fc/bias"])
    network.node("Softmax", logits, output="emotion", axis=-1)
    network.output("emotion", ["batch", len(EMOTIONS)])
    return network.model()


class ExpressionEngine:
    """Expressions of faces."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def run(self, items: Sequence[FacePicture]) -> Sequence[Mapping[str, float]]:
        """The probability of each emotion, for each face."""
        batch = network_input(face_chips(items), 255.0)
        (rows,) = self._session.run(["emotion"], {"picture": batch})
        return [dict(zip(EMOTIONS, map(float, row), strict=True)) for row in rows]

    def close(self) -> None:
        """The session frees its memory with the last reference."""
        del self._session


def load(entry: CatalogEntry, directory: Path, device: str) -> ExpressionEngine:
    """Build the network from its weights, on "cpu" or "cuda:N"."""
    return ExpressionEngine(onnx_session(expression_network(weights_of(entry, directory)), entry, device))
