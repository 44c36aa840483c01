"""``nonet sfn`` against a running Nonet: run, read the history, draw."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gateway.process import Addresses
from nonet.cli.__main__ import main

MACHINE: dict[str, Any] = {
    "StartAt": "nap",
    "States": {
        "nap": {"Type": "Wait", "Seconds": 1, "Next": "big?"},
        "big?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 10, "Next": "refuse"}],
            "Default": "add",
        },
        "add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "End": True},
        "refuse": {"Type": "Fail", "Error": "TooBig", "Cause": "more than ten"},
    },
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"adding-{uuid.uuid4().hex}.asl.json"
    path.write_text(json.dumps(MACHINE))
    return path


@pytest.fixture
def address(orchestration: Addresses, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NONET_ADDRESS", orchestration.grpc)
    return orchestration.grpc


def test_a_run_prints_its_history_and_output(
    address: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sfn", "run", str(file), "--input", '{"n": 1}']) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"n": 2}
    arn, *lines = printed.err.splitlines()
    types = [line.split()[3] for line in lines]
    assert types == [
        "ExecutionStarted",
        "WaitStateEntered",
        "WaitStateExited",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert main(["sfn", "logs", arn, "-f"]) == 0
    assert capsys.readouterr().out.splitlines() == lines
    picture = tmp_path / "run.svg"
    assert main(["sfn", "render", "--execution", arn, "-o", str(picture)]) == 0
    text = picture.read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert text.count('class="box succeeded"') == 3 and text.count('class="state not-reached"') == 1


def test_a_changed_file_changes_the_machine(address: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sfn", "run", "-q", str(file), "--input", '{"n": 1}']) == 0
    changed = json.loads(json.dumps(MACHINE).replace("$.n, 1", "$.n, 5"))
    file.write_text(json.dumps(changed))
    assert main(["sfn", "run", "-q", str(file), "--input", '{"n": 1}']) == 0
    outputs = re.findall(r'"n": (\d+)', capsys.readouterr().out)
    assert outputs == ["2", "6"]


def test_a_failure_is_told(address: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = tmp_path / "input.json"
    given.write_text('{"n": 11}')
    assert main(["sfn", "run", str(file), "--input", f"@{given}"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and "FAILED: TooBig more than ten" in printed.err
    arn = printed.err.splitlines()[0]
    assert main(["sfn", "logs", arn]) == 1
    assert "error=TooBig" in capsys.readouterr().out


def test_a_definition_that_is_not_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "b"}}}')
    assert main(["sfn", "render", str(wrong)]) == 1
    assert "/States/a/Next" in capsys.readouterr().err
    assert main(["sfn", "render", str(tmp_path / "none.json")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert main(["sfn", "render"]) == 1


def test_a_drawing_needs_no_server(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sfn", "render", str(file)]) == 0
    text = capsys.readouterr().out
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "$.n &gt; 10" in text
