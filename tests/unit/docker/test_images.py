"""Dockerfile and compose file: linted, and held against the services and their packages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from shared.settings import Settings
from tests.conftest import ROOT
from tests.separate import FOLDERS
from tools import lock

DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
STAGES = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
IMAGES = [*FOLDERS, "gateway"]


def test_hadolint_finds_nothing() -> None:
    program = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    if program is None:
        pytest.skip("hadolint is not installed (Linux on x86_64 only)")
    done = subprocess.run([program, DOCKER / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", IMAGES)
def test_every_service_has_an_image_that_serves_it(name: str) -> None:
    assert name in STAGES
    stage = DOCKERFILE.partition(f" AS {name}\n")[2].partition("\nFROM ")[0]
    assert f'CMD ["serve", "{name}"]' in stage


def test_images_come_from_stages_and_folders_that_are_there() -> None:
    for source in re.findall(r"--from=(\S+)", DOCKERFILE):
        assert source in STAGES
    for folder in re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE):
        assert (ROOT / folder).exists()
    assert "USER 10001:10001" in DOCKERFILE


def test_the_ignore_file_lets_in_what_is_copied() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name.partition("/")[0] for name in re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)}
    assert copied == allowed


def test_compose_runs_every_image_with_settings_that_there_are() -> None:
    document = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    services = document["services"]
    fields = {f"NONET_{name.upper()}" for name in Settings.model_fields}
    for name in IMAGES:
        assert services[name]["image"] == f"nonet/{name}"
        assert services[name]["read_only"] is True
        given = {key for key in services[name]["environment"] if key.startswith("NONET_")}
        assert given <= fields
    assert sorted(json.loads(services["language"]["environment"]["NONET_UPSTREAMS"])) == FOLDERS
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (DOCKER / source).exists() or source == "./principals.toml"
            else:
                assert source in document["volumes"]
    scraped = yaml.safe_load((DOCKER / "prometheus.yaml").read_text())["scrape_configs"][0]["static_configs"][0]
    assert sorted(scraped["targets"]) == sorted(f"{name}:4567" for name in IMAGES)


def test_package_lists_are_parts_of_the_lock(tmp_path: Path) -> None:
    assert sorted(lock.service_packages()) == sorted(IMAGES)
    core = set((ROOT / "requirements" / "core.lock").read_text().splitlines())
    folder = ROOT / "requirements" / "services"
    assert sorted(path.stem for path in folder.glob("*.lock")) == sorted(IMAGES)
    gateway = set((folder / "gateway.lock").read_text().splitlines())
    for name, packages in lock.service_packages().items():
        lines = (folder / f"{name}.lock").read_text().splitlines()
        assert set(lines[1:]) <= core, "run python -m tools.lock services"
        assert gateway <= set(lines), "the layer below"
        locked = {re.split(r"[=;]", line)[0].lower().replace("_", "-") for line in lines[1:]}
        assert {package.replace("_", "-") for package in packages} <= locked
