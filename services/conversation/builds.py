"""Builds: what a locale says, learnt and kept, so that the runtime reads one blob; and snapshots of built locales.

A build is two things in one blob: the *definition*, JSON under the names of the wire, which the dialog follows, and the
model, which understanding has learnt from it. The runtime sees no change of a locale before the next build.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from nonet.conversation_models.v1 import conversation_models_pb2 as pb
from services.conversation.definitions import definition_of, learnt_from
from services.conversation.fine_tuning import fine_tuning
from services.conversation.kinds import (
    AVAILABLE,
    BUILDING,
    BUILT,
    CREATING,
    FAILED,
    INTENT,
    LOCALE,
    SLOT,
    SLOT_TYPE,
    VERSION,
    Kind,
    build_folder,
    locale_path,
    version_path,
)
from services.conversation.sentence_vectors import vectors_of
from services.conversation.shelf import Shelf
from services.conversation.understanding.training import train
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.storage.blobs import BlobStore, blob_name

BUILD = "conversation.build"
SNAPSHOT = "conversation.snapshot"
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Build:
    """A locale as it was built. ``definition``: see ``definitions.definition_of``."""

    definition: Mapping[str, Any]
    model: bytes

    def to_bytes(self) -> bytes:
        told = orjson.dumps(self.definition)
        return len(told).to_bytes(_LENGTH_BYTES, "big") + told + self.model

    @classmethod
    def from_bytes(cls, data: bytes) -> Build:
        end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
        return cls(orjson.loads(data[_LENGTH_BYTES:end]), data[end:])


class Builds:
    """The handler of ``BUILD``; the job's request is "BOTID/DRAFT/en_US"."""

    def __init__(self, shelf: Shelf, blobs: BlobStore, runtime: Runtime) -> None:
        self._shelf = shelf
        self._blobs = blobs
        self._runtime = runtime

    async def build(self, job: RunningJob) -> JobResult:
        """Learn, write the build, then say that it is there; a build that cannot be says why."""
        bot_id, version, locale_id = job.request.decode().split("/")
        parent = version_path(bot_id, version)
        locale = await self._shelf.get(job.account, LOCALE, locale_id, parent=parent)
        number = locale.facts["builds"]
        if locale.status != BUILDING or locale.facts["job_id"] not in ("", job.id):
            return JobResult()  # its process died between the build and the job's end
        path = locale_path(bot_id, version, locale_id)
        intents = [one.message for one in await self._shelf.all(job.account, INTENT, path)]
        slots = [one.message for one in await self._shelf.all(job.account, SLOT, path)]
        slot_types = [one.message for one in await self._shelf.all(job.account, SLOT_TYPE, path)]
        name = blob_name(build_folder(bot_id, version, locale_id), f"{locale.resource.id}-{number}")

        def failed(message: pb.DescribeBotLocaleResponse, facts: dict[str, Any]) -> str:
            message.failure_reasons.append(reason)
            message.recommended_actions.append("Change what the reason names, then build again.")
            return FAILED

        try:
            definition = definition_of(locale.message, intents, slots, slot_types)
            vectors = vectors_of(self._runtime, Priority.BATCH)
            fine_tune = fine_tuning(self._runtime, locale_id, name, job.report)
            model = await train(learnt_from(definition), vectors, fine_tune)
            data = await asyncio.to_thread(Build(definition, model).to_bytes)
            await self._blobs.write(name, once(data))
        except errors.NonetError as error:
            if error.retryable or isinstance(error, errors.Cancelled):
                raise
            reason = error.message
            await self._end(job.account, parent, locale_id, number, failed)
            raise
        former = locale.facts.get("build", "")

        def done(message: pb.DescribeBotLocaleResponse, facts: dict[str, Any]) -> str:
            facts["build"] = name
            return BUILT

        try:
            await self._end(job.account, parent, locale_id, number, done)
        except errors.NotFound:
            await self._blobs.delete(name)  # the locale was deleted while it was built
            raise
        if former and former != name:
            await self._blobs.delete(former)
        return JobResult()

    async def _end(self, account: str, parent: str, locale_id: str, number: int, change: Any) -> None:
        await self._shelf.change(
            account,
            LOCALE,
            locale_id,
            change,
            parent=parent,
            only=lambda stored: stored.status == BUILDING and stored.facts["builds"] == number,
        )


class Snapshots:
    """The handler of ``SNAPSHOT``; the job's request is "BOTID/3"."""

    def __init__(self, shelf: Shelf, blobs: BlobStore) -> None:
        self._shelf = shelf
        self._blobs = blobs

    async def take(self, job: RunningJob) -> JobResult:
        """Copy the locales of a version with all that is in them, and their builds."""
        bot_id, number = job.request.decode().split("/")
        version = await self._shelf.get(job.account, VERSION, number, parent=bot_id)
        if version.status != CREATING:
            return JobResult()
        for locale_id, source in version.facts["sources"].items():
            await self._copy(job.account, bot_id, source, number, locale_id)

        def done(message: pb.DescribeBotVersionResponse, facts: dict[str, Any]) -> str:
            return AVAILABLE

        await self._shelf.change(
            job.account, VERSION, number, done, parent=bot_id, only=lambda stored: stored.status == CREATING
        )
        return JobResult()

    async def _copy(self, account: str, bot_id: str, source: str, number: str, locale_id: str) -> None:
        old, new = locale_path(bot_id, source, locale_id), locale_path(bot_id, number, locale_id)
        for kind in (INTENT, SLOT, SLOT_TYPE):
            await self._copy_all(account, kind, old, new, number)
        name = blob_name(build_folder(bot_id, number, locale_id), "build")
        while True:
            locale = await self._shelf.get(account, LOCALE, locale_id, parent=version_path(bot_id, source))
            former = locale.facts["build"]
            try:
                await self._blobs.write(name, self._blobs.read(former))
            except errors.NotFound:
                fresh = await self._shelf.get(account, LOCALE, locale_id, parent=version_path(bot_id, source))
                if fresh.facts["build"] == former:
                    raise
                continue
            break
        locale.message.bot_version = number
        with contextlib.suppress(errors.AlreadyExists):  # by an attempt that died after this
            await self._shelf.create(
                account,
                LOCALE,
                locale_id,
                locale.message,
                parent=version_path(bot_id, number),
                status=BUILT,
                facts={"build": name, "builds": 0, "job_id": ""},
            )

    async def _copy_all(self, account: str, kind: Kind[Any], old: str, new: str, number: str) -> None:
        for one in await self._shelf.all(account, kind, old):
            one.message.bot_version = number
            with contextlib.suppress(errors.AlreadyExists):  # by an attempt that died after this
                await self._shelf.create(account, kind, one.resource.name, one.message, parent=new)


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Bytes as the blob store takes them."""
    yield data
