"""What a Map state's ItemReader is said to have read, as the items that it would give."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from services.orchestration.language import json_text
from services.orchestration.language.definition import State
from services.orchestration.map_items.csv_rows import DELIMITERS
from services.orchestration.resource_names import invalid


def read_items(state: State, text: str | None) -> Sequence[Any] | None:
    """The items in ``text``, the content of the object that the state's ItemReader names; None without a text.

    Raises:
        InvalidArgument: ValidationException, for a text that is not of the reader's InputType.
    """
    if text is None:
        return None
    config = state.fields["ItemReader"].get("ReaderConfig", {}) if "ItemReader" in state.fields else {}
    kind = config.get("InputType", "JSON")
    try:
        if kind == "CSV":
            return _csv_items(config, text)
        if kind == "JSONL":
            return [json_text.loads(line) for line in text.splitlines() if line.strip()]
        value = json_text.loads(text)
    except ValueError:
        raise invalid("MapItemReaderData is not what the ItemReader's InputType says.") from None
    for part in config.get("ItemsPointer", "").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, list):
        raise invalid("MapItemReaderData must be an array of items.")
    return value


def _csv_items(config: Mapping[str, Any], text: str) -> list[dict[str, str]]:
    delimiter = DELIMITERS.get(config.get("CSVDelimiter", "COMMA"), ",")
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    if config.get("CSVHeaderLocation") == "GIVEN":
        headers = config.get("CSVHeaders", [])
    else:
        headers, rows = (rows[0], rows[1:]) if rows else ([], [])
    return [{name: row[column] if column < len(row) else "" for column, name in enumerate(headers)} for row in rows]
