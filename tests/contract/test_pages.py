"""The examples of docs/services: each runs as a reader would run it, and prints what the page says."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.process import Addresses
from nonet.demo.invoice import invoice_scan
from tests.conftest import ROOT
from tests.running import nonet
from tests.vision_models import data_directory, put_models

BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```\n\n```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(kind, code, shown, id=f"{page.stem}-{number}")
    for page in sorted((ROOT / "docs" / "services").glob("*.md"))
    for number, (kind, code, shown) in enumerate(BLOCK.findall(page.read_text()))
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    data = tmp_path_factory.mktemp("data")
    with contextlib.suppress(pytest.skip.Exception):  # without models the examples of other services run all the same
        put_models(data)
    with nonet(data) as addresses:
        yield addresses


def test_every_service_has_a_page_with_all_three_ways() -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/service.py")}
    for folder in folders:
        page = (ROOT / "docs" / "services" / f"{folder}.md").read_text()
        kinds = [(kind, code) for kind, code, _ in BLOCK.findall(page)]
        assert any("boto3" in code for _, code in kinds), folder
        assert any("import Nonet" in code for _, code in kinds), folder
        assert any(kind == "bash" and code.startswith("nonet ") for kind, code in kinds), folder


def put_photographs(request: pytest.FixtureRequest, folder: Path) -> None:
    """What the examples of the vision page read; skips where there is no shared data."""
    faces = request.getfixturevalue("shared_directory") / "data" / "vision" / "faces_ageitgey"
    data_directory()  # skips where the models cannot be had
    shutil.copy(faces / "obama.jpg", folder / "photo.jpg")
    shutil.copy(faces / "two_people.jpg", folder / "group.jpg")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "code", "shown"), EXAMPLES)
def test_an_example_prints_what_its_page_says(
    server: Addresses, tmp_path: Path, request: pytest.FixtureRequest, kind: str, code: str, shown: str
) -> None:
    (tmp_path / "invoice.png").write_bytes(invoice_scan())
    if "photo.jpg" in code:
        put_photographs(request, tmp_path)
    environment = {**os.environ, "AWS_ENDPOINT_URL": server.http, "NONET_ADDRESS": server.grpc}
    if kind == "python":
        command = [sys.executable, "-c", code]
    else:
        command = ["bash", "-euc", f'nonet() {{ "{sys.executable}" -m nonet.cli "$@"; }}\n{code}']
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    missing = [line for line in shown.splitlines() if line not in done.stdout]
    assert not missing, done.stdout
