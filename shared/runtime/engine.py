"""What every engine is to the runtime: something that takes a list and gives a list.

An engine is one file under ``services/<service>/engines/``. It exposes ``load(entry, directory, device)``, which
the runtime calls off the event loop, and returns an object with ``run`` and ``close``. It knows nothing of gRPC,
HTTP or asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from shared.models.catalog import CatalogEntry

Item = TypeVar("Item", contravariant=True)
Result = TypeVar("Result", covariant=True)


class Engine(Protocol[Item, Result]):
    """A loaded model. ``run`` may be called from one thread at a time; it gives as many results as it got items."""

    def run(self, items: Sequence[Item]) -> Sequence[Result]: ...

    def close(self) -> None:
        """Free what ``load`` took."""


#: ``device`` is "cpu" or "cuda:N"; ``directory`` holds the entry's files.
EngineLoader = Callable[[CatalogEntry, Path, str], Engine[Any, Any]]
