"""Build a bot that books appointments at a dentist's. Prints the ids of the bot and its alias."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from building import Builder, asks, says

bot = Builder("Appointments")
kinds = bot.slot_type(
    "AppointmentType",
    {
        "cleaning": ["tooth cleaning", "dental cleaning", "teeth cleaning"],
        "filling": ["a filling", "cavity"],
        "check up": ["checkup", "examination", "control"],
    },
)
bot.intent(
    "MakeAppointment",
    [
        "I would like to book an appointment",
        "book an appointment",
        "I want to make an appointment",
        "make an appointment please",
        "book a {Kind}",
        "I need a {Kind}",
        "book a {Kind} on {Date}",
        "I need a {Kind} on {Date} at {Time}",
        "can I come in for a {Kind}",
        "schedule an appointment for {Date}",
        "see the dentist on {Date}",
    ],
    [
        ("Kind", kinds, "What is it for: a cleaning, a filling or a check up?"),
        ("Date", "AMAZON.Date", "Which day suits you?"),
        ("Time", "AMAZON.Time", "At what time?"),
    ],
    dialogCodeHook={"enabled": True},
    fulfillmentCodeHook={"enabled": True},
    intentConfirmationSetting={
        "promptSpecification": asks("A {Kind} on {Date} at {Time}. Shall I book it?"),
        "declinationResponse": says("All right, nothing is booked."),
    },
)
bot.intent(
    "CancelAppointment",
    [
        "I want to cancel my appointment",
        "cancel my appointment",
        "cancel appointment number {Number}",
        "please cancel number {Number}",
        "I cannot come to my appointment",
        "call off my appointment",
    ],
    [("Number", "AMAZON.Number", "What is the number of your appointment?")],
    fulfillmentCodeHook={"enabled": True},
)
bot.intent(
    "OpeningHours",
    ["when are you open", "what are your opening hours", "are you open today", "how late are you open"],
    intentClosingSetting={"closingResponse": says("We are open from 9 to 17 on weekdays.")},
)
bot.fallback("Sorry, I did not get that. You can book or cancel an appointment.")
print(*bot.finish("appointments"))
