"""Software bills of materials (CycloneDX 1.6): one for each lock file and each engine environment, in sbom/.

``python -m tools.sbom [--check]``. Nothing is fetched: what the wheels say is in requirements/packages.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.packages import Package, environments, key, known, licence_by_hand, locks, version_of

FOLDER = Path(__file__).resolve().parents[1] / "sbom"
#: Makes serial numbers that stay the same while the contents do.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:nonet:sbom")


def bill(name: str, requirements: Iterable[Requirement], whole: bool) -> str:
    """The document of one lock file, as JSON.

    Args:
        name: the lock or environment, which the document describes as an application.
        requirements: what it pins.
        whole: whether that is everything that is installed; False = what these need in turn is not listed.
    """
    table = known()
    bom = Bom()
    root = f"nonet-{name.replace('/', '-')}"
    bom.metadata.component = Component(name=root, type=ComponentType.APPLICATION, bom_ref=root)
    for one in requirements:
        bom.components.add(component(one, table.get(key(one), Package(licence_by_hand(one.name)))))
    # pip is given every line of a lock file, and asked for nothing else.
    bom.register_dependency(bom.metadata.component, bom.components)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    # A time, and a number drawn by lot, would make another document of the same contents.
    del document["metadata"]["timestamp"]
    del document["serialNumber"]
    document["compositions"] = [{"aggregate": "complete" if whole else "incomplete", "assemblies": [root]}]
    digest = uuid.uuid5(NAMESPACE, json.dumps(document, sort_keys=True))
    document = {"$schema": document.pop("$schema"), "serialNumber": f"urn:uuid:{digest}", **document}
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def component(one: Requirement, package: Package) -> Component:
    """One package: version, package URL, licence as far as it is known, hash of the file for Linux on x86-64."""
    name, version = canonicalize_name(one.name), version_of(one)
    url = PackageURL("pypi", None, name, version)
    licences = []
    if package.licence:
        licences = [
            LicenseFactory().make_from_string(package.licence, license_acknowledgement=LicenseAcknowledgement.DECLARED)
        ]
    properties = [Property(name="nonet:file", value=package.file)] if package.file else []
    properties += [Property(name="nonet:carries", value=library) for library in package.libraries]
    if one.marker is not None:
        properties.append(Property(name="nonet:marker", value=str(one.marker)))
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=url.to_string(),
        purl=url,
        licenses=licences,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.sha256)] if package.sha256 else [],
        properties=properties,
    )


def bills() -> Iterator[tuple[str, str]]:
    """File name below ``FOLDER``, and document."""
    for lock, requirements in locks().items():
        yield f"{lock.replace('/', '-')}.cdx.json", bill(lock, requirements, whole=True)
    for name, environment in environments().items():
        packages = [Requirement(text) for text in environment.packages]
        yield f"engine-{name}.cdx.json", bill(f"engine-{name}", packages, whole=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.sbom", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a document would change")
    check = parser.parse_args().check
    table, wrong = known(), False
    for lock, requirements in locks().items():
        for one in requirements:
            if key(one) not in table:
                wrong = True
                print(f"{lock}.lock: nothing is known of {key(one)}; run python -m tools.packages")
    documents = dict(bills())
    FOLDER.mkdir(exist_ok=True)
    stale = {path.name for path in FOLDER.glob("*.cdx.json")} - set(documents)
    changed = [name for name, text in documents.items() if _read(FOLDER / name) != text]
    if check:
        for name in sorted([*changed, *stale]):
            print(f"sbom/{name} does not fit the lock files: run python -m tools.sbom")
        return 1 if wrong or changed or stale else 0
    for name in changed:
        (FOLDER / name).write_text(documents[name], encoding="utf-8")
    for name in stale:
        (FOLDER / name).unlink()
    print(f"sbom/: {len(documents)} documents, {len(changed)} of them written, {len(stale)} removed")
    return 1 if wrong else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
