"""Rows of a Parquet file, where pyarrow is installed."""

from __future__ import annotations

import asyncio
import base64
import datetime
import decimal
import importlib
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from services.orchestration.map_items.object_text import reader_failed

#: Largest Parquet file; it has to lie on disk, because it is read from its end.
MAX_FILE_BYTES = 5 * 1024**3
BATCH_ROWS = 500


async def parquet_rows(pieces: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any], None]:
    """The rows as objects. Times are ISO 8601 text, decimals text, bytes base64.

    Raises:
        StateError: States.ItemReaderFailed, also when pyarrow is not installed.
    """
    try:
        parquet = await asyncio.to_thread(importlib.import_module, "pyarrow.parquet")
    except ModuleNotFoundError:
        raise reader_failed("Parquet files need the Python package pyarrow, which is not installed here") from None
    with tempfile.TemporaryFile() as file:
        size = 0
        async for piece in pieces:
            size += len(piece)
            if size > MAX_FILE_BYTES:
                raise reader_failed(f"The Parquet file has more than {MAX_FILE_BYTES} bytes")
            await asyncio.to_thread(file.write, piece)
        try:
            batches = (await asyncio.to_thread(parquet.ParquetFile, file)).iter_batches(batch_size=BATCH_ROWS)
            while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                for row in batch.to_pylist():
                    yield _plain(row)
        except (ValueError, OSError):  # pyarrow's errors are subclasses of these
            raise reader_failed("The object is not a Parquet file, or it is damaged") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, (decimal.Decimal, datetime.timedelta)) else value
