"""The dialog: what a bot says and waits for, turn by turn."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.conversation.dialog.hooks import HookAnswer, HookCall, HookFailure, HookFault, read_answer
from services.conversation.dialog.session import Context, Fill, IntentState
from services.conversation.dialog.turn import EndlessDialog, NoHookAnswer
from services.conversation.understanding.meanings import Interpretation, SlotMatch
from tests.unit.services.conversation.dialog.bots import NOW, Talk, asks, hotel, means, says, slot

CONFIRMATION = {"promptSpecification": asks("Book a {Room} room for {Nights} nights?"), "declinationResponse": says("No.")}
CLOSING = {"closingResponse": says("Goodbye [name].")}


def state(talk: Talk) -> tuple[str, str]:
    assert talk.session.intent is not None
    return talk.session.action, talk.session.intent.state


def value(talk: Talk, name: str) -> str | None:
    assert talk.session.intent is not None
    filled = talk.session.intent.slots[name]
    return filled.interpreted if filled else None


def test_slots_are_asked_for_by_priority_then_the_intent_closes() -> None:
    talk = Talk(hotel(intentConfirmationSetting=CONFIRMATION, intentClosingSetting=CLOSING))
    talk.session.attributes["name"] = "Ada"
    assert talk.say("book a room", means("BookRoom")) == ["Which room?"]
    assert talk.session.slot_to_elicit == "Room"
    assert talk.say("large") == ["How many nights?"]
    assert value(talk, "Room") == "king"
    assert talk.say("3") == ["Book a king room for 3 nights?"]
    assert talk.session.action == "ConfirmIntent"
    assert talk.say("yes") == ["Goodbye Ada."]
    assert state(talk) == ("Close", "ReadyForFulfillment")
    assert talk.session.intent is not None and talk.session.intent.confirmation == "Confirmed"


def test_slots_that_were_said_are_not_asked_for() -> None:
    talk = Talk(hotel())
    assert talk.say("a king room for 2 nights", means("BookRoom", Room="king", Nights="2")) == []
    assert state(talk) == ("Close", "ReadyForFulfillment")


def test_an_answer_may_fill_more_than_was_asked_for() -> None:
    talk = Talk(hotel())
    talk.say("book", means("BookRoom"))
    assert talk.say("king", means("BookRoom", Nights="4")) == []
    assert (value(talk, "Room"), value(talk, "Nights")) == ("king", "4")


def test_a_refused_confirmation_fails_the_intent() -> None:
    talk = Talk(hotel(intentConfirmationSetting=CONFIRMATION))
    talk.say("book", means("BookRoom", Room="king", Nights="2"))
    assert talk.say("no") == ["No."]
    assert state(talk) == ("Close", "Failed")
    assert talk.session.intent is not None and talk.session.intent.confirmation == "Denied"


def test_a_correction_is_confirmed_again() -> None:
    talk = Talk(hotel(intentConfirmationSetting=CONFIRMATION))
    talk.say("book", means("BookRoom", Room="king", Nights="2"))
    assert talk.say("no, make it 3 nights", means("BookRoom", Nights="3")) == ["Book a king room for 3 nights?"]


def test_a_yes_to_something_else_is_a_correction() -> None:
    talk = Talk(hotel(intentConfirmationSetting=CONFIRMATION))
    talk.say("book", means("BookRoom", Room="king", Nights="2"))
    four = SlotMatch(8, 9, "4", "4")
    assert talk.say("yes but 4", Interpretation("BookRoom", 0.9, {"Nights": four})) == ["Book a king room for 4 nights?"]
    assert talk.say("yes for 4", Interpretation("BookRoom", 0.9, {"Nights": four})) == []
    assert state(talk) == ("Close", "ReadyForFulfillment")


def test_what_is_not_understood_is_asked_again_until_the_retries_are_over() -> None:
    talk = Talk(hotel())
    talk.say("book", means("BookRoom"))
    assert talk.say("blue") == ["Which room?"]
    assert talk.session.failures == 1
    assert talk.say("green") == ["Sorry?"]
    assert talk.session.intent is not None and talk.session.intent.name == "Fallback"


def test_the_failure_response_of_a_slot_comes_before_the_fallback() -> None:
    capture = {
        "failureResponse": says("Let us leave the room open."),
        "failureNextStep": {"dialogAction": {"type": "ElicitSlot", "slotToElicit": "Nights"}},
    }
    slots = [
        slot("Room", "ROOMTYPE01", "Which room?", slotCaptureSetting=capture),
        slot("Nights", "AMAZON.Number", "How many nights?"),
    ]
    talk = Talk(hotel(slots))
    talk.say("book", means("BookRoom"))
    talk.say("blue")
    assert talk.say("green") == ["Let us leave the room open.", "How many nights?"]
    assert talk.session.slot_to_elicit == "Nights"


def test_nothing_understood_is_the_fallback_intent() -> None:
    talk = Talk(hotel())
    assert talk.say("mumble") == ["Sorry?"]
    assert talk.say("faint", means("BookRoom", 0.2)) == ["Sorry?"]  # below the locale's threshold


def test_another_intent_takes_over_when_the_words_are_no_value() -> None:
    talk = Talk(hotel())
    talk.say("book", means("BookRoom"))
    assert talk.say("what is the weather", means("Weather")) == []
    assert talk.session.intent is not None and talk.session.intent.name == "Weather"


def test_a_value_of_the_slot_wins_over_another_intent() -> None:
    talk = Talk(hotel())
    talk.say("book", means("BookRoom"))
    assert talk.say("single", means("Weather", 0.99)) == ["How many nights?"]


def test_help_is_help_even_where_any_words_would_do() -> None:
    talk = Talk(hotel([slot("Wish", "AMAZON.FreeFormInput", "What do you wish?")]))
    talk.say("book", means("BookRoom"))
    talk.say("Help!", means("Help", 0.5))
    assert talk.session.intent is not None and talk.session.intent.name == "Help"
    talk.say("book", means("BookRoom"))
    talk.say("a sea view", means("Weather", 0.5))
    assert value(talk, "Wish") == "a sea view"


def test_contexts_open_intents_and_run_out() -> None:
    definition = hotel(
        [],
        inputContexts=[{"name": "guest"}],
        outputContexts=[{"name": "booked", "timeToLiveInSeconds": 90, "turnsToLive": 2}],
    )
    talk = Talk(definition)
    assert talk.say("book", means("BookRoom"), means("Weather")) == []
    assert talk.session.intent is not None and talk.session.intent.name == "Weather"
    talk.session.activate(Context("guest", {}, NOW + 100, 3))
    talk.say("book", means("BookRoom"))
    assert talk.session.intent.name == "BookRoom"
    assert [(one.name, one.turns) for one in talk.session.contexts] == [("guest", 2), ("booked", 2)]
    talk.say("weather", means("Weather"))
    talk.say("weather", means("Weather"))
    assert talk.session.contexts == []
    talk.session.activate(Context("guest", {}, NOW + 100, 20))
    talk.say("book", means("BookRoom"), now=NOW + 101)
    assert talk.session.intent.name == "Fallback"


def test_default_values_come_from_contexts_attributes_and_constants() -> None:
    default = {"defaultValueList": [{"defaultValue": "#stay.nights"}, {"defaultValue": "[nights]"}, {"defaultValue": "1"}]}
    definition = hotel([slot("Nights", "AMAZON.Number", "How many?", defaultValueSpecification=default)])
    talk = Talk(definition)
    talk.say("book", means("BookRoom"))
    assert value(talk, "Nights") == "1"
    talk.session.attributes["nights"] = "2"
    talk.say("book", means("BookRoom"))
    assert value(talk, "Nights") == "2"
    talk.session.activate(Context("stay", {"nights": "3"}, NOW + 100, 5))
    talk.say("book", means("BookRoom"))
    assert value(talk, "Nights") == "3"


def test_branches_say_set_and_go() -> None:
    conditional = {
        "active": True,
        "conditionalBranches": [
            {
                "name": "long",
                "condition": {"expressionString": "{Nights} > 7"},
                "response": says("That is long."),
                "nextStep": {
                    "dialogAction": {"type": "StartIntent"},
                    "intent": {"name": "Weather"},
                    "sessionAttributes": {"stay": "{Nights}", "kind": "long"},
                },
            }
        ],
        "defaultBranch": {"nextStep": {"dialogAction": {"type": "EndConversation"}}, "response": says("Fine.")},
    }
    slots = [slot("Nights", "AMAZON.Number", "How many nights?", slotCaptureSetting={"captureConditional": conditional})]
    talk = Talk(hotel(slots))
    talk.say("book", means("BookRoom"))
    assert talk.say("8") == ["That is long."]
    assert talk.session.attributes == {"stay": "8", "kind": "long"}
    assert talk.session.intent is not None and talk.session.intent.name == "Weather"
    talk.say("book", means("BookRoom"))
    assert talk.say("2") == ["Fine."]
    assert talk.session.action == "Close"


def test_a_circle_of_next_steps_ends_the_turn() -> None:
    step = {"dialogAction": {"type": "StartIntent"}, "intent": {"name": "BookRoom"}}
    talk = Talk(hotel([], initialResponseSetting={"nextStep": step}))
    with pytest.raises(EndlessDialog):
        talk.say("book", means("BookRoom"))


def test_variations_differ_by_session_and_are_the_same_for_one() -> None:
    prompt = asks("Which room?", "What room?")
    definition = hotel([slot("Room", "ROOMTYPE01", "", promptSpecification=prompt)])
    heard = set()
    for number in range(20):
        talk, again = Talk(definition), Talk(definition)
        talk.session.seed = again.session.seed = str(number)
        first = talk.say("book", means("BookRoom"))
        assert first == again.say("book", means("BookRoom"))
        heard.add(first[0])
    assert heard == {"Which room?", "What room?"}


# -- code hooks


def answering(action: str, messages: list[dict[str, Any]] | None = None, **intent: Any) -> Any:
    """A hook that always answers so; ``intent``: members of BookRoom."""
    definition = hotel()

    def hook(call: HookCall) -> HookAnswer:
        current = {**call.proposed["intent"], **intent}
        told = {"sessionState": {"dialogAction": {"type": action}, "intent": current}, "messages": messages or []}
        return read_answer(told, definition, NOW)

    return hook


FULFILLED = {"enabled": True, "postFulfillmentStatusSpecification": {"successResponse": says("Booked.")}}


def test_a_hook_fulfils() -> None:
    definition = hotel(fulfillmentCodeHook=FULFILLED, intentClosingSetting=CLOSING)
    said = [{"contentType": "PlainText", "content": "Number 7."}]
    talk = Talk(definition, answering("Close", said, state="Fulfilled"))
    assert talk.say("book", means("BookRoom", Room="king", Nights="1")) == ["Number 7."]
    assert state(talk) == ("Close", "Fulfilled")
    (call,) = talk.calls
    assert (call.source, call.proposed["intent"]["state"]) == ("FulfillmentCodeHook", "ReadyForFulfillment")
    talk = Talk(definition, answering("Close", state="Fulfilled"))
    assert talk.say("book", means("BookRoom", Room="king", Nights="1")) == ["Booked.", "Goodbye [name]."]


def test_a_dialog_hook_is_asked_after_every_turn_and_may_ask_again() -> None:
    definition = hotel(dialogCodeHook={"enabled": True})

    def hook(call: HookCall) -> HookAnswer:
        intent = call.proposed["intent"]
        action: dict[str, Any] = {"type": "Delegate"}
        told: dict[str, Any] = {"sessionState": {"dialogAction": action, "intent": intent}}
        if intent["slots"]["Nights"] and int(intent["slots"]["Nights"]["value"]["interpretedValue"]) > 9:
            action |= {"type": "ElicitSlot", "slotToElicit": "Nights"}
            told["messages"] = [{"contentType": "PlainText", "content": "At most nine."}]
        return read_answer(told, definition, NOW)

    talk = Talk(definition, hook)
    talk.say("book", means("BookRoom"))
    talk.say("king")
    assert [call.source for call in talk.calls] == ["DialogCodeHook"] * 2
    assert talk.calls[1].proposed["dialogAction"] == {"type": "ElicitSlot", "slotToElicit": "Nights"}
    assert talk.say("12") == ["At most nine."]
    assert value(talk, "Nights") is None
    assert talk.say("5") == []
    assert state(talk) == ("Close", "ReadyForFulfillment")


def test_a_hook_that_fails_follows_what_is_configured_or_ends_the_turn() -> None:
    failing = HookFailure(False, "it broke")
    with pytest.raises(NoHookAnswer, match="it broke"):
        Talk(hotel(fulfillmentCodeHook={"enabled": True}), lambda call: failing).say(
            "book", means("BookRoom", Room="king", Nights="1")
        )
    after = {"failureResponse": says("Later, please."), "timeoutResponse": says("Too slow.")}
    definition = hotel(fulfillmentCodeHook={"enabled": True, "postFulfillmentStatusSpecification": after})
    talk = Talk(definition, lambda call: failing)
    assert talk.say("book", means("BookRoom", Room="king", Nights="1")) == ["Later, please."]
    assert state(talk) == ("Close", "Failed")
    talk = Talk(definition, lambda call: HookFailure(True, "slow"))
    assert talk.say("book", means("BookRoom", Room="king", Nights="1")) == ["Too slow."]


@pytest.mark.parametrize(("told", "said"), [("Fulfilled", ["Booked.", "Goodbye [name]."]), ("Failed", ["Sold out."])])
def test_a_fulfilment_that_delegates_may_say_how_it_ended(told: str, said: list[str]) -> None:
    after = {"successResponse": says("Booked."), "failureResponse": says("Sold out.")}
    hook = {"enabled": True, "postFulfillmentStatusSpecification": after}
    talk = Talk(hotel(fulfillmentCodeHook=hook, intentClosingSetting=CLOSING), answering("Delegate", state=told))
    assert talk.say("book", means("BookRoom", Room="king", Nights="1")) == said
    assert state(talk) == ("Close", told)


def test_a_fulfilment_that_delegates_must_change_something() -> None:
    talk = Talk(hotel(fulfillmentCodeHook={"enabled": True}), answering("Delegate"))
    with pytest.raises(HookFault):
        talk.say("book", means("BookRoom", Room="king", Nights="1"))
    emptied = {"Room": Fill("king").to_wire(), "Nights": None}
    talk = Talk(hotel(fulfillmentCodeHook={"enabled": True}), answering("Delegate", slots=emptied))
    assert talk.say("book", means("BookRoom", Room="king", Nights="1")) == ["How many nights?"]


LIES: list[Any] = [
    None, 7, [], {}, {"sessionState": {}}, {"sessionState": {"dialogAction": {"type": "Dance"}}},
    {"sessionState": {"dialogAction": {"type": "Close"}}},
    {"sessionState": {"dialogAction": {"type": "Close"}, "intent": {"name": "Nobody"}}},
    {"sessionState": {"dialogAction": {"type": "ElicitSlot", "slotToElicit": "X"}, "intent": {"name": "BookRoom"}}},
    {"sessionState": {"dialogAction": {"type": "Close"}, "intent": {"name": "BookRoom", "slots": {"X": None}}}},
    {"sessionState": {"dialogAction": {"type": "Close"}, "intent": {"name": "BookRoom", "state": "Odd"}}},
    {"sessionState": {"dialogAction": {"type": "Close"}, "intent": {"name": "BookRoom", "slots": {"Room": "king"}}}},
    {"sessionState": {"dialogAction": {"type": "ElicitIntent"}}},
    {"sessionState": {"dialogAction": {"type": "Delegate"}, "intent": {"name": "BookRoom"}}, "messages": "hello"},
    {
        "sessionState": {"dialogAction": {"type": "Delegate"}, "intent": {"name": "BookRoom"}},
        "messages": [{"contentType": "PlainText", "content": "x" * 1025}],
    },
    {"sessionState": {"dialogAction": {"type": "Delegate"}, "intent": {"name": "BookRoom"}, "sessionAttributes": {"a": 1}}},
    {"sessionState": {"dialogAction": {"type": "Delegate"}, "intent": {"name": "BookRoom"}, "activeContexts": [{}]}},
]  # fmt: skip


@pytest.mark.parametrize("told", LIES)
def test_an_answer_that_cannot_be_followed_is_refused(told: Any) -> None:
    with pytest.raises(HookFault):
        read_answer(told, hotel(), NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_ACTIONS = st.sampled_from(["Close", "ConfirmIntent", "Delegate", "ElicitIntent", "ElicitSlot", "None"])
_ANSWERS = st.fixed_dictionaries(
    {
        "sessionState": st.fixed_dictionaries(
            {},
            optional={
                "dialogAction": st.fixed_dictionaries(
                    {"type": _ACTIONS}, optional={"slotToElicit": st.sampled_from(["Room", "Nights", "X"])}
                ),
                "intent": st.fixed_dictionaries(
                    {"name": st.sampled_from(["BookRoom", "Weather", "Fallback", "X"])},
                    optional={
                        "slots": st.dictionaries(
                            st.sampled_from(["Room", "Nights"]), st.none() | st.just(Fill("2").to_wire()) | _JSON
                        ),
                        "state": st.sampled_from(["InProgress", "Failed", "Fulfilled", "X"]),
                        "confirmationState": st.sampled_from(["None", "Confirmed", "Denied"]),
                    },
                ),
                "sessionAttributes": _JSON | st.just({"a": "b"}),
                "activeContexts": _JSON,
            },
        )
    },
    optional={"messages": _JSON | st.just([{"contentType": "PlainText", "content": "hi"}]), "requestAttributes": _JSON},
)


@given(st.lists(_ANSWERS, min_size=1, max_size=4), st.lists(st.sampled_from(["king", "2", "yes", "no", "?"]), max_size=6))
@settings(max_examples=150, deadline=None)
def test_whatever_a_hook_answers_the_session_stays_one(answers: list[Any], words: list[str]) -> None:
    definition = hotel(
        dialogCodeHook={"enabled": True}, fulfillmentCodeHook={"enabled": True}, intentConfirmationSetting=CONFIRMATION
    )
    given_so_far = 0

    def hook(call: HookCall) -> HookAnswer | HookFailure:
        nonlocal given_so_far
        given_so_far += 1
        try:
            return read_answer(answers[given_so_far % len(answers)], definition, NOW)
        except HookFault as fault:
            return HookFailure(False, str(fault))

    talk = Talk(definition, hook)
    for text in ["book", *words]:
        before = talk.session.to_document()
        meanings = [means("BookRoom")] if text == "book" else []
        try:
            messages = talk.say(text, *meanings)
        except (NoHookAnswer, HookFault, EndlessDialog):
            talk.session = type(talk.session).from_document(before)  # as the runtime does: it writes nothing
            continue
        check(talk)
        assert len(messages) <= 10


_WORDS = st.sampled_from(["king", "large", "2", "9", "yes", "no", "help", "what?", "book", "weather", ""])


@given(st.lists(_WORDS, max_size=12), st.integers(0, 3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_words_leave_a_session_that_waits_for_something_there_is(
    words: list[str], retries: int, confirms: bool
) -> None:
    confirmation = {"promptSpecification": asks("Sure?", retries=retries)}
    slots = [
        slot("Room", "ROOMTYPE01", "Which room?", promptSpecification=asks("Which room?", retries=retries)),
        slot("Nights", "AMAZON.Number", "How many nights?", required=False),
    ]
    talk = Talk(hotel(slots, intentConfirmationSetting=confirmation) if confirms else hotel(slots))
    known = {"book": [means("BookRoom")], "weather": [means("Weather")], "help": [means("Help")]}
    for text in words:
        talk.say(text, *known.get(text, []))
        check(talk)
        assert talk.session.failures <= retries


def check(talk: Talk) -> None:
    """What holds of every session between two turns."""
    session, intents = talk.session, talk.definition.intents
    assert session.action in ("ElicitIntent", "ElicitSlot", "ConfirmIntent", "Close")
    assert (session.action == "ElicitSlot") == bool(session.slot_to_elicit)
    if session.action != "ElicitIntent":
        assert session.intent is not None
    if session.intent is not None:
        assert list(session.intent.slots) == list(intents[session.intent.name].slots)
    if session.action == "ElicitSlot":
        assert session.intent is not None and session.intent.slots[session.slot_to_elicit] is None


# -- sessions that the application sets


def test_an_application_may_start_in_the_middle() -> None:
    talk = Talk(hotel())
    talk.session.intent = IntentState("BookRoom", {"Room": Fill("king"), "Nights": None})
    talk.session.action = "Delegate"
    assert talk.put() == ["How many nights?"]
    talk.session.action, talk.session.slot_to_elicit = "ElicitSlot", "Room"
    assert talk.put({"contentType": "PlainText", "content": "Room, please."}) == ["Room, please."]
    assert talk.session.slot_to_elicit == "Room"
