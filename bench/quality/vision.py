"""Labels of the vision service: how right the boxes are, and what the service costs beside its bare engines.

    NONET_SHARED=<shared folder> python -m bench.quality.vision [--server HOST:PORT] [--only accuracy] [--json FILE]

Accuracy is COCO's mAP@[.5:.95] on the photographs of COCO's validation set in the shared data, of the bare detector, of
the same through ``Labeler``, and, with ``--server``, through DetectLabels of a running Nonet over gRPC. The measure is
our own code: average precision at 101 recalls, as pycocotools defines it, for ten overlaps from 0.5 to 0.95, the mean
over the classes that occur. It knows no crowds: their boxes are not in the YOLO files, so that what is found there
counts as wrong. 64 photographs are few: a figure of all 5,000 may differ by some points.

Speed is measured in alternated rounds of one run, the engines one after the other beside ``Labeler``, which runs both
at once: milliseconds of one picture, and pictures a second, eight at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from services.vision.engines.coco import NAMES
from services.vision.geometry import overlaps
from services.vision.labels.labeler import Labeler, LabelWish
from services.vision.labels.taxonomy import taxonomy
from services.vision.tasks import CLASSIFY_IMAGE, DETECT_OBJECTS
from shared.media.boxes import Box
from shared.models.catalog import REPOSITORY_ROOT, Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import load_engine
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture

CATALOG = REPOSITORY_ROOT / "services" / "vision" / "catalog.toml"
DETECTOR, CLASSIFIER = "picodet-s-coco", "mobilenet-v2-imagenet"
#: Everything that the detector gives comes through.
EVERYTHING = LabelWish(max_labels=None, min_confidence=0.0)
OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
RECALLS = np.linspace(0, 1, 101)
MOST_FOUND = 100
ROUNDS, BATCH = 5, 8

Row = tuple[str, str, float, str]  # what, data, value, remark


@dataclass(frozen=True, slots=True)
class Placed:
    """An object of a class at a place (pixels): found with a score, or labelled by hand (score 1)."""

    name: str
    box: Box
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """A photograph and what is on it."""

    path: Path
    picture: Picture
    truth: tuple[Placed, ...]


# --- the measure -----------------------------------------------------------------------------------------------------


def mean_average_precision(
    found: Sequence[Sequence[Placed]], truth: Sequence[Sequence[Placed]], limits: Sequence[float] = OVERLAPS
) -> float:
    """COCO's mAP, 0..100: over the overlaps ``limits`` and the classes that occur. One list a picture in both."""
    best = [sorted(each, key=lambda one: -one.score)[:MOST_FOUND] for each in found]
    names = sorted({one.name for each in truth for one in each})
    scores = [_average_precision(best, truth, name, limit) for name in names for limit in limits]
    return 100 * float(np.mean(scores)) if scores else 0.0


def _average_precision(
    found: Sequence[Sequence[Placed]], truth: Sequence[Sequence[Placed]], name: str, limit: float
) -> float:
    """Of one class at one overlap, 0..1: mean of the best precision at each recall or a greater one."""
    hits: list[tuple[float, bool]] = []
    expected = 0
    for mine, theirs in zip(found, truth, strict=True):
        boxes = _array([one.box for one in theirs if one.name == name])
        expected += len(boxes)
        hits += _matched([one for one in mine if one.name == name], boxes, limit)
    hits.sort(key=lambda hit: -hit[0])
    right = np.cumsum([hit for _, hit in hits])
    precision = right / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(right / expected, RECALLS, side="left")
    return float(np.append(precision, 0.0)[places].mean())


def _matched(found: Sequence[Placed], boxes: npt.NDArray[np.float32], limit: float) -> list[tuple[float, bool]]:
    """Score of each object, surest first, and whether it lies on a labelled box that none before it took."""
    free = np.ones(len(boxes), np.bool_)
    hits = []
    for one in sorted(found, key=lambda each: -each.score):
        shared = np.where(free, overlaps(boxes, _array([one.box])[0]), -1.0)
        best = int(shared.argmax()) if len(shared) else -1
        hit = best >= 0 and bool(shared[best] >= limit)
        if hit:
            free[best] = False
        hits.append((one.score, hit))
    return hits


def _array(boxes: Sequence[Box]) -> npt.NDArray[np.float32]:
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], np.float32).reshape(-1, 4)


# --- what is measured ------------------------------------------------------------------------------------------------


def examples(folder: Path) -> list[Example]:
    """The photographs with labels in YOLO's format: class, then centre and size as shares of the sides."""
    found = []
    for path in sorted((folder / "images").glob("*.jpg")):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        height, width = pixels.shape[:2]
        truth = []
        labels = folder / "labels" / f"{path.stem}.txt"
        for line in labels.read_text("utf-8").splitlines() if labels.is_file() else ():
            number, x, y, w, h = line.split()
            centre, half = (float(x) * width, float(y) * height), (float(w) * width / 2, float(h) * height / 2)
            box = Box(centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1])
            truth.append(Placed(NAMES[int(number)], box))
        found.append(Example(path, Picture(pixels), tuple(truth)))
    return found


class Bench:
    """The two engines by themselves, and a runtime that has them too."""

    def __init__(self, models: ModelStore) -> None:
        catalog = Catalog.load([CATALOG])
        self._engines: dict[str, Any] = {}
        for model_id in (DETECTOR, CLASSIFIER):
            entry = catalog.get(model_id)
            assert entry is not None
            models.pull(entry)
            self._engines[model_id] = load_engine(entry, models.directory(entry), "cpu")
        preferences = {DETECT_OBJECTS: [DETECTOR], CLASSIFY_IMAGE: [CLASSIFIER]}
        self.runtime = Runtime(catalog, models, [Device("cpu", 2 << 30)], preferences)
        self._labeler = Labeler(self.runtime)

    def bare(self, pictures: Sequence[Picture]) -> None:
        """Both engines, one after the other, all pictures in one batch."""
        for engine in self._engines.values():
            engine.run(pictures)

    def detected(self, picture: Picture) -> list[Placed]:
        (found,) = self._engines[DETECTOR].run([picture])
        return [Placed(each.name, each.box, each.score) for each in found]

    async def labelled(self, picture: Picture) -> list[Placed]:
        answer = await self._labeler.labels(picture, EVERYTHING)
        names = class_names()
        return [
            Placed(names[label.name], instance.box, instance.confidence / 100)
            for label in answer.labels
            for instance in label.instances
        ]

    async def labels(self, picture: Picture) -> None:
        await self._labeler.labels(picture, LabelWish())


def class_names() -> dict[str, str]:
    """The detector's class by the name of its label."""
    return {taxonomy().meaning("coco", name).labels[0].name: name for name in NAMES}


async def accuracy(bench: Bench, shown: Sequence[Example], server: str | None) -> list[Row]:
    """mAP of the bare detector, through ``Labeler``, and through the API."""
    ways: dict[str, list[list[Placed]]] = {
        "bare engine": [bench.detected(each.picture) for each in shown],
        "Labeler": [await bench.labelled(each.picture) for each in shown],
    }
    if server is not None:
        ways["DetectLabels"] = list(_through_api(shown, server))
    truth = [each.truth for each in shown]
    data, rows = f"COCO, {len(shown)} photographs", list[Row]()
    for way, found in ways.items():
        rows.append((f"mAP@[.5:.95], {way}", data, mean_average_precision(found, truth), DETECTOR))
        rows.append((f"mAP@.5, {way}", data, mean_average_precision(found, truth, (0.5,)), DETECTOR))
    return rows


def _through_api(shown: Sequence[Example], server: str) -> Iterator[list[Placed]]:
    from nonet import Nonet

    names = class_names()
    with Nonet(server) as client:
        for each in shown:
            height, width = each.picture.pixels.shape[:2]
            answer = client.vision.detect_labels(
                image={"bytes": each.path.read_bytes()}, min_confidence=0.0, max_labels=1000
            )
            found = []
            for label in answer.labels:
                for instance in label.instances:
                    place = instance.bounding_box
                    left, top = place.left * width, place.top * height
                    box = Box(left, top, left + place.width * width, top + place.height * height)
                    found.append(Placed(names[label.name], box, instance.confidence / 100))
            yield found


async def speed(bench: Bench, shown: Sequence[Example]) -> list[Row]:
    """Milliseconds of one picture (median), and pictures a second, of both ways."""
    pictures = [each.picture for each in shown][: 2 * BATCH]
    batches = [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]
    seconds: dict[str, list[float]] = defaultdict(list)

    async def timed(what: str, run: Callable[[], Any]) -> None:
        started = time.perf_counter()
        made = run()
        if asyncio.iscoroutine(made) or asyncio.isfuture(made):
            await made
        seconds[what].append(time.perf_counter() - started)

    bench.bare(batches[0])
    await asyncio.gather(*map(bench.labels, batches[0]))
    seconds.clear()
    for _ in range(ROUNDS):
        for picture in pictures:
            await timed("bare one", lambda picture=picture: bench.bare([picture]))  # type: ignore[misc]
            await timed("our one", lambda picture=picture: bench.labels(picture))  # type: ignore[misc]
        for batch in batches:
            await timed("bare batch", lambda batch=batch: bench.bare(batch))  # type: ignore[misc]
            await timed("our batch", lambda batch=batch: asyncio.gather(*map(bench.labels, batch)))  # type: ignore[misc]
    middle = {what: statistics.median(values) for what, values in seconds.items()}
    data = f"COCO, {len(pictures)} photographs"
    rates = {who: BATCH / middle[f"{who} batch"] for who in ("bare", "our")}
    return [
        ("ms a picture, both engines bare", data, 1000 * middle["bare one"], "one after the other, p50"),
        (
            "ms a picture, Labeler",
            data,
            1000 * middle["our one"],
            f"{middle['our one'] / middle['bare one']:.2f} of bare",
        ),
        ("pictures/s at 8, both engines bare", data, rates["bare"], "one after the other"),
        ("pictures/s at 8, Labeler", data, rates["our"], f"{rates['our'] / rates['bare']:.2f} of bare"),
    ]


SUITES = ("accuracy", "speed")


async def measure(
    folder: Path, models: ModelStore, suites: Sequence[str] = SUITES, server: str | None = None
) -> list[Row]:
    """The rows of the table; ``folder``: photographs and labels. Models are pulled into ``models``."""
    bench, shown = Bench(models), examples(folder)
    rows: list[Row] = []
    if "accuracy" in suites:
        rows += await accuracy(bench, shown, server)
    if "speed" in suites:
        rows += await speed(bench, shown)
    await bench.runtime.close()
    return rows


def main() -> None:
    shared = Path(os.environ.get("NONET_SHARED", REPOSITORY_ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", metavar="HOST:PORT", help="a running Nonet's gRPC address")
    parser.add_argument("--only", nargs="+", choices=SUITES, default=list(SUITES))
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    folder = shared / "data" / "vision" / "coco_val_yolo"
    if not folder.is_dir():
        sys.exit(f"there are no photographs at {folder}: set NONET_SHARED")
    mirror = os.environ.get("NONET_MODEL_MIRROR")
    with tempfile.TemporaryDirectory() as data:
        models = ModelStore(Path(data), Path(mirror) if mirror else shared / "models")
        rows = asyncio.run(measure(folder, models, options.only, options.server))
    for what, source, value, remark in rows:
        print(f"{what:38} {source:24} {value:8.2f}  {remark}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
