"""What the networks of face-api.js share: weights in TensorFlow.js's manifest, layers, and the mean colour.

Their architectures are those of face-api.js (MIT, Vincent Mühler); here they are written down as ONNX.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.vision.engines.onnx_builder import OnnxBuilder
from services.vision.engines.tfjs_weights import Weights, read_weights
from services.vision.faces.alignment import chip_transform, cut
from services.vision.tasks import FacePicture
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Pixels

#: Mean colour of the training pictures, RGB.
MEAN_COLOUR = np.array([122.782, 117.001, 104.298], dtype=np.float32)
#: Side of the input of the networks that describe a face.
SIDE = 112
#: Room around the face in it, as a share of the face's own square (see ``alignment``). Measured on the annotated faces
#: of the development data (bench/quality/faces.py): aligned like this, 38 of 39 are read as the gender that they are,
#: and 32 of 33 smile or do not as they do; cut out along the detector's box, 35 and 30.
PADDING = 0.2


def weights_of(entry: CatalogEntry, directory: Path) -> Weights:
    """The tensors of an entry whose files are one manifest (.json) and the shards that it names.

    Raises ``ValueError`` where manifest and shards do not fit together.
    """
    (manifest,) = [file.path for file in entry.files if file.path.endswith(".json")]
    weights: Weights = {}
    for group in json.loads((directory / manifest).read_text("utf-8")):
        weights |= read_weights(group["weights"], b"".join((directory / path).read_bytes() for path in group["paths"]))
    return weights


def separable_convolution(network: OnnxBuilder, x: str, weights: Weights, name: str, *, stride: int = 1) -> str:
    """A depthwise 3x3 convolution and a pointwise one with a bias."""
    x = network.convolution(x, weights[f"{name}/depthwise_filter"], stride=stride, same=True, depthwise=True)
    return network.convolution(x, weights[f"{name}/pointwise_filter"], weights[f"{name}/bias"])


def convolution(network: OnnxBuilder, x: str, weights: Weights, name: str, *, stride: int) -> str:
    return network.convolution(x, weights[f"{name}/filters"], weights[f"{name}/bias"], stride=stride, same=True)


def dense(network: OnnxBuilder, x: str, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> str:
    """``x`` of shape (batch, in) times ``weights`` (in, out) plus ``bias``."""
    return network.node("Gemm", x, network.constant(weights), network.constant(bias))


def pooled(network: OnnxBuilder, x: str) -> str:
    """Mean over the last map of 7 x 7, as (batch, channels)."""
    return network.node("Flatten", network.node("GlobalAveragePool", x))


def face_chips(items: Sequence[FacePicture]) -> list[Pixels]:
    """Each face aligned by its five points, 112 pixels a side."""
    return [cut(item.pixels, chip_transform(item.face.points, SIDE, PADDING), SIDE) for item in items]


def network_input(pictures: Sequence[Pixels], divisor: float) -> npt.NDArray[np.float32]:
    """Pictures of one size as (batch, 3, height, width), less the mean colour, divided."""
    batch = (np.stack(pictures).astype(np.float32) - MEAN_COLOUR) / np.float32(divisor)
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
