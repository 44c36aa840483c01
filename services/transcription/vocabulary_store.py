"""Custom vocabularies of an account: created PENDING, read and checked by a job of the queue, then READY or FAILED."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.transcription import vocabularies
from services.transcription.places import parse_uri
from services.transcription.recognition import Phrase
from services.transcription.requests import bad_request
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.jobs.queue import JobQueue
from shared.storage.names import ObjectName
from shared.storage.objects import ObjectStore
from shared.storage.resources import Change, Resource, ResourceFilter, ResourceKind, ResourceStore
from shared.storage.service_buckets import ServiceBucket

VOCABULARY = ResourceKind("transcribe.vocabulary", "transcribe", "vocabulary/{name}")
#: Kind of job in the queue.
READING = "transcription.vocabulary"
MAX_VOCABULARIES = 100
#: The service whose bucket holds tables of vocabularies, words of filters, and transcripts.
BUCKET = "transcribe"

PENDING, READY, FAILED = "PENDING", "READY", "FAILED"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A vocabulary: ``phrases`` once it is READY, ``failure`` once it is FAILED; ``modified`` in Unix seconds."""

    name: str
    arn: str
    state: str
    modified: float
    language: str
    #: Where its entries come from: ``entries`` of a request, or the object ``uri``.
    entries: Sequence[str]
    uri: str
    #: Changes with every creation and update.
    generation: str
    failure: str = ""
    phrases: tuple[Phrase, ...] = ()

    @classmethod
    def of(cls, resource: Resource) -> Vocabulary:
        values: dict[str, Any] = json.loads(resource.document)
        rows = tuple(Phrase(**row) for row in values.pop("phrases"))
        return cls(resource.name, resource.arn, resource.status, resource.updated_at, phrases=rows, **values)


class VocabularyStore:
    """Creates, updates, gets, lists and deletes; reads them as handler of ``READING``."""

    def __init__(
        self, resources: ResourceStore, queue: JobQueue, objects: ObjectStore, bucket: ServiceBucket,
        addresses: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """``addresses``: host:port under which our own S3 is reached."""
        self._resources = resources
        self._queue = queue
        self._objects = objects
        self._bucket = bucket
        self._addresses = addresses

    async def create(
        self, account: str, name: str, language: str, entries: Sequence[str], uri: str, tags: Mapping[str, str]
    ) -> Vocabulary:
        """Raises ``AlreadyExists`` (ConflictException), ``LimitExceeded``, ``InvalidArgument``."""
        document = self._pending(language, entries, uri)
        try:
            resource = await self._resources.create(
                account, VOCABULARY, name, document, status=PENDING, tags=tags, most=MAX_VOCABULARIES
            )
        except errors.AlreadyExists:
            raise errors.AlreadyExists("There is a vocabulary of that name.", aws_code="ConflictException") from None
        return await self._submit(resource)

    async def update(self, account: str, name: str, language: str, entries: Sequence[str], uri: str) -> Vocabulary:
        """New entries for a vocabulary, which is then read again. Raises ``NotFound``, ``AlreadyExists`` while it is
        being read (ConflictException)."""
        document = self._pending(language, entries, uri)

        def changed(current: Resource) -> Change:
            if current.status == PENDING:
                raise errors.AlreadyExists("The vocabulary is being read: wait.", aws_code="ConflictException")
            return Change(document, PENDING)

        try:
            return await self._submit(await self._resources.modify(account, VOCABULARY, name, changed))
        except errors.NotFound:
            raise _not_found() from None

    async def get(self, account: str, name: str) -> Vocabulary:
        """Raises ``NotFound``."""
        try:
            resource = await self._resources.get(account, VOCABULARY, name)
        except errors.NotFound:
            raise _not_found() from None
        if resource.status == PENDING:
            # Finds the job that ``create`` made, or makes it, where the process died in between.
            return await self._submit(resource)
        return Vocabulary.of(resource)

    async def phrases(
        self, account: str, names: Collection[str], languages: Mapping[str, str]
    ) -> dict[str, tuple[Phrase, ...]]:
        """The phrases of vocabularies, by name. ``languages``: by name, the language each must be in.

        Raises ``InvalidArgument`` (BadRequestException) for one that is not there, not READY or of another language.
        """
        found: dict[str, tuple[Phrase, ...]] = {}
        for name in sorted(names):
            try:
                vocabulary = await self.get(account, name)
            except errors.NotFound:
                raise bad_request(f"There is no vocabulary of the name {name}.") from None
            if vocabulary.state != READY:
                raise bad_request(f"The vocabulary {name} is {vocabulary.state}: it can be used once it is READY.")
            if languages.get(name, vocabulary.language) != vocabulary.language:
                raise bad_request(f"The vocabulary {name} is for {vocabulary.language}.")
            found[name] = vocabulary.phrases
        return found

    async def list(
        self, account: str, wanted: ResourceFilter, max_results: int, next_token: str | None
    ) -> tuple[list[Vocabulary], str | None]:
        """A page of vocabularies and the token of the next. Raises ``InvalidArgument`` for another's token."""
        try:
            page = await self._resources.list(
                account, VOCABULARY, wanted, max_results=max_results, next_token=next_token
            )
        except errors.InvalidPaginationToken as error:
            raise bad_request(error.message) from error
        return [Vocabulary.of(resource) for resource in page.resources], page.next_token

    async def delete(self, account: str, name: str) -> None:
        """Raises ``NotFound``; ``InvalidArgument`` (BadRequestException) while it is being read."""
        if (await self.get(account, name)).state == PENDING:
            raise bad_request("The vocabulary is being read: it can be deleted once it is READY or FAILED.")
        try:
            await self._resources.delete(account, VOCABULARY, name)
        except errors.NotFound:
            raise _not_found() from None
        await self._bucket.delete(account, [_key(name)])

    async def place(self, account: str, name: str) -> ObjectName:
        """Where the table of a READY vocabulary lies."""
        return await self._bucket.place(account, _key(name))

    async def read(self, job: RunningJob) -> JobResult:
        """Handler of ``READING``: check the entries, and say how it went."""
        name, generation = json.loads(job.request)
        try:
            vocabulary = Vocabulary.of(await self._resources.get(job.account, VOCABULARY, name))
        except errors.NotFound:
            return JobResult()  # deleted meanwhile
        try:
            if vocabulary.uri:
                place = parse_uri(vocabulary.uri, self._addresses)
                data = await self._objects.read(job.account, *place, max_bytes=vocabularies.MAX_BYTES)
                rows = vocabularies.phrases_of_file(data, vocabulary.language)
            else:
                rows = vocabularies.phrases_of_list(vocabulary.entries, vocabulary.language)
        except errors.InvalidArgument as error:
            await self._conclude(job.account, name, generation, FAILED, {"failure": error.message})
            return JobResult()
        await self._bucket.put(job.account, _key(name), vocabularies.table(rows), "text/plain; charset=utf-8")
        values = {"phrases": [asdict(row) for row in rows], "entries": []}
        await self._conclude(job.account, name, generation, READY, values)
        return JobResult()

    def _pending(self, language: str, entries: Sequence[str], uri: str) -> bytes:
        if bool(entries) == bool(uri):
            raise bad_request("Give the entries by Phrases or by VocabularyFileUri, and by one of them only.")
        if uri:
            parse_uri(uri, self._addresses)
        values = {
            "language": language, "entries": list(entries), "uri": uri, "generation": uuid.uuid4().hex, "failure": "",
            "phrases": [],
        }  # fmt: skip
        return json.dumps(values).encode()

    async def _submit(self, resource: Resource) -> Vocabulary:
        vocabulary = Vocabulary.of(resource)
        request = json.dumps([vocabulary.name, vocabulary.generation]).encode()
        queued = await self._queue.submit(
            resource.account, READING, request, client_token=vocabulary.generation, name=vocabulary.name
        )
        if queued.status.ended and vocabulary.state == PENDING:
            reason = queued.message or "Internal failure: try to update the vocabulary."
            current = await self._resources.get(resource.account, VOCABULARY, resource.name)
            if current.status == PENDING:  # its reader never came to say so
                await self._conclude(
                    resource.account, resource.name, vocabulary.generation, FAILED, {"failure": reason}
                )
                current = await self._resources.get(resource.account, VOCABULARY, resource.name)
            return Vocabulary.of(current)
        return vocabulary

    async def _conclude(
        self, account: str, name: str, generation: str, state: str, values: Mapping[str, Any]
    ) -> None:
        """Write how reading went, unless there are newer entries by now."""

        def changed(current: Resource) -> Change:
            known = json.loads(current.document)
            if known["generation"] != generation:
                return Change()
            return Change(json.dumps({**known, **values}).encode(), state)

        try:
            await self._resources.modify(account, VOCABULARY, name, changed)
        except errors.NotFound:
            return  # deleted meanwhile


def _key(name: str) -> str:
    return f"vocabularies/{name}.txt"


def _not_found() -> errors.NotFound:
    return errors.NotFound("There is no vocabulary of that name.", aws_code="NotFoundException")
