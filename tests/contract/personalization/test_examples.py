"""The programs in examples/personalize as anybody runs them: nothing but AWS_ENDPOINT_URL tells them of us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.process import Addresses
from shared.contract.apis import all_apis
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples" / "personalize"
PRINTED = {
    "recommendations.py": [
        "3 columns",
        "import ACTIVE",
        "'aws-trending-now'",
        "training ACTIVE",
        "normalized_discounted_cumulative_gain_at_10",
        "a crime reader gets 10 crime books of 10",
        "travel books gets 10 of 10",
    ],
    "ranking_and_filters.py": ["first for a guest who likes soup: soup-1", "soups only: True - dearest: True"],
}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_example(recommending: Addresses, path: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "AWS_ENDPOINT_URL": recommending.http, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    for text in PRINTED[path.name]:
        assert text in done.stdout, done.stdout


def test_every_main_operation_has_an_example() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.py"))
    apis = {api.client: api for api in all_apis().values()}
    missing = [
        operation.name
        for client in ("personalize", "personalize-events", "personalize-runtime")
        for operation in apis[client].operations.values()
        # Programs that wait hand the Describe operations on.
        if operation.priority == "P0" and f".{operation.method_name}" not in source
    ]
    assert not missing
