"""Answers for people: scalars as lines, lists of structures as tables."""

from __future__ import annotations

import shutil
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

MAX_CELL = 48


def render(message: Message) -> str:
    """The message as text that fits the terminal."""
    return "\n".join(_lines(json_format.MessageToDict(message), 0)) or "(empty)"


def _lines(value: Any, indent: int) -> list[str]:
    pad = "  " * indent
    lines: list[str] = []
    for name, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{pad}{name}:")
            lines += _lines(item, indent + 1)
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{pad}{name} ({len(item)}):")
            lines += [f"{pad}  {line}" for line in _table(item)]
        elif isinstance(item, list):
            lines.append(f"{pad}{name}: {', '.join(map(str, item))}")
        else:
            lines.append(f"{pad}{name}: {_cell(item, 10_000)}")
    return lines


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """Columns in order of first appearance; nested structures are shown flat as far as they fit."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [columns] + [[_cell(row.get(name, ""), MAX_CELL) for name in columns] for row in rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    width = shutil.get_terminal_size((120, 24)).columns - 4
    table = [
        "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()[:width] for row in cells
    ]
    return [table[0], "  ".join("-" * size for size in widths)[:width], *table[1:]]


def _cell(value: Any, limit: int) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        value = " ".join(f"{name}={_cell(item, limit)}" for name, item in value.items())
    elif isinstance(value, list):
        value = ", ".join(_cell(item, limit) for item in value)
    text = str(value).replace("\n", " ")
    return text if len(text) <= limit else text[: limit - 1] + "…"
