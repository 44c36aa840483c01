"""Licences, bills of materials and the audit: each must find what is wrong, and find nothing in this checkout."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from tools import audit, licences, packages, sbom
from tools.licences import ALLOWED, permissive, violations
from tools.packages import Package, read_distribution


def test_every_licence_is_allowed_or_named() -> None:
    assert violations() == []
    assert not any("GPL" in identifier or "NC" in identifier for identifier in ALLOWED)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(Apache-2.0 OR GPL-2.0-only) AND BSD-3-Clause", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("LicenseRef-Something", False),
        ("", False),
    ],
)
def test_an_expression_is_read(expression: str, allowed: bool) -> None:
    assert permissive(expression) is allowed


@pytest.mark.parametrize(
    ("name", "package", "told"),
    [
        ("numpy", Package("GPL-3.0-only"), "GPL-3.0-only"),
        ("numpy", Package(""), "licence not known"),
        ("numpy", Package("MIT", libraries=("libx264",)), "its wheel carries GPL-2.0-or-later (libx264)"),
        # What development and engines may have, the core may not.
        ("hypothesis", Package("MPL-2.0"), "MPL-2.0"),
        ("ultralytics", Package("AGPL-3.0-only"), "AGPL-3.0-only"),
    ],
)
def test_a_licence_that_nobody_allowed_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, package: Package, told: str
) -> None:
    monkeypatch.setattr(licences, "distributed", lambda: iter([("core", "core", f"{name}==1", package)]))
    assert [one for one in violations() if name in one and told in one]


def test_the_locks_are_sound() -> None:
    assert audit.faults() == []


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["numpy>=2"], "not pinned"),
        (["numpy==2.4.*"], "not pinned"),
        (["numpy"], "not pinned"),
        (["numpy==0.0.1"], "no file of numpy==0.0.1"),
        (["numpy==2.4.6", "NumPy==2.4.6"], "names numpy twice"),
    ],
)
def test_a_lock_that_is_not_sound_is_found(monkeypatch: pytest.MonkeyPatch, lines: list[str], fault: str) -> None:
    real = packages.locks()
    monkeypatch.setattr(audit, "locks", lambda: real | {"other": [Requirement(line) for line in lines]})
    assert any(fault in one for one in audit.faults())


def test_a_package_that_core_in_names_has_to_be_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    real = packages.locks()
    without = [one for one in real["core"] if one.name != "numpy"]
    monkeypatch.setattr(audit, "locks", lambda: real | {"core": without})
    assert "core.in names numpy, core.lock does not" in audit.faults()


def test_what_an_audit_answers_is_read() -> None:
    known = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2", "3"]}]}
    unknown = {"name": "b", "version": "1", "skip_reason": "not found"}
    answer = audit.parse({"dependencies": [known, unknown, {"name": "c", "version": "1", "vulns": []}]})
    assert (answer.asked, answer.unknown) == (3, 1)
    assert answer.advisories == (audit.Advisory("a==1", "PYSEC-1", "2, 3"),)


@pytest.mark.parametrize(
    ("answer", "required", "status"),
    [
        (None, False, 0),
        (None, True, 1),
        (audit.Answer(2, 2, ()), False, 0),
        (audit.Answer(2, 1, ()), False, 0),
        (audit.Answer(2, 1, ()), True, 1),
        (audit.Answer(2, 0, ()), True, 0),
        (audit.Answer(2, 0, (audit.Advisory("a==1", "PYSEC-1", "2"),)), False, 1),
    ],
    ids=["no answer", "no answer, required", "knows none", "knows one", "knows one, required", "clean", "a hole"],
)
def test_an_audit_fails_for_advisories_and_where_it_must_be_had(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: audit.Answer | None,
    required: bool,
    status: int,
) -> None:
    monkeypatch.setattr(audit, "ask", lambda packages: answer)
    monkeypatch.setattr("sys.argv", ["audit", *(["--required"] if required else [])])
    assert audit.main() == status
    unreached = answer is None or answer.unknown == answer.asked
    assert ("cannot be reached" in capsys.readouterr().out) is unreached


def test_bills_are_valid_and_complete() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    bills = dict(sbom.bills())
    for name in ("core.cdx.json", "services-vision.cdx.json", "engine-ultralytics.cdx.json"):
        assert validator.validate_str(bills[name]) is None, name
    core = json.loads(bills["core.cdx.json"])
    assert len(core["components"]) == len(packages.locks()["core"])
    for component in core["components"]:
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        assert len(component["hashes"][0]["content"]) == 64 and component["licenses"]
    assert dict(sbom.bills()) == bills
    assert core["compositions"][0]["aggregate"] == "complete"


def wheel(folder: Path, *metadata: str) -> Path:
    path = folder / "Thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        lines = ("Metadata-Version: 2.4", "Name: Thing", "Version: 1.0+cpu", *metadata)
        archive.writestr("thing-1.0.dist-info/METADATA", "\n".join(lines) + "\n\nText")
        archive.writestr("thing.libs/libavcodec-5e6b81c2.so.62.28.102", "")
        archive.writestr("thing/_libthing.abi3.so", "")
        archive.writestr("thing/libplain.so", "")
    return path


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        (("License-Expression: MIT OR apache-2.0",), "MIT OR Apache-2.0"),
        (("License: 3-Clause BSD License",), "BSD-3-Clause"),
        (("License: BSD", "Classifier: License :: OSI Approved :: BSD License"), ""),
        (("Classifier: License :: OSI Approved :: MIT License",), "MIT"),
        (("Classifier: License :: OSI Approved :: MIT License", "Classifier: License :: Public Domain"), ""),
        ((), ""),
    ],
    ids=["expression", "words", "ambiguous", "classifier", "two classifiers", "nothing"],
)
def test_a_wheel_is_read(tmp_path: Path, metadata: tuple[str, ...], licence: str) -> None:
    name, package = read_distribution(wheel(tmp_path, *metadata))
    assert (name, package.licence) == ("thing==1.0", licence)
    assert package.libraries == ("libavcodec", "libplain")
