from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nonet.cli.forecast_plot import MARGIN, WIDTH, read_history, svg

DAY = datetime(2024, 1, 1)
HISTORY = [(DAY + timedelta(days=day), float(day)) for day in range(5)]
PREDICTIONS = {
    label: [(DAY + timedelta(days=5 + day), 5.0 + day + shift) for day in range(3)]
    for label, shift in (("p10", -2.0), ("p50", 0.0), ("p90", 2.0), ("mean", 0.5))
}
SVG = "{http://www.w3.org/2000/svg}"


def test_the_band_encloses_the_line() -> None:
    root = ElementTree.fromstring(svg("item_id <bread>", HISTORY, PREDICTIONS))
    (band,) = root.findall(f"{SVG}polygon")
    past, middle = (
        [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
        for line in root.findall(f"{SVG}polyline")
    )
    assert len(past) == 5 and len(middle) == 3
    assert past[0][0] == MARGIN and middle[-1][0] == WIDTH - MARGIN
    outline = [tuple(map(float, pair.split(","))) for pair in band.attrib["points"].split()]
    for (across, down), low, high in zip(middle, outline[:3], reversed(outline[3:]), strict=True):
        assert across == low[0] == high[0]
        assert high[1] < down < low[1]  # SVG counts from above
    assert root.find(f"{SVG}text").text == "item_id <bread>"  # type: ignore[union-attr]


def test_a_forecast_without_history_is_drawn_and_nothing_is_not() -> None:
    assert ElementTree.fromstring(svg("", [], {"mean": PREDICTIONS["mean"]})).findall(f"{SVG}polyline")
    with pytest.raises(ValueError, match="nothing"):
        svg("", [], {})


def test_history_is_of_the_item_alone_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("item_id,timestamp,sales\nbread,2024-01-02,3\nmilk,2024-01-01,9\nbread,2024-01-01,1\nbread,2024-01-02,4\n")
    assert read_history(path, ["bread"]) == [(DAY, 1.0), (DAY + timedelta(days=1), 7.0)]
