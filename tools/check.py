"""Everything that CI checks, in one go: ``./nonet test [pytest arguments]``.

Without arguments: ruff, mypy, the contract against botocore, the generated pages, then all tests. With arguments
only pytest runs, with these.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

ON_POSTGRESQL = ("s3", "documents", "orchestration", "translation", "test_gateway.py")
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff", ("-m", "ruff", "check", "--quiet", ".")),
    ("mypy", ("-m", "mypy")),
    ("contract", ("-m", "tools.contract", "--check")),
    ("pages", ("-m", "tools.pages", "--check")),
    ("tests", ("-m", "pytest", "--durations=15")),
    # The parts of the suite that touch the database, once more: storage, jobs and chaos choose their own above.
    ("tests on PostgreSQL", ("-m", "pytest", *(f"tests/contract/{part}" for part in ON_POSTGRESQL))),
)


def main() -> int:
    arguments = sys.argv[1:]
    steps = (("tests", ("-m", "pytest", *arguments)),) if arguments else STEPS
    failed: list[str] = []
    for name, command in steps:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        environment = {**os.environ, "NONET_TEST_DATABASE": "postgresql"} if "PostgreSQL" in name else None
        status = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment).returncode
        print(
            f"== {name}: {'ok' if status == 0 else f'failed ({status})'} in {time.monotonic() - started:.0f} s",
            flush=True,
        )
        if status != 0:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
