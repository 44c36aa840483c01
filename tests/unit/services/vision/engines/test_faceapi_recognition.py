from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest

from services.vision.engines.faceapi import MEAN_COLOUR, network_input
from services.vision.engines.faceapi_recognition import BLOCKS, SIDE, recognition_network
from services.vision.faces.alignment import moved_points
from services.vision.tasks import FacePicture, FoundFace, Vector
from shared.media.boxes import Box
from tests.unit.services.vision.faces.pictures import OBAMA, portrait

#: dlib's decision distance.
SAME = 0.6


def vectors(load: Callable[[str], Any], shared: Path, names: list[str]) -> dict[str, Vector]:
    """The largest face of each picture."""
    pictures = [portrait(shared, name) for name in names]
    found = [faces[0] for faces in load("yunet-n").run(pictures)]
    items = [FacePicture(picture.pixels, face) for picture, face in zip(pictures, found, strict=True)]
    return dict(zip(names, load("faceapi-recognition").run(items), strict=True))


def test_one_person_is_near_and_another_far(load: Callable[[str], Any], shared_directory: Path) -> None:
    found = vectors(load, shared_directory, ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"])
    assert all(vector.shape == (128,) and vector.dtype == np.float32 for vector in found.values())
    first = found["obama.jpg"]
    assert np.linalg.norm(first - found["obama2.jpg"]) < SAME - 0.1
    assert np.linalg.norm(first - found["obama3.jpg"]) < SAME - 0.1
    assert np.linalg.norm(first - found["biden.jpg"]) > SAME + 0.1


def test_a_batch_gives_what_single_faces_give(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine = load("faceapi-recognition")
    item = FacePicture(portrait(shared_directory, "obama.jpg").pixels, OBAMA)
    dark = FacePicture(item.pixels // 2, OBAMA)
    together = engine.run([item, dark])
    for one, vector in zip((item, dark), together, strict=True):
        assert np.linalg.norm(engine.run([one])[0] - vector) < 1e-4


def test_a_leaning_and_smaller_head_is_the_same_to_it(load: Callable[[str], Any], shared_directory: Path) -> None:
    pixels = portrait(shared_directory, "obama.jpg").pixels
    matrix = np.asarray(cv2.getRotationMatrix2D(OBAMA.box.center, 35, 0.5), np.float64)
    turned = np.asarray(cv2.warpAffine(pixels, matrix, (pixels.shape[1], pixels.shape[0])), np.uint8)
    face = FoundFace(OBAMA.box, 1.0, moved_points(OBAMA.points, matrix).astype(np.float32))
    straight, leaning = load("faceapi-recognition").run([FacePicture(pixels, OBAMA), FacePicture(turned, face)])
    assert np.linalg.norm(straight - leaning) < 0.25


def test_a_face_over_the_edge_gets_a_vector(load: Callable[[str], Any], shared_directory: Path) -> None:
    pixels = portrait(shared_directory, "obama.jpg").pixels[150:, 470:]
    points = OBAMA.points - np.array([470, 150], np.float32)
    (vector,) = load("faceapi-recognition").run([FacePicture(pixels, FoundFace(Box(-93, -70, 135, 277), 1.0, points))])
    assert np.isfinite(vector).all()


# -- the graph against the layers written out in numpy


def tiny_weights(channels: Mapping[str, tuple[int, int]], seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    weights: dict[str, Any] = {}
    for name, (channels_in, channels_out) in channels.items():
        side = 7 if name == "conv32_down" else 3
        scale = 1 / np.sqrt(side * side * channels_in)
        weights[f"{name}/conv/filters"] = random.normal(0, scale, (side, side, channels_in, channels_out))
        for part in ("conv/bias", "scale/biases"):
            weights[f"{name}/{part}"] = random.normal(0, 0.1, channels_out)
        weights[f"{name}/scale/weights"] = random.uniform(0.5, 1.5, channels_out)
    return {name: values.astype(np.float32) for name, values in weights.items()}


def convolved(x: Any, weights: Mapping[str, Any], name: str, stride: int, same: bool) -> Any:
    """Of one picture (height, width, channels)."""
    filters = weights[f"{name}/conv/filters"].astype(np.float64)
    side = filters.shape[0]
    if same:
        x = np.pad(x, ((side // 2,) * 2, (side // 2,) * 2, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(0, 1))[::stride, ::stride]
    y = np.einsum("hwcij,ijco->hwo", windows, filters) + weights[f"{name}/conv/bias"]
    return y * weights[f"{name}/scale/weights"] + weights[f"{name}/scale/biases"]


def test_the_graph_is_the_network() -> None:
    widths = {"conv32": 4, "conv64": 6, "conv128": 8, "conv256": 10}
    channels, last = {"conv32_down": (3, 4)}, 4
    for name, _ in BLOCKS:
        width = widths[name.split("_")[0]]
        channels |= {f"{name}/conv1": (last, width), f"{name}/conv2": (width, width)}
        last = width
    weights = tiny_weights(channels)
    weights["fc"] = np.random.default_rng(1).normal(0, 1, (last, 5)).astype(np.float32)
    picture = np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)

    x = (picture - MEAN_COLOUR.astype(np.float64)) / 256
    x = convolved(x, weights, "conv32_down", 2, same=False).clip(0)
    x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(0, 1))[::2, ::2].max(axis=(3, 4))
    for name, halve in BLOCKS:
        y = convolved(x, weights, f"{name}/conv1", 2 if halve else 1, same=not halve).clip(0)
        y = convolved(y, weights, f"{name}/conv2", 1, same=True)
        if halve:
            side = x.shape[0] // 2
            x = x[: 2 * side, : 2 * side].reshape(side, 2, side, 2, -1).mean(axis=(1, 3))
            x = np.pad(x, ((0, 0), (0, 0), (0, y.shape[2] - x.shape[2])))
            y = np.pad(y, ((0, side - y.shape[0]), (0, side - y.shape[1]), (0, 0)))
        x = (x + y).clip(0)
    expected = x.mean(axis=(0, 1)) @ weights["fc"]

    session = onnxruntime.InferenceSession(recognition_network(weights), providers=["CPUExecutionProvider"])
    (found,) = session.run(["vector"], {"picture": network_input([picture, picture], 256.0)})
    assert found[1] == pytest.approx(expected, rel=1e-3, abs=1e-3)
