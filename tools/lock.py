"""requirements/*.in -> *.lock: exact versions of everything, so that every machine installs the same.

``python -m tools.lock`` asks pip to resolve each file as if nothing were installed. Hashes are not locked: wheels
differ between platforms, and the lock serves them all.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"


def markers(source: Path) -> dict[str, str]:
    """Package -> environment marker, for those that ``source`` (or a file it includes) wants on some platforms only."""
    found: dict[str, str] = {}
    for line in source.read_text().splitlines():
        if line.startswith("-r "):
            found |= markers(source.with_name(line[3:].strip()))
        elif ";" in line and not line.startswith("#"):
            name, _, marker = line.partition(";")
            found[re.split(r"[=<>\[ ]", name.strip())[0].lower()] = marker.strip()
    return found


def resolve(source: Path) -> list[str]:
    """ "name==version" of every package that ``source`` needs, sorted; with the marker where it has one."""
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
    wanted = markers(source)
    lines = []
    for item in report["install"]:
        name = item["metadata"]["name"].lower()
        version = item["metadata"]["version"].partition("+")[0]
        lines.append(f"{name}=={version}; {wanted[name]}" if name in wanted else f"{name}=={version}")
    return sorted(lines)


def main() -> None:
    for source in sorted(REQUIREMENTS.glob("*.in")):
        packages = resolve(source)
        source.with_suffix(".lock").write_text(
            f"# Made by `python -m tools.lock` from {source.name}.\n" + "\n".join(packages) + "\n"
        )
        print(f"{source.name}: {len(packages)} packages")


if __name__ == "__main__":
    main()
