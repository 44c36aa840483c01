"""Vocabulary filters of an account."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.transcription import vocabulary_filters
from services.transcription.places import parse_uri
from services.transcription.requests import bad_request
from services.transcription.vocabulary_filters import folded
from shared import errors
from shared.storage.names import ObjectName
from shared.storage.objects import ObjectStore
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceKind, ResourceStore
from shared.storage.service_buckets import ServiceBucket

VOCABULARY_FILTER = ResourceKind("transcribe.vocabulary-filter", "transcribe", "vocabulary-filter/{name}")
MAX_FILTERS = 100


@dataclass(frozen=True, slots=True)
class StoredFilter:
    """A filter's words as they were given; ``modified`` in Unix seconds."""

    name: str
    arn: str
    modified: float
    language: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, resource: Resource) -> StoredFilter:
        language, words = json.loads(resource.document)
        return cls(resource.name, resource.arn, resource.updated_at, language, tuple(words))


class FilterStore:
    """Creates, updates, gets, lists and deletes."""

    def __init__(
        self, resources: ResourceStore, objects: ObjectStore, bucket: ServiceBucket, addresses: tuple[str, ...] = ()
    ) -> None:
        """``addresses``: host:port under which our own S3 is reached."""
        self._resources = resources
        self._objects = objects
        self._bucket = bucket
        self._addresses = addresses

    async def create(
        self, account: str, name: str, language: str, words: Sequence[str], uri: str, tags: Mapping[str, str]
    ) -> StoredFilter:
        """Raises ``AlreadyExists`` (ConflictException), ``LimitExceeded``, ``InvalidArgument``."""
        document = json.dumps([language, await self._words(account, words, uri)]).encode()
        try:
            resource = await self._resources.create(
                account, VOCABULARY_FILTER, name, document, status="READY", tags=tags, most=MAX_FILTERS
            )
        except errors.AlreadyExists:
            raise errors.AlreadyExists(
                "There is a vocabulary filter of that name.", aws_code="ConflictException"
            ) from None
        return await self._written(resource)

    async def update(self, account: str, name: str, words: Sequence[str], uri: str) -> StoredFilter:
        """New words for a filter. Raises ``NotFound``, ``InvalidArgument``."""
        known = await self.get(account, name)
        document = json.dumps([known.language, await self._words(account, words, uri)]).encode()
        try:
            resource = await self._resources.modify(account, VOCABULARY_FILTER, name, lambda _: Change(document))
        except errors.NotFound:
            raise _not_found() from None
        return await self._written(resource)

    async def get(self, account: str, name: str) -> StoredFilter:
        """Raises ``NotFound``."""
        try:
            return StoredFilter.of(await self._resources.get(account, VOCABULARY_FILTER, name))
        except errors.NotFound:
            raise _not_found() from None

    async def words(
        self, account: str, names: Collection[str], languages: Mapping[str, str]
    ) -> dict[str, frozenset[str]]:
        """The folded words of filters, by name. ``languages``: by name, the language each must be in.

        Raises ``InvalidArgument`` (BadRequestException) for one that is not there or of another language.
        """
        found: dict[str, frozenset[str]] = {}
        for name in sorted(names):
            try:
                stored = await self.get(account, name)
            except errors.NotFound:
                raise bad_request(f"There is no vocabulary filter of the name {name}.") from None
            if languages.get(name, stored.language) != stored.language:
                raise bad_request(f"The vocabulary filter {name} is for {stored.language}.")
            found[name] = frozenset(folded(word) for word in stored.words)
        return found

    async def list(
        self, account: str, wanted: ResourceFilter, max_results: int, next_token: str | None
    ) -> tuple[list[StoredFilter], str | None]:
        """A page of filters and the token of the next. Raises ``InvalidArgument`` for another's token."""
        try:
            page = await self._resources.list(
                account, VOCABULARY_FILTER, wanted, max_results=max_results, next_token=next_token
            )
        except errors.InvalidPaginationToken as error:
            raise bad_request(error.message) from error
        return [StoredFilter.of(resource) for resource in page.resources], page.next_token

    async def delete(self, account: str, name: str) -> None:
        """Raises ``NotFound``."""
        try:
            await self._resources.delete(account, VOCABULARY_FILTER, name)
        except errors.NotFound:
            raise _not_found() from None
        await self._bucket.delete(account, [_key(name)])

    async def place(self, account: str, name: str) -> ObjectName:
        """Where the filter's words lie as a file."""
        return await self._bucket.place(account, _key(name))

    async def _words(self, account: str, words: Sequence[str], uri: str) -> Sequence[str]:
        if bool(words) == bool(uri):
            raise bad_request("Give the words by Words or by VocabularyFilterFileUri, and by one of them only.")
        if not uri:
            return vocabulary_filters.checked_words(words)
        place = parse_uri(uri, self._addresses)
        try:
            data = await self._objects.read(account, *place, max_bytes=vocabulary_filters.MAX_BYTES)
        except errors.InvalidObject as error:
            raise bad_request(error.message) from error
        return vocabulary_filters.words_of_file(data)

    async def _written(self, resource: Resource) -> StoredFilter:
        stored = StoredFilter.of(resource)
        body = "".join(f"{word}\n" for word in stored.words).encode()
        await self._bucket.put(resource.account, _key(stored.name), body, "text/plain; charset=utf-8")
        return stored


def _key(name: str) -> str:
    return f"vocabulary-filters/{name}.txt"


def _not_found() -> errors.NotFound:
    return errors.NotFound("There is no vocabulary filter of that name.", aws_code="NotFoundException")
