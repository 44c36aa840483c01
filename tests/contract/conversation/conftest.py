"""A Nonet that talks, the two bots of the examples in it, and their code hooks with databases of their own."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.contract.conversation.bots import EXAMPLES, hook_server, run_builder
from tests.running import client, nonet


@pytest.fixture(scope="session")
def appointments_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("appointments") / "appointments.db"


@pytest.fixture(scope="session")
def employees_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("employees") / "employees.db"


@pytest.fixture(scope="session")
def functions(appointments_database: Path, employees_database: Path) -> Iterator[dict[str, str]]:
    """Where the examples' Lambda functions answer."""
    os.environ["APPOINTMENTS_DATABASE"] = str(appointments_database)
    os.environ["EMPLOYEES_DATABASE"] = str(employees_database)
    with contextlib.ExitStack() as stack:
        stack.callback(os.environ.pop, "APPOINTMENTS_DATABASE")
        stack.callback(os.environ.pop, "EMPLOYEES_DATABASE")
        yield {
            "appointments": stack.enter_context(hook_server(EXAMPLES / "appointments" / "hook.py")),
            "password-reset": stack.enter_context(hook_server(EXAMPLES / "password_reset" / "hook.py")),
            "broken": stack.enter_context(hook_server(lambda event, context: event["no such member"])),
            "lying": stack.enter_context(hook_server(lambda event, context: {"sessionState": event})),
            "nobody": "http://127.0.0.1:1/",
        }


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory, functions: dict[str, str]) -> Iterator[Addresses]:
    data = tmp_path_factory.mktemp("conversation")
    with nonet(data, services="conversation,language", functions=functions) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def lex(talking: Addresses) -> Recorder:
    return Recorder(client("lexv2-models", talking))


@pytest.fixture(scope="session")
def runtime(talking: Addresses) -> Recorder:
    return Recorder(client("lexv2-runtime", talking))


@pytest.fixture(scope="session")
def appointments(talking: Addresses) -> dict[str, str]:
    """What names the appointments bot in a call of the runtime."""
    bot_id, alias_id = run_builder(talking, "appointments")
    return {"botId": bot_id, "botAliasId": alias_id, "localeId": "en_US"}


@pytest.fixture(scope="session")
def password_reset(talking: Addresses, employees_database: Path) -> dict[str, str]:
    with sqlite3.connect(employees_database) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS employees (number TEXT PRIMARY KEY, name TEXT NOT NULL, birthplace TEXT NOT NULL, "
            "password TEXT, locked INTEGER NOT NULL)"
        )
        connection.execute("INSERT OR REPLACE INTO employees VALUES ('4711', 'Ada', 'London', 'old', 1)")
    bot_id, alias_id = run_builder(talking, "password_reset")
    return {"botId": bot_id, "botAliasId": alias_id, "localeId": "en_US"}


@pytest.fixture
def rows(appointments_database: Path) -> Any:
    """Asks the database of appointments."""

    def ask(query: str, *values: object) -> list[Any]:
        with contextlib.closing(sqlite3.connect(appointments_database)) as connection:
            return connection.execute(query, values).fetchall()

    return ask
