"""The program of examples/forecast as anybody runs it: nothing but AWS_ENDPOINT_URL tells it of us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.process import Addresses
from tests.conftest import ROOT


@pytest.mark.slow
def test_the_example_forecasts_two_items(forecasting: Addresses, tmp_path: Path) -> None:
    program = ROOT / "examples" / "forecast" / "sales_forecast.py"
    environment = {**os.environ, "AWS_ENDPOINT_URL": forecasting.http, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, str(program)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "280 rows" in done.stdout and "WAPE below 0.1: True" in done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith("2024-")]) == 14
