"""A built locale as the dialog follows it: read from the definition's JSON, once a build.

Where Lex has a response, a next step and a conditional for something that happens (a slot is filled, an intent is
confirmed, a code hook fails ...), that is an ``Outcome`` here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.conversation.dialog.conditions import Condition, parse_condition

FALLBACK = "AMAZON.FallbackIntent"
_CONTENT_TYPES = {"plainTextMessage": "PlainText", "customPayload": "CustomPayload", "ssmlMessage": "SSML"}

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """One of ``variations`` is said; each is a message as answers show it, with references still in it."""

    variations: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question, and how often it is asked again. ``ordered``: attempts take the variations in their order."""

    groups: Sequence[MessageGroup]
    retries: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class NextStep:
    """``action``: as DialogActionType of the models; ``intent``: "" = the current one; slots: None = empty."""

    action: str
    slot: str = ""
    quiet: bool = False
    intent: str = ""
    slots: Mapping[str, str | None] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """``condition``: None for the default branch; ``step``: None = what would come anyway."""

    condition: Condition | None
    groups: Sequence[MessageGroup]
    step: NextStep | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows when something has happened. ``branches``: the last one is the default; empty without conditions."""

    groups: Sequence[MessageGroup] = ()
    step: NextStep | None = None
    branches: Sequence[Branch] = ()

    @property
    def configured(self) -> bool:
        """Whether the bot's author has said anything about it."""
        return bool(self.groups or self.step or self.branches)


NOTHING = Outcome()


@dataclass(frozen=True, slots=True)
class Hook:
    """A point at which the code hook is asked. ``enabled`` False: it is passed as if it had succeeded."""

    enabled: bool
    label: str = ""
    success: Outcome = NOTHING
    failure: Outcome = NOTHING
    timeout: Outcome = NOTHING


@dataclass(frozen=True, slots=True)
class Slot:
    """``elicitation``: the hook between two attempts."""

    name: str
    type: str
    required: bool
    prompt: Prompt | None
    defaults: Sequence[str]
    values: frozenset[str]
    captured: Outcome
    failed: Outcome
    hook: Hook | None
    elicitation: Hook | None


@dataclass(frozen=True, slots=True)
class Confirmation:
    prompt: Prompt
    confirmed: Outcome
    declined: Outcome
    failed: Outcome
    hook: Hook | None
    elicitation: Hook | None


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """``hook``: whether the code hook fulfils the intent; ``active``: whether anything does."""

    hook: bool
    active: bool
    success: Outcome
    failure: Outcome
    timeout: Outcome


@dataclass(frozen=True, slots=True)
class Intent:
    """``slots``: by priority. ``every_turn``: the code hook is asked after every turn, not at points of its own."""

    name: str
    signature: str
    slots: Mapping[str, Slot]
    every_turn: bool
    initial: Outcome
    initial_hook: Hook | None
    confirmation: Confirmation | None
    fulfillment: Fulfillment
    closing: Outcome
    input_contexts: Sequence[str]
    output_contexts: Sequence[Told]
    utterances: frozenset[str]


@dataclass(frozen=True, slots=True)
class Definition:
    """``threshold``: intents below it are not what was meant. ``voice``: id of the voice, engine, "" without."""

    locale_id: str
    threshold: float
    voice: tuple[str, str]
    intents: Mapping[str, Intent]
    fallback: str

    @classmethod
    def read(
        cls, told: Told, type_names: Mapping[str, str], built_in_utterances: Mapping[str, Sequence[str]]
    ) -> Definition:
        """``type_names``: names of slot types by what slots call them."""
        values = {
            one["slotTypeId"]: frozenset(
                text.casefold()
                for value in one.get("slotTypeValues", ())
                for text in (value["sampleValue"]["value"], *(each["value"] for each in value.get("synonyms", ())))
            )
            for one in told["slotTypes"]
        }
        intents = [_intent(one, type_names, values, built_in_utterances) for one in told["intents"]]
        locale = told["locale"]
        voice = locale.get("voiceSettings", {})
        return cls(
            locale["localeId"],
            float(locale["nluIntentConfidenceThreshold"]),
            (voice.get("voiceId", ""), voice.get("engine", "")),
            {intent.name: intent for intent in intents},
            next((intent.name for intent in intents if intent.signature == FALLBACK), ""),
        )


def _intent(
    told: Told,
    type_names: Mapping[str, str],
    values: Mapping[str, frozenset[str]],
    built_in_utterances: Mapping[str, Sequence[str]],
) -> Intent:
    slots = {one["slotName"]: _slot(one, type_names, values) for one in told["slots"]}
    initial = told.get("initialResponseSetting", {})
    confirmation = told.get("intentConfirmationSetting")
    closing = told.get("intentClosingSetting", {})
    initial_hook = _hook(initial.get("codeHook"))
    confirming = _confirmation(confirmation) if confirmation and confirmation.get("active", True) else None
    hooks = [initial_hook, *(slot.hook for slot in slots.values()), confirming.hook if confirming else None]
    signature = told.get("parentIntentSignature", "")
    return Intent(
        name=told["intentName"],
        signature=signature,
        slots=slots,
        every_turn=told.get("dialogCodeHook", {}).get("enabled", False) and not any(hooks),
        initial=_outcome(initial.get("initialResponse"), initial.get("nextStep"), initial.get("conditional")),
        initial_hook=initial_hook,
        confirmation=confirming,
        fulfillment=_fulfillment(told.get("fulfillmentCodeHook", {})),
        closing=_outcome(closing.get("closingResponse"), closing.get("nextStep"), closing.get("conditional"))
        if closing.get("active", True)
        else NOTHING,
        input_contexts=[one["name"] for one in told.get("inputContexts", ())],
        output_contexts=told.get("outputContexts", ()),
        utterances=frozenset(text.casefold() for text in built_in_utterances.get(signature, ())),
    )


def _slot(told: Told, type_names: Mapping[str, str], values: Mapping[str, frozenset[str]]) -> Slot:
    setting = told["valueElicitationSetting"]
    capture = setting.get("slotCaptureSetting", {})
    defaults = setting.get("defaultValueSpecification", {}).get("defaultValueList", ())
    return Slot(
        name=told["slotName"],
        type=type_names[told["slotTypeId"]],
        required=setting["slotConstraint"] == "Required",
        prompt=_prompt(setting["promptSpecification"]) if "promptSpecification" in setting else None,
        defaults=[one["defaultValue"] for one in defaults],
        values=values.get(told["slotTypeId"], frozenset()),
        captured=_named(capture, "captureResponse", "capture"),
        failed=_named(capture, "failureResponse", "failure"),
        hook=_hook(capture.get("codeHook")),
        elicitation=_elicitation(capture.get("elicitationCodeHook")),
    )


def _confirmation(told: Told) -> Confirmation:
    return Confirmation(
        prompt=_prompt(told["promptSpecification"]),
        confirmed=_named(told, "confirmationResponse", "confirmation"),
        declined=_named(told, "declinationResponse", "declination"),
        failed=_named(told, "failureResponse", "failure"),
        hook=_hook(told.get("codeHook")),
        elicitation=_elicitation(told.get("elicitationCodeHook")),
    )


def _fulfillment(told: Told) -> Fulfillment:
    after = told.get("postFulfillmentStatusSpecification", {})
    active = told.get("active", True)
    return Fulfillment(
        hook=bool(told.get("enabled", False)) and active,
        active=bool(told) and active,
        success=_named(after, "successResponse", "success"),
        failure=_named(after, "failureResponse", "failure"),
        timeout=_named(after, "timeoutResponse", "timeout"),
    )


def _hook(told: Told | None) -> Hook | None:
    if told is None or not told["active"]:
        return None
    after = told.get("postCodeHookSpecification", {})
    return Hook(
        enabled=told["enableCodeHookInvocation"],
        label=told.get("invocationLabel", ""),
        success=_named(after, "successResponse", "success"),
        failure=_named(after, "failureResponse", "failure"),
        timeout=_named(after, "timeoutResponse", "timeout"),
    )


def _elicitation(told: Told | None) -> Hook | None:
    if told is None or not told["enableCodeHookInvocation"]:
        return None
    return Hook(True, told.get("invocationLabel", ""))


def _named(told: Told, response: str, what: str) -> Outcome:
    return _outcome(told.get(response), told.get(f"{what}NextStep"), told.get(f"{what}Conditional"))


def _outcome(response: Told | None, step: Told | None, conditional: Told | None) -> Outcome:
    branches: list[Branch] = []
    if conditional is not None and conditional["active"]:
        for one in conditional["conditionalBranches"]:
            condition = parse_condition(one["condition"]["expressionString"])
            branches.append(Branch(condition, _groups(one.get("response")), _step(one["nextStep"])))
        default = conditional["defaultBranch"]
        branches.append(Branch(None, _groups(default.get("response")), _step(default.get("nextStep"))))
    return Outcome(_groups(response), _step(step), branches)


def _step(told: Told | None) -> NextStep | None:
    if told is None:
        return None
    action, intent = told.get("dialogAction", {}), told.get("intent", {})
    return NextStep(
        action=action.get("type", ""),
        slot=action.get("slotToElicit", ""),
        quiet=action.get("suppressNextMessage", False),
        intent=intent.get("name", ""),
        slots={
            name: slot.get("value", {}).get("interpretedValue") for name, slot in intent.get("slots", {}).items()
        },
        attributes=told.get("sessionAttributes", {}),
    )


def _prompt(told: Told) -> Prompt:
    return Prompt(_groups(told), told["maxRetries"], told.get("messageSelectionStrategy") == "Ordered")


def _groups(told: Told | None) -> Sequence[MessageGroup]:
    if told is None:
        return ()
    return [
        MessageGroup([_message(one) for one in (group["message"], *group.get("variations", ()))])
        for group in told["messageGroups"]
    ]


def _message(told: Told) -> Told:
    if "imageResponseCard" in told:
        card = told["imageResponseCard"]
        return {"contentType": "ImageResponseCard", "imageResponseCard": card, "content": card["title"]}
    for member, content_type in _CONTENT_TYPES.items():
        if member in told:
            return {"contentType": content_type, "content": told[member]["value"]}
    return {"contentType": "PlainText", "content": ""}
