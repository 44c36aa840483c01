"""Networks made by these tests, which say what they are told to whatever they see: the layouts are the real exports'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from services.vision.engines.onnx_builder import OnnxBuilder
from services.vision.engines.yolo_onnx import load
from shared import errors
from shared.models.catalog import CatalogEntry, Tier
from shared.tasks.reading import Picture

NAMES = "{0: 'cat', 1: 'dog'}"
#: Twice as wide as high: the network's 64 x 64 sees it at a third, in the upper half.
PICTURE = Picture(np.full((96, 192, 3), 200, np.uint8))


def network(folder: Path, output: np.ndarray, names: str = NAMES, batch: int | str = 1) -> Path:
    builder = OnnxBuilder()
    x = builder.input("images", [batch, 3, 64, 64])
    mean = builder.node("ReduceMean", x, axes=[1, 2, 3], keepdims=1)
    nothing = builder.node("Reshape", builder.node("Mul", mean, builder.constant(np.zeros((1, 1, 1, 1), np.float32))),
                           builder.constant(np.array([-1, 1, 1], np.int64)))  # fmt: skip
    builder.node("Add", nothing, builder.constant(output[None]), output="output0")
    builder.output("output0", [batch, *output.shape])
    model = onnx.load_from_string(builder.model())
    onnx.helper.set_model_props(model, {"names": names})
    onnx.save(model, folder / "best.onnx")
    return folder


def entry(**options: Any) -> CatalogEntry:
    return CatalogEntry(
        id="own", task="detect-objects", engine="services.vision.engines.yolo_onnx:load", tier=Tier.HEAVY,
        licence="none", description="built by a test", memory_bytes=1, options=options,
    )  # fmt: skip


#: Centre, size, and a score a class: two boxes of one cat, a dog at the same place, and noise.
ROWS = np.array(
    [[20, 10, 20, 10, 0.9, 0.1], [21, 10, 20, 10, 0.8, 0.1], [20, 10, 20, 10, 0.1, 0.7], [50, 20, 4, 4, 0.01, 0.0]],
    dtype=np.float32,
)


@pytest.mark.parametrize("batch", [1, "batch"])
def test_boxes_before_suppression(tmp_path: Path, batch: int | str) -> None:
    engine = load(entry(), network(tmp_path, ROWS.T, batch=batch), "cpu")
    for found in engine.run([PICTURE, PICTURE]):
        assert [(each.name, round(each.score, 3)) for each in found] == [("cat", 0.9), ("dog", 0.7)]
        box = found[0].box
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx((30, 15, 90, 45))
    engine.close()


def test_boxes_after_suppression(tmp_path: Path) -> None:
    rows = np.array([[10, 5, 30, 15, 0.9, 1], [0, 0, 1, 1, 0.001, 0]], dtype=np.float32)
    (found,) = load(entry(), network(tmp_path, rows), "cpu").run([PICTURE])
    assert [each.name for each in found] == ["dog"]
    assert found[0].box.right == pytest.approx(90)


def test_nothing_found(tmp_path: Path) -> None:
    assert load(entry(), network(tmp_path, np.zeros((6, 9), np.float32)), "cpu").run([PICTURE]) == [[]]


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(errors.FailedPrecondition, match=r"one \.onnx file"):
        load(entry(), tmp_path, "cpu")
    network(tmp_path, np.zeros((7, 9), np.float32))
    with pytest.raises(errors.FailedPrecondition, match="no YOLO detector"):
        load(entry(), tmp_path, "cpu")
    assert load(entry(labels=["a", "b", "c"]), tmp_path, "cpu")
    network(tmp_path, np.zeros((6, 9), np.float32), names="not a dictionary")
    with pytest.raises(errors.FailedPrecondition, match="names of its classes"):
        load(entry(), tmp_path, "cpu")
