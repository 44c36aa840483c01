"""``nonet forecast plot FORECAST_ARN item_id=ITEM``: a series with its history and quantile bands, as an SVG file."""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from nonet import Nonet
from shared.settings import settings

WIDTH, HEIGHT, MARGIN = 960, 400, 56
#: Colours of history, the middle of the forecast, and its bands.
HISTORY, MIDDLE, BAND = "#333333", "#1f5fbf", "#9dbdf0"
_TICKS = 5

#: Times and values.
Points = Sequence[tuple[datetime, float]]


def main(arguments: list[str]) -> int:
    """Ask a running Nonet for the forecast, and write the picture."""
    chosen = _parser().parse_args(arguments[2:])
    filters = dict(pair.split("=", 1) for pair in chosen.filter)
    address = chosen.address or os.environ.get("NONET_ADDRESS") or f"127.0.0.1:{settings().grpc_port}"
    with Nonet(address, bearer_key=os.environ.get("NONET_BEARER_KEY", "")) as client:
        answer = client.forecast_query.query_forecast(forecast_arn=chosen.forecast, filters=filters)
    predictions: dict[str, Points] = {
        label: [(datetime.fromisoformat(point.timestamp), point.value) for point in series.values]
        for label, series in answer.forecast.predictions.items()
    }
    history = read_history(chosen.history, list(filters.values())) if chosen.history else []
    title = ", ".join(f"{name} {value}" for name, value in filters.items())
    chosen.output.write_text(svg(title, history[-chosen.last :], predictions), encoding="utf-8")
    print(chosen.output)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nonet forecast plot", description=__doc__)
    parser.add_argument("forecast", help="the forecast's ARN")
    parser.add_argument("filter", nargs="+", help="dimensions of the series, like item_id=bread")
    parser.add_argument("--history", type=Path, help="CSV file with the past values: the columns of the import")
    parser.add_argument("--last", type=int, default=200, help="how many past values are drawn (200)")
    parser.add_argument("--output", type=Path, default=Path("forecast.svg"))
    parser.add_argument("--address", help="host:port of the gRPC server (NONET_ADDRESS)")
    return parser


def read_history(path: Path, key: Sequence[str]) -> list[tuple[datetime, float]]:
    """Times and values of the rows that have all values of ``key``: of a CSV file with a header, in time's order.

    Values of one time are added up. Raises ValueError for a file without a timestamp and one number more.
    """
    found: dict[datetime, float] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or [])
        if "timestamp" not in columns:
            raise ValueError("the history needs a header with the column timestamp")
        for row in reader:
            rest = [value for name, value in row.items() if name != "timestamp"]
            if not all(one in rest for one in key):
                continue
            numbers = [value for value in rest if value not in key and _is_number(value)]
            if len(numbers) != 1:
                raise ValueError("the history needs exactly one column of numbers")
            moment = datetime.fromisoformat(row["timestamp"])
            found[moment] = found.get(moment, 0.0) + float(numbers[0])
    return sorted(found.items())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def svg(title: str, history: Points, predictions: Mapping[str, Points]) -> str:
    """The picture. ``predictions``: labels as QueryForecast gives them (p10, mean) with times and values.

    Quantiles are drawn in pairs from the outermost inwards, each pair a band; p50 or the mean is the line.
    """
    everything = [*history, *(point for points in predictions.values() for point in points)]
    if not everything:
        raise ValueError("there is nothing to draw")
    first, last = min(time for time, _ in everything), max(time for time, _ in everything)
    low, high = min(value for _, value in everything), max(value for _, value in everything)
    span, height = (last - first).total_seconds() or 1.0, (high - low) or 1.0

    def place(point: tuple[datetime, float]) -> str:
        across = MARGIN + (WIDTH - 2 * MARGIN) * (point[0] - first).total_seconds() / span
        down = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (point[1] - low) / height
        return f"{across:.1f},{down:.1f}"

    quantiles = sorted((label for label in predictions if label.startswith("p")), key=lambda label: int(label[1:]))
    parts = [f'<text x="{MARGIN}" y="24" font-size="16">{escape(title)}</text>']
    for number in range(_TICKS + 1):
        value = low + height * number / _TICKS
        down = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * number / _TICKS
        parts.append(f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{down:.1f}" y2="{down:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{down + 4:.1f}" text-anchor="end" font-size="11">{value:g}</text>')
    for anchor, across, time in (("start", MARGIN, first), ("end", WIDTH - MARGIN, last)):
        parts.append(
            f'<text x="{across}" y="{HEIGHT - MARGIN + 20}" text-anchor="{anchor}" font-size="11">{time}</text>'
        )
    for lower, upper in zip(quantiles, reversed(quantiles), strict=True):
        if int(lower[1:]) >= int(upper[1:]):
            break
        outline = [*map(place, predictions[lower]), *map(place, reversed(predictions[upper]))]
        parts.append(f'<polygon points="{" ".join(outline)}" fill="{BAND}" fill-opacity="0.5"/>')
    middle = next((label for label in ("p50", "mean") if label in predictions), quantiles[0] if quantiles else "")
    for points, colour in ((history, HISTORY), (predictions.get(middle, []), MIDDLE)):
        if points:
            line = " ".join(map(place, points))
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )
