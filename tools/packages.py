"""What is known of every locked package: its licence, and the file that this platform installs.

``requirements/packages.json`` is written by ``python -m tools.packages``, which downloads what the lock files name and
reads the wheels; everything else reads that file, so that checks need no network. ``requirements/licences.toml`` has by
hand what wheels do not tell, or tell in words that are no SPDX identifier.
"""

from __future__ import annotations

import email
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.models.catalog import Catalog, Environment

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"
KNOWN = REQUIREMENTS / "packages.json"
BY_HAND = REQUIREMENTS / "licences.toml"
LIBRARY = re.compile(r"(?:^|/)(lib[\w+]+?)(?:-[\w.]+|_x86_64)?\.so(?:\.[\w.]+)?$")
#: Words for licences, in `License` members and classifiers, whose meaning is plain.
SPDX = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3-clause license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}


@dataclass(frozen=True, slots=True)
class Package:
    """``licence``: an SPDX expression, "" = nobody knows it. ``file``, ``sha256``: what pip took on Linux, x86-64.

    ``libraries``: shared libraries of others that the wheel carries, without version and ending ("libavcodec").
    """

    licence: str
    file: str = ""
    sha256: str = ""
    libraries: tuple[str, ...] = ()


def locks() -> dict[str, list[Requirement]]:
    """Lock file without its ending ("core", "services/vision") -> what it pins."""
    paths = [*sorted(REQUIREMENTS.glob("*.lock")), *sorted(REQUIREMENTS.glob("services/*.lock"))]
    return {path.relative_to(REQUIREMENTS).with_suffix("").as_posix(): pinned(path) for path in paths}


def pinned(path: Path) -> list[Requirement]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def environments() -> dict[str, Environment]:
    """The engine environments of the catalog, which are not locked: each names the packages that it is for."""
    return Catalog.load().environments


def version_of(requirement: Requirement) -> str:
    """The one version that a requirement allows.

    Raises:
        ValueError: it allows others too.
    """
    (specifier, *others) = requirement.specifier or (None,)
    if specifier is None or others or specifier.operator != "==" or "*" in specifier.version:
        raise ValueError(f"{requirement} is not pinned to one version")
    return specifier.version


def key(requirement: Requirement) -> str:
    """ "name==version", the name as indexes write it."""
    return f"{canonicalize_name(requirement.name)}=={version_of(requirement)}"


def known() -> dict[str, Package]:
    """Everything of packages.json, by ``key``; licences.toml goes before it."""
    by_hand = tomllib.loads(BY_HAND.read_text(encoding="utf-8"))["licences"]
    found = {name: Package(**value) for name, value in json.loads(KNOWN.read_text(encoding="utf-8")).items()}
    return {
        name: Package(by_hand.get(name.partition("==")[0], one.licence), one.file, one.sha256, tuple(one.libraries))
        for name, one in found.items()
    }


def library_licences() -> dict[str, str]:
    """Library -> SPDX expression, of those that wheels carry and that are not permissive (licences.toml)."""
    return dict(tomllib.loads(BY_HAND.read_text(encoding="utf-8"))["libraries"])


def licence_by_hand(name: str) -> str:
    """The licence in licences.toml, "" where it has none."""
    by_hand = tomllib.loads(BY_HAND.read_text(encoding="utf-8"))["licences"]
    return str(by_hand.get(canonicalize_name(name), ""))


def licence_in(metadata: Message) -> str:
    """The SPDX expression that a distribution's metadata tells, "" where it tells none that is plain."""
    text = str(metadata.get("License-Expression") or metadata.get("License") or "").strip()
    if text.lower() in SPDX:
        return SPDX[text.lower()]
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        pass
    classifiers = [str(value) for value in metadata.get_all("Classifier") or () if str(value).startswith("License :: ")]
    named = {SPDX.get(one.rsplit(" :: ", 1)[1].lower(), "") for one in classifiers}
    # Several classifiers say neither AND nor OR, and a BSD one does not say which.
    return named.pop() if len(named) == 1 else ""


def read_distribution(path: Path) -> tuple[str, Package]:
    """The key of a wheel or source archive, and what it says of itself.

    Raises:
        ValueError: it has no metadata.
    """
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            (name,) = (one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
            text = archive.read(name)
            libraries = {found[1] for one in archive.namelist() if (found := LIBRARY.search(one))}
    else:
        with tarfile.open(path) as archive_of_source:
            names = [one for one in archive_of_source.getnames() if re.fullmatch(r"[^/]+/PKG-INFO", one)]
            member = archive_of_source.extractfile(names[0]) if names else None
            if member is None:
                raise ValueError(f"{path.name} has no metadata")
            text = member.read()
            libraries = set()
    metadata = email.message_from_bytes(text)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    version = str(metadata["Version"]).partition("+")[0]
    return f"{canonicalize_name(metadata['Name'])}=={version}", Package(
        licence_in(metadata), path.name, digest, tuple(sorted(libraries))
    )


def gather(folder: Path, wanted: Iterable[Requirement]) -> dict[str, Package]:
    """Download what is wanted into ``folder`` and read it; sorted by key."""
    lines = sorted({f"{one.name}{one.specifier}" for one in wanted})
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*command, *lines], check=True)
    return dict(sorted(read_distribution(path) for path in folder.iterdir()))


def main() -> None:
    """Read what is new of the lock files; what packages.json has is taken over, what no lock names is dropped."""
    wanted = {key(one): one for lock in locks().values() for one in lock}
    old = json.loads(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else {}
    new = [one for name, one in wanted.items() if name not in old]
    found = {name: value for name, value in old.items() if name in wanted}
    if new:
        with tempfile.TemporaryDirectory() as folder:
            read = gather(Path(folder), new)
        found |= {name: asdict(package) for name, package in read.items() if name in wanted}
    KNOWN.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")
    print(f"{KNOWN.name}: {len(found)} packages, {len(new)} of them new")


if __name__ == "__main__":
    main()
