"""Everything that CI checks, in one go: ``./nonet test [pytest arguments]``.

Without arguments: ruff, mypy, the contract against botocore, the generated pages, licences and bills of materials, the
audit of dependencies, then all tests. With arguments only pytest runs, with these, in one process.

Hundreds of tests wait for real processes beside two others that keep both cores busy. A few that fail there are run
once more by themselves: what passes then is named at the end, as something to mend, and what fails again has failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

ON_POSTGRESQL = (
    "s3", "documents/test_textract.py", "orchestration", "translation/test_terminologies.py", "test_gateway.py",
)  # fmt: skip
#: More processes than cores, each with whole files in the order of tests/conftest.py: many tests wait, for a lease, a
#: kill or pip. Each loads models of its own.
SIDE_BY_SIDE = ("--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder")
Step = tuple[str, tuple[str, ...]]
#: What needs one processor: two at a time, the longest first.
STATIC: tuple[Step, ...] = (
    ("mypy", ("-m", "mypy")),
    ("ruff", ("-m", "ruff", "check", "--quiet", ".")),
    ("contract", ("-m", "tools.contract", "--check")),
    ("pages", ("-m", "tools.pages", "--check")),
    ("licences", ("-m", "tools.licences", "--check")),
    ("bills of materials", ("-m", "tools.sbom", "--check")),
    ("audit", ("-m", "tools.audit")),
)
TESTS: tuple[Step, ...] = (
    ("tests", ("-m", "pytest", *SIDE_BY_SIDE, "--durations=25")),
    # The parts of the suite that touch the database, once more: storage, jobs and chaos choose their own above.
    ("tests on PostgreSQL", ("-m", "pytest", *SIDE_BY_SIDE, *(f"tests/contract/{part}" for part in ON_POSTGRESQL))),
)


#: More failures than this are no accident.
MOST_REPEATED = 5
TESTS_FAILED = 1


def run(command: tuple[str, ...], environment: dict[str, str]) -> int:
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=environment).returncode


def tests_pass(command: tuple[str, ...], environment: dict[str, str], cache: Path) -> tuple[bool, list[str]]:
    """Whether all tests pass, and those of them that did so by themselves only."""
    kept = ("-o", f"cache_dir={cache}")
    status = run((*command, *kept), environment)
    if status != TESTS_FAILED:
        return status == 0, []
    failures = cache / "v" / "cache" / "lastfailed"
    failed = list(json.loads(failures.read_text())) if failures.exists() else []
    if not 0 < len(failed) <= MOST_REPEATED:
        return False, []
    print(f"== once more, by themselves: {', '.join(failed)}", flush=True)
    passed = run(("-m", "pytest", *kept, *failed), environment) == 0
    return passed, failed if passed else []


def told(name: str, passed: bool, started: float) -> bool:
    """``passed``, printed for step ``name``."""
    print(f"== {name}: {'ok' if passed else 'failed'} in {time.monotonic() - started:.0f} s", flush=True)
    return passed


def is_clean(step: Step, environment: dict[str, str]) -> bool:
    """Run a static step; what it has to say is shown once it is over."""
    name, command = step
    print(f"== {name}", flush=True)
    started = time.monotonic()
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, text=True, capture_output=True)
    print(done.stdout + done.stderr, end="", flush=True)
    return told(name, done.returncode == 0, started)


def passes(step: Step, environment: dict[str, str], folder: Path) -> bool:
    """Run a step of tests and tell how it went."""
    name, command = step
    print(f"== {name}", flush=True)
    started = time.monotonic()
    if "PostgreSQL" in name:
        environment = {**environment, "NONET_TEST_DATABASE": "postgresql"}
    passed, repeated = tests_pass(command, environment, folder / f"cache of {name}")
    told(name, passed, started)
    for test in repeated:
        print(f"== {name}: failed beside others, passed by itself: {test}", flush=True)
    return passed


def main() -> int:
    arguments = sys.argv[1:]
    static, tests = ((), (("tests", ("-m", "pytest", *arguments)),)) if arguments else (STATIC, TESTS)
    with tempfile.TemporaryDirectory(prefix="nonet-test-", ignore_cleanup_errors=True) as folder:
        # Engine environments that tests install are made once, whichever process wants one first.
        # Three processes share two cores: threads that spin while they wait would take them from one another.
        # Nor is all that pip installs there compiled, only what is imported; pip wants a "0" for that.
        environment = {"OMP_WAIT_POLICY": "PASSIVE", "PIP_NO_COMPILE": "0", **os.environ, "NONET_TEST_RUN": folder}
        with ThreadPoolExecutor(2) as pool:
            clean = list(pool.map(lambda step: is_clean(step, environment), static))
        failed = [name for (name, _), passed in zip(static, clean, strict=True) if not passed]
        failed += [step[0] for step in tests if not passes(step, environment, Path(folder))]
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
