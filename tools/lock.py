"""requirements/*.in -> *.lock: exact versions of everything, so that every machine installs the same.

``python -m tools.lock`` asks pip to resolve each file as if nothing were installed. Hashes are not locked: wheels
differ between platforms, and the lock serves them all. A line that ends in ``# alone`` names a package that we use
only in part: what the rest of its code would need is left out. ``python -m tools.lock services`` writes only
services/*.lock, the parts of core.lock that services alone need (services.toml).
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"
ALONE = "# alone"


@dataclass(slots=True)
class Source:
    """One .in file with those that it includes."""

    #: Lines for pip to resolve.
    wanted: list[str] = field(default_factory=list)
    #: "name==version" of packages whose own dependencies stay out.
    alone: list[str] = field(default_factory=list)
    #: Package -> environment marker, for those that are wanted on some platforms only.
    markers: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> Source:
    source = Source()
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            included = read(path.with_name(line[3:].strip()))
            source.wanted += included.wanted
            source.alone += included.alone
            source.markers |= included.markers
        elif line.endswith(ALONE):
            source.alone.append(line.removesuffix(ALONE).strip())
        elif line and not line.startswith("#"):
            source.wanted.append(line)
            name, _, marker = line.partition(";")
            if marker:
                source.markers[re.split(r"[=<>\[ ]", name.strip())[0].lower()] = marker.strip()
    return source


def resolve(source: Source) -> list[str]:
    """ "name==version" of every package, sorted; with the marker where it has one."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(source.wanted))
        file.flush()
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        command += ["--report", "-", "-r", file.name]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    lines = list(source.alone)
    for item in report["install"]:
        name = item["metadata"]["name"].lower()
        version = item["metadata"]["version"].partition("+")[0]
        marker = source.markers.get(name)
        lines.append(f"{name}=={version}; {marker}" if marker else f"{name}=={version}")
    # A package that is wanted alone may be needed by another one too.
    return sorted(set(lines))


def service_packages() -> dict[str, list[str]]:
    """Service folder -> names of the packages that it needs of core.in, as services.toml says."""
    document = tomllib.loads((REQUIREMENTS / "services.toml").read_text())
    return {name: sorted({*document["every"], *packages}) for name, packages in document["services"].items()}


def closed(names: Iterable[str], lines: Mapping[str, str], alone: Iterable[str]) -> list[str]:
    """The lines of core.lock for ``names`` and everything that they need, as their installed metadata says.

    Raises:
        KeyError: a package that core.lock does not have.
    """
    wanted: set[str] = set()
    todo = [canonicalize_name(name) for name in names]
    while todo:
        name = todo.pop()
        if name in wanted:
            continue
        wanted.add(name)
        if name in alone:
            continue
        for text in importlib.metadata.requires(name) or ():
            needed = Requirement(text)
            # An extra's packages are named in services.toml where we use them.
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                todo.append(canonicalize_name(needed.name))
    return [lines[name] for name in sorted(wanted)]


def write_services() -> None:
    """requirements/services/*.lock, each a part of core.lock."""
    core = [line for line in (REQUIREMENTS / "core.lock").read_text().splitlines() if not line.startswith("#")]
    lines = {canonicalize_name(re.split(r"[=;]", line)[0]): line for line in core}
    alone = {canonicalize_name(line.partition("==")[0]) for line in read(REQUIREMENTS / "core.in").alone}
    for name, packages in service_packages().items():
        (REQUIREMENTS / "services" / f"{name}.lock").write_text(
            "# Made by `python -m tools.lock` from services.toml and core.lock.\n"
            + "\n".join(closed(packages, lines, alone))
            + "\n"
        )


def main() -> None:
    if sys.argv[1:] == ["services"]:
        write_services()
        return
    for path in sorted(REQUIREMENTS.glob("*.in")):
        packages = resolve(read(path))
        path.with_suffix(".lock").write_text(
            f"# Made by `python -m tools.lock` from {path.name}.\n" + "\n".join(packages) + "\n"
        )
        print(f"{path.name}: {len(packages)} packages")
    write_services()


if __name__ == "__main__":
    main()
