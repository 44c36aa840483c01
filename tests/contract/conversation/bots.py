"""Bots for the tests: the two of examples/bots, made by their own programs, and the servers of their code hooks."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.process import Addresses
from tests.conftest import ROOT
from tests.contract.answers import Recorder

EXAMPLES = ROOT / "examples" / "bots"
ROLE = "arn:aws:iam::000000000000:role/nonet"
SECONDS = 240
#: boto3's waiters look every ten seconds; a test begins with a fifth of one, and looks less often as time goes by.
_IMPATIENT = """
import itertools, runpy, sys, time
import botocore.waiter
sleep, count = time.sleep, itertools.count(1)
botocore.waiter.time = type("Time", (), {"sleep": staticmethod(lambda seconds: sleep(min(seconds, next(count) / 5)))})
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def run_builder(addresses: Addresses, bot: str) -> tuple[str, str]:
    """Run ``build.py`` of an example; the ids of the bot and its alias."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": addresses.http,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    done = subprocess.run(
        [sys.executable, "-c", _IMPATIENT, str(EXAMPLES / bot / "build.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    bot_id, alias_id = done.stdout.split()
    return bot_id, alias_id


@contextlib.contextmanager
def hook_server(hook: Path | Callable[[Any, Any], Any]) -> Iterator[str]:
    """The URL of a Lambda function, an example's by its file, served by the examples' own server."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        import serve

        answering = serve.server(serve.load(hook).lambda_handler if isinstance(hook, Path) else hook, 0)
    finally:
        sys.path.remove(str(EXAMPLES))
    thread = threading.Thread(target=answering.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{answering.server_port}/"
    finally:
        answering.shutdown()
        answering.server_close()


def says(text: str) -> dict[str, Any]:
    return {"messageGroups": [{"message": {"plainTextMessage": {"value": text}}}]}


def make_bot(lex: Recorder, name: str) -> dict[str, str]:
    """A bot with an empty locale; what names its DRAFT."""
    bot_id = lex.ask(
        "create_bot", botName=name, roleArn=ROLE, dataPrivacy={"childDirected": False}, idleSessionTTLInSeconds=300
    )["botId"]
    place = {"botId": bot_id, "botVersion": "DRAFT", "localeId": "en_US"}
    lex.ask("create_bot_locale", nluIntentConfidenceThreshold=0.4, **place)
    return place


def make_slot(lex: Recorder, place: dict[str, str], intent_id: str, name: str, slot_type: str, prompt: str) -> str:
    setting = {"slotConstraint": "Required", "promptSpecification": {**says(prompt), "maxRetries": 1}}
    return str(
        lex.ask(
            "create_slot",
            slotName=name,
            slotTypeId=slot_type,
            valueElicitationSetting=setting,
            intentId=intent_id,
            **place,
        )["slotId"]
    )


def build(lex: Recorder, place: dict[str, str]) -> dict[str, Any]:
    """Build a locale and wait; the locale."""
    lex.ask("build_bot_locale", **place)
    for _ in range(SECONDS * 5):
        locale = lex.ask("describe_bot_locale", **place)
        if locale["botLocaleStatus"] != "Building":
            return locale
        time.sleep(0.2)
    raise AssertionError(f"the build has not ended within {SECONDS} seconds")


def version(lex: Recorder, bot_id: str) -> str:
    """Make a version and wait; its number."""
    number = lex.ask(
        "create_bot_version", botId=bot_id, botVersionLocaleSpecification={"en_US": {"sourceBotVersion": "DRAFT"}}
    )["botVersion"]
    for _ in range(SECONDS * 5):
        status = lex.ask("describe_bot_version", botId=bot_id, botVersion=number)["botStatus"]
        if status != "Creating":
            assert status == "Available"
            return str(number)
        time.sleep(0.2)
    raise AssertionError(f"the version is not there within {SECONDS} seconds")
