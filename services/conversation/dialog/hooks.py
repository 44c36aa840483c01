"""Code hooks, seen from the dialog: what it asks of them, what it takes for an answer, and when it fails.

The answer's format is that of Lex V2's Lambda functions ("Lambda response format"); whatever does not fit it is a
``HookFault``, so that a hook that lies cannot bring a session into a state that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.conversation.dialog.definition import Definition
from services.conversation.dialog.session import (
    CLOSE,
    CONFIRM_INTENT,
    CONFIRMED,
    DELEGATE,
    DENIED,
    ELICIT_INTENT,
    ELICIT_SLOT,
    FAILED,
    FULFILLED,
    IN_PROGRESS,
    READY,
    UNCONFIRMED,
    Context,
    IntentState,
)

DIALOG, FULFILLMENT = "DialogCodeHook", "FulfillmentCodeHook"
_STATES = (FAILED, FULFILLED, IN_PROGRESS, READY, "FulfillmentInProgress", "Waiting")
_CONTENT_TYPES = ("CustomPayload", "ImageResponseCard", "PlainText", "SSML")
_MOST_MESSAGES = 10
_LONGEST_CONTENT = 1024
_MOST_CONTEXTS = 20


class HookFault(Exception):
    """What the hook answered cannot be followed. The text says why, and quotes nothing of the answer."""


@dataclass(frozen=True, slots=True)
class HookCall:
    """The dialog wants the code hook. ``proposed``: what it would do next, on the wire's names."""

    source: str
    label: str
    proposed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HookFailure:
    """The hook has not answered. ``reason``: for the caller, if nothing is configured for it; ``gateway``: nothing of
    the hook's own was heard."""

    timed_out: bool
    reason: str
    gateway: bool = False


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """A hook's answer, checked. None: the hook did not say."""

    action: str
    slot: str
    intent: IntentState | None
    attributes: Mapping[str, str] | None
    contexts: Sequence[Context] | None
    messages: Sequence[Mapping[str, Any]]
    request_attributes: Mapping[str, str]


def read_answer(told: Any, definition: Definition, now: float) -> HookAnswer:
    """Check an answer. Raises ``HookFault``."""
    if not isinstance(told, Mapping):
        raise HookFault("the answer is not a JSON object")
    state = told.get("sessionState")
    if not isinstance(state, Mapping):
        raise HookFault("sessionState is missing")
    action = state.get("dialogAction")
    if not isinstance(action, Mapping) or action.get("type") not in (
        CLOSE, CONFIRM_INTENT, DELEGATE, ELICIT_INTENT, ELICIT_SLOT,
    ):  # fmt: skip
        raise HookFault("sessionState.dialogAction.type is none that there is")
    kind = str(action["type"])
    intent = _intent(state.get("intent"), definition)
    if intent is None and kind != ELICIT_INTENT:
        raise HookFault(f"sessionState.intent is missing, which {kind} needs")
    slot = action.get("slotToElicit") or ""
    if kind == ELICIT_SLOT and (intent is None or slot not in intent.slots):
        raise HookFault("dialogAction.slotToElicit is no slot of the intent")
    messages = _messages(told.get("messages"))
    if kind == ELICIT_INTENT and not messages:
        raise HookFault("ElicitIntent needs messages")
    return HookAnswer(
        action=kind,
        slot=str(slot) if kind == ELICIT_SLOT else "",
        intent=intent,
        attributes=_texts(state.get("sessionAttributes"), "sessionState.sessionAttributes"),
        contexts=_contexts(state.get("activeContexts"), now),
        messages=messages,
        request_attributes=_texts(told.get("requestAttributes"), "requestAttributes") or {},
    )


def _intent(told: Any, definition: Definition) -> IntentState | None:
    if told is None:
        return None
    if not isinstance(told, Mapping) or not isinstance(told.get("name"), str):
        raise HookFault("sessionState.intent has no name")
    known = definition.intents.get(told["name"])
    if known is None:
        raise HookFault("sessionState.intent.name is no intent of the bot")
    slots = told.get("slots") or {}
    if not isinstance(slots, Mapping) or not slots.keys() <= known.slots.keys():
        raise HookFault("sessionState.intent.slots has a slot that the intent does not have")
    if (told.get("state") or IN_PROGRESS) not in _STATES:
        raise HookFault("sessionState.intent.state is none that there is")
    if (told.get("confirmationState") or UNCONFIRMED) not in (UNCONFIRMED, CONFIRMED, DENIED):
        raise HookFault("sessionState.intent.confirmationState is none that there is")
    try:
        intent = IntentState.from_wire(told)
    except ValueError as bad:
        raise HookFault(str(bad)) from None
    intent.slots = {name: intent.slots.get(name) for name in known.slots}
    return intent


def _messages(told: Any) -> list[Mapping[str, Any]]:
    if told is None:
        return []
    if not isinstance(told, list) or len(told) > _MOST_MESSAGES:
        raise HookFault(f"messages is a list of at most {_MOST_MESSAGES}")
    return [_message(one) for one in told]


def _message(told: Any) -> Mapping[str, Any]:
    if not isinstance(told, Mapping) or told.get("contentType") not in _CONTENT_TYPES:
        raise HookFault("a message's contentType is none that there is")
    content, card = told.get("content"), told.get("imageResponseCard")
    if told["contentType"] == "ImageResponseCard":
        if not isinstance(card, Mapping) or not isinstance(card.get("title"), str) or not card["title"]:
            raise HookFault("a message's imageResponseCard has a title")
        buttons = card.get("buttons") or []
        if not isinstance(buttons, list) or not all(_is_button(one) for one in buttons):
            raise HookFault("a card's buttons have a text and a value")
        shown: dict[str, Any] = {"title": card["title"]}
        for member in ("subtitle", "imageUrl"):
            if isinstance(card.get(member), str) and card[member]:
                shown[member] = card[member]
        if buttons:
            shown["buttons"] = [{"text": one["text"], "value": one["value"]} for one in buttons]
        content = content if isinstance(content, str) and content else card["title"]
        return {"contentType": "ImageResponseCard", "content": content, "imageResponseCard": shown}
    if not isinstance(content, str) or not 1 <= len(content) <= _LONGEST_CONTENT:
        raise HookFault(f"a message's content has 1 to {_LONGEST_CONTENT} characters")
    return {"contentType": told["contentType"], "content": content}


def _is_button(told: Any) -> bool:
    return isinstance(told, Mapping) and all(
        isinstance(told.get(member), str) and 1 <= len(told[member]) <= 50 for member in ("text", "value")
    )


def _texts(told: Any, path: str) -> dict[str, str] | None:
    if told is None:
        return None
    if not isinstance(told, Mapping) or not all(
        isinstance(name, str) and name and isinstance(value, str) for name, value in told.items()
    ):
        raise HookFault(f"{path} is a map of text to text")
    return dict(told)


def _contexts(told: Any, now: float) -> list[Context] | None:
    if told is None:
        return None
    if not isinstance(told, list) or len(told) > _MOST_CONTEXTS:
        raise HookFault(f"sessionState.activeContexts is a list of at most {_MOST_CONTEXTS}")
    contexts = []
    for one in told:
        live = one.get("timeToLive") if isinstance(one, Mapping) else None
        name = one.get("name") if isinstance(one, Mapping) else None
        if not isinstance(live, Mapping) or not isinstance(name, str) or not name:
            raise HookFault("an active context has a name and a timeToLive")
        seconds, turns = live.get("timeToLiveInSeconds"), live.get("turnsToLive")
        if not _within(seconds, 5, 86400) or not _within(turns, 1, 20):
            raise HookFault("a context lives for 5 to 86,400 seconds and 1 to 20 turns")
        _texts(one.get("contextAttributes"), "contextAttributes")
        contexts.append(Context.from_wire(one, now))
    return contexts


def _within(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
