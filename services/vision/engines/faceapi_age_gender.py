"""Apparent age and gender with face-api.js's tiny Xception (after Chollet, "Xception", 2017): 430 KB of weights."""

from __future__ import annotations

from collections.abc import Sequence
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
from services.vision.tasks import AgeAndGender, FacePicture
from shared.models.catalog import CatalogEntry

MIDDLE_BLOCKS = 2


def _reduction_block(network: OnnxBuilder, x: str, weights: Weights, name: str, *, activate: bool = True) -> str:
    y = network.node("Relu", x) if activate else x
    y = separable_convolution(network, y, weights, f"{name}/separable_conv0")
    y = separable_convolution(network, network.node("Relu", y), weights, f"{name}/separable_conv1")
    y = network.node("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    return network.node("Add", y, convolution(network, x, weights, f"{name}/expansion_conv", stride=2))


def _middle_block(network: OnnxBuilder, x: str, weights: Weights, name: str) -> str:
    y = x
    for number in range(3):
        y = separable_convolution(network, network.node("Relu", y), weights, f"{name}/separable_conv{number}")
    return network.node("Add", y, x)


def age_and_gender_network(weights: Weights) -> bytes:
    """The network as ONNX: "picture" (batch, 3, 112, 112), less the mean colour and divided by 256 -> "age" (batch, 1)
    in years and "gender" (batch, 2), probabilities of male and female."""
    network = OnnxBuilder()
    x = network.input("picture", ["batch", 3, SIDE, SIDE])
    x = network.node("Relu", convolution(network, x, weights, "entry_flow/conv_in", stride=2))
    x = _reduction_block(network, x, weights, "entry_flow/reduction_block_0", activate=False)
    x = _reduction_block(network, x, weights, "entry_flow/reduction_block_1")
    for number in range(MIDDLE_BLOCKS):
        x = _middle_block(network, x, weights, f"middle_flow/main_block_{number}")
    x = _reduction_block(network, x, weights, "exit_flow/reduction_block")
    x = network.node("Relu", separable_convolution(network, x, weights, "exit_flow/separable_conv"))
    features = pooled(network, x)
    age = dense(network, features, weights["fc/age/weights"], weights["fc/age/bias"])
    network.node("Identity", age, output="age")
    gender = dense(network, features, weights["fc/gender/weights"], weights["fc/gender/bias"])
    network.node("Softmax", gender, output="gender", axis=-1)
    network.output("age", ["batch", 1])
    network.output("gender", ["batch", 2])
    return network.model()


class AgeAndGenderEngine:
    """Apparent age and gender of faces."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def run(self, items: Sequence[FacePicture]) -> Sequence[AgeAndGender]:
        """An estimate for each face."""
        batch = network_input(face_chips(items), 256.0)
        ages, genders = self._session.run(["age", "gender"], {"picture": batch})
        return [
            AgeAndGender(max(0.0, float(age[0])), float(gender[1])) for age, gender in zip(ages, genders, strict=True)
        ]

    def close(self) -> None:
        """The session frees its memory with the last reference."""
        del self._session


def load(entry: CatalogEntry, directory: Path, device: str) -> AgeAndGenderEngine:
    """Build the network from its weights, on "cpu" or "cuda:N"."""
    return AgeAndGenderEngine(onnx_session(age_and_gender_network(weights_of(entry, directory)), entry, device))
