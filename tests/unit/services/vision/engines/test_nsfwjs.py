"""NSFWJS: the reader of Keras layers, and harmless pictures."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from services.vision.engines.nsfwjs import CLASSES, SIDE, KerasNetwork, network_input
from shared.tasks.reading import Picture
from tests.unit.services.vision.pictures import coco, plain, puppies

MODEL = "nsfwjs-mobilenet-v2"


def layer(kind: str, name: str, *sources: str, **config: Any) -> dict[str, Any]:
    nodes = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return {"class_name": kind, "name": name, "inbound_nodes": nodes, "config": config}


CONVOLUTION = {
    "strides": [2, 2],
    "dilation_rate": [1, 1],
    "use_bias": False,
    "padding": "valid",
    "activation": "linear",
}


def topology(*layers: dict[str, Any]) -> dict[str, Any]:
    first = layer("InputLayer", "input", batch_input_shape=[None, 5, 5, 2])
    config = {"layers": [first, *layers], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return {"model_config": {"config": config}}


def run(network: bytes, x: np.ndarray) -> np.ndarray:
    """``x`` has its channels last, as Keras has them."""
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"pictures": x.transpose(0, 3, 1, 2)})[0])


def test_layers_compute_what_keras_computes() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(2, 5, 5, 2)).astype(np.float32)
    filters = random.normal(size=(3, 3, 2, 4)).astype(np.float32)
    gamma, beta, mean, variance = random.uniform(0.5, 2, (4, 4)).astype(np.float32)
    kernel, bias = random.normal(size=(36, 3)).astype(np.float32), random.normal(size=3).astype(np.float32)
    weights = {"conv/kernel": filters, "norm/gamma": gamma, "norm/beta": beta, "norm/moving_mean": mean}
    weights |= {"norm/moving_variance": variance, "dense/kernel": kernel, "dense/bias": bias}
    network = KerasNetwork(
        topology(
            layer("ZeroPadding2D", "pad", "input", padding=[[1, 1], [1, 1]], data_format="channels_last"),
            layer("Conv2D", "conv", "pad", **CONVOLUTION),
            layer("BatchNormalization", "norm", "conv", axis=-1, center=True, scale=True, epsilon=0.001),
            layer("ReLU", "relu", "norm", max_value=6.0, negative_slope=0.0, threshold=0.0),
            layer("Flatten", "flat", "relu", data_format="channels_last"),
            layer("Dropout", "drop", "flat", rate=0.5),
            layer("Dense", "dense", "drop", activation="softmax", use_bias=True),
        ),
        weights,
    )
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    convolved = np.array(
        [
            [
                [(padded[n, 2 * r : 2 * r + 3, 2 * c : 2 * c + 3, :, None] * filters).sum((0, 1, 2)) for c in range(3)]
                for r in range(3)
            ]
            for n in range(2)
        ]
    )
    features = ((convolved - mean) / np.sqrt(variance + 0.001) * gamma + beta).clip(0, 6).reshape(2, -1)
    logits = np.exp(features @ kernel + bias)
    np.testing.assert_allclose(run(network.model(3), x), logits / logits.sum(axis=1, keepdims=True), rtol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (layer("LSTM", "odd", "input"), "not known here: LSTM"),
        (layer("Conv2D", "odd", "input", **CONVOLUTION | {"use_bias": True}), "convolution odd"),
        (layer("Conv2D", "odd", "input", **CONVOLUTION | {"dilation_rate": [2, 2]}), "convolution odd"),
        (layer("Conv2D", "odd", "input", **CONVOLUTION | {"activation": "tanh"}), "activation"),
        (layer("ReLU", "odd", "input", max_value=6, negative_slope=0.1), "rectifier odd"),
        (layer("AveragePooling2D", "odd", "input", padding="same"), "pooling odd"),
        (layer("BatchNormalization", "odd", "input", axis=1, center=True, scale=True), "normalization odd"),
        (layer("Flatten", "odd", "input", data_format="channels_first"), "channels first"),
    ],
)
def test_what_is_not_known_is_refused(wrong: dict[str, Any], words: str) -> None:
    weights = {"odd/kernel": np.zeros((3, 3, 2, 4), np.float32)}
    with pytest.raises(ValueError, match=words):
        KerasNetwork(topology(copy.deepcopy(wrong)), weights).model(1)


def test_padding_before_anything_but_a_convolution_is_refused() -> None:
    pad = layer("ZeroPadding2D", "pad", "input", padding=[[1, 1], [1, 1]])
    with pytest.raises(ValueError, match="no convolution"):
        KerasNetwork(topology(pad, layer("Flatten", "flat", "pad")), {}).model(1)


def test_a_picture_is_seen_from_both_sides() -> None:
    pixels = plain((0, 0, 0), 300, 400)
    pixels[:, :200] = (255, 0, 0)
    values = network_input(pixels)
    assert values.shape == (2, 3, SIDE, SIDE)
    assert values[0, :, 0, 0].tolist() == [1, 0, 0] and values[1, :, 0, -1].tolist() == [1, 0, 0]


def test_puppies_are_neutral(load: Callable[[str], Any], shared_directory: Path) -> None:
    (classes,) = load(MODEL).run([puppies(shared_directory)])
    assert classes[0].name == "neutral" and classes[0].score > 0.8
    assert {each.name for each in classes} == set(CLASSES)
    assert sum(each.score for each in classes) == pytest.approx(1, abs=1e-4)


def test_a_batch_gives_what_each_picture_gives_alone(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine, pictures = load(MODEL), [coco(shared_directory, 139), Picture(plain((200, 150, 120), 1, 3))]
    together, alone = engine.run(pictures), [*engine.run(pictures[:1]), *engine.run(pictures[1:])]
    for one, other in zip(together, alone, strict=True):
        scores = {each.name: each.score for each in other}
        assert all(each.score == pytest.approx(scores[each.name], abs=1e-4) for each in one)
