"""What AWS itself recorded for definitions and inputs, run through boto3 by the runner that lies beside the cases."""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

FOLDER = Path(os.environ.get("NONET_SHARED", ROOT.parent / "shared")) / "data" / "states_language"
CASES = sorted(FOLDER.glob("cases/*.json"))
#: Identifier of a case -> why it does not hold for us.
EXCEPTIONS: dict[str, str] = {}
#: The same for its history, where status and output hold.
HISTORY_EXCEPTIONS = {
    "scenarios_test_base_scenarios.TestBaseScenarios_test_parallel_state_nested": (
        "the recording enters two Parallel states and exits one: the inner one's exit is missing from it"
    )
}

if not CASES:
    pytest.skip(f"no recorded cases at {FOLDER}: set NONET_SHARED", allow_module_level=True)


@pytest.fixture(scope="module")
def results(orchestration: Addresses) -> dict[str, dict[str, Any]]:
    """By name of file, how each case went: all run once, some at a time."""
    specification = importlib.util.spec_from_file_location("states_language_runner", FOLDER / "run.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    runner = module.Runner(
        argparse.Namespace(
            endpoint_url=orchestration.http, timeout=30, history="types", strict_history=False, strict_cause=False
        )
    )
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(runner.run, (json.loads(case.read_text()) for case in CASES))
        return {case.name: result for case, result in zip(CASES, found, strict=True)}


@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_a_recorded_case(results: dict[str, dict[str, Any]], case: str) -> None:
    result = results[case]
    if result["id"] in EXCEPTIONS:
        pytest.xfail(EXCEPTIONS[result["id"]])
    assert result["result"] == "pass", result.get("why")
    assert result.get("inspection", True), result.get("inspection_diff")
    if result["id"] in HISTORY_EXCEPTIONS:
        pytest.xfail(HISTORY_EXCEPTIONS[result["id"]])
    assert result.get("history", True), result.get("history_diff")
