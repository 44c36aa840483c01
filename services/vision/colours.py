"""The colours of a picture or of a part of it: which there are most of, and what they are called."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from shared.media.boxes import Box
from shared.tasks.reading import Pixels

#: Pixels that are looked at, at most: enough to know a share to within some two percent.
_SAMPLE = 1024
#: Colours nearer to one another than this are taken for one (CIE 1976 difference; about 2.3 is just noticeable).
_SAME = 12.0
#: Side of a cell of colours that are counted together at first.
_CELL = 8.0
#: Clusters at first, more than a few colours wished for: else unlike colours would share one and be named by its mean.
_CLUSTERS = 16
#: A colour of fewer pixels than this dominates nothing.
_LEAST_PERCENT = 1.0
#: A colour at least this far from grey (CIELAB) has a hue.
_HUE = 12.0
#: Rounds of k-means at most, and a move that is none any more.
_ROUNDS, _STILL = 8, 0.5

Colours = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DominantColour:
    """A colour that many pixels have: ``red``, ``green``, ``blue`` 0..255; ``pixel_percent`` 0..100."""

    red: int
    green: int
    blue: int
    #: The nearest of CSS's named colours, and the plain colour that this is called by ("brown").
    css_name: str
    simplified_name: str
    pixel_percent: float

    @property
    def hex_code(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


def dominant_colours(pixels: Pixels, most: int) -> list[DominantColour]:
    """At most ``most`` colours of ``pixels``, shape (n, 3) or (height, width, 3), RGB, the most frequent first.

    k-means (Lloyd, 1982) in CIELAB on evenly spaced pixels, started from the most popular colours (Heckbert, 1982), so
    that the same picture has the same colours each time; clusters that look alike are joined, and small ones left out.
    So the percentages sum to 100 at most.
    """
    flat = pixels.reshape(-1, 3)
    if most < 1 or not len(flat):
        return []
    sample = flat[np.linspace(0, len(flat) - 1, min(_SAMPLE, len(flat))).astype(np.intp)]
    lab = to_lab(sample)
    centres, counts = _joined(lab, _means(lab, _popular(lab, _CLUSTERS)))
    percents = 100.0 * counts / len(lab)
    order = np.argsort(-counts, kind="stable")[:most]
    order = order[percents[order] >= _LEAST_PERCENT]
    return _named(centres[order], percents[order])


def crop(pixels: Pixels, box: Box) -> Pixels:
    """The part of a picture within ``box``, as a view; it may be empty."""
    inside = box.clipped(pixels.shape[1], pixels.shape[0])
    return pixels[round(inside.top) : round(inside.bottom), round(inside.left) : round(inside.right)]


def to_lab(colours: Pixels) -> Colours:
    """sRGB as CIELAB, shape (n, 3): lightness 0..100, a and b about -127..127."""
    converted = cv2.cvtColor((colours.reshape(1, -1, 3) / np.float32(255)), cv2.COLOR_RGB2Lab)
    return np.asarray(converted, np.float32).reshape(-1, 3)


def _popular(lab: Colours, most: int) -> Colours:
    """The means of the fullest cells of a grid in colour space, none near another that is fuller."""
    cells = np.floor(lab / _CELL).astype(np.int64) @ np.array([1, 1 << 10, 1 << 20])
    _, cell_of = np.unique(cells, return_inverse=True)
    means, counts = _sums(lab, cell_of, int(cell_of.max()) + 1)
    left = counts
    chosen: list[int] = []
    while len(chosen) < most and left.any():
        chosen.append(int(left.argmax()))
        left = np.where(((means - means[chosen[-1]]) ** 2).sum(axis=1) < _SAME**2, 0, left)
    return means[chosen]


def _nearest(lab: Colours, centres: Colours) -> npt.NDArray[np.intp]:
    distances = (centres**2).sum(axis=1)[None] - 2 * lab @ centres.T
    return np.asarray(distances.argmin(axis=1), np.intp)


def _sums(lab: Colours, cluster_of: npt.NDArray[np.intp], clusters: int) -> tuple[Colours, npt.NDArray[np.float64]]:
    """Mean and number of each cluster's colours; clusters without any are left out."""
    counts = np.bincount(cluster_of, minlength=clusters).astype(np.float64)
    sums = np.stack([np.bincount(cluster_of, lab[:, axis], clusters) for axis in range(3)], axis=1)
    full = counts > 0
    return (sums[full] / counts[full, None]).astype(np.float32), counts[full]


def _means(lab: Colours, centres: Colours) -> Colours:
    for _ in range(_ROUNDS):
        moved, _ = _sums(lab, _nearest(lab, centres), len(centres))
        if moved.shape == centres.shape and np.abs(moved - centres).max() < _STILL:
            return moved
        centres = moved
    return centres


def _joined(lab: Colours, centres: Colours) -> tuple[Colours, npt.NDArray[np.float64]]:
    """The centres with their counts, the two nearest made one as long as they look alike."""
    centres, counts = _sums(lab, _nearest(lab, centres), len(centres))
    while len(centres) > 1:
        distances = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        np.fill_diagonal(distances, np.inf)
        first, second = np.unravel_index(int(distances.argmin()), distances.shape)
        if distances[first, second] >= _SAME:
            break
        weights = counts[[first, second]] / counts[[first, second]].sum()
        centres[first] = (centres[[first, second]] * weights[:, None]).sum(axis=0)
        counts[first] += counts[second]
        centres, counts = np.delete(centres, second, axis=0), np.delete(counts, second)
    return centres, counts


def _named(lab: Colours, percents: npt.NDArray[np.float64]) -> list[DominantColour]:
    rgb = cv2.cvtColor(lab[None], cv2.COLOR_Lab2RGB)[0]
    names, plain, table = _css_colours()
    differences = _differences(lab, table)
    # What has a hue is not named by what has none.
    hueless = np.hypot(table[:, 1], table[:, 2]) < _HUE / 2
    differences[np.ix_(np.hypot(lab[:, 1], lab[:, 2]) >= _HUE, hueless)] = np.inf
    return [
        DominantColour(red, green, blue, names[nearest], plain[nearest], percent)
        for (red, green, blue), nearest, percent in zip(
            np.rint(np.clip(rgb, 0, 1) * 255).astype(int).tolist(),
            differences.argmin(axis=1).tolist(),
            percents.tolist(),
            strict=True,
        )
    ]


def _differences(lab: Colours, others: Colours) -> Colours:
    """Squares of the CIE94 differences (CIE 116-1995, graphic arts) of ``others`` (m, 3) from ``lab`` (n, 3), (n, m).

    They weigh hue more and saturation less than the plain distance, which calls a dim brown grey.
    """
    chroma = np.hypot(lab[:, 1], lab[:, 2])[:, None]
    apart = others[None] - lab[:, None]
    by_chroma = np.hypot(others[:, 1], others[:, 2])[None] - chroma
    by_hue = (apart[:, :, 1:] ** 2).sum(axis=2) - by_chroma**2
    return np.asarray(
        apart[:, :, 0] ** 2 + (by_chroma / (1 + 0.045 * chroma)) ** 2 + by_hue.clip(min=0) / (1 + 0.015 * chroma) ** 2
    )


@cache
def _css_colours() -> tuple[tuple[str, ...], tuple[str, ...], Colours]:
    """CSS's names, the plain colour of each, and their CIELAB values, shape (names, 3)."""
    document = tomllib.loads(Path(__file__).with_name("css_colours.toml").read_text("utf-8"))
    rows = [(name, plain, value) for plain, group in document.items() for name, value in group.items()]
    values = np.array([list(bytes.fromhex(value[1:])) for _, _, value in rows], np.uint8)
    return tuple(row[0] for row in rows), tuple(row[1] for row in rows), to_lab(values)
