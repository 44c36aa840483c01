"""How bright, sharp and rich in contrast a picture is, and its dominant colours: whole, foreground and background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.vision.colours import DominantColour, dominant_colours, to_lab
from shared.media.boxes import Box
from shared.tasks.reading import Pixels

#: Longer side, in pixels, of the reduced picture that brightness, contrast and colours are taken from.
_REDUCED = 256
#: Longer side of the grey picture in which edges are looked for: details finer than that do not count as sharpness.
_DETAILED = 640
#: Strongest edges that make out the sharpness, and the slope (of 0..255, a pixel) that counts as half sharp.
_EDGES, _HALF_SHARP = 0.02, 48.0
#: Deviation of lightness (of 0..100) that is full contrast: half of the pixels black and half of them white.
_FULL_CONTRAST = 50.0

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ImageQuality:
    """Each 0..100.

    ``brightness``: mean lightness L* of CIELAB, so that 50 looks half as bright as white.
    ``contrast``: standard deviation of L*, as a share of the greatest there is (half black, half white).
    ``sharpness``: how steep the steepest edges are: with g the mean slope (Sobel, 0..255 a pixel) of the steepest
    fiftieth of the pixels, 100 g / (g + 48). A picture without edges has 0.
    """

    brightness: float
    sharpness: float
    contrast: float


@dataclass(frozen=True, slots=True)
class PartProperties:
    """Of a part of a picture; colours' percentages are of that part."""

    quality: ImageQuality
    dominant_colours: tuple[DominantColour, ...]


@dataclass(frozen=True, slots=True)
class ImageProperties:
    """Of the whole picture and of its parts; a part that has no pixels is None."""

    quality: ImageQuality
    dominant_colours: tuple[DominantColour, ...]
    foreground: PartProperties | None
    background: PartProperties | None


def image_properties(pixels: Pixels, foreground: Sequence[Box], max_colours: int = 10) -> ImageProperties:
    """Properties of ``pixels`` (height, width, 3; RGB), of what lies within the boxes ``foreground``, and of the rest.

    ``max_colours``: how many colours the whole and each part get at most.
    """
    reduced = _reduced(pixels, _REDUCED)
    lightness = to_lab(reduced)[:, 0].reshape(reduced.shape[:2])
    slopes = _slopes(pixels)
    whole = _part(reduced, lightness, slopes, max_colours)
    assert whole is not None
    if not foreground:
        return ImageProperties(whole.quality, whole.dominant_colours, None, whole)
    size = pixels.shape[:2]
    coarse, fine = (_mask(foreground, size, image.shape[:2]) for image in (reduced, slopes))
    parts = [
        _part(reduced[small], lightness[small], slopes[large], max_colours)
        for small, large in ((coarse, fine), (~coarse, ~fine))
    ]
    return ImageProperties(whole.quality, whole.dominant_colours, *parts)


def _reduced(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _slopes(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Length of the grey values' gradient at each pixel, of 0..255 a pixel."""
    grey = _reduced(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8), _DETAILED)
    along, down = (cv2.Sobel(grey, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(along, down), np.float32)


def _mask(boxes: Sequence[Box], size: tuple[int, ...], shape: tuple[int, ...]) -> Mask:
    """Where the boxes lie in a picture of the size ``size`` that was reduced to ``shape`` (height, width)."""
    mask = np.zeros(shape, np.bool_)
    y, x = shape[0] / size[0], shape[1] / size[1]
    for box in boxes:
        inside = Box(box.left * x, box.top * y, box.right * x, box.bottom * y).clipped(shape[1], shape[0])
        mask[round(inside.top) : round(inside.bottom), round(inside.left) : round(inside.right)] = True
    return mask


def _part(
    colours: Pixels, lightness: npt.NDArray[np.float32], slopes: npt.NDArray[np.float32], max_colours: int
) -> PartProperties | None:
    """Of the pixels that make out a part; None where there are none."""
    if not colours.size or not slopes.size:
        return None
    quality = ImageQuality(
        brightness=float(np.clip(lightness.mean(), 0, 100)),
        sharpness=_sharpness(slopes.ravel()),
        contrast=float(min(100.0, 100 * lightness.std() / _FULL_CONTRAST)),
    )
    return PartProperties(quality, tuple(dominant_colours(colours, max_colours)))


def _sharpness(slopes: npt.NDArray[np.float32]) -> float:
    edges = max(1, round(len(slopes) * _EDGES))
    steepest = float(np.partition(slopes, len(slopes) - edges)[-edges:].mean())
    return 100 * steepest / (steepest + _HALF_SHARP)
