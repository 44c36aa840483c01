"""The chains of examples/chains as anybody runs them, against a whole Nonet."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.process import Addresses
from tests.conftest import ROOT
from tests.running import nonet

CHAINS = ROOT / "examples" / "chains"
#: What a program prints among other things; a folder without an entry here fails the last test.
PRINTED = {
    "text": [("text.py", ["PersonalData: ['EMAIL'", "Ada Lovelace", "Decision: keep private"])],
    "approval": [("approval.py", ["letter.pdf: approved", "SUCCEEDED", "2 pages about", "Garcia"])],
    "documents": [("documents.py", ["SUCCEEDED in/0-form.png", "SUCCEEDED in/2-form.png", "FAILED Textract."])],
    "review": [
        (
            "review.py",
            ['"Language":"de"', '"Sentiment":"POSITIVE"', '"Sentiment":"NEGATIVE"', '"English":"I am very happy'],
        )
    ],
    "letter": [("letter.py", ["SUCCEEDED", "Dear Mr. [NAME]", "write to [EMAIL]", "[PHONE]", "Translation: ", "Maschine"])],
    "call": [("call.py", ["ch_0: Good morning.", "ch_1: I am very unhappy.", "the customer is NEGATIVE"])],
    "callback": [
        ("callback.py", ["a text in de", 'SUCCEEDED {"Sentiment":"POSITIVE"}', "FAILED TooHard: This is not"])
    ],
}


#: Holds the port until a program listens there: nobody else is given it meanwhile.
HELD = socket.socket()
HELD.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
HELD.bind(("127.0.0.1", 0))
PORT = int(HELD.getsockname()[1])


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    functions = {"translate-by-hand": f"http://127.0.0.1:{PORT}/"}
    with nonet(tmp_path_factory.mktemp("chains"), functions=functions) as addresses:
        yield addresses


def run(suite: Addresses, directory: Path, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if path.name == "callback.py":
        arguments = ("--port", str(PORT))
    return subprocess.run(
        [sys.executable, str(path), *arguments],
        env={**os.environ, "AWS_ENDPOINT_URL": suite.http, "PYTHONPATH": ""},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.slow
@pytest.mark.parametrize("folder", sorted(PRINTED))
def test_chain(suite: Addresses, tmp_path: Path, folder: str) -> None:
    for program, texts in PRINTED[folder]:
        done = run(suite, tmp_path, CHAINS / folder / program)
        assert done.returncode == 0, done.stdout + done.stderr
        for text in texts:
            assert text in done.stdout, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("The lamp is broken and I am very angry.", "answer soon"),
        ("The lamp is wonderful.", "publish"),
        ("Die Lampe ist ganz wunderbar.", "ask somebody"),
    ],
)
def test_decisions_about_texts(suite: Addresses, tmp_path: Path, text: str, decision: str) -> None:
    done = run(suite, tmp_path, CHAINS / "text" / "text.py", text)
    assert f"Decision: {decision}" in done.stdout, done.stdout + done.stderr


def test_every_chain_is_run() -> None:
    # That of photographs needs some: tests/contract/vision/test_chain.py runs it.
    run = {*PRINTED, "photo"}
    assert {path.name for path in CHAINS.iterdir() if path.is_dir() and path.name != "__pycache__"} == run
