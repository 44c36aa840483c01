"""The intents and slot types that every bot may use without making them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FALLBACK = "AMAZON.FallbackIntent"
#: The intent that a new locale has already.
FALLBACK_ID, FALLBACK_NAME = "FALLBCKINT", "FallbackIntent"


@dataclass(frozen=True, slots=True)
class BuiltInIntent:
    """``utterances``: what it is recognised by, beside those that its user adds."""

    description: str
    utterances: tuple[str, ...] = ()


INTENTS: Mapping[str, BuiltInIntent] = {
    "AMAZON.CancelIntent": BuiltInIntent(
        "Somebody wants to cancel what is going on.",
        ("cancel", "cancel that", "cancel this", "never mind", "forget it", "forget about it", "please cancel"),
    ),
    FALLBACK: BuiltInIntent("What was said means none of the bot's intents."),
    "AMAZON.HelpIntent": BuiltInIntent(
        "Somebody asks for help.",
        ("help", "help me", "please help", "can you help me", "what can I say", "what can you do", "I need help"),
    ),
    "AMAZON.PauseIntent": BuiltInIntent(
        "Somebody wants a pause.", ("pause", "pause that", "wait a moment please", "hold on", "pause it")
    ),
    "AMAZON.RepeatIntent": BuiltInIntent(
        "Somebody wants to hear it again.",
        ("repeat", "repeat that", "say that again", "say it again", "can you repeat that", "once more please"),
    ),
    "AMAZON.ResumeIntent": BuiltInIntent(
        "Somebody wants to go on.", ("resume", "continue", "keep going", "go on", "carry on")
    ),
    "AMAZON.StartOverIntent": BuiltInIntent(
        "Somebody wants to begin again.", ("start over", "restart", "start again", "begin again", "from the beginning")
    ),
    "AMAZON.StopIntent": BuiltInIntent(
        "Somebody wants to stop.", ("stop", "stop that", "off", "shut up", "please stop", "stop it now")
    ),
}
#: Intents that need a service that is not here.
ELSEWHERE = frozenset(
    {
        "AMAZON.BedrockAgentIntent",
        "AMAZON.KendraSearchIntent",
        "AMAZON.QnAIntent",
        "AMAZON.QInConnectIntent",
    }
)

SLOT_TYPES: Mapping[str, str] = {
    "AMAZON.AlphaNumeric": "Letters and digits, such as an order number.",
    "AMAZON.City": "A city.",
    "AMAZON.Confirmation": "Yes, no, maybe.",
    "AMAZON.Country": "A country.",
    "AMAZON.Date": "A day, month, week or year, as ISO 8601.",
    "AMAZON.Duration": "A length of time, as ISO 8601.",
    "AMAZON.EmailAddress": "An e-mail address.",
    "AMAZON.FirstName": "A first name.",
    "AMAZON.FreeFormInput": "Whatever was said.",
    "AMAZON.LastName": "A last name.",
    "AMAZON.Number": "A number, as digits.",
    "AMAZON.Percentage": "A share of a hundred, as digits.",
    "AMAZON.PhoneNumber": "A telephone number, as digits.",
    "AMAZON.State": "A state of a country.",
    "AMAZON.StreetName": "The name of a street.",
    "AMAZON.Time": "A time of day, as HH:MM.",
}
