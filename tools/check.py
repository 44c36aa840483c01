"""Everything that CI checks, in one go: ``./nonet test [pytest arguments]``.

Without arguments: ruff, mypy, the contract against botocore, the generated pages, then all tests. With arguments
only pytest runs, with these, in one process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

ON_POSTGRESQL = ("s3", "documents", "orchestration", "translation", "test_gateway.py")
#: A process a core, each with whole files: many tests wait, for a lease, a kill or pip. Each loads models of its own.
SIDE_BY_SIDE = ("--numprocesses=3", "--dist=loadfile")
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff", ("-m", "ruff", "check", "--quiet", ".")),
    ("mypy", ("-m", "mypy")),
    ("contract", ("-m", "tools.contract", "--check")),
    ("pages", ("-m", "tools.pages", "--check")),
    ("tests", ("-m", "pytest", *SIDE_BY_SIDE, "--durations=25")),
    # The parts of the suite that touch the database, once more: storage, jobs and chaos choose their own above.
    ("tests on PostgreSQL", ("-m", "pytest", *SIDE_BY_SIDE, *(f"tests/contract/{part}" for part in ON_POSTGRESQL))),
)


def passes(name: str, command: tuple[str, ...], environment: dict[str, str]) -> bool:
    """Run one step and tell how it went."""
    print(f"== {name}", flush=True)
    started = time.monotonic()
    if "PostgreSQL" in name:
        environment = {**environment, "NONET_TEST_DATABASE": "postgresql"}
    status = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment).returncode
    outcome = "ok" if status == 0 else f"failed ({status})"
    print(f"== {name}: {outcome} in {time.monotonic() - started:.0f} s", flush=True)
    return status == 0


def main() -> int:
    arguments = sys.argv[1:]
    steps = (("tests", ("-m", "pytest", *arguments)),) if arguments else STEPS
    with tempfile.TemporaryDirectory(prefix="nonet-test-", ignore_cleanup_errors=True) as folder:
        # Engine environments that tests install are made once, whichever process wants one first.
        environment = {**os.environ, "NONET_TEST_RUN": folder}
        failed = [name for name, command in steps if not passes(name, command, environment)]
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
