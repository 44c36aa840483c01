"""Operations on the locales of a bot, and on what every locale has built in."""

from __future__ import annotations

from nonet.conversation_models.v1 import conversation_models_pb2 as pb
from services.conversation import built_ins
from services.conversation.bot_operations import BotOperations
from services.conversation.builds import BUILD, Builds
from services.conversation.kinds import (
    BOT,
    BUILDING,
    DELETING,
    DRAFT,
    FAILED,
    INTENT,
    LOCALE,
    NOT_BUILT,
    SLOT_TYPE,
    Stored,
    locale_path,
    version_path,
)
from services.conversation.locales import LOCALES, check_locale
from services.conversation.refusals import check_built
from services.conversation.shelf import wanted
from shared import errors
from shared.contract.messages import copy_members
from shared.jobs.resource_jobs import end_of
from shared.platform import Platform
from shared.rpc.call import Call


class LocaleOperations(BotOperations):
    """The part of the service that is about locales."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        builds = Builds(self._shelf, platform.objects.blobs, platform.runtime)
        platform.jobs.register(BUILD, builds.build)

    async def create_bot_locale(self, request: pb.CreateBotLocaleRequest, call: Call) -> pb.CreateBotLocaleResponse:
        """Give a bot a language, which has the fallback intent and nothing else."""
        check_locale(request.locale_id)
        check_built(request)
        account, bot_id, locale_id = call.account, request.bot_id, request.locale_id
        await self._shelf.get(account, BOT, bot_id)
        message = copy_members(request, pb.DescribeBotLocaleResponse(locale_name=LOCALES[locale_id]))
        path = locale_path(bot_id, DRAFT, locale_id)
        locale = await self._shelf.create(
            account, LOCALE, locale_id, message, parent=version_path(bot_id, DRAFT), status=NOT_BUILT
        )
        fallback = pb.DescribeIntentResponse(
            intent_id=built_ins.FALLBACK_ID,
            intent_name=built_ins.FALLBACK_NAME,
            description="Default intent when no other intent matches",
            parent_intent_signature=built_ins.FALLBACK,
            bot_id=bot_id,
            bot_version=DRAFT,
            locale_id=locale_id,
        )
        await self._shelf.take_name(account, INTENT, path, built_ins.FALLBACK_NAME, built_ins.FALLBACK_ID)
        await self._shelf.create(account, INTENT, built_ins.FALLBACK_ID, fallback, parent=path)
        return copy_members(locale.message, pb.CreateBotLocaleResponse())

    async def describe_bot_locale(
        self, request: pb.DescribeBotLocaleRequest, call: Call
    ) -> pb.DescribeBotLocaleResponse:
        """A locale, and how far its build is."""
        account = call.account
        parent = version_path(request.bot_id, request.bot_version)
        locale = await self._built(await self._shelf.get(account, LOCALE, request.locale_id, parent=parent))
        path = locale_path(request.bot_id, request.bot_version, request.locale_id)
        locale.message.intents_count = len(await self._shelf.all(account, INTENT, path))
        locale.message.slot_types_count = len(await self._shelf.all(account, SLOT_TYPE, path))
        return locale.message

    async def list_bot_locales(self, request: pb.ListBotLocalesRequest, call: Call) -> pb.ListBotLocalesResponse:
        """The locales of a version."""
        parent = version_path(request.bot_id, request.bot_version)
        found = [await self._built(one) for one in await self._shelf.all(call.account, LOCALE, parent)]
        sort = request.sort_by if request.HasField("sort_by") else None
        locales = wanted(found, "locale_name", request.filters, sort)
        listing = ["lex.locales", call.account, parent, request.sort_by.order, [str(one) for one in request.filters]]
        page, token = await self._shelf.page(listing, locales, request.max_results, request.next_token)
        return pb.ListBotLocalesResponse(
            bot_id=request.bot_id,
            bot_version=request.bot_version,
            next_token=token,
            bot_locale_summaries=[copy_members(one.message, pb.BotLocaleSummary()) for one in page],
        )

    async def update_bot_locale(self, request: pb.UpdateBotLocaleRequest, call: Call) -> pb.UpdateBotLocaleResponse:
        """Give a locale another threshold, voice or description; they count from the next build on."""
        check_built(request)
        await self._open(call.account, request.bot_id, request.locale_id)

        def changed(message: pb.DescribeBotLocaleResponse, facts: dict[str, object]) -> None:
            kept = pb.DescribeBotLocaleResponse(locale_name=message.locale_name)
            if message.HasField("last_build_submitted_date_time"):
                kept.last_build_submitted_date_time.CopyFrom(message.last_build_submitted_date_time)
            message.CopyFrom(copy_members(request, kept))

        parent = version_path(request.bot_id, DRAFT)
        locale = await self._shelf.change(call.account, LOCALE, request.locale_id, changed, parent=parent)
        return copy_members(locale.message, pb.UpdateBotLocaleResponse())

    async def delete_bot_locale(self, request: pb.DeleteBotLocaleRequest, call: Call) -> pb.DeleteBotLocaleResponse:
        """Delete a locale of DRAFT with all that is in it."""
        await self._open(call.account, request.bot_id, request.locale_id)
        await self._delete_locale(call.account, request.bot_id, DRAFT, request.locale_id)
        return pb.DeleteBotLocaleResponse(
            bot_id=request.bot_id, bot_version=DRAFT, locale_id=request.locale_id, bot_locale_status=DELETING
        )

    async def build_bot_locale(self, request: pb.BuildBotLocaleRequest, call: Call) -> pb.BuildBotLocaleResponse:
        """Learn what a locale says; until that is done its former build answers."""
        account, parent = call.account, version_path(request.bot_id, DRAFT)
        await self._built(await self._shelf.get(account, LOCALE, request.locale_id, parent=parent))

        def begun(message: pb.DescribeBotLocaleResponse, facts: dict[str, object]) -> str:
            facts["builds"] = int(str(facts.get("builds", 0))) + 1
            facts["job_id"] = ""
            del message.failure_reasons[:]
            del message.recommended_actions[:]
            message.last_build_submitted_date_time.GetCurrentTime()
            return BUILDING

        locale = await self._shelf.change(
            account, LOCALE, request.locale_id, begun, parent=parent, only=lambda stored: stored.status != BUILDING
        )
        locale = await self._queued(locale)
        return copy_members(locale.message, pb.BuildBotLocaleResponse())

    # -- what is built in

    async def list_built_in_intents(
        self, request: pb.ListBuiltInIntentsRequest, call: Call
    ) -> pb.ListBuiltInIntentsResponse:
        """The intents that need no utterances."""
        check_locale(request.locale_id)
        names = sorted(built_ins.INTENTS, reverse=request.sort_by.order == "Descending")
        listing = ["lex.built-in-intents", request.locale_id, request.sort_by.order]
        page, token = await self._shelf.page(listing, names, request.max_results, request.next_token)
        summaries = [
            pb.BuiltInIntentSummary(intent_signature=name, description=built_ins.INTENTS[name].description)
            for name in page
        ]
        return pb.ListBuiltInIntentsResponse(
            built_in_intent_summaries=summaries, next_token=token, locale_id=request.locale_id
        )

    async def list_built_in_slot_types(
        self, request: pb.ListBuiltInSlotTypesRequest, call: Call
    ) -> pb.ListBuiltInSlotTypesResponse:
        """The slot types that need no values."""
        check_locale(request.locale_id)
        names = sorted(built_ins.SLOT_TYPES, reverse=request.sort_by.order == "Descending")
        listing = ["lex.built-in-slot-types", request.locale_id, request.sort_by.order]
        page, token = await self._shelf.page(listing, names, request.max_results, request.next_token)
        summaries = [
            pb.BuiltInSlotTypeSummary(slot_type_signature=name, description=built_ins.SLOT_TYPES[name])
            for name in page
        ]
        return pb.ListBuiltInSlotTypesResponse(
            built_in_slot_type_summaries=summaries, next_token=token, locale_id=request.locale_id
        )

    # -- how a locale is

    async def _open(self, account: str, bot_id: str, locale_id: str) -> None:
        """Say that a locale of DRAFT is about to change: from now on it is not built any more.

        Raises:
            NotFound: there is none.
            ResourceInUse: it is being built.
        """

        def changing(message: pb.DescribeBotLocaleResponse, facts: dict[str, object]) -> str:
            return NOT_BUILT

        parent = version_path(bot_id, DRAFT)
        locale = await self._shelf.change(
            account, LOCALE, locale_id, changing, parent=parent, only=lambda stored: stored.status != BUILDING
        )
        if locale.status == BUILDING and (await self._built(locale)).status == BUILDING:
            raise errors.ResourceInUse("The locale is being built: change it when that is over.")

    async def _queued(
        self, locale: Stored[pb.DescribeBotLocaleResponse]
    ) -> Stored[pb.DescribeBotLocaleResponse]:
        """A locale whose build has its job in the queue."""
        resource = locale.resource
        if locale.status != BUILDING or locale.facts["job_id"]:
            return locale
        job = await self._queue.submit(
            resource.account,
            BUILD,
            f"{resource.parent}/{resource.name}".encode(),
            client_token=f"{resource.arn}#{resource.id}#{locale.facts['builds']}",
            name=resource.name,
        )

        def known(message: pb.DescribeBotLocaleResponse, facts: dict[str, object]) -> None:
            facts["job_id"] = job.id

        return await self._shelf.change(
            resource.account,
            LOCALE,
            resource.name,
            known,
            parent=resource.parent,
            only=lambda stored: stored.status == BUILDING and stored.facts["builds"] == locale.facts["builds"],
        )

    async def _built(
        self, locale: Stored[pb.DescribeBotLocaleResponse]
    ) -> Stored[pb.DescribeBotLocaleResponse]:
        """What the queue knows of a build that is not over, its job may not have lived to write."""
        if locale.status != BUILDING:
            return locale
        locale = await self._queued(locale)
        if locale.status != BUILDING:
            return locale
        resource = locale.resource
        end = await end_of(self._queue, resource.account, locale.facts["job_id"])
        if end is None:
            return locale

        def failed(message: pb.DescribeBotLocaleResponse, facts: dict[str, object]) -> str:
            message.failure_reasons.append(end.reason)
            return FAILED

        return await self._shelf.change(
            resource.account,
            LOCALE,
            resource.name,
            failed,
            parent=resource.parent,
            only=lambda stored: stored.status == BUILDING and stored.facts["job_id"] == locale.facts["job_id"],
        )
