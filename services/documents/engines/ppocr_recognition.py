"""Reading one line of text: a crop goes in, characters with columns come out (CTC, Graves et al. 2006)."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from services.documents.engines.onnx_graph import Head
from shared.tasks.reading import Pixels, Polygon

if TYPE_CHECKING:
    import onnxruntime

#: Height of the network's input, pixels.
HEIGHT = 48
#: The network halves its input's width three times: one column of output a step of eight pixels.
COLUMN = 8
#: Wider crops are squeezed: nothing legible is longer than this many heights.
MAX_ASPECT = 80.0
#: Padded pixels (width summed over the lines) of one call of the network; bounds its memory.
BATCH_WIDTH = 6000
#: Narrower crops are padded to this width (the network was trained with 320, and reads as well with less).
MIN_WIDTH = 96
#: Steps whose probabilities are worked out at once: their logits (5 MB) stay in the processor's cache.
CHUNK = 64

Classes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Character:
    """One character. ``x`` is its centre as a share of the crop's width; ``confidence`` is 0..1."""

    text: str
    confidence: float
    x: float


class Recognizer:
    """Reads upright crops of single lines."""

    def __init__(self, session: onnxruntime.InferenceSession, head: Head, alphabet: str) -> None:
        """``session``: the network without its last layer, ``head``."""
        self._session = session
        self._head = head
        self._input = session.get_inputs()[0].name
        characters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
        # Class 0 is CTC's blank, the last one the space that the list leaves out.
        self._characters = np.array(["", *characters, " "], dtype=object)
        # A Latin document read with 18,000 Chinese characters in reach gets some of them for every smudge.
        self._allowed = np.array([_in_alphabet(c, alphabet) for c in self._characters], dtype=bool).nonzero()[0]
        self._allowed_weight = np.ascontiguousarray(head.weight[:, self._allowed])
        self._allowed_bias = head.bias[self._allowed]

    def read(self, crops: Sequence[Pixels]) -> list[list[Character]]:
        """Characters of each crop (uint8, height x width x 3, RGB), left to right; blanks are characters as well."""
        aspects = [min(crop.shape[1] / max(1, crop.shape[0]), MAX_ASPECT) for crop in crops]
        widths = [max(COLUMN * 2, math.ceil(HEIGHT * aspect)) for aspect in aspects]
        results: list[list[Character]] = [[] for _ in crops]
        for batch in _batches(widths):
            padded = max(MIN_WIDTH, COLUMN * math.ceil(max(widths[index] for index in batch) / COLUMN))
            network_input = np.zeros((len(batch), 3, HEIGHT, padded), dtype=np.float32)
            for row, index in enumerate(batch):
                resized = cv2.resize(crops[index], (widths[index], HEIGHT), interpolation=cv2.INTER_LINEAR)
                network_input[row, :, :, : widths[index]] = (
                    resized[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
                )
            features = self._session.run(None, {self._input: network_input})[0]
            for row, index in enumerate(batch):
                share = padded / widths[index] / features.shape[1]
                results[index] = self._decode(features[row], share)
        return results

    def _classify(self, features: npt.NDArray[np.float32]) -> tuple[Classes, npt.NDArray[np.float32]]:
        """The likeliest allowed class of each step, and its probability among *all* classes (0 for blanks).

        All 18,000 classes are looked at only where there is a character: a fifth of the time of reading went into
        the rest.
        """
        logits = features @ self._allowed_weight + self._allowed_bias
        best = logits.argmax(axis=1)
        classes = self._allowed[best]
        confidence = np.zeros(len(classes), dtype=np.float32)
        told = classes.nonzero()[0]
        for start in range(0, len(told), CHUNK):
            steps = told[start : start + CHUNK]
            everything = features[steps] @ self._head.weight
            everything += self._head.bias
            everything -= logits[steps, best[steps], None]
            # What overflows stands for a class that is not allowed and far likelier: probability 0.
            with np.errstate(over="ignore"):
                np.exp(everything, out=everything)
                confidence[steps] = 1 / everything.sum(axis=1)
        return classes, confidence

    def _decode(self, features: npt.NDArray[np.float32], share: float) -> list[Character]:
        """The best path through (steps, features); ``share`` is one step's part of the crop's width."""
        classes, confidence = self._classify(features)
        characters: list[Character] = []
        start = 0
        for step in range(1, len(classes) + 1):
            if step < len(classes) and classes[step] == classes[start]:
                continue
            if classes[start] != 0:
                run = confidence[start:step]
                peak = start + int(run.argmax())
                text = _plain_if_doubtful(str(self._characters[classes[start]]), float(run.max()))
                characters.append(Character(text, float(run.max()), (peak + 0.5) * share))
            start = step
        return characters


def crop_line(pixels: Pixels, polygon: Polygon) -> tuple[Pixels, npt.NDArray[np.float64]]:
    """The upright crop of a rotated rectangle and the 3 x 3 matrix that takes its pixels back to the picture."""
    width = max(1, round(float(max(np.hypot(*(polygon[1] - polygon[0])), np.hypot(*(polygon[2] - polygon[3]))))))
    height = max(1, round(float(max(np.hypot(*(polygon[3] - polygon[0])), np.hypot(*(polygon[2] - polygon[1]))))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(polygon.astype(np.float32), target)
    crop = cv2.warpPerspective(
        pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)
    back: npt.NDArray[np.float64] = np.linalg.inv(matrix.astype(np.float64))
    return crop, back


def _batches(widths: Sequence[int]) -> list[list[int]]:
    """Indices grouped by similar width, so that little of a batch is padding."""
    batches: list[list[int]] = []
    for index in sorted(range(len(widths)), key=widths.__getitem__):
        current = batches[-1] if batches else None
        if (
            current is not None
            and (len(current) + 1) * max(MIN_WIDTH, widths[index]) <= BATCH_WIDTH
            and len(current) < 16
        ):
            current.append(index)
        else:
            batches.append([index])
    return batches


#: Accents read with less confidence than this are taken for specks.
_SURE_ACCENT = 0.9


def _plain_if_doubtful(character: str, confidence: float) -> str:
    """``character`` without its accent when it was read with doubt; one spelling of an empty box."""
    if character == "□":
        return "☐"
    if confidence >= _SURE_ACCENT or character.isascii() or not character.isalpha():
        return character
    plain = unicodedata.normalize("NFKD", character)[0]
    return plain if plain.isascii() else character


_SYMBOLS = set("€–—‘’“”•…™☐☑☒✓✔■□●○►▶→←↑↓≤≥≠±×÷√‰†‡°№′″")


def _in_alphabet(character: str, alphabet: str) -> bool:
    if alphabet == "all" or character == "":
        return True
    return ord(character[0]) < 0x0250 or character in _SYMBOLS
