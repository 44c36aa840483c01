"""The programs examples/translation_*.py, as anybody runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.process import Addresses
from tests.conftest import ROOT

PRINTED = {
    "translation_text.py": [
        "de German",
        "fr French",
        "from de to en:",
        "from de to fr:",
        "  - ",
        "https://example.org/konto",
    ],
    "translation_terminologies.py": ["products en ['de', 'fr']", "1 term", "Gartenwichtel", "Nain Vert", "<b>", "</b>"],
    "translation_document.py": ["<h1>Das Haus</h1>", '<a href="https://example.org/book">', "<pre>nonet up</pre>"],
}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("translation_*.py")), ids=lambda path: path.stem)
def test_example(translating: Addresses, path: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "AWS_ENDPOINT_URL": translating.http}
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    for text in PRINTED[path.name]:
        assert text in done.stdout, done.stdout
