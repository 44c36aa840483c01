"""Forgets what nobody needs any more: removals that every index has followed, and the rests of deleted collections."""

from __future__ import annotations

import asyncio
import logging

from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared import errors

_LOG = logging.getLogger(__name__)


class Upkeep:
    """Looks every ``period_s`` seconds; replicas may do so at the same time.

    A removal is told to indexes for ``forget_after_s`` seconds. One that comes later, a snapshot that lay about for
    longer, is built anew.
    """

    def __init__(
        self,
        collections: FaceCollections,
        search: FaceSearch,
        period_s: float = 600.0,
        forget_after_s: float = 7 * 24 * 3600.0,
    ) -> None:
        self._collections = collections
        self._search = search
        self._period_s = period_s
        self._forget_after_s = forget_after_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with a first look at once: a process that died may have left something."""
        self._task = asyncio.create_task(self._run(), name="face-collections-upkeep")

    async def close(self) -> None:
        """End; a transaction that is under way commits."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def look(self) -> None:
        """Do all that is due. Raises ``Unavailable`` where the database does not answer."""
        for collection in await self._collections.abandoned():
            await self._collections.remove_rows(collection)
        while await self._collections.forget_removed(self._forget_after_s):
            pass
        await self._search.sweep()

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except errors.NonetError as error:
                _LOG.warning("the upkeep of face collections failed: %s", error.message)
            except OSError as error:
                _LOG.warning("face indexes on disk could not be swept: %s", error.strerror)
            await asyncio.sleep(self._period_s)
