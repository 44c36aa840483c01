"""DetectLabels through the service beside the bare engines: the same models and pictures, in alternated rounds.

Over the wire come JPEG files, which the service decodes; the bare engines get pixels. Both use all cores.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.servers import nonet
from nonet import Nonet
from services.vision.images import LIMITS
from services.vision.tasks import CLASSIFY_IMAGE, DETECT_OBJECTS
from shared.media.images import decode_image
from shared.models.catalog import REPOSITORY_ROOT, Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import load_engine
from shared.settings import settings
from shared.tasks.reading import Picture

PICTURES = 32
ROUNDS = 5
BATCH = 8


def photographs() -> list[bytes]:
    """JPEG files of COCO, 640 pixels wide."""
    shared = Path(os.environ.get("NONET_SHARED", REPOSITORY_ROOT.parent / "shared"))
    paths = sorted((shared / "data" / "vision" / "coco_val_yolo" / "images").glob("*.jpg"))[:PICTURES]
    if not paths:
        raise SystemExit("the bench needs the photographs of the shared data: name its folder in NONET_SHARED")
    return [path.read_bytes() for path in paths]


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


class Bare:
    """The two engines that DetectLabels asks, without anything around them."""

    def __init__(self, store: ModelStore) -> None:
        catalog = Catalog.load()
        self.engines = []
        for task in (DETECT_OBJECTS, CLASSIFY_IMAGE):
            entry = catalog.for_task(task)[0]
            store.pull(entry)
            self.engines.append(load_engine(entry, store.directory(entry), "cpu"))

    def run(self, pictures: Sequence[Picture]) -> None:
        for engine in self.engines:
            engine.run(pictures)


def report() -> list[str]:
    files = photographs()
    pictures = [Picture(decode_image(data, LIMITS)) for data in files]
    store = ModelStore(settings().data_directory, settings().model_mirror)
    bare = Bare(store)
    detector = bare.engines[0]
    with nonet("up", models=store.place("")) as server, Nonet(f"127.0.0.1:{server.grpc_port}") as client:

        def ask(data: bytes) -> None:
            client.vision.detect_labels(image={"bytes": data})

        for data, picture in zip(files[:4], pictures, strict=False):
            ask(data)
            bare.run([picture])
        own: list[float] = []
        alone: list[float] = []
        served: list[float] = []
        for _ in range(ROUNDS):
            for data, picture in zip(files, pictures, strict=True):
                own.append(timed(lambda picture=picture: bare.run([picture])))  # type: ignore[misc]
                alone.append(timed(lambda picture=picture: detector.run([picture])))  # type: ignore[misc]
                served.append(timed(lambda data=data: ask(data)))  # type: ignore[misc]
        rates = [(throughput_bare(bare, pictures), throughput(ask, files)) for _ in range(ROUNDS)]
    decoding = statistics.median(timed(lambda data=data: decode_image(data, LIMITS)) for data in files)  # type: ignore[misc]
    own_p50, served_p50 = statistics.median(own), statistics.median(served)
    bare_rate, rate = (statistics.median(pair[side] for pair in rates) for side in (0, 1))
    return [
        f"{PICTURES} photographs of 640 pixels, {ROUNDS} alternated rounds, gRPC, one client: engines alone p50 "
        f"{own_p50 * 1000:.1f} ms (the detector {statistics.median(alone) * 1000:.1f} ms of it), decoding a JPEG "
        f"{decoding * 1000:.1f} ms, DetectLabels p50 {served_p50 * 1000:.1f} ms: **{served_p50 / own_p50:.2f}x**.",
        "",
        f"{BATCH} clients, beside the engines in batches of {BATCH}: {rate:.1f} against {bare_rate:.1f} pictures/s, "
        f"**{statistics.median(b / a for a, b in rates):.2f}x**.",
    ]


def throughput_bare(bare: Bare, pictures: Sequence[Picture]) -> float:
    """Pictures a second of the engines, given eight at a time."""
    seconds = timed(lambda: [bare.run(pictures[at : at + BATCH]) for at in range(0, len(pictures), BATCH)])
    return len(pictures) / seconds


def throughput(ask: Callable[[bytes], None], files: Sequence[bytes]) -> float:
    """Pictures a second of eight clients."""
    with ThreadPoolExecutor(BATCH) as pool:
        seconds = timed(lambda: list(pool.map(ask, files)))
    return len(files) / seconds
