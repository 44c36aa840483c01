"""``nonet forecast plot FORECAST_ARN item_id=ITEM``: a series with its history and quantile bands, as an SVG file."""

from __future__ import annotations

import argparse
import csv
import io
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from nonet.cli import server
from nonet.cli.files import read_text
from shared import errors

WIDTH, HEIGHT, MARGIN = 960, 400, 56
#: Colours of history, the middle of the forecast, and its bands.
HISTORY, MIDDLE, BAND = "#333333", "#1f5fbf", "#9dbdf0"
_TICKS = 5

#: Times and values.
Points = Sequence[tuple[datetime, float]]


def main(arguments: list[str]) -> int:
    """Ask a running Nonet for the forecast, and write the picture."""
    chosen = _parser().parse_args(arguments[2:])
    filters = dict(chosen.filter)
    history = read_history(chosen.history, filters) if chosen.history else []
    with server.client(chosen.address) as client:
        answer = client.forecast_query.query_forecast(forecast_arn=chosen.forecast, filters=filters)
    predictions: dict[str, Points] = {
        label: [(datetime.fromisoformat(point.timestamp), point.value) for point in series.values]
        for label, series in answer.forecast.predictions.items()
    }
    title = ", ".join(f"{name} {value}" for name, value in filters.items())
    chosen.output.write_text(svg(title, history[max(0, len(history) - chosen.last) :], predictions), encoding="utf-8")
    print(chosen.output)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nonet forecast plot", description=__doc__)
    parser.add_argument("forecast", help="the forecast's ARN")
    parser.add_argument("filter", nargs="+", type=_pair, help="dimensions of the series, like item_id=bread")
    parser.add_argument("--history", type=Path, help="CSV file with the past values: the columns of the import")
    parser.add_argument("--last", type=int, default=200, help="how many past values are drawn (200)")
    parser.add_argument("--output", type=Path, default=Path("forecast.svg"))
    server.add_address(parser)
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not like item_id=bread")
    return name, value


def read_history(path: Path, filters: Mapping[str, str]) -> list[tuple[datetime, float]]:
    """Times and values of the rows that ``filters`` let pass: of a CSV file with a header, in time's order.

    Values of one time are added up; a row without a value has none. Zones of the times are left out, as Forecast has
    none.

    Raises:
        InvalidArgument: the file lacks the timestamp or a dimension, or has not just one column of numbers more.
    """
    reader = csv.DictReader(io.StringIO(read_text(path).removeprefix("\ufeff"), newline=""))
    columns = list(reader.fieldnames or [])
    if missing := [name for name in ("timestamp", *filters) if name not in columns]:
        raise errors.InvalidArgument(f"{path} needs a header with the column {missing[0]}.")
    rows = [row for row in reader if all(row[name] == value for name, value in filters.items())]
    rest = [name for name in columns if name not in ("timestamp", *filters)]
    numeric = [name for name in rest if all(_is_number(row[name]) for row in rows if row[name])]
    if len(numeric) != 1:
        raise errors.InvalidArgument(f"{path} needs exactly one column of numbers beside the dimensions.")
    found: dict[datetime, float] = {}
    for row in rows:
        if row[numeric[0]]:
            try:
                moment = datetime.fromisoformat(row["timestamp"] or "").replace(tzinfo=None)
            except ValueError:
                raise errors.InvalidArgument(f"{path}: {row['timestamp']!r} is no time like 2024-01-31.") from None
            found[moment] = found.get(moment, 0.0) + float(row[numeric[0]])
    return sorted(found.items())


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


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
