"""What has to be documented is."""

from __future__ import annotations

import json
import re

from prometheus_client import CollectorRegistry

from shared.observability.metrics import CallMetrics, RuntimeMetrics
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


def test_every_metric_is_explained_and_drawn() -> None:
    registry = CollectorRegistry()
    CallMetrics(registry), RuntimeMetrics(registry)
    names = {metric.name + ("_total" if metric.type == "counter" else "") for metric in registry.collect()}
    page = (ROOT / "docs" / "observability.md").read_text()
    assert names and all(f"| {name} |" in page for name in names)
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text())
    drawn = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"nonet_\w+", drawn)}
    assert used <= names and len(used) > 5
