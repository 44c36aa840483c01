"""README.md as a stranger follows it: its snippets run and print what stands beside them, its commands end well."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.process import Addresses
from tests.conftest import ROOT
from tests.running import nonet

README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
#: Commands that ask a running Nonet, each a line of its own or between backticks; the others start or install things.
COMMANDS = [
    re.sub(r"\s+#.*", "", command)
    for command in re.findall(r"(?:^    |`)\./(nonet (?:sfn|comprehend) [^`\n]+)", README, re.MULTILINE)
]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with nonet(tmp_path_factory.mktemp("readme"), services="language,orchestration") as addresses:
        yield addresses


def environment(suite: Addresses) -> dict[str, str]:
    return {**os.environ, "AWS_ENDPOINT_URL": suite.http, "NONET_ADDRESS": suite.grpc}


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_prints_what_stands_beside_it(suite: Addresses, tmp_path: Path, number: int) -> None:
    code = SNIPPETS[number].replace("http://127.0.0.1:4567", suite.http).replace("127.0.0.1:4568", suite.grpc)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == re.findall(r"print\(.*#\s*(\S+)$", code, re.MULTILINE), code


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_a_command_ends_well(suite: Addresses, tmp_path: Path, number: int) -> None:
    command = COMMANDS[number].replace("-o text.svg", f"-o {tmp_path}/text.svg")
    script = f'nonet() {{ "{sys.executable}" -m nonet.cli "$@"; }}\n{command}'
    done = subprocess.run(
        ["bash", "-euc", script], cwd=ROOT, env=environment(suite), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_there_is_something_to_run() -> None:
    assert len(SNIPPETS) >= 2 and len(COMMANDS) >= 3


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("services/*/README.md")]),
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_python_on_every_page_is_python(page: Path) -> None:
    for code in re.findall(r"^```(?:python|py)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        compile(code, str(page), "exec")
