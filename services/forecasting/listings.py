"""List operations: pages of summaries, filtered by Status or by the ARN of what a resource was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.forecasting.resource_store import MESSAGE, ForecastResources, Stored, set_times
from shared import errors
from shared.contract.messages import copy_members
from shared.storage.pages import PageTokens
from shared.storage.resources import ResourceKind

Summary = TypeVar("Summary", bound=Message)
DEFAULT_RESULTS = 100


class Listings:
    """Pages of any kind, the newest first."""

    def __init__(self, resources: ForecastResources, tokens: Callable[[], Any]) -> None:
        """``tokens`` gives the ``PageTokens`` of the database."""
        self._resources = resources
        self._tokens = tokens

    async def page(
        self,
        account: str,
        kind: ResourceKind,
        shape: type[Message],
        summary: type[Summary],
        request: Any,
        filters: Mapping[str, Callable[[Stored[Any]], str]],
        more: Callable[[Stored[Any], Any], None] | None = None,
    ) -> tuple[list[Summary], str | None]:
        """Summaries of the resources that every filter of the request lets pass, and the next token.

        ``filters``: what each key that may be filtered by says of a resource; ``more`` fills members of the summary
        that the description has not. Raises ``InvalidArgument`` for other keys, ``InvalidPaginationToken``.
        """
        asked = [(one.key, one.condition, one.value) for one in getattr(request, "filters", ())]
        if wrong := [key for key, _, _ in asked if key not in filters]:
            raise errors.InvalidArgument(f"There is no filter by {wrong[0]}: {', '.join(sorted(filters)) or 'none'}.")
        tokens: PageTokens = await self._tokens()
        listing = [account, kind.name, *asked]
        before = tokens.open_row(listing, request.next_token or None)
        count = request.max_results or DEFAULT_RESULTS
        fitting = [
            one
            for one in await self._resources.every(account, kind, shape)
            if (before is None or one.resource.id < before)
            and all((filters[key](one) == value) == (condition == "IS") for key, condition, value in asked)
        ]
        page = fitting[:count]
        token = tokens.seal(listing, page[-1].resource.id) if len(fitting) > count else None
        return [_summary(one, summary, more) for one in page], token


def _summary(stored: Stored[Any], shape: type[Summary], more: Callable[[Stored[Any], Any], None] | None) -> Summary:
    """The members that a summary and the description have in common."""
    summary: Any = copy_members(stored.described, shape())
    wanted: Iterable[str] = summary.DESCRIPTOR.fields_by_name
    if "status" in wanted:
        summary.status = stored.resource.status
    if "message" in wanted and stored.facts.get(MESSAGE):
        summary.message = stored.facts[MESSAGE]
    set_times(summary, stored.resource)
    if more is not None:
        more(stored, summary)
    return summary  # type: ignore[no-any-return]
