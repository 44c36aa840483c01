"""Faces of the vision service on the annotated pictures of the shared data, one table.

    NONET_SHARED=<shared folder> python -m bench.quality.faces [--only verification ...] [--json FILE] [--average]

Everything goes through ``FaceAnalyzer`` and the catalog's models, but for the milliseconds, which are the bare
engines'. The annotations (tests/quality/vision/faces.toml) were made by eye; many attributes' constants were fitted to
the same faces, so these figures say how well they fit, not how well they do elsewhere. ``--average`` prints the
average face of services/vision/faces/pose.py anew.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from services.vision.faces.analysis import AnalyzedFace, FaceAnalyzer, FaceAttribute, face_picture
from services.vision.faces.pose import ANCHORS, MIDDLE, PAIRS, rigid_fit
from services.vision.faces.similarity import MATCH, similarity
from services.vision.tasks import EyePicture, FoundFace
from shared.media.boxes import Box
from shared.media.images import ImageLimits, decode_image
from shared.models.catalog import REPOSITORY_ROOT, Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import load_engine
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture, Pixels

CATALOG = REPOSITORY_ROOT / "services" / "vision" / "catalog.toml"
ANNOTATIONS = REPOSITORY_ROOT / "tests" / "quality" / "vision" / "faces.toml"
FOLDERS = ("faces_ageitgey", "google_vision", "coco_val_yolo/images")
MODELS = (
    "yunet-n",
    "mediapipe-face-mesh",
    "mediapipe-iris",
    "faceapi-age-gender",
    "faceapi-expression",
    "faceapi-recognition",
)
EMBEDDER = "faceapi-recognition"
#: Overlap (intersection over union) from which an annotated face counts as found, and least height of one, pixels.
FOUND, LEAST_HEIGHT = 0.4, 24
#: Least height of a face that is cut out to fill a picture, and the longer side that it gets; and mosaics (columns,
#: lines).
FILLING_HEIGHT, FILLED_SIDE = 90, 1200
MOSAICS = ((2, 2), (4, 3), (6, 5))
HEIGHTS = (96, 64, 48, 40, 32, 28, 24, 20, 16)
BLURS = (1.0, 2.0, 3.0, 4.0)
LIGHTS = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
ROUNDS = 15

Row = tuple[str, str, float, str]  # what, data, value, remark
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face that was annotated by eye; ``facts``: what else is known of it, "gender", "mouth" ..."""

    box: Box
    facts: dict[str, Any]


@dataclass(slots=True)
class Example:
    """A picture, its known faces, the boxes that are neither owed nor wrong, and what was found."""

    name: str
    picture: Picture
    known: tuple[KnownFace, ...] = ()
    doubtful: tuple[Box, ...] = ()
    found: Sequence[AnalyzedFace] = ()
    vectors: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def matches(self) -> Iterator[tuple[KnownFace, int | None]]:
        """Each known face, and the index of the found one that overlaps it most, if by enough."""
        for known in self.known:
            overlaps = [known.box.overlap(face.box) for face in self.found]
            best = int(np.argmax(overlaps)) if overlaps else None
            yield known, best if best is not None and overlaps[best] >= FOUND else None


def examples(data: Path) -> list[Example]:
    """All pictures of the folders; ``data``: the vision folder of the shared data."""
    annotated = {entry["path"]: entry for entry in tomllib.loads(ANNOTATIONS.read_text("utf-8"))["picture"]}
    shown = []
    for path in sorted(path for folder in FOLDERS for path in (data / folder).glob("*.[jp][pn]g")):
        name = path.relative_to(data).as_posix()
        entry = annotated.pop(name, {})
        shown.append(
            Example(
                name,
                Picture(decode_image(path.read_bytes(), ImageLimits())),
                tuple(
                    KnownFace(Box(*face["box"]), {key: value for key, value in face.items() if key != "box"})
                    for face in entry.get("face", ())
                ),
                tuple(Box(*box) for box in entry.get("doubtful", ())),
            )
        )
    if annotated:
        raise FileNotFoundError(f"annotated pictures are not there: {', '.join(annotated)}")
    return shown


class Bench:
    """The models, and the pictures once they were looked at."""

    def __init__(self, models: ModelStore, shown: Sequence[Example]) -> None:
        self.catalog, self.models, self.shown = Catalog.load([CATALOG]), models, shown
        for model_id in MODELS:
            models.pull(self.entry(model_id))
        self.runtime = Runtime(self.catalog, models, [Device("cpu", 4 << 30)])
        self.analyzer = FaceAnalyzer(self.runtime)

    def entry(self, model_id: str) -> Any:
        entry = self.catalog.get(model_id)
        assert entry is not None, model_id
        return entry

    async def look(self) -> None:
        """Find, describe and embed every face."""
        for each in self.shown:
            if not len(each.found):
                each.found = (await self.analyzer.detect(each.picture, frozenset({FaceAttribute.ALL}))).faces
                found = [face.found for face in each.found]
                each.vectors = (await self.analyzer.embed(each.picture, found)).vectors

    def known(self, fact: str) -> list[tuple[Any, AnalyzedFace]]:
        """(what is known, the face) of the found faces of which ``fact`` is known."""
        return [
            (known.facts[fact], each.found[index])
            for each in self.shown
            for known, index in each.matches()
            if index is not None and fact in known.facts
        ]


async def detection(bench: Bench) -> list[Row]:
    """How many annotated faces are found, and how many others, and where."""
    await bench.look()
    owed, found, wrong = 0, 0, list[str]()
    for each in bench.shown:
        indexes = [index for _, index in each.matches()]
        owed += len(indexes)
        found += sum(index is not None for index in indexes)
        allowed = [*(known.box for known in each.known), *each.doubtful]
        wrong += [
            each.name.rpartition("/")[2]
            for face in each.found
            if face.box.height >= LEAST_HEIGHT and not any(box.overlap(face.box) > 0.2 for box in allowed)
        ]
    data = f"{len(bench.shown)} pictures"
    return [
        ("annotated faces", data, owed, f"{LEAST_HEIGHT} pixels or taller"),
        ("of these found, %", data, 100 * found / owed, f"{found} of {owed}"),
        ("wrong faces", data, len(wrong), ", ".join(wrong)),
    ]


def people(bench: Bench) -> list[tuple[str, str, npt.NDArray[np.float32]]]:
    """(who, picture, vector) of the faces whose person is known."""
    return [
        (known.facts["who"], each.name.rpartition("/")[2], each.vectors[index])
        for each in bench.shown
        for known, index in each.matches()
        if index is not None and "who" in known.facts
    ]


async def sizes(bench: Bench) -> list[Row]:
    """Faces that fill their picture, and faces in pictures put together out of many."""
    await bench.look()
    filling, found = 0, 0
    for each in bench.shown:
        for known in each.known:
            for growth in (0.85, 1.0, 1.3) if known.box.height >= FILLING_HEIGHT else ():
                height, width = each.picture.pixels.shape[:2]
                part = known.box.scaled(growth).clipped(width, height)
                pixels = each.picture.pixels[int(part.top) : int(part.bottom), int(part.left) : int(part.right)]
                large = _tall(FILLED_SIDE, pixels, max(pixels.shape[:2]))
                faces = (await bench.analyzer.detect(Picture(np.asarray(large, np.uint8)), frozenset())).faces
                filling += 1
                found += bool(faces) and faces[0].box.area > 0.3 * large.shape[0] * large.shape[1]
    rows = [("faces that fill the picture, found %", "known faces", 100 * found / filling, f"{found} of {filling}")]
    for columns, lines in MOSAICS:
        picture, known_boxes = mosaic(bench.shown, columns, lines)
        boxes = [face.box for face in (await bench.analyzer.detect(picture, frozenset())).faces]
        hits = sum(any(box.overlap(other) >= FOUND for other in boxes) for box in known_boxes)
        what = f"{picture.pixels.shape[1]} x {picture.pixels.shape[0]}"
        share = 100 * hits / len(known_boxes)
        rows.append(("faces of a mosaic, found %", what, share, f"{hits} of {len(known_boxes)}"))
    return rows


def mosaic(shown: Sequence[Example], columns: int, lines: int) -> tuple[Picture, list[Box]]:
    """Annotated pictures of COCO beside one another, each at most 640 x 480, and the faces in there."""
    width, height = 640, 480
    canvas = np.zeros((lines * height, columns * width, 3), np.uint8)
    parts = itertools.cycle([each for each in shown if each.known and "coco" in each.name])
    boxes: list[Box] = []
    for (line, column), each in zip(itertools.product(range(lines), range(columns)), parts, strict=False):
        pixels = each.picture.pixels
        factor = min(width / pixels.shape[1], height / pixels.shape[0], 1.0)
        part = np.asarray(_tall(pixels.shape[0] * factor, pixels, pixels.shape[0]), np.uint8)
        canvas[line * height :, column * width :][: part.shape[0], : part.shape[1]] = part
        for known in each.known:
            box = known.box
            scaled = Box(box.left * factor, box.top * factor, box.right * factor, box.bottom * factor)
            boxes.append(scaled.moved(column * width, line * height))
    return Picture(canvas), boxes


async def verification(bench: Bench) -> list[Row]:
    """Distances of all pairs of known people, and errors at the default threshold."""
    await bench.look()
    model, faces = bench.entry(EMBEDDER), people(bench)
    same, different, errors = list[float](), list[float](), 0
    for (who, _, one), (other, _, two) in itertools.combinations(faces, 2):
        distance = float(np.linalg.norm(one - two))
        (same if who == other else different).append(distance)
        errors += (similarity(distance, model) >= MATCH) != (who == other)
    data = f"{len(faces)} faces of {len({who for who, _, _ in faces})} people"
    return [
        ("greatest distance, same person", data, max(same), f"{len(same)} pairs, mean {statistics.mean(same):.3f}"),
        (
            "least distance, two people",
            data,
            min(different),
            f"{len(different)} pairs, mean {statistics.mean(different):.3f}",
        ),
        ("least similarity, same person", data, similarity(max(same), model), "threshold 80"),
        ("greatest similarity, two people", data, similarity(min(different), model), "threshold 80"),
        ("errors at similarity 80", data, errors, f"of {len(same) + len(different)} pairs"),
    ]


async def attributes(bench: Bench) -> list[Row]:
    """How often each attribute says what the eye does."""
    await bench.look()
    rows: list[Row] = []

    def agreement(what: str, fact: str, says: Callable[[AnalyzedFace], Any]) -> None:
        pairs = [(known, says(face)) for known, face in bench.known(fact)]
        told = [(known, said) for known, said in pairs if said is not None]
        right = sum(known == said for known, said in told)
        remark = f"{right} of {len(told)} right, {len(pairs) - len(told)} not told"
        rows.append((f"{what}, % right", "annotated faces", 100 * right / len(told), remark))

    agreement("gender", "gender", lambda face: face.gender and face.gender.value)
    agreement("smile", "smile", lambda face: face.smile and face.smile.value)
    agreement("mouth", "mouth", lambda face: face.mouth_open and ("open" if face.mouth_open.value else "closed"))
    agreement("eyes", "eyes", lambda face: face.eyes_open and ("open" if face.eyes_open.value else "shut"))
    ages = bench.known("age")
    within = [face.age_range.low <= high and low <= face.age_range.high for (low, high), face in ages if face.age_range]
    rows.append(
        ("age range meets the known one, %", "known people", 100 * float(np.mean(within)), f"{len(ages)} faces")
    )
    looks = [face.eye_direction for _, face in bench.known("looks") if face.eye_direction]
    for axis in ("yaw", "pitch"):
        error = float(np.mean([abs(getattr(direction, axis)) for direction in looks]))
        rows.append((f"eye direction, mean |{axis}|", "people who look into the camera", error, f"{len(looks)} faces"))
    return rows


async def limits(bench: Bench) -> list[Row]:
    """How far a known face lies from itself once its picture is worse, the farthest of all; and its quality then."""
    await bench.look()
    chosen: dict[str, tuple[Pixels, AnalyzedFace, npt.NDArray[np.float32]]] = {}
    for each in bench.shown:
        for known, index in each.matches():
            if index is not None and "who" in known.facts and len(each.known) == 1:
                chosen.setdefault(known.facts["who"], (each.picture.pixels, each.found[index], each.vectors[index]))
    rows: list[Row] = []

    async def worse(what: str, change: Callable[[Pixels, float], Any]) -> None:
        distances, missed, sharpness, brightness = list[float](), 0, list[float](), list[float]()
        for pixels, face, vector in chosen.values():
            changed = Picture(np.asarray(change(pixels, face.box.height), np.uint8))
            found = (await bench.analyzer.detect(changed, frozenset())).faces
            if not found:
                missed += 1
                continue
            embedded = await bench.analyzer.embed(changed, [found[0].found])
            distances.append(float(np.linalg.norm(embedded.vectors[0] - vector)))
            sharpness.append(found[0].quality.sharpness)
            brightness.append(found[0].quality.brightness)
        seen = f"{missed} of {len(chosen)} not found"
        if distances:
            seen += f"; sharpness {max(sharpness):.0f}, brightness {max(brightness):.0f} at most"
        rows.append((f"distance from itself, {what}", "known people", max(distances, default=float("nan")), seen))

    for height in HEIGHTS:
        await worse(f"{height} pixels tall", partial(_tall, height))
    for blur in BLURS:
        await worse(f"blur {blur:g}/112", partial(_blurred, blur))
    for light in LIGHTS:
        await worse(f"{light:g} of the light", partial(_dark, light))
    return rows


def _tall(wanted: float, pixels: Pixels, tall: float) -> Any:
    factor = wanted / tall
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=interpolation)


def _blurred(deviation: float, pixels: Pixels, tall: float) -> Any:
    return cv2.GaussianBlur(pixels, (0, 0), deviation * tall / 112)


def _dark(light: float, pixels: Pixels, _tall: float) -> Any:
    return pixels * light


async def speed(bench: Bench) -> list[Row]:
    """Milliseconds of the bare engines: the detector's a picture, the others' a face, one at a time and eight."""
    await bench.look()
    portrait = next(each for each in bench.shown if each.name.endswith("/obama.jpg"))
    small = Picture(np.asarray(cv2.resize(portrait.picture.pixels, (640, 480)), np.uint8))
    crop, _ = face_picture(portrait.picture, portrait.found[0].found)
    rows: list[Row] = []
    items: dict[str, Any] = {model_id: crop for model_id in MODELS}
    for model_id in MODELS:
        entry = bench.entry(model_id)
        engine = load_engine(entry, bench.models.directory(entry), "cpu")
        if model_id == "mediapipe-face-mesh":
            items["mediapipe-iris"] = EyePicture(crop.pixels, engine.run([crop])[0])
        if model_id == "yunet-n":
            rows.append((f"ms a picture, {model_id}", "640 x 480", _milliseconds(engine, [small]), "p50"))
            large = Picture(np.asarray(cv2.resize(portrait.picture.pixels, (4000, 3000)), np.uint8))
            rows.append((f"ms a picture, {model_id}", "4000 x 3000", _milliseconds(engine, [large]), "p50"))
        else:
            eight = _milliseconds(engine, [items[model_id]] * 8) / 8
            one = _milliseconds(engine, [items[model_id]])
            rows.append((f"ms a face, {model_id}", "portrait", one, f"p50; {eight:.1f} in batches of 8"))
        engine.close()
    return rows


def _milliseconds(engine: Any, items: Sequence[Any]) -> float:
    engine.run(items)
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        engine.run(items)
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds)


SUITES = {
    "detection": detection,
    "sizes": sizes,
    "verification": verification,
    "attributes": attributes,
    "limits": limits,
    "speed": speed,
}


async def distances(bench: Bench) -> list[str]:
    """The table of all known people's distances, as text."""
    await bench.look()
    faces = people(bench)
    lines = [" " * 26 + " ".join(f"{name[:7]:>7}" for _, name, _ in faces)]
    for _, name, one in faces:
        lines.append(f"{name[:25]:26}" + " ".join(f"{np.linalg.norm(one - two):7.3f}" for _, _, two in faces))
    return lines


async def average_face(bench: Bench) -> Array:
    """The average face at ``ANCHORS``: generalised Procrustes of all meshes of known faces and their mirror images
    (Gower, 1975), upright by the line from the top of the forehead to the chin, one between the outer eye corners."""
    await bench.look()
    engine = load_engine(
        bench.entry("mediapipe-face-mesh"), bench.models.directory(bench.entry("mediapipe-face-mesh")), "cpu"
    )
    crops = [
        face_picture(each.picture, FoundFace(face.box, 1.0, face.found.points))[0]
        for each in bench.shown
        for _, index in each.matches()
        if index is not None and (face := each.found[index]).presence > 0.9 and face.box.height >= 60
    ]
    meshes = [mesh.points.astype(np.float64) for mesh in engine.run(crops)]
    mirrors = {point: point for point in MIDDLE} | dict(PAIRS) | {left: right for right, left in PAIRS}
    order = [ANCHORS.index(mirrors[point]) for point in ANCHORS]
    flip = np.array([-1.0, 1.0, 1.0])
    shapes = [mesh[list(ANCHORS)] for mesh in meshes]
    shapes += [(shape * flip)[order] for shape in shapes]
    mean = _normal(shapes[0])
    for _ in range(20):
        mean = _normal(np.mean([_fitted(shape, shape, mean) for shape in shapes], axis=0))
    whole = np.median([_fitted(mesh, mesh[list(ANCHORS)], mean) for mesh in meshes], axis=0)
    across = sum(mean[ANCHORS.index(left)] - mean[ANCHORS.index(right)] for right, left in PAIRS)
    across /= np.linalg.norm(across)
    down = whole[152] - whole[10]
    down -= across * (across @ down)
    down /= np.linalg.norm(down)
    face = mean @ np.stack([across, down, np.cross(across, down)]).T
    face = (face + (face * flip)[order]) / 2
    face /= face[ANCHORS.index(263), 0] - face[ANCHORS.index(33), 0]
    return np.asarray(face - face[ANCHORS.index(168)])


def _normal(shape: Array) -> Array:
    centred = shape - shape.mean(axis=0)
    return np.asarray(centred / np.sqrt((centred**2).sum()))


def _fitted(points: Array, anchors: Array, target: Array) -> Array:
    """``points`` moved as ``anchors`` have to be to lie nearest to ``target``."""
    rotation, scale, shift = rigid_fit(anchors, target)
    return np.asarray(scale * points @ rotation.T + shift)


async def measure(data: Path, models: ModelStore, suites: Sequence[str] = tuple(SUITES)) -> list[Row]:
    """The rows of the table; ``data``: the vision folder of the shared data. Models are pulled into ``models``."""
    bench = Bench(models, examples(data))
    rows = [row for suite in suites for row in await SUITES[suite](bench)]
    await bench.runtime.close()
    return rows


async def _printed(data: Path, models: ModelStore, suites: Sequence[str], average: bool) -> list[Row]:
    bench, rows = Bench(models, examples(data)), list[Row]()
    if average:
        for point, place in zip(ANCHORS, (await average_face(bench)).round(3).tolist(), strict=True):
            print(f"{point:4}", place)
        suites = ()
    for suite in suites:
        for row in await SUITES[suite](bench):
            rows.append(row)
            what, source, value, remark = row
            print(f"{what:40} {source:32} {value:8.2f}  {remark}", flush=True)
        if suite == "verification":
            print("\n".join(await distances(bench)), flush=True)
    await bench.runtime.close()
    return rows


def main() -> None:
    shared = Path(os.environ.get("NONET_SHARED", REPOSITORY_ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=SUITES, default=list(SUITES))
    parser.add_argument("--average", action="store_true", help="print the average face and nothing else")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    data = shared / "data" / "vision"
    if not data.is_dir():
        sys.exit(f"there are no pictures at {data}: set NONET_SHARED")
    mirror = os.environ.get("NONET_MODEL_MIRROR")
    with tempfile.TemporaryDirectory() as folder:
        models = ModelStore(Path(folder), Path(mirror) if mirror else shared / "models")
        rows = asyncio.run(_printed(data, models, options.only, options.average))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
