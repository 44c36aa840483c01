"""The Lambda function of the password bot: who works here is in an SQLite database."""

import os
import secrets
import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lex_answers import close, delegate, elicit, value

MOST_WRONG_ANSWERS = 2


def database():
    connection = sqlite3.connect(os.environ.get("EMPLOYEES_DATABASE", "employees.db"))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS employees ("
        "number TEXT PRIMARY KEY, name TEXT NOT NULL, birthplace TEXT NOT NULL, password TEXT, locked INTEGER NOT NULL)"
    )
    return connection


def lambda_handler(event, context):
    with database() as connection:
        number = value(event, "EmployeeNumber")
        query = "SELECT name, birthplace, locked FROM employees WHERE number = ?"
        employee = connection.execute(query, (number,)).fetchone() if number else None
        if event["invocationSource"] == "DialogCodeHook":
            return checked(event, number, employee)
        if employee is None:
            return close(event, "Failed", "Nobody has that employee number.")
        if event["sessionState"]["intent"]["name"] == "AccountStatus":
            return close(event, "Fulfilled", f"Your account is {'locked' if employee[2] else 'open'}.")
        password = secrets.token_urlsafe(9)
        connection.execute("UPDATE employees SET password = ?, locked = 0 WHERE number = ?", (password, number))
        return close(event, "Fulfilled", "Done. A new password is on its way to your manager.")


def checked(event, number, employee):
    """Only who knows the answer gets on; who guesses too often does not."""
    if number and employee is None:
        return elicit(event, "EmployeeNumber", "Nobody has that number. What is your employee number?")
    birthplace = value(event, "Birthplace")
    if not birthplace:
        return delegate(event)
    attributes = event["sessionState"].setdefault("sessionAttributes", {})
    if birthplace.casefold() == employee[1].casefold():
        attributes["name"] = employee[0]
        return delegate(event)
    wrong = int(attributes.get("wrong", "0")) + 1
    attributes["wrong"] = str(wrong)
    if wrong > MOST_WRONG_ANSWERS:
        return close(event, "Failed", "That is not what I have. Please call the service desk.")
    return elicit(event, "Birthplace", "That is not what I have. In which city were you born?")
