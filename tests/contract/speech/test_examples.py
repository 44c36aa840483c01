"""The programs in examples/polly and those of docs/services/speech.md, as anybody runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.process import Addresses
from tests.conftest import ROOT

PRINTED = {
    "synthesize_speech.py": ["   0 ms  The", "ms  library", "ms  nine"],
    "synthesize_ssml.py": ["ssml phone True"],
    "lexicons.py": ["shop 1", "its alphabet is ipa", "True"],
    "describe_voices.py": ["Marlene Female eSpeak NG de", "Hans Male eSpeak NG de", "['standard']"],
}
#: Programs of the page that need an engine; tests/contract/test_pages.py runs the others, without one.
_PAGE = (ROOT / "docs" / "services" / "speech.md").read_text(encoding="utf-8")
_ON_PAGE = re.findall(r"^```py\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)


def run(addresses: Addresses, arguments: list[str], folder: Path) -> str:
    environment = {**os.environ, "AWS_ENDPOINT_URL": addresses.http, "NONET_ADDRESS": addresses.grpc}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "polly").glob("*.py")), ids=lambda path: path.stem)
def test_example(speaking: Addresses, path: Path, tmp_path: Path) -> None:
    printed = run(speaking, [str(path)], tmp_path)
    for text in PRINTED[path.name]:
        assert text in printed, printed


def test_the_page_speaks(speaking: Addresses, tmp_path: Path) -> None:
    assert len(_ON_PAGE) == 2
    for code in _ON_PAGE:
        run(speaking, ["-c", code], tmp_path)
    assert (tmp_path / "hello.mp3").stat().st_size > 3000
    assert (tmp_path / "hello.ogg").stat().st_size > 3000
