"""The audit log: one line a call, whatever its end; never what was asked or answered; moved files are followed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from shared import errors
from shared.observability import audit as module
from shared.observability.audit import Audit, Event
from tests.unit.shared.rpc.test_chain import call


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_calls_and_their_outcomes(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "audit.jsonl"
    audit = Audit.open(path)
    with audit.watch(call("comprehend", "DetectSentiment")):
        pass
    with pytest.raises(errors.ResourceExhausted), audit.watch(call("comprehend", "CreateEndpoint")):
        raise errors.ResourceExhausted("slower")
    with pytest.raises(ZeroDivisionError), audit.watch(call("comprehend", "DetectSentiment")):
        raise ZeroDivisionError
    for left in (asyncio.CancelledError, GeneratorExit):
        with pytest.raises(left), audit.watch(call("comprehend", "DetectSentiment")):
            raise left
    audit.close()
    good, refused, defect, *gone = lines(path)
    assert (good["eventSource"], good["eventName"]) == ("comprehend.amazonaws.com", "DetectSentiment")
    assert good["userIdentity"]["accountId"] == good["recipientAccountId"] == "000000000000"
    assert good["userIdentity"]["arn"] == "arn:aws:iam::000000000000:user/test"
    assert good["readOnly"] is True and "errorCode" not in good
    assert refused["errorCode"] in ("TooManyRequestsException", "ThrottlingException")
    assert refused["readOnly"] is False
    assert defect["errorCode"] == "InternalServerException"
    assert [line["errorCode"] for line in gone] == ["RequestCancelledException"] * 2
    assert path.stat().st_mode & 0o077 == 0


def test_one_who_was_not_let_in(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = Audit.open(path)
    event = Event("comprehend", "DetectSentiment", "r", "192.0.2.7", "u" * 5000)
    audit.refused(event, errors.InvalidSignature("no"))
    (line,) = lines(path)
    assert line["userIdentity"] == {"type": "Unknown"} and line["errorCode"] == "InvalidSignatureException"
    assert line["sourceIPAddress"] == "192.0.2.7" and len(line["userAgent"]) == 512


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", -1.0)
    path = tmp_path / "audit.jsonl"
    audit = Audit.open(path)
    with audit.watch(call("comprehend", "DetectSentiment")):
        pass
    path.rename(tmp_path / "audit.jsonl.1")
    with audit.watch(call("comprehend", "DetectEntities")):
        pass
    assert [line["eventName"] for line in lines(path)] == ["DetectEntities"]
    assert [line["eventName"] for line in lines(tmp_path / "audit.jsonl.1")] == ["DetectSentiment"]


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audits = [Audit.open(path), Audit.open(path)]
    for number in range(20):
        with audits[number % 2].watch(call("comprehend", "DetectSentiment")):
            pass
    assert len(lines(path)) == 20


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="NONET_AUDIT_LOG"):
        Audit.open(tmp_path / "file" / "audit.jsonl")


def test_without_a_path_nothing_is_noted() -> None:
    with Audit().watch(call("comprehend", "DetectSentiment")):
        pass
