"""A small hotel bot as its definition's JSON, and what drives a dialog with it without any understanding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.conversation.dialog.definition import Definition
from services.conversation.dialog.heard import Heard
from services.conversation.dialog.hooks import HookAnswer, HookCall, HookFailure
from services.conversation.dialog.session import Session
from services.conversation.dialog.turn import Turn
from services.conversation.understanding.meanings import Interpretation, SlotMatch

TYPES = {"ROOMTYPE01": "RoomType", "AMAZON.Number": "AMAZON.Number", "AMAZON.FreeFormInput": "AMAZON.FreeFormInput"}
NOW = 1_800_000_000.0


def says(*texts: str) -> dict[str, Any]:
    """A response of one message group, the others its variations."""
    first, *others = ({"plainTextMessage": {"value": text}} for text in texts)
    return {"messageGroups": [{"message": first, "variations": others} if others else {"message": first}]}


def asks(*texts: str, retries: int = 1) -> dict[str, Any]:
    return {**says(*texts), "maxRetries": retries}


def slot(name: str, slot_type: str, prompt: str, required: bool = True, **setting: Any) -> dict[str, Any]:
    constraint = "Required" if required else "Optional"
    return {
        "slotName": name,
        "slotTypeId": slot_type,
        "valueElicitationSetting": {"slotConstraint": constraint, "promptSpecification": asks(prompt), **setting},
    }


def hotel(slots: Sequence[Mapping[str, Any]] | None = None, **book: Any) -> Definition:
    """BookRoom with a room and nights, Help and the fallback; ``book``: members of the intent."""
    intents = [
        {
            "intentName": "BookRoom",
            "slots": slots
            if slots is not None
            else [slot("Room", "ROOMTYPE01", "Which room?"), slot("Nights", "AMAZON.Number", "How many nights?")],
            **book,
        },
        {"intentName": "Weather", "slots": []},
        {"intentName": "Help", "slots": [], "parentIntentSignature": "AMAZON.HelpIntent"},
        {
            "intentName": "Fallback",
            "slots": [],
            "parentIntentSignature": "AMAZON.FallbackIntent",
            "intentClosingSetting": {"closingResponse": says("Sorry?")},
        },
    ]
    told = {
        "locale": {"localeId": "en_US", "nluIntentConfidenceThreshold": 0.4},
        "intents": intents,
        "slotTypes": [
            {
                "slotTypeId": "ROOMTYPE01",
                "slotTypeName": "RoomType",
                "slotTypeValues": [
                    {"sampleValue": {"value": "king"}, "synonyms": [{"value": "large"}]},
                    {"sampleValue": {"value": "single"}},
                ],
            }
        ],
    }
    return Definition.read(told, TYPES, {"AMAZON.HelpIntent": ("help",)})


def read_slot(text: str, slot_type: str) -> SlotMatch | None:
    """Numbers as digits, rooms by their values, anything as free text, yes and no."""
    words = text.strip().lower()
    if slot_type == "AMAZON.Number":
        return SlotMatch(0, len(text), text, words) if words.isdigit() else None
    if slot_type == "RoomType":
        value = {"king": "king", "large": "king", "single": "single"}.get(words)
        return SlotMatch(0, len(text), text, value, [value]) if value else None
    if slot_type == "AMAZON.Confirmation":
        first = words.split(" ")[0]
        return SlotMatch(0, len(first), first, first.capitalize()) if first in ("yes", "no") else None
    return SlotMatch(0, len(text), text, text)


class Talk:
    """A conversation with a definition; ``hook`` answers in the place of the code hook."""

    def __init__(
        self, definition: Definition, hook: Callable[[HookCall], HookAnswer | HookFailure] | None = None
    ) -> None:
        self.definition = definition
        self.session = Session(seed="test")
        self.calls: list[HookCall] = []
        self._hook = hook

    def say(self, text: str, *meanings: Interpretation, now: float = NOW) -> list[str]:
        """What the bot says to that."""
        accepted = frozenset(one.intent for one in meanings)
        heard = Heard(text, "Text", meanings, accepted, read_slot, {"channel": "test"})
        turn = Turn(self.definition, self.session, heard, now)
        return self._through(turn, turn.run())

    def put(self, *messages: Mapping[str, Any]) -> list[str]:
        turn = Turn(self.definition, self.session, Heard("", "Text"), NOW)
        return self._through(turn, turn.put(messages))

    def _through(self, turn: Turn, asking: Any) -> list[str]:
        answer: HookAnswer | HookFailure | None = None
        while True:
            try:
                call = next(asking) if answer is None else asking.send(answer)
            except StopIteration:
                break
            self.calls.append(call)
            assert self._hook is not None
            answer = self._hook(call)
        # Whatever happens, a session can be written down and read again.
        again = Session.from_document(self.session.to_document())
        assert again == self.session
        return [str(message["content"]) for message in turn.messages]


def means(intent: str, score: float = 0.9, **slots: str) -> Interpretation:
    """An intent with slots, as understanding gives it."""
    return Interpretation(intent, score, {name: SlotMatch(0, 1, value, value, [value]) for name, value in slots.items()})
