"""Lexicons of an account, in the resource store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.speech import lexicons
from services.speech.lexicons import Lexicon, parse_lexicon
from services.speech.voices import LANGUAGES
from shared import errors
from shared.storage.resources import Change, Resource, ResourceKind, ResourceStore

LEXICON = ResourceKind("polly.lexicon", service="polly", resource="lexicon/{name}")


@dataclass(frozen=True, slots=True)
class StoredLexicon:
    """A lexicon with its document; ``modified`` in Unix seconds."""

    name: str
    arn: str
    content: str
    lexicon: Lexicon
    modified: float


class LexiconStore:
    """Puts, gets, lists and deletes. Names are case-sensitive."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources

    async def put(self, account: str, name: str, content: str) -> None:
        """Raises ``InvalidArgument`` for a document that is no lexicon, ``LimitExceeded`` beyond 100 of them."""
        parse_lexicon(content, tuple(LANGUAGES))
        document = content.encode()
        try:
            await self._resources.modify(account, LEXICON, name, lambda _: Change(document=document))
        except errors.NotFound:
            await self._create(account, name, document)

    async def _create(self, account: str, name: str, document: bytes) -> None:
        try:
            await self._resources.create(account, LEXICON, name, document, most=lexicons.MAX_LEXICONS)
        except errors.AlreadyExists:  # somebody else was quicker; the last one wins
            await self._resources.modify(account, LEXICON, name, lambda _: Change(document=document))
        except errors.LimitExceeded:
            raise errors.LimitExceeded(
                f"An account has {lexicons.MAX_LEXICONS} lexicons at most: delete one first.",
                aws_code="MaxLexiconsNumberExceededException",
            ) from None

    async def get(self, account: str, name: str) -> StoredLexicon:
        """Raises ``NotFound``."""
        try:
            return _stored(await self._resources.get(account, LEXICON, name))
        except errors.NotFound:
            raise _not_found() from None

    async def read(self, account: str, names: Sequence[str]) -> list[Lexicon]:
        """The lexicons of these names, in that order. Raises ``NotFound``."""
        return [(await self.get(account, name)).lexicon for name in names]

    async def list(self, account: str, next_token: str | None) -> tuple[list[StoredLexicon], str | None]:
        """All there may be, and the token of a next page, should there be one."""
        page = await self._resources.list(account, LEXICON, max_results=lexicons.MAX_LEXICONS, next_token=next_token)
        return [_stored(resource) for resource in page.resources], page.next_token

    async def delete(self, account: str, name: str) -> None:
        """Raises ``NotFound``."""
        try:
            await self._resources.delete(account, LEXICON, name)
        except errors.NotFound:
            raise _not_found() from None


def _stored(resource: Resource) -> StoredLexicon:
    content = resource.document.decode()
    lexicon = parse_lexicon(content, tuple(LANGUAGES))
    return StoredLexicon(resource.name, resource.arn, content, lexicon, resource.updated_at)


def _not_found() -> errors.NotFound:
    return errors.NotFound("There is no lexicon of that name.", aws_code="LexiconNotFoundException")
