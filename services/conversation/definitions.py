"""A locale's definition: what its resources say, as one JSON document under the names of the wire.

    {"locale": {...}, "intents": [{..., "slots": [...by priority]}], "slotTypes": [...]}

Understanding learns from it (``learnt_from``), the dialog follows it (``services.conversation.dialog.definition``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nonet.conversation_models.v1 import conversation_models_pb2 as pb
from services.conversation import built_ins
from services.conversation.understanding.meanings import (
    IntentDefinition,
    LocaleDefinition,
    SlotTypeDefinition,
    SlotValue,
)
from shared import errors
from shared.contract.transcode import JSON, Transcoder

_transcoder = Transcoder(JSON)
_SLOT_IN_UTTERANCE = re.compile(r"\{([^{}]*)\}")


def definition_of(
    locale: pb.DescribeBotLocaleResponse,
    intents: Sequence[pb.DescribeIntentResponse],
    slots: Sequence[pb.DescribeSlotResponse],
    slot_types: Sequence[pb.DescribeSlotTypeResponse],
) -> Mapping[str, Any]:
    """The definition of a locale.

    Raises:
        InvalidArgument: it cannot be built; the message says why.
    """
    told = []
    for intent in intents:
        mine = [slot for slot in slots if slot.intent_id == intent.intent_id]
        ordered = [_transcoder.plain(slot) for slot in _ordered(intent, mine)]
        told.append({**_transcoder.plain(intent), "slots": ordered})
    definition = {
        "locale": _transcoder.plain(locale),
        "intents": told,
        "slotTypes": [_transcoder.plain(one) for one in slot_types],
    }
    _check(definition)
    return definition


def learnt_from(definition: Mapping[str, Any]) -> LocaleDefinition:
    """What understanding is told of a definition: slot types by name, no fallback intent."""
    names = type_names(definition)
    intents = {}
    for intent in definition["intents"]:
        signature = intent.get("parentIntentSignature", "")
        if signature == built_ins.FALLBACK:
            continue
        utterances = [one["utterance"] for one in intent.get("sampleUtterances", ())]
        if signature:
            utterances += built_ins.INTENTS[signature].utterances
        slots = {slot["slotName"]: names[slot["slotTypeId"]] for slot in intent["slots"]}
        intents[intent["intentName"]] = IntentDefinition(utterances, slots)
    slot_types = {one["slotTypeName"]: _slot_type(one) for one in definition["slotTypes"]}
    return LocaleDefinition(definition["locale"]["localeId"], intents, slot_types)


def type_names(definition: Mapping[str, Any]) -> Mapping[str, str]:
    """The names of slot types by what slots call them: ids of custom types, and the built-in ones."""
    own = {one["slotTypeId"]: one["slotTypeName"] for one in definition["slotTypes"]}
    return {**{name: name for name in built_ins.SLOT_TYPES}, **own}


def _slot_type(told: Mapping[str, Any]) -> SlotTypeDefinition:
    setting = told.get("valueSelectionSetting", {})
    return SlotTypeDefinition(
        values=[
            SlotValue(one["sampleValue"]["value"], [synonym["value"] for synonym in one.get("synonyms", ())])
            for one in told.get("slotTypeValues", ())
            if "sampleValue" in one
        ],
        parent=told.get("parentSlotTypeSignature", ""),
        pattern=setting.get("regexFilter", {}).get("pattern", ""),
        restricted=setting.get("resolutionStrategy") == "TopResolution",
    )


def _ordered(
    intent: pb.DescribeIntentResponse, slots: Sequence[pb.DescribeSlotResponse]
) -> Sequence[pb.DescribeSlotResponse]:
    """By priority; slots without one come after the others, the oldest first."""
    priorities = {one.slot_id: one.priority for one in intent.slot_priorities}
    last = max(priorities.values(), default=0) + 1
    return sorted(slots, key=lambda slot: priorities.get(slot.slot_id, last))


def _check(definition: Mapping[str, Any]) -> None:
    names = type_names(definition)
    if not any(intent.get("parentIntentSignature") != built_ins.FALLBACK for intent in definition["intents"]):
        raise errors.InvalidArgument("The locale has no intents but the fallback: create one.")
    for intent in definition["intents"]:
        name = intent["intentName"]
        known = {slot["slotName"] for slot in intent["slots"]}
        # An intent without utterances is reached by StartIntent or a code hook alone.
        for one in intent.get("sampleUtterances", ()):
            for slot in _SLOT_IN_UTTERANCE.findall(one["utterance"]):
                if slot not in known:
                    raise errors.InvalidArgument(
                        f"An utterance of intent {name} has a slot in braces that the intent does not have."
                    )
        for slot in intent["slots"]:
            if slot.get("slotTypeId") not in names:
                raise errors.InvalidArgument(f"The slot {slot['slotName']} of intent {name} has no slot type.")
            setting = slot["valueElicitationSetting"]
            if setting["slotConstraint"] == "Required" and "promptSpecification" not in setting:
                raise errors.InvalidArgument(f"The required slot {slot['slotName']} of intent {name} has no prompt.")
