"""A bounded run of each fuzzer; a longer one is the same program with another -max_total_time."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SECONDS = 15
#: The peak memory of whoever starts a program counts as the program's own (Linux keeps it over exec), and this test
#: process may have had more than a fuzzer's limit: a shell in between, which forks, has not.
FORKED = ("sh", "-c", '"$@"; exit "$?"', "sh")
FUZZERS = sorted(path for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith(("test_", "__")))


@pytest.mark.slow
@pytest.mark.parametrize("fuzzer", FUZZERS, ids=lambda path: path.stem)
def test_nothing_escapes(fuzzer: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: it has wheels for Linux only")
    command = [
        *FORKED,
        sys.executable,
        str(fuzzer),
        f"-max_total_time={SECONDS}",
        "-rss_limit_mb=2048",
        "-timeout=10",
        f"-artifact_prefix={tmp_path}/",
    ]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'sdk'}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS + 120)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done " in done.stderr


@pytest.mark.parametrize("found", sorted(Path(__file__).with_name("found").iterdir()), ids=lambda path: path.name)
def test_what_was_found_stays_mended(found: Path, tmp_path: Path) -> None:
    """Inputs that once broke a fuzzer's target; a file's name begins with the fuzzer's."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: it has wheels for Linux only")
    fuzzer = Path(__file__).with_name(f"{found.name.partition('-')[0]}.py")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'sdk'}"}
    command = [*FORKED, sys.executable, str(fuzzer), str(found)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
