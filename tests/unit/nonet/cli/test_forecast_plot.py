from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nonet.cli.forecast_plot import MARGIN, WIDTH, read_history, svg
from shared import errors

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
    path.write_text(
        "item_id,timestamp,sales\nbread,2024-01-02,3\nmilk,2024-01-01,9\nbread,2024-01-01,1\nbread,2024-01-02,4\n"
    )
    assert read_history(path, {"item_id": "bread"}) == [(DAY, 1.0), (DAY + timedelta(days=1), 7.0)]


def test_history_of_items_that_are_called_like_numbers_and_of_times_with_zones(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(
        "\ufeffitem_id,timestamp,colour,sales\r\n5,2024-01-01T00:00:00Z,red,5\r\n5,2024-01-02,,\r\n".encode()
    )
    assert read_history(path, {"item_id": "5"}) == [(DAY, 5.0)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "column timestamp"),
        ("timestamp,sales\n2024-01-01,1\n", "column item_id"),
        ("item_id,timestamp,colour\nbread,2024-01-01,red\n", "one column of numbers"),
        ("item_id,timestamp,sales,price\nbread,2024-01-01,1,2\n", "one column of numbers"),
        ("item_id,timestamp,sales\nbread,yesterday,1\n", "no time"),
    ],
)
def test_a_history_that_cannot_be_drawn_says_why(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(text)
    with pytest.raises(errors.InvalidArgument, match=told):
        read_history(path, {"item_id": "bread"})
