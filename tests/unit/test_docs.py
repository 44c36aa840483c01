"""What has to be documented is."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from nonet.cli.__main__ import COMMANDS
from services.language.tasks import Document
from shared.contract.apis import all_apis
from shared.models.catalog import Catalog
from shared.observability.metrics import CallMetrics, RuntimeMetrics
from shared.runtime.bindings import load_engine
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


def test_the_engine_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "engines.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (entry_text,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "engine_of_the_page.py").write_text(code)
    (tmp_path / "catalog.toml").write_text(
        entry_text.replace("services.language.engines.lexicon_sentiment:", "engine_of_the_page:")
    )
    (tmp_path / "good.txt").write_text("good lovely")
    (tmp_path / "bad.txt").write_text("bad")
    assert tomllib.loads(entry_text)["model"][0]["engine"].startswith("services.language.engines.")
    monkeypatch.syspath_prepend(str(tmp_path))
    (entry,) = Catalog.load([tmp_path / "catalog.toml"])
    engine = load_engine(entry, tmp_path, "cpu")
    found = engine.run([Document("A lovely and good day", "en"), Document("A bad day", "en"), Document("A day", "en")])
    assert [sentiment.label for sentiment in found] == ["POSITIVE", "NEGATIVE", "NEUTRAL"]
    assert all(abs(one.positive + one.negative + one.neutral + one.mixed - 1) < 1e-9 for one in found)


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), ROOT / "README.md"]),
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text)
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_commands_that_pages_name_exist() -> None:
    """Every ``nonet COMMAND`` in a code block or in code is a command or a service."""
    commands = {name.split()[0] for name in COMMANDS} | {api.client for api in all_apis().values()} | {"bench", "test"}
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    named = {
        (page.name, command)
        for page in pages
        for command in re.findall(r"(?:^|[`\s(])(?:\./)?nonet ([a-z0-9][a-z0-9-]*)", code_of(page.read_text()))
    }
    assert len(named) > 50
    assert sorted((page, command) for page, command in named if command not in commands) == []


def code_of(page: str) -> str:
    """What stands in blocks, indented by four, or between backticks."""
    blocks = re.findall(r"^```(?:sh|bash)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    (.*)$", page, re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", page)
    return "\n".join([*blocks, *indented, *(f"`{one}`" for one in inline)])
