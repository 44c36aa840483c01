"""The heavy engine on tiny random checkpoints that these tests build; skipped where torch is absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.vision.engines.transformers_vision import Preparation
from services.vision.tasks import CLASSIFY_IMAGE, DETECT_OBJECTS
from shared import errors
from shared.models.catalog import Catalog, CatalogEntry, Tier
from shared.models.store import ModelStore
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture

PICTURE = Picture(np.random.default_rng(3).integers(0, 255, (60, 90, 3), dtype=np.uint8))
PREPARATION = {"size": {"height": 32, "width": 32}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}


def test_preparation_reads_what_the_library_writes(tmp_path: Path) -> None:
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps({"size": {"shortest_edge": 256}, "crop_size": 224, "do_center_crop": True, "resample": 3}))
    read = Preparation.read(path)
    assert (read.height, read.width, read.crop, read.resampling) == (256, 256, (224, 224), "bicubic")
    path.write_text(json.dumps({"size": 384, "do_normalize": False, "do_rescale": False}))
    read = Preparation.read(path)
    assert (read.height, read.factor, read.mean, read.deviation) == (384, 1.0, (0.0,) * 3, (1.0,) * 3)


def checkpoint(folder: Path, kind: str, **config: Any) -> Path:
    torch = pytest.importorskip("torch", reason="torch is in the engine environment `transformers` only")
    transformers = pytest.importorskip("transformers", reason="in the engine environment `transformers` only")
    torch.manual_seed(1)
    small = {
        "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
        "id2label": {0: "cat", 1: "dog", 2: "teapot"}, "patch_size": 8, **config,
    }  # fmt: skip
    name = {"Yolos": "YolosForObjectDetection", "ViT": "ViTForImageClassification"}[kind]
    getattr(transformers, name)(getattr(transformers, f"{kind}Config")(**small)).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION))
    return folder


def entry(engine: str, task: str = DETECT_OBJECTS, **options: Any) -> CatalogEntry:
    return CatalogEntry(
        id="tiny", task=task, engine=f"services.vision.engines.transformers_vision:{engine}", tier=Tier.HEAVY,
        licence="none", description="built by a test", memory_bytes=1_000_000, devices=("cuda", "cpu"), options=options,
    )  # fmt: skip


def test_a_detector(tmp_path: Path) -> None:
    from services.vision.engines.transformers_vision import load_detector

    folder = checkpoint(tmp_path, "Yolos", image_size=[32, 32], num_detection_tokens=7)
    engine = load_detector(entry("load_detector"), folder, "cpu")
    both = engine.run([PICTURE, Picture(PICTURE.pixels[:30])])
    assert len(both) == 2
    for found in both:
        assert {each.name for each in found} <= {"cat", "dog", "teapot"}
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert both[0]
    engine.close()


def test_a_classifier_and_its_labels(tmp_path: Path) -> None:
    from services.vision.engines.transformers_vision import load_classifier

    folder = checkpoint(tmp_path, "ViT", image_size=32)
    (classes,) = load_classifier(entry("load_classifier"), folder, "cpu").run([PICTURE])
    assert {each.name for each in classes} == {"cat", "dog", "teapot"}
    assert sum(each.score for each in classes) == pytest.approx(1, abs=1e-5)
    with pytest.raises(errors.FailedPrecondition, match="2 names for 3 classes"):
        load_classifier(entry("load_classifier", labels=["a", "b"]), folder, "cpu")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(errors.FailedPrecondition, match="whole checkpoint"):
        load_classifier(entry("load_classifier"), folder, "cpu")


async def test_the_scheduler_puts_it_where_there_is_room(tmp_path: Path) -> None:
    """No GPU here: the devices are a simulated one, which is full, and the CPU. The code path is the one of a GPU."""
    checkpoint(tmp_path / "models" / "tiny", "ViT", image_size=32)
    runtime = Runtime(
        Catalog([entry("load_classifier", CLASSIFY_IMAGE)]),
        ModelStore(tmp_path),
        [Device("cuda:0", 10), Device("cpu", 10_000_000)],
    )
    async with await runtime.lease(CLASSIFY_IMAGE) as lease:
        (classes,) = await lease.run([PICTURE])
        assert len(classes) == 3 and runtime.loaded() == [("tiny", "cpu", 1)]
    await runtime.close()
