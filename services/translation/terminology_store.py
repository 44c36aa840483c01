"""Terminologies of an account: what is known of each in the resource store, its file in the object store."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from services.translation import terminologies
from services.translation.terminologies import Terminology
from shared import errors
from shared.storage.names import ObjectName
from shared.storage.objects import ObjectStore
from shared.storage.resources import Change, Resource, ResourceKind, ResourceStore
from shared.storage.service_buckets import ServiceBucket

TERMINOLOGY = ResourceKind("translate.terminology", service="translate", resource="terminology/{name}/LATEST")
MAX_TERMINOLOGIES = 100
#: Terminologies that stay parsed in memory.
_REMEMBERED = 8
_CONTENT_TYPES = {"CSV": "text/csv", "TSV": "text/tab-separated-values", "TMX": "application/xml"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a listing tells of a terminology."""

    description: str
    languages: tuple[str, ...]
    file_format: str
    both_ways: bool
    size: int
    terms: int
    skipped: int
    #: Names its file; each import has one of its own, so that none can lose another's.
    file: str


@dataclass(frozen=True, slots=True)
class StoredTerminology:
    """A terminology without its terms; times in Unix seconds."""

    name: str
    arn: str
    created: float
    modified: float
    version: int
    facts: Facts

    @classmethod
    def of(cls, resource: Resource) -> StoredTerminology:
        fields = json.loads(resource.document)
        facts = Facts(**{**fields, "languages": tuple(fields["languages"])})
        return cls(
            resource.name, resource.arn, resource.created_at, resource.updated_at, resource.version, facts
        )  # fmt: skip


class TerminologyStore:
    """Imports, gets, lists and deletes."""

    def __init__(self, resources: ResourceStore, objects: ObjectStore) -> None:
        self._resources = resources
        self._objects = objects
        self._bucket = ServiceBucket(objects, "translate")
        self._parsed: OrderedDict[tuple[str, Facts], Terminology] = OrderedDict()

    async def put(
        self,
        account: str,
        name: str,
        data: bytes,
        file_format: str,
        both_ways: bool,
        description: str,
        tags: Mapping[str, str],
    ) -> StoredTerminology:
        """Store a terminology, in place of one of that name.

        Raises ``InvalidArgument`` for a file that is none, ``LimitExceeded`` beyond 100 of them or with too many tags.
        """
        terminology = await asyncio.to_thread(terminologies.parse, data, file_format, both_ways)
        facts = Facts(
            description, terminology.languages, file_format, both_ways, len(data), len(terminology.rows),
            terminology.skipped, uuid.uuid4().hex,
        )  # fmt: skip
        before = await self._find(account, name)
        await self._bucket.put(account, _key(name, facts, file_format), data, _CONTENT_TYPES[file_format])
        document = json.dumps(asdict(facts)).encode()
        try:
            resource = await self._create_or_change(account, name, document, tags)
        except errors.NonetError:
            await self._bucket.delete(account, [_key(name, facts, file_format)])
            raise
        if before is not None:
            await self._forget_files(account, before)
        return StoredTerminology.of(resource)

    async def _create_or_change(self, account: str, name: str, document: bytes, tags: Mapping[str, str]) -> Resource:
        try:
            return await self._resources.create(account, TERMINOLOGY, name, document, tags=tags, most=MAX_TERMINOLOGIES)
        except errors.AlreadyExists:
            pass
        except errors.LimitExceeded as full:
            if full.explicit_aws_code is not None:  # too many tags
                raise
            if await self._find(account, name) is None:
                raise errors.LimitExceeded(
                    f"An account has {MAX_TERMINOLOGIES} terminologies at most: delete one first."
                ) from None
        try:
            resource = await self._resources.modify(account, TERMINOLOGY, name, lambda _: Change(document))
            if tags:
                await self._resources.tag(account, resource.arn, tags)
        except errors.NotFound:
            raise errors.Aborted("The terminology was deleted meanwhile: import it again.") from None
        return resource

    async def get(self, account: str, name: str) -> StoredTerminology:
        """Raises ``NotFound``."""
        found = await self._find(account, name)
        if found is None:
            raise errors.NotFound(f"There is no terminology of the name {name}.")
        return found

    async def read(self, account: str, name: str) -> Terminology:
        """The terms. Raises ``NotFound``."""
        stored = await self.get(account, name)
        facts = stored.facts
        identity = (stored.arn, facts)
        known = self._parsed.get(identity)
        if known is not None:
            self._parsed.move_to_end(identity)
            return known
        place = await self._bucket.place(account, _key(name, facts, facts.file_format))
        data = await self._objects.read(account, *place, max_bytes=terminologies.MAX_BYTES)
        parsed = await asyncio.to_thread(terminologies.parse, data, facts.file_format, facts.both_ways)
        self._parsed[identity] = parsed
        while len(self._parsed) > _REMEMBERED:
            self._parsed.popitem(last=False)
        return parsed

    async def file(self, account: str, stored: StoredTerminology, file_format: str) -> ObjectName:
        """Where its file lies, in any format; made from the terms where it was imported in another."""
        key = _key(stored.name, stored.facts, file_format)
        if file_format != stored.facts.file_format:
            terminology = await self.read(account, stored.name)
            data = await asyncio.to_thread(terminologies.write, terminology, file_format)
            await self._bucket.put(account, key, data, _CONTENT_TYPES[file_format])
        return await self._bucket.place(account, key)

    async def list(
        self, account: str, max_results: int, next_token: str | None
    ) -> tuple[Sequence[StoredTerminology], str | None]:
        """A page of terminologies and the token of the next. Raises ``InvalidPaginationToken``."""
        page = await self._resources.list(account, TERMINOLOGY, max_results=max_results, next_token=next_token)
        return [StoredTerminology.of(resource) for resource in page.resources], page.next_token

    async def delete(self, account: str, name: str) -> None:
        """Raises ``NotFound``."""
        try:
            resource = await self._resources.delete(account, TERMINOLOGY, name)
        except errors.NotFound:
            raise errors.NotFound(f"There is no terminology of the name {name}.") from None
        await self._forget_files(account, StoredTerminology.of(resource))

    async def _find(self, account: str, name: str) -> StoredTerminology | None:
        try:
            return StoredTerminology.of(await self._resources.get(account, TERMINOLOGY, name))
        except errors.NotFound:
            return None

    async def _forget_files(self, account: str, stored: StoredTerminology) -> None:
        keys = [_key(stored.name, stored.facts, file_format) for file_format in _CONTENT_TYPES]
        await self._bucket.delete(account, keys)


def _key(name: str, facts: Facts, file_format: str) -> str:
    return f"terminologies/{name}/{facts.file}.{file_format.lower()}"
