"""A YOLO on torch in its engine environment, and the same network exported to ONNX without it.

The environment has 6 GB: it is not installed for this test. NONET_TEST_ENGINES names a data directory that has it
(``NONET_DATA_DIRECTORY=... nonet engines install ultralytics``).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from services.vision.engines.yolo_onnx import YoloOnnxDetector
from services.vision.tasks import FoundObject
from shared.models.adoption import Own, adopt
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import WorkerBinding, load_engine
from shared.tasks.reading import Picture
from tests.unit.services.vision.engines.tiny_yolo import SIDE

ENGINES = os.environ.get("NONET_TEST_ENGINES", "")
PICTURES = [Picture(np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)) for seed in (1, 2)]


def rows(found: list[FoundObject]) -> np.ndarray:
    return np.array([[f.box.left, f.box.top, f.box.right, f.box.bottom, f.score] for f in found[:20]])


@pytest.mark.slow
@pytest.mark.skipif(not ENGINES, reason="NONET_TEST_ENGINES names no data directory with the engine ultralytics")
async def test_the_checkpoint_and_its_export_see_the_same(tmp_path: Path) -> None:
    python = ModelStore(Path(ENGINES)).environment_python("ultralytics")
    program = Path(__file__).with_name("tiny_yolo.py")
    subprocess.run([python, str(program), str(tmp_path)], check=True, timeout=300, cwd=tmp_path)
    catalog, store = Catalog.load(), ModelStore(tmp_path / "data")
    torch_entry = adopt(
        catalog.templates["yolo"], Own("tiny", options={"side": str(SIDE)}), tmp_path / "checkpoint", catalog, store
    )
    onnx_entry = adopt(catalog.templates["yolo-onnx"], Own("tiny-onnx"), tmp_path / "export", catalog, store)
    binding = await WorkerBinding.load(torch_entry, store.directory(torch_entry), "cpu", python)
    try:
        by_torch = await binding.run(PICTURES)
    finally:
        await binding.close()
    exported = load_engine(onnx_entry, store.directory(onnx_entry), "cpu")
    assert isinstance(exported, YoloOnnxDetector)
    for one, other in zip(by_torch, exported.run(PICTURES), strict=True):
        assert len(one) > 5
        np.testing.assert_allclose(rows(one)[:5], rows(other)[:5], rtol=0.02, atol=1.0)
        assert [f.name for f in one[:5]] == [f.name for f in other[:5]]
