"""kill -9 in the middle of a build, and between turns of a conversation: the build ends, sessions go on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.test_documents_kill import client, suite
from tests.engines import KEPT

PATIENCE_SECONDS = 300
ROLE = "arn:aws:iam::000000000000:role/nonet"
DIGITS = ("First", "Second", "Third", "Fourth")
SESSIONS = 6
#: Turns of each session, by the processes that answer them.
TURNS = ((0, 1), (2,), (3, 4))


def says(text: str) -> dict[str, Any]:
    return {"messageGroups": [{"message": {"plainTextMessage": {"value": text}}}]}


def make_bot(lex: Any) -> dict[str, str]:
    """A bot that asks for four numbers and adds nothing up."""
    bot_id = lex.create_bot(
        botName="Numbers", roleArn=ROLE, dataPrivacy={"childDirected": False}, idleSessionTTLInSeconds=3600
    )["botId"]
    place = {"botId": bot_id, "botVersion": "DRAFT", "localeId": "en_US"}
    lex.create_bot_locale(nluIntentConfidenceThreshold=0.4, **place)
    utterances = [{"utterance": text} for text in ("take some numbers", "note my numbers", "write down numbers for me")]
    intent = {
        "intentName": "Note",
        "sampleUtterances": utterances,
        "intentClosingSetting": {"closingResponse": says("{First} {Second} {Third} {Fourth}")},
    }
    intent_id = lex.create_intent(**intent, **place)["intentId"]
    priorities = []
    for number, name in enumerate(DIGITS, 1):
        setting = {"slotConstraint": "Required", "promptSpecification": {**says(f"{name}?"), "maxRetries": 1}}
        slot = lex.create_slot(
            slotName=name, slotTypeId="AMAZON.Number", valueElicitationSetting=setting, intentId=intent_id, **place
        )
        priorities.append({"priority": number, "slotId": slot["slotId"]})
    lex.update_intent(intentId=intent_id, slotPriorities=priorities, **intent, **place)
    return place


def status(lex: Any, place: dict[str, str]) -> str:
    return str(lex.describe_bot_locale(**place)["botLocaleStatus"])


def expected(number: int) -> str:
    """All four numbers of a session."""
    return " ".join(str(10 * number + turn) for turn in range(1, len(DIGITS) + 1))


def turned(runtime: Any, session: dict[str, str], number: int, turn: int) -> str:
    """What the bot says to a session's turn; the session has what that session has said, and nothing else."""
    text = f"{10 * number + turn}" if turn else "take some numbers"
    answer = runtime.recognize_text(text=text, **session)
    slots = answer["sessionState"]["intent"]["slots"]
    filled = {name: value["value"]["interpretedValue"] for name, value in slots.items() if value}
    assert filled == {name: str(10 * number + told) for told, name in enumerate(DIGITS[:turn], 1)}
    (message,) = answer["messages"]
    return str(message["content"])


@pytest.mark.slow
def test_builds_and_sessions_survive_kill_9(tmp_path: Path, database_url: str) -> None:
    if database_url.startswith("postgresql") and not KEPT:
        pytest.skip("a minute more; with NONET_TEST_ENGINES it runs on PostgreSQL too")
    with suite(tmp_path, database_url) as (process, endpoint):
        lex = client("lexv2-models", endpoint)
        place = make_bot(lex)
        assert lex.build_bot_locale(**place)["botLocaleStatus"] == "Building"
        reached = status(lex, place)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert reached == "Building", "the kill came too late to prove anything"
    sessions = [
        {"botId": place["botId"], "botAliasId": "TSTALIASID", "localeId": "en_US", "sessionId": f"caller-{number}"}
        for number in range(SESSIONS)
    ]
    for turns in TURNS:
        # Every session goes on in another process; the one before was killed after its answers.
        with suite(tmp_path, database_url) as (process, endpoint):
            lex, runtime = client("lexv2-models", endpoint), client("lexv2-runtime", endpoint)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while (found := status(lex, place)) == "Building" and time.monotonic() < deadline:
                time.sleep(0.1)
            assert found == "Built"
            for turn in turns:
                for number, session in enumerate(sessions):
                    said = turned(runtime, session, number, turn)
                    assert said == (f"{DIGITS[turn]}?" if turn < len(DIGITS) else expected(number))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
