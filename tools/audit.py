"""Are the locked packages what they should be, and does anybody know a hole in them? ``python -m tools.audit``.

What needs no network is always checked: every line of a lock file is one exact version, a package has one version in
all lock files, what the .in files name is in their locks, and packages.json knows the file and its hash. Then pip-audit
asks PyPI for advisories. Where it cannot be reached, or does not know our packages, that is said, and is no failure
unless ``--required``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.lock import read
from tools.packages import REQUIREMENTS, environments, key, known, locks, version_of

#: Advisories that do not reach us: its id -> why.
ACCEPTED: dict[str, str] = {}
TIMEOUT_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Advisory:
    package: str
    id: str
    fixed: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What pip-audit found: packages that it asked about, those that nobody knew, and advisories."""

    asked: int
    unknown: int
    advisories: tuple[Advisory, ...]


def faults() -> list[str]:
    """What is wrong in the lock files themselves."""
    found: list[str] = []
    versions: dict[str, dict[str, str]] = {}
    table = known()
    for lock, requirements in locks().items():
        names = [canonicalize_name(one.name) for one in requirements]
        found += [f"{lock}.lock names {name} twice" for name in sorted({n for n in names if names.count(n) > 1})]
        for one in requirements:
            try:
                versions.setdefault(canonicalize_name(one.name), {})[lock] = version_of(one)
            except ValueError as error:
                found.append(f"{lock}.lock: {error}")
                continue
            package = table.get(key(one))
            if package is None or not package.sha256:
                found.append(f"{lock}.lock: packages.json has no file of {key(one)}")
    for name, where in versions.items():
        if len(set(where.values())) > 1:
            told = ", ".join(f"{version} in {lock}.lock" for lock, version in where.items())
            found.append(f"{name} has several versions: {told}")
    for path in sorted(REQUIREMENTS.glob("*.in")):
        source = read(path)
        locked = {canonicalize_name(one.name) for one in locks()[path.stem]}
        wanted = {canonicalize_name(Requirement(line).name) for line in [*source.wanted, *source.alone]}
        found += [f"{path.name} names {name}, {path.stem}.lock does not" for name in sorted(wanted - locked)]
    for name, environment in environments().items():
        for text in environment.packages:
            try:
                version_of(Requirement(text))
            except ValueError as error:
                found.append(f"engine {name}: {error}")
    return found


def every_package() -> list[str]:
    """ "name==version" of all lock files and engine environments."""
    pinned = [one for requirements in locks().values() for one in requirements]
    pinned += [Requirement(text) for environment in environments().values() for text in environment.packages]
    return sorted({key(one) for one in pinned})


def ask(packages: list[str]) -> Answer | None:
    """Let pip-audit ask for advisories; None where it gets no answer at all."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(packages))
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--requirement", file.name]
        command += ["--format", "json", "--progress-spinner", "off"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return None
    # It exits with 1 for advisories and for errors alike; only what it found is JSON.
    try:
        return parse(json.loads(done.stdout))
    except json.JSONDecodeError:
        return None


def parse(document: dict[str, Any]) -> Answer:
    """pip-audit's JSON: each dependency has ``vulns``, or a ``skip_reason`` where the service does not know it."""
    dependencies = document["dependencies"]
    advisories = tuple(
        Advisory(f"{one['name']}=={one['version']}", vulnerability["id"], ", ".join(vulnerability["fix_versions"]))
        for one in dependencies
        for vulnerability in one.get("vulns", ())
    )
    return Answer(len(dependencies), sum("skip_reason" in one for one in dependencies), advisories)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.audit", description=__doc__)
    parser.add_argument("--required", action="store_true", help="fail where not every package could be asked about")
    required = parser.parse_args().required
    wrong = faults()
    for fault in wrong:
        print(f"audit: {fault}")
    packages = every_package()
    answer = ask(packages)
    if answer is None or answer.unknown == answer.asked:
        print(f"audit: {len(packages)} packages not audited: the advisory database cannot be reached")
        return 1 if wrong or required else 0
    if answer.unknown:
        print(f"audit: {answer.unknown} of {answer.asked} packages not audited: the database does not know them")
    open_ = [one for one in answer.advisories if one.id not in ACCEPTED]
    for one in open_:
        print(f"audit: {one.package} has {one.id}; mended in {one.fixed or 'no version yet'}")
    print(f"audit: {answer.asked - answer.unknown} packages audited, {len(open_)} advisories")
    return 1 if wrong or open_ or (required and answer.unknown) else 0


if __name__ == "__main__":
    sys.exit(main())
