"""PicoDet: its boxes by hand, then real photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from services.vision.engines import picodet
from services.vision.engines.picodet_graph import tidied
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.tasks.reading import Picture
from tests.unit.services.vision.pictures import coco, plain
from tests.vision_models import SERVICE

MODEL = "picodet-s-coco"
FILE = "picodet_s_416_coco.onnx"


def folder(models: ModelStore) -> Path:
    entry = Catalog.load([SERVICE]).get(MODEL)
    assert entry is not None
    return models.directory(entry)


def test_a_sure_distribution_is_the_distance_of_its_bin() -> None:
    distances = np.full((1, 4, picodet.BINS), -50, np.float32)
    for side, cells in enumerate((1, 2, 3, 4)):
        distances[0, side, cells] = 50
    boxes = picodet.decoded(distances.reshape(1, -1), np.array([[100, 80]], np.float32), np.array([8], np.float32))
    assert boxes.tolist() == [[100 - 8, 80 - 16, 100 + 24, 80 + 32]]


def test_an_even_distribution_is_the_mean_of_all_distances() -> None:
    boxes = picodet.decoded(
        np.zeros((1, 32), np.float32), np.array([[100, 100]], np.float32), np.array([16], np.float32)
    )
    assert boxes == pytest.approx(np.array([[44, 44, 156, 156]]))


def test_cells_cover_the_input_row_by_row() -> None:
    centres, sides = picodet.cells(416, (8, 64))
    assert len(centres) == 52 * 52 + 7 * 7
    assert centres[0].tolist() == [4, 4] and centres[1].tolist() == [12, 4] and centres[52].tolist() == [4, 12]
    assert sides[0] == 8 and sides[-1] == 64 and centres[-1].tolist() == [416, 416]


def test_people_and_a_television_are_where_they_are(load: Callable[[str], Any], shared_directory: Path) -> None:
    picture = coco(shared_directory, 139)
    (found,) = load(MODEL).run([picture])
    television, *_ = [each for each in found if each.name == "tv"]
    # The labels of the data set: centre 0.128, 0.505, size 0.233 by 0.223 of 640 by 426 pixels.
    assert television.score > 0.7
    assert (television.box.left, television.box.right) == pytest.approx((7, 156.3), abs=10)
    assert (television.box.top, television.box.bottom) == pytest.approx((167.8, 262.6), abs=10)
    assert {each.name for each in found if each.score > 0.5} >= {"tv", "chair", "person"}


def test_a_batch_gives_what_each_picture_gives_alone(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine, pictures = load(MODEL), [coco(shared_directory, number) for number in (139, 1818)]
    assert engine.run(pictures) == [*engine.run(pictures[:1]), *engine.run(pictures[1:])]
    assert engine.run([]) == []


def test_a_plain_picture_has_nothing_sure(load: Callable[[str], Any]) -> None:
    for size in ((1, 1), (3, 700), (480, 640)):
        (found,) = load(MODEL).run([Picture(plain((128, 128, 128), *size))])
        assert all(each.score < 0.5 for each in found)


def test_the_tidied_graph_computes_the_same_in_fewer_steps(models: ModelStore) -> None:
    path = folder(models) / FILE
    values = picodet.network_input(np.random.default_rng(1).integers(0, 256, (300, 400, 3)).astype(np.uint8))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    before, after = (
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]).run(None, {"image": values})
        for model in (str(path), tidied(path))
    )
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
    kinds = [
        [node.op_type for node in model.graph.node]
        for model in (onnx.load(str(path)), onnx.load_from_string(tidied(path)))
    ]
    assert kinds[0].count("Div") == 87 and kinds[1].count("Div") == 0
    assert kinds[1].count("HardSigmoid") == kinds[0].count("HardSigmoid") + 87


def test_a_network_with_other_outputs_is_refused(tmp_path: Path) -> None:
    shape = [1, 3, 416, 416]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["image"], ["out"])],
        "other",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
    )
    onnx.save(helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)]), str(tmp_path / FILE))
    entry = Catalog.load([SERVICE]).get(MODEL)
    assert entry is not None
    with pytest.raises(ValueError, match="not those of PicoDet"):
        picodet.load(entry, tmp_path, "cpu")
