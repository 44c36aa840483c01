"""What has to be documented is."""

from __future__ import annotations

from shared.settings import Settings
from tests.conftest import ROOT


def test_every_setting_is_described() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`NONET_{name.upper()}`" in page


def test_every_dependency_has_its_reason() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text().lower()
    listed = (ROOT / "requirements" / "core.in").read_text().splitlines()
    names = [
        line.split(";")[0].split("=")[0].split("<")[0].split("[")[0].strip()
        for line in listed
        if line and line[0] != "#"
    ]
    assert names
    assert [name for name in names if f"| {name} |" not in page] == []
