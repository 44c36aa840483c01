"""The shelf: bots and their parts, created, found, listed, changed and deleted with Lex's own errors.

    intent = await shelf.get(account, INTENT, intent_id, parent=locale_path(bot_id, "DRAFT", "en_US"))
    page, token = await shelf.page(account, listing, found, max_results, next_token)
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.conversation.kinds import AVAILABLE, NAME, Kind, Stored
from shared import errors
from shared.storage.database import Database
from shared.storage.message_documents import document
from shared.storage.pages import PageTokens
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceKind, ResourceStore

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_BATCH = 500
#: A name whose owner is not there after this many seconds never will have one.
_NAME_SECONDS = 60.0
MOST_RESULTS = 1000


class Shelf:
    """All methods raise ``NotFound`` for what is not there."""

    def __init__(self, resources: ResourceStore, database: Database) -> None:
        self._resources = resources
        self._database = database

    async def create(
        self,
        account: str,
        kind: Kind[M],
        name: str,
        message: M,
        *,
        parent: str = "",
        status: str = AVAILABLE,
        facts: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Stored[M]:
        """A new resource. Raises ``AlreadyExists``."""
        try:
            resource = await self._resources.create(
                account,
                kind.resource,
                name,
                document(message, facts or {}),
                status=status,
                parent=parent,
                tags=tags,
            )
        except errors.AlreadyExists:
            raise errors.AlreadyExists(f"Another {kind.noun} has that name already.") from None
        return Stored.of(kind, resource)

    async def get(self, account: str, kind: Kind[M], name: str, *, parent: str = "") -> Stored[M]:
        """A resource as it now is."""
        try:
            resource = await self._resources.get(account, kind.resource, name, parent=parent)
        except errors.NotFound:
            raise missing(kind) from None
        return Stored.of(kind, resource)

    async def has(self, account: str, kind: Kind[Any], name: str, *, parent: str = "") -> bool:
        """Whether there is such a resource."""
        try:
            await self._resources.get(account, kind.resource, name, parent=parent)
        except errors.NotFound:
            return False
        return True

    async def all(self, account: str, kind: Kind[M], parent: str, prefix: str = "") -> list[Stored[M]]:
        """All resources below ``parent`` whose names begin with ``prefix``, the oldest first."""
        return [Stored.of(kind, resource) for resource in await self._rows(account, kind.resource, parent, prefix)]

    async def change(
        self,
        account: str,
        kind: Kind[M],
        name: str,
        change: Callable[[M, dict[str, Any]], str | None],
        *,
        parent: str = "",
        only: Callable[[Stored[M]], bool] | None = None,
    ) -> Stored[M]:
        """Change message and facts (maybe more than once); ``change`` gives the new status, None = as it is.

        ``only``: whether it may still be changed; if not, it stays as it is.
        """

        def changed(resource: Resource) -> Change:
            stored = Stored.of(kind, resource)
            if only is not None and not only(stored):
                return Change()
            facts = dict(stored.facts)
            status = change(stored.message, facts)
            return Change(document(stored.message, facts), status)

        try:
            return Stored.of(kind, await self._resources.modify(account, kind.resource, name, changed, parent=parent))
        except errors.NotFound:
            raise missing(kind) from None

    async def delete(self, account: str, kind: Kind[M], name: str, *, parent: str = "") -> Stored[M]:
        """Delete a resource; what it was."""
        try:
            return Stored.of(kind, await self._resources.delete(account, kind.resource, name, parent=parent))
        except errors.NotFound:
            raise missing(kind) from None

    async def delete_all(self, account: str, kind: ResourceKind, parent: str, prefix: str = "") -> None:
        """Delete everything of ``kind`` below ``parent`` whose name begins with ``prefix``."""
        for resource in await self._rows(account, kind, parent, prefix):
            await self._resources.delete(account, kind, resource.name, parent=parent)

    # -- names

    async def take_name(
        self, account: str, kind: Kind[Any], parent: str, name: str, owner: str, prefix: str = ""
    ) -> None:
        """Keep a name of a ``kind`` below ``parent`` for ``owner``, the id that the resource has or will have.

        ``prefix``: what stands before the ids in the names of the rows ("INTENTID/" of slots). A process may have died
        between keeping a name and making its owner: such a name is given again after a minute.

        Raises:
            AlreadyExists: another has it.
        """
        scope = _scope(kind, parent, prefix)
        while True:
            try:
                await self._resources.create(account, NAME, name, owner.encode(), parent=scope)
                return
            except errors.AlreadyExists:
                pass
            try:
                kept = await self._resources.get(account, NAME, name, parent=scope)
            except errors.NotFound:
                continue
            if kept.document.decode() == owner:
                return
            row = prefix + kept.document.decode()
            if time.time() - kept.created_at < _NAME_SECONDS or await self.has(account, kind, row, parent=parent):
                raise errors.AlreadyExists(f"Another {kind.noun} has that name already.")
            await self.free_name(account, kind, parent, name, prefix)

    async def free_name(self, account: str, kind: Kind[Any], parent: str, name: str, prefix: str = "") -> None:
        """Let others have a name."""
        with contextlib.suppress(errors.NotFound):
            await self._resources.delete(account, NAME, name, parent=_scope(kind, parent, prefix))

    async def free_names(self, account: str, kind: Kind[Any], parent: str, prefix: str = "") -> None:
        """Let others have all names of a ``kind`` below ``parent``."""
        await self.delete_all(account, NAME, _scope(kind, parent, prefix))

    # -- listings

    async def page(
        self, listing: Sequence[object], found: Sequence[T], max_results: int, next_token: str
    ) -> tuple[Sequence[T], str | None]:
        """A page of what was found and the next page's token; ``listing``: what tells it from other listings.

        Raises:
            InvalidPaginationToken: the token is not one of this listing.
        """
        tokens = await PageTokens.of(self._database)
        begin = tokens.open_row(list(listing), next_token or None) or 0
        end = begin + (max_results or MOST_RESULTS)
        return found[begin:end], tokens.seal(list(listing), end) if end < len(found) else None

    async def _rows(self, account: str, kind: ResourceKind, parent: str, prefix: str) -> list[Resource]:
        rows: list[Resource] = []
        token: str | None = None
        while True:
            page = await self._resources.list(
                account,
                kind,
                ResourceFilter(parent=parent, name_prefix=prefix),
                max_results=_BATCH,
                next_token=token,
            )
            rows += page.resources
            token = page.next_token
            if token is None:
                return rows


def _scope(kind: Kind[Any], parent: str, prefix: str) -> str:
    return f"{kind.resource.name} {parent}/{prefix}"


def missing(kind: Kind[Any]) -> errors.NotFound:
    """What every call about something that is not there raises."""
    return errors.NotFound(f"There is no {kind.noun} of that id.")


def wanted(found: Sequence[Stored[M]], member: str, filters: Sequence[Any], sort_by: Any | None) -> list[Stored[M]]:
    """What a listing's filters (on the name alone) leave, in the order that ``sort_by`` names: by name unless it says
    LastUpdatedDateTime. ``member``: the name of the message's member that is the name."""

    def name(stored: Stored[M]) -> str:
        return str(getattr(stored.message, member))

    left = list(found)
    for one in filters:
        (value,) = one.values
        if one.operator == "EQ":
            left = [stored for stored in left if name(stored) == value]
        elif one.operator == "NE":
            left = [stored for stored in left if name(stored) != value]
        else:
            left = [stored for stored in left if value in name(stored)]
    by_time = sort_by is not None and sort_by.attribute == "LastUpdatedDateTime"
    left.sort(key=lambda stored: (stored.resource.updated_at if by_time else 0.0, name(stored)))
    if sort_by is not None and sort_by.order == "Descending":
        left.reverse()
    return left
