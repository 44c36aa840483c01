"""Files that are named on the command line."""

from __future__ import annotations

from pathlib import Path

from shared import errors


def read_bytes(path: Path) -> bytes:
    """Raises ``InvalidArgument``, which says why the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.InvalidArgument(f"{path} cannot be read: {error.strerror}.") from None


def read_text(path: Path) -> str:
    """Raises ``InvalidArgument`` as ``read_bytes``, and for what is no text in UTF-8."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError:
        raise errors.InvalidArgument(f"{path} cannot be read: it is no text in UTF-8.") from None
