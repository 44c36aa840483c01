"""NSFWJS: how far a picture is pornographic, in five classes, on ONNX Runtime.

The weights come as a Keras model of TensorFlow.js: layers in JSON, numbers in 8 bits. The layers are read here and
written down as ONNX; the network is a MobileNet V2 (Sandler et al., arXiv 1801.04381) with three dense layers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from services.vision.engines.onnx_builder import OnnxBuilder
from services.vision.engines.sessions import onnx_session
from services.vision.engines.tfjs_weights import Weights, read_weights
from services.vision.tasks import ImageClass
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture, Pixels

#: The classes in the order of the network's output.
CLASSES = ("drawing", "hentai", "neutral", "porn", "sexy")
SIDE = 224


class NsfwjsEngine:
    """Pictures in, probabilities of the five classes out."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[ImageClass]]:
        """The five classes of each picture, most probable first; they sum to 1."""
        # Picture by picture: larger batches are no faster on a CPU, and their layers fill ten times the memory.
        return [self._classify(item.pixels) for item in items]

    def _classify(self, pixels: Pixels) -> list[ImageClass]:
        (scores,) = self._session.run(None, {"pictures": network_input(pixels)})
        classes = [ImageClass(name, float(score)) for name, score in zip(CLASSES, scores.mean(axis=0), strict=True)]
        return sorted(classes, key=lambda each: -each.score)

    def close(self) -> None:
        """The session frees its memory with the last reference."""
        del self._session


def network_input(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Shape (2, 3, SIDE, SIDE), 0..1: the whole picture, RGB, stretched, and its mirror image.

    Reduced by area, and seen from both sides: without that, patterns of a few pixels and single views gave alarms for
    harmless photographs.
    """
    shrinks = min(pixels.shape[:2]) > SIDE
    resized = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    values = np.asarray(resized.transpose(2, 0, 1), np.float32) / np.float32(255)
    return np.stack([values, values[:, :, ::-1]])


class KerasNetwork:
    """Writes the layers of a Keras model (format of Keras 2) down as ONNX."""

    def __init__(self, topology: Mapping[str, Any], weights: Weights) -> None:
        self._config: Mapping[str, Any] = topology["model_config"]["config"]
        self._weights = weights
        self._builder = OnnxBuilder()
        #: Output's name of each layer.
        self._outputs: dict[str, str] = {}
        #: Zeros that a layer wants around its input (top, left, bottom, right); the convolution behind it adds them.
        self._pads: dict[str, tuple[int, int, int, int]] = {}

    def model(self, classes: int) -> bytes:
        """The serialized network: "pictures" (batch, 3, height, width) in, (batch, classes) out.

        Raises ``ValueError`` for a layer, or a setting of one, that is not known here.
        """
        for layer in self._config["layers"]:
            self._add(layer)
        (last,) = [output[0] for output in self._config["output_layers"]]
        self._builder.node("Identity", self._outputs[last], output="probabilities")
        self._builder.output("probabilities", ("batch", classes))
        return self._builder.model()

    def _add(self, layer: Mapping[str, Any]) -> None:
        kind, name, config = layer["class_name"], layer["name"], layer["config"]
        sources = [source[0] for node in layer["inbound_nodes"] for source in node]
        inputs = [self._outputs[source] for source in sources]
        pads = [self._pads[source] for source in sources if source in self._pads]
        if pads and kind not in ("Conv2D", "DepthwiseConv2D"):
            raise ValueError(f"the layer {name} has padding before it and is no convolution")
        if config.get("data_format", "channels_last") != "channels_last":
            raise ValueError(f"the layer {name} has its channels first")
        match kind:
            case "InputLayer":
                _, height, width, channels = config["batch_input_shape"]
                output = self._builder.input("pictures", ("batch", channels, height, width))
            case "ZeroPadding2D":
                (top, bottom), (left, right) = config["padding"]
                self._pads[name] = (top, left, bottom, right)
                output = inputs[0]
            case "Conv2D" | "DepthwiseConv2D":
                output = self._convolution(name, config, inputs[0], pads[0] if pads else None, kind != "Conv2D")
            case "BatchNormalization":
                output = self._normalization(name, config, inputs[0])
            case "ReLU":
                output = self._rectifier(name, config, inputs[0])
            case "Add":
                output = self._builder.node("Add", *inputs)
            case "AveragePooling2D":
                output = self._pooling(name, config, inputs[0])
            case "Flatten":
                # Keras flattens (height, width, channels).
                last = self._builder.node("Transpose", inputs[0], perm=[0, 2, 3, 1])
                output = self._builder.node("Flatten", last)
            case "Dense":
                product = self._builder.node("MatMul", inputs[0], self._weight(name, "kernel"))
                biased = self._builder.node("Add", product, self._weight(name, "bias"))
                output = self._activated(name, config["activation"], biased)
            case "Dropout":  # does nothing outside training
                output = inputs[0]
            case _:
                raise ValueError(f"the layer {name} is of a kind that is not known here: {kind}")
        self._outputs[name] = output

    def _convolution(
        self, name: str, config: Mapping[str, Any], x: str, pads: tuple[int, int, int, int] | None, depthwise: bool
    ) -> str:
        stride, other = config["strides"]
        plain = stride == other and config["dilation_rate"] == [1, 1] and config.get("depth_multiplier", 1) == 1
        same = config["padding"] == "same"
        if not plain or config["use_bias"] or (same and pads):
            raise ValueError(f"the convolution {name} has settings that are not known here")
        filters = self._weights[f"{name}/{'depthwise_kernel' if depthwise else 'kernel'}"]
        x = self._builder.convolution(
            x, filters, stride=stride, pads=pads or (0, 0, 0, 0), same=same, depthwise=depthwise
        )
        return self._activated(name, config["activation"], x)

    def _normalization(self, name: str, config: Mapping[str, Any], x: str) -> str:
        if config["axis"] not in (-1, 3, [3]) or not (config["center"] and config["scale"]):
            raise ValueError(f"the normalization {name} has settings that are not known here")
        parts = [self._weight(name, part) for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        return self._builder.node("BatchNormalization", x, *parts, epsilon=float(config["epsilon"]))

    def _rectifier(self, name: str, config: Mapping[str, Any], x: str) -> str:
        if config.get("negative_slope", 0) or config.get("threshold", 0):
            raise ValueError(f"the rectifier {name} has settings that are not known here")
        if config["max_value"] is None:
            return self._builder.node("Relu", x)
        limits = [self._builder.constant(np.array(limit, np.float32)) for limit in (0.0, config["max_value"])]
        return self._builder.node("Clip", x, *limits)

    def _pooling(self, name: str, config: Mapping[str, Any], x: str) -> str:
        if config["padding"] != "valid":
            raise ValueError(f"the pooling {name} has settings that are not known here")
        return self._builder.node("AveragePool", x, kernel_shape=config["pool_size"], strides=config["strides"])

    def _activated(self, name: str, activation: str, x: str) -> str:
        match activation:
            case "linear":
                return x
            case "relu":
                return self._builder.node("Relu", x)
            case "softmax":
                return self._builder.node("Softmax", x, axis=1)
        raise ValueError(f"the layer {name} has an activation that is not known here: {activation}")

    def _weight(self, layer: str, part: str) -> str:
        return self._builder.constant(self._weights[f"{layer}/{part}"])


def load(entry: CatalogEntry, directory: Path, device: str) -> NsfwjsEngine:
    """Read layers and weights. Raises ``ValueError`` where they are not what this module knows."""
    document = json.loads((directory / "model.json").read_text("utf-8"))
    weights: Weights = {}
    for group in document["weightsManifest"]:
        data = b"".join((directory / path).read_bytes() for path in group["paths"])
        weights |= read_weights(group["weights"], data)
    network = KerasNetwork(document["modelTopology"], weights)
    return NsfwjsEngine(onnx_session(network.model(len(CLASSES)), entry, device))
