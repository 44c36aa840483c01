"""requirements/*.in -> *.lock: exact versions of everything, so that every machine installs the same.

``python -m tools.lock`` asks pip to resolve each file as if nothing were installed. Hashes are not locked: wheels
differ between platforms, and the lock serves them all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"


def resolve(source: Path) -> list[str]:
    """ "name==version" of every package that ``source`` needs, sorted."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        "--quiet",
        "--report",
        "-",
        "-r",
        str(source),
    ]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return sorted(
        f"{item['metadata']['name'].lower()}=={item['metadata']['version'].partition('+')[0]}"
        for item in report["install"]
    )


def main() -> None:
    for source in sorted(REQUIREMENTS.glob("*.in")):
        packages = resolve(source)
        source.with_suffix(".lock").write_text(
            f"# Made by `python -m tools.lock` from {source.name}.\n" + "\n".join(packages) + "\n"
        )
        print(f"{source.name}: {len(packages)} packages")


if __name__ == "__main__":
    main()
