"""Lex: a bot that is built by calls, then talked to."""

from __future__ import annotations

from typing import Any

from nonet.demo.stage import Stage, settled, timed

KINDS = {"cleaning": ["tooth cleaning"], "filling": ["cavity"], "check up": ["checkup", "examination"]}
SLOTS = (
    ("Kind", "What is it for: a cleaning, a filling or a check up?"),
    ("Date", "Which day suits you?"),
    ("Time", "At what time?"),
)
BOOK = {
    "intentName": "MakeAppointment",
    "sampleUtterances": [
        {"utterance": "I would like to book an appointment"},
        {"utterance": "make an appointment please"},
        {"utterance": "I need a {Kind}"},
        {"utterance": "book a {Kind} on {Date}"},
        {"utterance": "can I come in for a {Kind}"},
        {"utterance": "I want to see the dentist on {Date}"},
    ],
}
OPEN = {
    "intentName": "OpeningHours",
    "sampleUtterances": [
        {"utterance": "when are you open"},
        {"utterance": "what are your opening hours"},
        {"utterance": "how late are you open"},
    ],
}
SAID = (
    "Until when are you open?",
    "I need a check up",
    "the 5th of June 2031",
    "half past nine in the morning",
    "yes please",
)


def says(text: str) -> dict[str, Any]:
    return {"messageGroups": [{"message": {"plainTextMessage": {"value": text}}}]}


def show(stage: Stage) -> None:
    lex = stage.client("lexv2-runtime")
    stage.report.title("Lex: a dentist's bot, built by calls, then talked to")
    (bot, utterances), seconds = timed(lambda: built(stage))
    stage.report.row("BuildBotLocale", f"2 intents, 3 slots, {utterances} sample sentences", seconds, {})
    session = {"botId": bot, "botAliasId": "TSTALIASID", "localeId": "en_US", "sessionId": "ada"}
    answer: dict[str, Any] = {}
    for text in SAID:
        answer, seconds = timed(lambda said=text: lex.recognize_text(text=said, **session))
        stage.report.line(f"  > {text}")
        for message in answer.get("messages", ()):
            stage.report.line(f"    {message['content']}")
    intent = answer["sessionState"]["intent"]
    values = [f"{name} {slot['value']['interpretedValue']}" for name, slot in sorted(intent["slots"].items()) if slot]
    stage.report.row("RecognizeText", f"{intent['name']} {intent['state']}: {', '.join(values)}", seconds, answer)


def built(stage: Stage) -> tuple[str, int]:
    """Make the bot and build it; its id, and how many sample sentences it has."""
    lex = stage.client("lexv2-models")
    bot = lex.create_bot(
        botName="Dentist",
        roleArn="arn:aws:iam::000000000000:role/demo",
        dataPrivacy={"childDirected": False},
        idleSessionTTLInSeconds=300,
    )["botId"]
    settled("CreateBot", lambda: str(lex.describe_bot(botId=bot)["botStatus"]))
    draft = {"botId": bot, "botVersion": "DRAFT", "localeId": "en_US"}
    lex.create_bot_locale(nluIntentConfidenceThreshold=0.4, **draft)
    settled("CreateBotLocale", lambda: str(lex.describe_bot_locale(**draft)["botLocaleStatus"]))
    kinds = lex.create_slot_type(
        slotTypeName="AppointmentKind",
        slotTypeValues=[
            {"sampleValue": {"value": value}, "synonyms": [{"value": one} for one in synonyms]}
            for value, synonyms in KINDS.items()
        ],
        valueSelectionSetting={"resolutionStrategy": "TopResolution"},
        **draft,
    )["slotTypeId"]
    booking = BOOK | {
        "intentConfirmationSetting": {
            "promptSpecification": {**says("A {Kind} on {Date} at {Time}. Shall I book it?"), "maxRetries": 2},
            "declinationResponse": says("All right, nothing is booked."),
        },
        "intentClosingSetting": {"closingResponse": says("Booked. See you on {Date}.")},
    }
    intent = lex.create_intent(**booking, **draft)["intentId"]
    slots = []
    for (name, prompt), slot_type in zip(SLOTS, (kinds, "AMAZON.Date", "AMAZON.Time"), strict=True):
        asked = {"slotConstraint": "Required", "promptSpecification": {**says(prompt), "maxRetries": 2}}
        slot = lex.create_slot(
            slotName=name, slotTypeId=slot_type, valueElicitationSetting=asked, intentId=intent, **draft
        )
        slots.append(slot["slotId"])
    priorities = [{"priority": number, "slotId": slot} for number, slot in enumerate(slots, 1)]
    lex.update_intent(intentId=intent, slotPriorities=priorities, **booking, **draft)
    hours = OPEN | {"intentClosingSetting": {"closingResponse": says("From nine to five on weekdays.")}}
    lex.create_intent(**hours, **draft)
    lex.build_bot_locale(**draft)
    settled("BuildBotLocale", lambda: str(lex.describe_bot_locale(**draft)["botLocaleStatus"]))
    return bot, len(BOOK["sampleUtterances"]) + len(OPEN["sampleUtterances"])
