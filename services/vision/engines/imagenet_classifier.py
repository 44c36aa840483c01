"""A classifier of the 1,000 classes of ImageNet (Russakovsky et al., arXiv 1409.0575) on LiteRT.

The network's 8-bit output holds probabilities in steps of 1/256; classes that come to nothing are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from services.vision.engines.sessions import litert_interpreter
from services.vision.tasks import ImageClass
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture, Pixels

#: The first line of the labels file, which is no class of ImageNet.
BACKGROUND = "background"


class ImagenetClassifier:
    """Pictures in, probabilities of classes out; one picture at a time."""

    def __init__(self, interpreter: Any, names: Sequence[str]) -> None:
        (self._input,), (self._output,) = interpreter.get_input_details(), interpreter.get_output_details()
        if self._input["dtype"] is not np.uint8 or self._output["shape"][-1] != len(names):
            raise ValueError("the network does not take bytes, or its classes are not those of the labels file")
        self._interpreter = interpreter
        self._names = names

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[ImageClass]]:
        """The classes of each picture that are probable at all, most probable first."""
        return [self._classify(item.pixels) for item in items]

    def close(self) -> None:
        """The interpreter frees its memory with the last reference."""
        del self._interpreter

    def _classify(self, pixels: Pixels) -> list[ImageClass]:
        _, height, width, _ = self._input["shape"]
        self._interpreter.set_tensor(self._input["index"], network_input(pixels, int(width), int(height)))
        self._interpreter.invoke()
        scores = dequantized(self._interpreter.get_tensor(self._output["index"])[0], *self._output["quantization"])
        order = np.argsort(-scores, kind="stable")
        return [ImageClass(self._names[i], float(scores[i])) for i in order if scores[i] > 0]


def network_input(pixels: Pixels, width: int, height: int) -> Pixels:
    """Shape (1, height, width, 3): the whole picture, RGB, stretched; reduced by area so that nothing flickers."""
    shrinks = pixels.shape[1] > width and pixels.shape[0] > height
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)[None]


def dequantized(values: npt.NDArray[np.uint8], scale: float, zero: int) -> npt.NDArray[np.float32]:
    """Probabilities (0..1) of an 8-bit softmax; where rounding made their sum more than 1, they are scaled to it."""
    scores: npt.NDArray[np.float32] = (values.astype(np.float32) - np.float32(zero)) * np.float32(scale)
    return scores / np.float32(max(1.0, float(scores.sum())))


def class_names(text: str) -> list[str]:
    """A name for each line of the labels file: its first word for the class.

    Where several classes have the same, ImageNet's number (0..999) follows: "crane 134" is a bird, "crane 517" lifts.
    """
    first = [line.partition(",")[0].strip() for line in text.splitlines()]
    counts = Counter(first)
    ahead = 1 if first[:1] == [BACKGROUND] else 0
    return [name if counts[name] == 1 else f"{name} {number - ahead}" for number, name in enumerate(first)]


def load(entry: CatalogEntry, directory: Path, device: str) -> ImagenetClassifier:
    """Open the network and its labels. Raises ``ValueError`` where they do not belong together."""
    names = class_names((directory / "imagenet_labels.txt").read_text("utf-8"))
    return ImagenetClassifier(litert_interpreter(directory / "mobilenet_v2_1.0_224_quant.tflite", entry), names)
