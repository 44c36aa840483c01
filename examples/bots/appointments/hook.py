"""The Lambda function of the appointments bot: what is free and what is booked is in an SQLite database."""

import os
import sqlite3
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lex_answers import close, delegate, elicit, value

OPEN_HOURS = range(9, 17)
SATURDAY = 5


def database():
    connection = sqlite3.connect(os.environ.get("APPOINTMENTS_DATABASE", "appointments.db"))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS appointments ("
        "number INTEGER PRIMARY KEY, kind TEXT NOT NULL, day TEXT NOT NULL, time TEXT NOT NULL, UNIQUE (day, time))"
    )
    return connection


def lambda_handler(event, context):
    intent = event["sessionState"]["intent"]["name"]
    with database() as connection:
        if event["invocationSource"] == "DialogCodeHook":
            return checked(event, connection)
        return booked(event, connection) if intent == "MakeAppointment" else cancelled(event, connection)


def checked(event, connection):
    """Ask again for a day on which nobody is there, or an hour that is taken."""
    day, time = value(event, "Date"), value(event, "Time")
    if day:
        try:
            weekday = date.fromisoformat(day).weekday()
        except ValueError:
            return elicit(event, "Date", "Which day exactly?")
        if weekday >= SATURDAY:
            return elicit(event, "Date", "We are closed at weekends. Which other day suits you?")
    if time:
        if not time[:2].isdigit() or int(time[:2]) not in OPEN_HOURS:
            return elicit(event, "Time", "We are open from 9 to 17. At what time?")
        if day and taken(connection, day, time):
            free = next((f"{hour}:00" for hour in OPEN_HOURS if not taken(connection, day, f"{hour:02}:00")), None)
            if free is None:
                return elicit(event, "Date", "That day is full. Which other day suits you?")
            return elicit(event, "Time", f"That time is taken, {free} is free. At what time?")
    return delegate(event)


def taken(connection, day, time):
    return connection.execute("SELECT 1 FROM appointments WHERE day = ? AND time = ?", (day, time)).fetchone()


def booked(event, connection):
    kind, day, time = (value(event, slot) for slot in ("Kind", "Date", "Time"))
    try:
        row = connection.execute("INSERT INTO appointments (kind, day, time) VALUES (?, ?, ?)", (kind, day, time))
    except sqlite3.IntegrityError:
        return elicit(event, "Time", "Somebody was faster. At what other time?")
    return close(event, "Fulfilled", f"Done. Your appointment has number {row.lastrowid}.")


def cancelled(event, connection):
    number = value(event, "Number")
    if not connection.execute("DELETE FROM appointments WHERE number = ?", (number,)).rowcount:
        return close(event, "Failed", f"There is no appointment with number {number}.")
    return close(event, "Fulfilled", f"Appointment {number} is cancelled.")
