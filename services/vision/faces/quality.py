"""How bright and how sharp a face is, each 0..100, from the face's pixels alone.

Both look at the face as the recognition network does: aligned, in a chip of 112 pixels. So a face of few pixels is less
sharp than the same face close by, and the background does not count.

- Brightness is the mean luma (ITU-R BT.601) of the chip, 0 black and 100 white. It follows every change of exposure.
- Sharpness comes from the share of the chip's contrast (variance of luma) that lies in fine detail: in what a Gaussian
  blur of two pixels takes away. Any blur lessens that share and no change of contrast alters it. It is brought to
  0..100 by ``share / (share + HALF)``, with the half where a face of the development data stands once it is blurred by
  two pixels of 112: the recognition network still knows it well. A face of one colour has sharpness 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.vision.faces.alignment import chip_transform, cut
from services.vision.tasks import FacePicture

SIDE = 112
#: Room around the face's own square in the chip, as a share of it.
PADDING = 0.1
#: Standard deviation, pixels, of the blur that takes the detail away.
DETAIL = 2.0
#: Share of detail that is worth 50.
HALF = 0.006


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """0..100 each; see the module."""

    brightness: float
    sharpness: float


def sharpness_of(luma: npt.NDArray[np.float32]) -> float:
    """Sharpness, 0..100, of a grey picture (height, width)."""
    whole = float(luma.var())
    if whole < 1e-6:
        return 0.0
    blurred = np.asarray(cv2.GaussianBlur(luma, (0, 0), DETAIL, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
    share = float((luma - blurred).var()) / whole
    return 100 * share / (share + HALF)


def quality_of(item: FacePicture) -> FaceQuality:
    """The quality of one face; where the picture ends, its edge goes on."""
    chip = cut(item.pixels, chip_transform(item.face.points, SIDE, PADDING), SIDE, edge=True)
    luma = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    return FaceQuality(float(luma.mean()) / 255 * 100, sharpness_of(luma))
