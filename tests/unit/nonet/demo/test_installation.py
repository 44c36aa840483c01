"""The engine that the demo installs: found where it is, left out where nothing may be installed, failures told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nonet.demo import installation
from nonet.demo.installation import ENGINE, Installation, installing
from shared.models.catalog import Catalog
from shared.settings import settings


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data directory, with nothing in it."""
    directory = tmp_path / "user"
    chosen = settings().model_copy(update={"data_directory": directory})
    monkeypatch.setattr(installation, "settings", lambda: chosen)
    return directory


def test_nothing_is_installed_against_the_users_will(user: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with installing(data, allowed=False) as found:
        assert found is None
    assert list((user / "engines").iterdir()) == []


def test_an_engine_that_is_there_is_seen_by_the_demos_suite(user: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    environment = user / "engines" / ENGINE
    environment.mkdir(parents=True)
    (environment / ".complete").write_text("\n".join(Catalog.load().environments[ENGINE].packages))
    with installing(data, allowed=True) as found:
        assert found is not None and not found.under_way()
        found.wait()
        assert (data / "engines" / ENGINE / ".complete").exists()


def run(program: str, log: Path) -> Installation:
    with log.open("wb") as sink:
        return Installation(subprocess.Popen([sys.executable, "-c", program], stdout=sink), log)


def test_a_failure_is_told_in_pips_last_words(tmp_path: Path) -> None:
    failing = run("print('Collecting polars'); print('ERROR: no such package'); exit(1)", tmp_path / "log")
    with pytest.raises(RuntimeError, match="forecasting could not be installed: ERROR: no such package"):
        failing.wait()
    assert failing.packages() == 1


def test_a_success_is_waited_for(tmp_path: Path) -> None:
    working = run("print('Collecting polars'); print('Collecting scipy')", tmp_path / "log")
    working.wait()
    assert not working.under_way() and working.packages() == 2
