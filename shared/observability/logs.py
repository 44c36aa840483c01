"""Structured logs: text for people, one JSON object a line for collectors. Contents of requests are never logged."""

from __future__ import annotations

import json
import logging
import sys
import time

#: Attributes that every LogRecord has, and uvicorn's message in colours; whatever else a record carries was given as
#: ``extra``.
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message", "asctime", "taskName", "color_message",
}  # fmt: skip


class JsonFormatter(logging.Formatter):
    """time, level, logger, message, the extras, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        document.update({name: value for name, value in vars(record).items() if name not in _STANDARD})
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str)


class TextFormatter(logging.Formatter):
    """One line: time, level, message, and the extras as name=value."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        extras = " ".join(f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD)
        text = super().format(record)
        if not extras:
            return text
        first, newline, rest = text.partition("\n")
        return f"{first} [{extras}]{newline}{rest}"


def configure_logging(level: str, log_format: str) -> None:
    """Send all logs to standard error in the given format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # uvicorn's access log repeats what nonet.calls says, and names query strings.
    logging.getLogger("uvicorn.access").disabled = True
    # faiss tells of each build of itself that its wheel does not have, as if something were missing.
    logging.getLogger("faiss").setLevel(logging.WARNING)
