"""Operations on bots, their aliases and versions, and on tags."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from nonet.conversation_models.v1 import conversation_models_pb2 as pb
from services.conversation.builds import SNAPSHOT, Snapshots
from services.conversation.kinds import (
    ALIAS,
    AVAILABLE,
    BOT,
    BUILDING,
    CREATING,
    DELETING,
    DRAFT,
    INTENT,
    LOCALE,
    SLOT,
    SLOT_TYPE,
    TEST_ALIAS_ID,
    TEST_ALIAS_NAME,
    VERSION,
    Stored,
    build_folder,
    locale_path,
    new_id,
    version_path,
)
from services.conversation.refusals import check_built
from services.conversation.shelf import Shelf, wanted
from shared import errors
from shared.contract.messages import copy_members
from shared.jobs.resource_jobs import end_of, submit_for
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage.resources import MOST_TAGS

MOST_BOTS = 1000


class BotOperations:
    """The part of the service that is about whole bots."""

    def __init__(self, platform: Platform) -> None:
        self._resources = platform.resources
        self._blobs = platform.objects.blobs
        self._queue = platform.jobs
        self._shelf = Shelf(platform.resources, platform.database)
        snapshots = Snapshots(self._shelf, platform.objects.blobs)
        platform.jobs.register(SNAPSHOT, snapshots.take, concurrency=2)

    # -- bots

    async def create_bot(self, request: pb.CreateBotRequest, call: Call) -> pb.CreateBotResponse:
        """Make a bot, with its DRAFT version and the alias TestBotAlias."""
        check_built(request)
        _check_tags(request.bot_tags, request.test_bot_alias_tags)
        if await self._resources.count(call.account, BOT.resource) >= MOST_BOTS:
            raise errors.LimitExceeded(f"The account has {MOST_BOTS} bots already.")
        bot_id = new_id()
        await self._shelf.take_name(call.account, BOT, "", request.bot_name, bot_id)
        message = copy_members(request, pb.DescribeBotResponse(bot_id=bot_id))
        message.bot_type = "Bot"
        bot = await self._shelf.create(call.account, BOT, bot_id, message, tags=request.bot_tags)
        alias = pb.DescribeBotAliasResponse(
            bot_alias_id=TEST_ALIAS_ID,
            bot_alias_name=TEST_ALIAS_NAME,
            description="test bot alias",
            bot_version=DRAFT,
            bot_id=bot_id,
            sentiment_analysis_settings=pb.SentimentAnalysisSettings(detect_sentiment=False),
        )
        tags = request.test_bot_alias_tags
        await self._shelf.create(call.account, ALIAS, TEST_ALIAS_ID, alias, parent=bot_id, tags=tags)
        answer = copy_members(bot.message, pb.CreateBotResponse())
        answer.bot_tags.update(request.bot_tags)
        answer.test_bot_alias_tags.update(request.test_bot_alias_tags)
        return answer

    async def describe_bot(self, request: pb.DescribeBotRequest, call: Call) -> pb.DescribeBotResponse:
        """A bot."""
        return (await self._shelf.get(call.account, BOT, request.bot_id)).message

    async def list_bots(self, request: pb.ListBotsRequest, call: Call) -> pb.ListBotsResponse:
        """The account's bots."""
        found = await self._shelf.all(call.account, BOT, "")
        for one in request.filters:
            if one.name == "BotType":
                found = [bot for bot in found if (one.values[0] in ("Bot",)) is (one.operator != "NE")]
        names = [one for one in request.filters if one.name == "BotName"]
        bots = wanted(found, "bot_name", names, _sort(request))
        listing = ["lex.bots", call.account, request.sort_by.order, [str(one) for one in request.filters]]
        page, token = await self._shelf.page(listing, bots, request.max_results, request.next_token)
        answer = pb.ListBotsResponse(next_token=token)
        for bot in page:
            summary = copy_members(bot.message, answer.bot_summaries.add())
            if latest := bot.facts.get("versions", 0):
                summary.latest_bot_version = str(latest)
        return answer

    async def update_bot(self, request: pb.UpdateBotRequest, call: Call) -> pb.UpdateBotResponse:
        """Give a bot other settings."""
        check_built(request)
        bot = await self._shelf.get(call.account, BOT, request.bot_id)
        old = bot.message.bot_name
        if request.bot_name != old:
            await self._shelf.take_name(call.account, BOT, "", request.bot_name, request.bot_id)

        def changed(message: pb.DescribeBotResponse, facts: dict[str, object]) -> None:
            message.Clear()
            copy_members(request, message)
            message.bot_type = "Bot"

        stored = await self._shelf.change(call.account, BOT, request.bot_id, changed)
        if request.bot_name != old:
            await self._shelf.free_name(call.account, BOT, "", old)
        return copy_members(stored.message, pb.UpdateBotResponse())

    async def delete_bot(self, request: pb.DeleteBotRequest, call: Call) -> pb.DeleteBotResponse:
        """Delete a bot with everything that it has, unless an alias of its users is in the way."""
        account, bot_id = call.account, request.bot_id
        bot = await self._shelf.get(account, BOT, bot_id)
        aliases = await self._shelf.all(account, ALIAS, bot_id)
        if not request.skip_resource_in_use_check and any(alias.id != TEST_ALIAS_ID for alias in aliases):
            raise errors.ResourceInUse("The bot has aliases: delete them first, or give skipResourceInUseCheck.")
        versions = [DRAFT, *(version.id for version in await self._shelf.all(account, VERSION, bot_id))]
        for version in versions:
            await self._delete_version(account, bot_id, version)
        for alias in aliases:
            await self._shelf.delete(account, ALIAS, alias.id, parent=bot_id)
        await self._shelf.free_names(account, ALIAS, bot_id)
        # Last, so that a deletion that was cut off can be asked for again.
        await self._shelf.delete(account, BOT, bot_id)
        await self._shelf.free_name(account, BOT, "", bot.message.bot_name)
        await self._blobs.delete_below(build_folder(bot_id))
        return pb.DeleteBotResponse(bot_id=bot_id, bot_status=DELETING)

    # -- versions

    async def create_bot_version(
        self, request: pb.CreateBotVersionRequest, call: Call
    ) -> pb.CreateBotVersionResponse:
        """Keep a bot's locales as they were built, under the next number."""
        account, bot_id = call.account, request.bot_id
        sources: dict[str, str] = {}
        for locale_id, details in request.bot_version_locale_specification.items():
            source = details.source_bot_version
            locale = await self._shelf.get(account, LOCALE, locale_id, parent=version_path(bot_id, source))
            if locale.status == BUILDING or not locale.facts.get("build"):
                raise errors.FailedPrecondition(
                    f"The locale {locale_id} of version {source} is {locale.status}: build it first."
                )
            sources[locale_id] = source

        def counted(message: pb.DescribeBotResponse, facts: dict[str, object]) -> None:
            facts["versions"] = int(str(facts.get("versions", 0))) + 1

        bot = await self._shelf.change(account, BOT, bot_id, counted)
        number = str(bot.facts["versions"])
        message = copy_members(bot.message, pb.DescribeBotVersionResponse(bot_version=number))
        message.ClearField("description")
        if request.HasField("description"):
            message.description = request.description
        version = await self._shelf.create(
            account,
            VERSION,
            number,
            message,
            parent=bot_id,
            status=CREATING,
            facts={"sources": sources, "job_id": ""},
        )
        version = await self._submitted(version)
        answer = copy_members(version.message, pb.CreateBotVersionResponse())
        for locale_id, source in sources.items():
            answer.bot_version_locale_specification[locale_id].source_bot_version = source
        return answer

    async def describe_bot_version(
        self, request: pb.DescribeBotVersionRequest, call: Call
    ) -> pb.DescribeBotVersionResponse:
        """A version of a bot."""
        version = await self._shelf.get(call.account, VERSION, request.bot_version, parent=request.bot_id)
        return (await self._fresh(version)).message

    async def list_bot_versions(self, request: pb.ListBotVersionsRequest, call: Call) -> pb.ListBotVersionsResponse:
        """The versions of a bot, DRAFT first."""
        bot = await self._shelf.get(call.account, BOT, request.bot_id)
        found = [await self._fresh(one) for one in await self._shelf.all(call.account, VERSION, request.bot_id)]
        draft = copy_members(bot.message, pb.BotVersionSummary(bot_version=DRAFT))
        summaries = [draft, *(copy_members(one.message, pb.BotVersionSummary()) for one in found)]
        if request.sort_by.order == "Descending":
            summaries.reverse()
        listing = ["lex.versions", call.account, request.bot_id, request.sort_by.order]
        page, token = await self._shelf.page(listing, summaries, request.max_results, request.next_token)
        return pb.ListBotVersionsResponse(bot_id=request.bot_id, bot_version_summaries=page, next_token=token)

    async def delete_bot_version(
        self, request: pb.DeleteBotVersionRequest, call: Call
    ) -> pb.DeleteBotVersionResponse:
        """Delete a version that no alias leads to."""
        account, bot_id, number = call.account, request.bot_id, request.bot_version
        await self._shelf.get(account, VERSION, number, parent=bot_id)
        if not request.skip_resource_in_use_check:
            for alias in await self._shelf.all(account, ALIAS, bot_id):
                if alias.message.bot_version == number:
                    raise errors.ResourceInUse("An alias leads to the version: let it lead to another first.")
        await self._delete_version(account, bot_id, number)
        return pb.DeleteBotVersionResponse(bot_id=bot_id, bot_version=number, bot_status=DELETING)

    async def _delete_version(self, account: str, bot_id: str, version: str) -> None:
        parent = version_path(bot_id, version)
        for locale in await self._shelf.all(account, LOCALE, parent):
            await self._delete_locale(account, bot_id, version, locale.resource.name)
        if version != DRAFT:
            with contextlib.suppress(errors.NotFound):
                await self._shelf.delete(account, VERSION, version, parent=bot_id)

    async def _delete_locale(self, account: str, bot_id: str, version: str, locale_id: str) -> None:
        """Delete a locale and all that is in it; the locale itself last."""
        path = locale_path(bot_id, version, locale_id)
        for slot in await self._shelf.all(account, SLOT, path):
            await self._shelf.delete(account, SLOT, slot.resource.name, parent=path)
            intent_id = slot.resource.name.partition("/")[0]
            await self._shelf.free_names(account, SLOT, path, f"{intent_id}/")
        await self._shelf.delete_all(account, INTENT.resource, path)
        await self._shelf.free_names(account, INTENT, path)
        await self._shelf.delete_all(account, SLOT_TYPE.resource, path)
        await self._shelf.free_names(account, SLOT_TYPE, path)
        await self._shelf.delete(account, LOCALE, locale_id, parent=version_path(bot_id, version))
        await self._blobs.delete_below(build_folder(bot_id, version, locale_id))

    async def _submitted(self, version: Stored[pb.DescribeBotVersionResponse]) -> Stored[pb.DescribeBotVersionResponse]:
        resource = version.resource
        job_id = await submit_for(self._queue, SNAPSHOT, resource, f"{resource.parent}/{resource.name}".encode())

        def known(message: pb.DescribeBotVersionResponse, facts: dict[str, object]) -> None:
            facts["job_id"] = job_id

        return await self._shelf.change(resource.account, VERSION, resource.name, known, parent=resource.parent)

    async def _fresh(self, version: Stored[pb.DescribeBotVersionResponse]) -> Stored[pb.DescribeBotVersionResponse]:
        """What the queue knows of a version that is being made, its job may not have lived to write."""
        if version.status != CREATING:
            return version
        resource = version.resource
        if not version.facts["job_id"]:
            return await self._submitted(version)
        end = await end_of(self._queue, resource.account, version.facts["job_id"])
        if end is None:
            return version

        def failed(message: pb.DescribeBotVersionResponse, facts: dict[str, object]) -> str:
            message.failure_reasons.append(end.reason)
            return "Failed"

        return await self._shelf.change(
            resource.account,
            VERSION,
            resource.name,
            failed,
            parent=resource.parent,
            only=lambda stored: stored.status == CREATING,
        )

    # -- aliases

    async def create_bot_alias(self, request: pb.CreateBotAliasRequest, call: Call) -> pb.CreateBotAliasResponse:
        """Make an alias, which leads to a version and says which code hook answers for it."""
        check_built(request)
        _check_tags(request.tags)
        account, bot_id = call.account, request.bot_id
        await self._shelf.get(account, BOT, bot_id)
        await self._check_version(account, bot_id, request.bot_version)
        alias_id = new_id()
        if request.bot_alias_name == TEST_ALIAS_NAME:
            raise errors.AlreadyExists("There is a bot alias of that name already.")
        await self._shelf.take_name(account, ALIAS, bot_id, request.bot_alias_name, alias_id)
        message = copy_members(request, pb.DescribeBotAliasResponse(bot_alias_id=alias_id))
        alias = await self._shelf.create(account, ALIAS, alias_id, message, parent=bot_id, tags=request.tags)
        answer = copy_members(alias.message, pb.CreateBotAliasResponse())
        answer.tags.update(request.tags)
        return answer

    async def describe_bot_alias(
        self, request: pb.DescribeBotAliasRequest, call: Call
    ) -> pb.DescribeBotAliasResponse:
        """An alias."""
        return (await self._shelf.get(call.account, ALIAS, request.bot_alias_id, parent=request.bot_id)).message

    async def list_bot_aliases(self, request: pb.ListBotAliasesRequest, call: Call) -> pb.ListBotAliasesResponse:
        """The aliases of a bot."""
        await self._shelf.get(call.account, BOT, request.bot_id)
        found = wanted(await self._shelf.all(call.account, ALIAS, request.bot_id), "bot_alias_name", (), None)
        listing = ["lex.aliases", call.account, request.bot_id]
        page, token = await self._shelf.page(listing, found, request.max_results, request.next_token)
        summaries = [copy_members(one.message, pb.BotAliasSummary()) for one in page]
        return pb.ListBotAliasesResponse(bot_alias_summaries=summaries, next_token=token, bot_id=request.bot_id)

    async def update_bot_alias(self, request: pb.UpdateBotAliasRequest, call: Call) -> pb.UpdateBotAliasResponse:
        """Let an alias lead to another version, or give it another code hook."""
        check_built(request)
        account, bot_id, alias_id = call.account, request.bot_id, request.bot_alias_id
        alias = await self._shelf.get(account, ALIAS, alias_id, parent=bot_id)
        old = alias.message.bot_alias_name
        number = request.bot_version or alias.message.bot_version
        if (alias_id == TEST_ALIAS_ID) != (number == DRAFT):
            raise errors.InvalidArgument("The test alias leads to DRAFT, every other alias to a numbered version.")
        await self._check_version(account, bot_id, number)
        if request.bot_alias_name != old:
            if alias_id == TEST_ALIAS_ID:
                raise errors.InvalidArgument("The test alias keeps its name.")
            await self._shelf.take_name(account, ALIAS, bot_id, request.bot_alias_name, alias_id)

        def changed(message: pb.DescribeBotAliasResponse, facts: dict[str, object]) -> None:
            message.Clear()
            copy_members(request, message)
            message.bot_version = number

        stored = await self._shelf.change(account, ALIAS, alias_id, changed, parent=bot_id)
        if request.bot_alias_name != old:
            await self._shelf.free_name(account, ALIAS, bot_id, old)
        return copy_members(stored.message, pb.UpdateBotAliasResponse())

    async def delete_bot_alias(self, request: pb.DeleteBotAliasRequest, call: Call) -> pb.DeleteBotAliasResponse:
        """Delete an alias; the version stays."""
        if request.bot_alias_id == TEST_ALIAS_ID:
            raise errors.InvalidArgument("The test alias stays as long as its bot.")
        alias = await self._shelf.delete(call.account, ALIAS, request.bot_alias_id, parent=request.bot_id)
        await self._shelf.free_name(call.account, ALIAS, request.bot_id, alias.message.bot_alias_name)
        return pb.DeleteBotAliasResponse(bot_alias_id=alias.id, bot_id=request.bot_id, bot_alias_status=DELETING)

    async def _check_version(self, account: str, bot_id: str, number: str) -> None:
        if not number or number == DRAFT:
            return
        version = await self._fresh(await self._shelf.get(account, VERSION, number, parent=bot_id))
        if version.status != AVAILABLE:
            raise errors.FailedPrecondition(f"The version is {version.status}, it must be {AVAILABLE}.")

    # -- tags

    async def tag_resource(self, request: pb.TagResourceRequest, call: Call) -> pb.TagResourceResponse:
        """Add tags to a bot or alias."""
        await self._resources.tag(call.account, request.resource_arn, request.tags)
        return pb.TagResourceResponse()

    async def untag_resource(self, request: pb.UntagResourceRequest, call: Call) -> pb.UntagResourceResponse:
        """Take tags from a bot or alias."""
        await self._resources.untag(call.account, request.resource_arn, request.tag_keys)
        return pb.UntagResourceResponse()

    async def list_tags_for_resource(
        self, request: pb.ListTagsForResourceRequest, call: Call
    ) -> pb.ListTagsForResourceResponse:
        """The tags of a bot or alias."""
        return pb.ListTagsForResourceResponse(tags=await self._resources.list_tags(call.account, request.resource_arn))


def _check_tags(*given: Mapping[str, str]) -> None:
    """Raises ``LimitExceeded`` for too many, before anything of their resource is there."""
    if any(len(tags) > MOST_TAGS for tags in given):
        raise errors.LimitExceeded(f"A bot or an alias has at most {MOST_TAGS} tags.")


def _sort(request: pb.ListBotsRequest) -> pb.BotSortBy | None:
    return request.sort_by if request.HasField("sort_by") else None
