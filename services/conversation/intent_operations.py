"""Operations on the intents of a locale, their slots, and slot types."""

from __future__ import annotations

from nonet.conversation_models.v1 import conversation_models_pb2 as pb
from services.conversation import built_ins
from services.conversation.expressions import check_expressions
from services.conversation.kinds import DRAFT, INTENT, LOCALE, SLOT, SLOT_TYPE, locale_path, new_id, version_path
from services.conversation.locale_operations import LocaleOperations
from services.conversation.refusals import check_built
from services.conversation.shelf import wanted
from shared import errors
from shared.contract.messages import copy_members
from shared.rpc.call import Call


class IntentOperations(LocaleOperations):
    """The part of the service that is about intents and what belongs to them."""

    # -- intents

    async def create_intent(self, request: pb.CreateIntentRequest, call: Call) -> pb.CreateIntentResponse:
        """Add an intent to a locale."""
        check_built(request)
        check_expressions(request)
        _check_signature(request.parent_intent_signature)
        if request.parent_intent_signature == built_ins.FALLBACK:
            raise errors.AlreadyExists("The locale has a fallback intent already.")
        await self._open(call.account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        intent_id = new_id()
        await self._shelf.take_name(call.account, INTENT, path, request.intent_name, intent_id)
        message = copy_members(request, pb.DescribeIntentResponse(intent_id=intent_id))
        intent = await self._shelf.create(call.account, INTENT, intent_id, message, parent=path)
        return copy_members(intent.message, pb.CreateIntentResponse())

    async def describe_intent(self, request: pb.DescribeIntentRequest, call: Call) -> pb.DescribeIntentResponse:
        """An intent."""
        path = locale_path(request.bot_id, request.bot_version, request.locale_id)
        return (await self._shelf.get(call.account, INTENT, request.intent_id, parent=path)).message

    async def list_intents(self, request: pb.ListIntentsRequest, call: Call) -> pb.ListIntentsResponse:
        """The intents of a locale."""
        path = locale_path(request.bot_id, request.bot_version, request.locale_id)
        await self._check_locale(call.account, request.bot_id, request.bot_version, request.locale_id)
        sort = request.sort_by if request.HasField("sort_by") else None
        found = await self._shelf.all(call.account, INTENT, path)
        intents = wanted(found, "intent_name", request.filters, sort)
        listing = ["lex.intents", call.account, path, str(request.sort_by), [str(one) for one in request.filters]]
        page, token = await self._shelf.page(listing, intents, request.max_results, request.next_token)
        return pb.ListIntentsResponse(
            bot_id=request.bot_id,
            bot_version=request.bot_version,
            locale_id=request.locale_id,
            intent_summaries=[copy_members(one.message, pb.IntentSummary()) for one in page],
            next_token=token,
        )

    async def update_intent(self, request: pb.UpdateIntentRequest, call: Call) -> pb.UpdateIntentResponse:
        """Replace all settings of an intent."""
        check_built(request)
        check_expressions(request)
        _check_signature(request.parent_intent_signature)
        account, intent_id = call.account, request.intent_id
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        intent = await self._shelf.get(account, INTENT, intent_id, parent=path)
        if request.parent_intent_signature != intent.message.parent_intent_signature:
            raise errors.InvalidArgument("An intent keeps its parentIntentSignature.")
        slots = {slot.id for slot in await self._shelf.all(account, SLOT, path, f"{intent_id}/")}
        if not {one.slot_id for one in request.slot_priorities} <= slots:
            raise errors.InvalidArgument("slotPriorities names a slot that the intent does not have.")
        old = intent.message.intent_name
        if request.intent_name != old:
            await self._shelf.take_name(account, INTENT, path, request.intent_name, intent_id)

        def changed(message: pb.DescribeIntentResponse, facts: dict[str, object]) -> None:
            message.Clear()
            copy_members(request, message)

        intent = await self._shelf.change(account, INTENT, intent_id, changed, parent=path)
        if request.intent_name != old:
            await self._shelf.free_name(account, INTENT, path, old)
        return copy_members(intent.message, pb.UpdateIntentResponse())

    async def delete_intent(self, request: pb.DeleteIntentRequest, call: Call) -> pb.DeleteIntentResponse:
        """Delete an intent with its slots."""
        account, intent_id = call.account, request.intent_id
        if intent_id == built_ins.FALLBACK_ID:
            raise errors.InvalidArgument("A locale keeps its fallback intent.")
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        intent = await self._shelf.get(account, INTENT, intent_id, parent=path)
        await self._shelf.delete_all(account, SLOT.resource, path, f"{intent_id}/")
        await self._shelf.free_names(account, SLOT, path, f"{intent_id}/")
        await self._shelf.delete(account, INTENT, intent_id, parent=path)
        await self._shelf.free_name(account, INTENT, path, intent.message.intent_name)
        return pb.DeleteIntentResponse()

    # -- slots

    async def create_slot(self, request: pb.CreateSlotRequest, call: Call) -> pb.CreateSlotResponse:
        """Add a slot to an intent."""
        check_built(request)
        check_expressions(request)
        account, intent_id = call.account, request.intent_id
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        await self._shelf.get(account, INTENT, intent_id, parent=path)
        await self._check_slot_type(account, path, request.slot_type_id)
        slot_id = new_id()
        await self._shelf.take_name(account, SLOT, path, request.slot_name, slot_id, f"{intent_id}/")
        message = copy_members(request, pb.DescribeSlotResponse(slot_id=slot_id))
        slot = await self._shelf.create(account, SLOT, f"{intent_id}/{slot_id}", message, parent=path)
        return copy_members(slot.message, pb.CreateSlotResponse())

    async def describe_slot(self, request: pb.DescribeSlotRequest, call: Call) -> pb.DescribeSlotResponse:
        """A slot."""
        path = locale_path(request.bot_id, request.bot_version, request.locale_id)
        name = f"{request.intent_id}/{request.slot_id}"
        return (await self._shelf.get(call.account, SLOT, name, parent=path)).message

    async def list_slots(self, request: pb.ListSlotsRequest, call: Call) -> pb.ListSlotsResponse:
        """The slots of an intent."""
        path = locale_path(request.bot_id, request.bot_version, request.locale_id)
        await self._shelf.get(call.account, INTENT, request.intent_id, parent=path)
        sort = request.sort_by if request.HasField("sort_by") else None
        found = await self._shelf.all(call.account, SLOT, path, f"{request.intent_id}/")
        slots = wanted(found, "slot_name", request.filters, sort)
        listing = [
            "lex.slots", call.account, path, request.intent_id, str(request.sort_by),
            [str(one) for one in request.filters],
        ]  # fmt: skip
        page, token = await self._shelf.page(listing, slots, request.max_results, request.next_token)
        answer = pb.ListSlotsResponse(
            bot_id=request.bot_id,
            bot_version=request.bot_version,
            locale_id=request.locale_id,
            intent_id=request.intent_id,
            next_token=token,
        )
        for slot in page:
            summary = copy_members(slot.message, answer.slot_summaries.add())
            setting = slot.message.value_elicitation_setting
            summary.slot_constraint = setting.slot_constraint
            if setting.HasField("prompt_specification"):
                summary.value_elicitation_prompt_specification.CopyFrom(setting.prompt_specification)
        return answer

    async def update_slot(self, request: pb.UpdateSlotRequest, call: Call) -> pb.UpdateSlotResponse:
        """Replace all settings of a slot."""
        check_built(request)
        check_expressions(request)
        account, prefix = call.account, f"{request.intent_id}/"
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        slot = await self._shelf.get(account, SLOT, prefix + request.slot_id, parent=path)
        await self._check_slot_type(account, path, request.slot_type_id)
        old = slot.message.slot_name
        if request.slot_name != old:
            await self._shelf.take_name(account, SLOT, path, request.slot_name, request.slot_id, prefix)

        def changed(message: pb.DescribeSlotResponse, facts: dict[str, object]) -> None:
            message.Clear()
            copy_members(request, message)

        slot = await self._shelf.change(account, SLOT, prefix + request.slot_id, changed, parent=path)
        if request.slot_name != old:
            await self._shelf.free_name(account, SLOT, path, old, prefix)
        return copy_members(slot.message, pb.UpdateSlotResponse())

    async def delete_slot(self, request: pb.DeleteSlotRequest, call: Call) -> pb.DeleteSlotResponse:
        """Delete a slot; its intent forgets its priority."""
        account, prefix = call.account, f"{request.intent_id}/"
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)

        def forgotten(message: pb.DescribeIntentResponse, facts: dict[str, object]) -> None:
            left = [one for one in message.slot_priorities if one.slot_id != request.slot_id]
            del message.slot_priorities[:]
            message.slot_priorities.extend(left)

        slot = await self._shelf.get(account, SLOT, prefix + request.slot_id, parent=path)
        await self._shelf.change(account, INTENT, request.intent_id, forgotten, parent=path)
        await self._shelf.delete(account, SLOT, prefix + request.slot_id, parent=path)
        await self._shelf.free_name(account, SLOT, path, slot.message.slot_name, prefix)
        return pb.DeleteSlotResponse()

    # -- slot types

    async def create_slot_type(self, request: pb.CreateSlotTypeRequest, call: Call) -> pb.CreateSlotTypeResponse:
        """Add a slot type to a locale."""
        check_built(request)
        _check_values(request)
        account = call.account
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        slot_type_id = new_id()
        await self._shelf.take_name(account, SLOT_TYPE, path, request.slot_type_name, slot_type_id)
        message = copy_members(request, pb.DescribeSlotTypeResponse(slot_type_id=slot_type_id))
        stored = await self._shelf.create(account, SLOT_TYPE, slot_type_id, message, parent=path)
        return copy_members(stored.message, pb.CreateSlotTypeResponse())

    async def describe_slot_type(
        self, request: pb.DescribeSlotTypeRequest, call: Call
    ) -> pb.DescribeSlotTypeResponse:
        """A slot type."""
        path = locale_path(request.bot_id, request.bot_version, request.locale_id)
        return (await self._shelf.get(call.account, SLOT_TYPE, request.slot_type_id, parent=path)).message

    async def list_slot_types(self, request: pb.ListSlotTypesRequest, call: Call) -> pb.ListSlotTypesResponse:
        """The slot types of a locale."""
        path = locale_path(request.bot_id, request.bot_version, request.locale_id)
        await self._check_locale(call.account, request.bot_id, request.bot_version, request.locale_id)
        sort = request.sort_by if request.HasField("sort_by") else None
        found = await self._shelf.all(call.account, SLOT_TYPE, path)
        for one in request.filters:
            if one.name == "ExternalSourceType":
                found = []  # no slot type has a source elsewhere
        names = [one for one in request.filters if one.name == "SlotTypeName"]
        slot_types = wanted(found, "slot_type_name", names, sort)
        listing = ["lex.slot-types", call.account, path, str(request.sort_by), [str(one) for one in request.filters]]
        page, token = await self._shelf.page(listing, slot_types, request.max_results, request.next_token)
        answer = pb.ListSlotTypesResponse(
            bot_id=request.bot_id, bot_version=request.bot_version, locale_id=request.locale_id, next_token=token
        )
        for stored in page:
            summary = copy_members(stored.message, answer.slot_type_summaries.add())
            summary.slot_type_category = "Extended" if stored.message.parent_slot_type_signature else "Custom"
        return answer

    async def update_slot_type(self, request: pb.UpdateSlotTypeRequest, call: Call) -> pb.UpdateSlotTypeResponse:
        """Replace the values and settings of a slot type."""
        check_built(request)
        _check_values(request)
        account, slot_type_id = call.account, request.slot_type_id
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        stored = await self._shelf.get(account, SLOT_TYPE, slot_type_id, parent=path)
        old = stored.message.slot_type_name
        if request.slot_type_name != old:
            await self._shelf.take_name(account, SLOT_TYPE, path, request.slot_type_name, slot_type_id)

        def changed(message: pb.DescribeSlotTypeResponse, facts: dict[str, object]) -> None:
            message.Clear()
            copy_members(request, message)

        stored = await self._shelf.change(account, SLOT_TYPE, slot_type_id, changed, parent=path)
        if request.slot_type_name != old:
            await self._shelf.free_name(account, SLOT_TYPE, path, old)
        return copy_members(stored.message, pb.UpdateSlotTypeResponse())

    async def delete_slot_type(self, request: pb.DeleteSlotTypeRequest, call: Call) -> pb.DeleteSlotTypeResponse:
        """Delete a slot type that no slot has."""
        account, slot_type_id = call.account, request.slot_type_id
        await self._open(account, request.bot_id, request.locale_id)
        path = locale_path(request.bot_id, DRAFT, request.locale_id)
        if not request.skip_resource_in_use_check:
            for slot in await self._shelf.all(account, SLOT, path):
                if slot.message.slot_type_id == slot_type_id:
                    raise errors.ResourceInUse("A slot has the slot type: give it another first.")
        stored = await self._shelf.delete(account, SLOT_TYPE, slot_type_id, parent=path)
        await self._shelf.free_name(account, SLOT_TYPE, path, stored.message.slot_type_name)
        return pb.DeleteSlotTypeResponse()

    async def _check_slot_type(self, account: str, path: str, slot_type_id: str) -> None:
        if slot_type_id.startswith("AMAZON."):
            if slot_type_id not in built_ins.SLOT_TYPES:
                raise errors.InvalidArgument("There is no such built-in slot type: see ListBuiltInSlotTypes.")
        elif not await self._shelf.has(account, SLOT_TYPE, slot_type_id, parent=path):
            raise errors.InvalidArgument("slotTypeId names no slot type of the locale.")

    async def _check_locale(self, account: str, bot_id: str, version: str, locale_id: str) -> None:
        await self._shelf.get(account, LOCALE, locale_id, parent=version_path(bot_id, version))


def _check_signature(signature: str) -> None:
    if signature in built_ins.ELSEWHERE:
        raise errors.Unimplemented(f"Not built: {signature} needs a service that is not here.")
    if signature and signature not in built_ins.INTENTS:
        raise errors.InvalidArgument("parentIntentSignature names no built-in intent: see ListBuiltInIntents.")


def _check_values(request: pb.CreateSlotTypeRequest | pb.UpdateSlotTypeRequest) -> None:
    """A type has values, or it narrows AMAZON.AlphaNumeric by a regular expression."""
    setting = request.value_selection_setting
    if request.parent_slot_type_signature:
        if request.parent_slot_type_signature != "AMAZON.AlphaNumeric":
            raise errors.InvalidArgument("Only AMAZON.AlphaNumeric can be extended.")
        if not setting.regex_filter.pattern:
            raise errors.InvalidArgument("A type that extends AMAZON.AlphaNumeric has a regexFilter.")
        return
    if setting.HasField("regex_filter"):
        raise errors.InvalidArgument("A regexFilter goes with parentSlotTypeSignature AMAZON.AlphaNumeric.")
    if not request.slot_type_values:
        raise errors.InvalidArgument("slotTypeValues must have at least one value.")
    if not request.HasField("value_selection_setting"):
        raise errors.InvalidArgument("valueSelectionSetting is missing.")
