"""``nonet test`` where the bootstrap script is not used: the same checks, in this environment."""

from __future__ import annotations

import subprocess
import sys

from shared.models.catalog import REPOSITORY_ROOT


def main(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "tools.check", *arguments[1:]], cwd=REPOSITORY_ROOT).returncode
