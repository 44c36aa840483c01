"""``nonet vision celebrities``, with the real models, over the database of a data directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from nonet.cli import celebrities
from shared import errors
from shared.settings import settings
from tests.running import forget_metrics
from tests.vision_models import put_models


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A data directory of the test's own, with models; a command is a process, so it has metrics of its own."""
    put_models(tmp_path / "data")
    monkeypatch.setenv("NONET_DATA_DIRECTORY", str(tmp_path / "data"))
    settings.cache_clear()
    yield
    settings.cache_clear()
    forget_metrics()


@pytest.fixture
def faces(shared_directory: Path) -> Path:
    return shared_directory / "data" / "vision" / "faces_ageitgey"


def nonet(*arguments: object) -> int:
    forget_metrics()
    return celebrities.main(["vision", "celebrities", *map(str, arguments)])


def test_people_are_added_listed_and_removed(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert nonet("list") == 0
    assert capsys.readouterr().out.split() == ["ID", "NAME", "GENDER", "PHOTOS", "URLS"]

    urls = ["--url", "https://example.org/44", "--url", "https://example.org/barack"]
    assert nonet("add", "Barack Obama", faces / "obama.jpg", faces / "obama2.jpg", *urls, "--gender", "Male") == 0
    added = capsys.readouterr().out
    obama = added.partition(":")[0]
    assert obama.isalnum() and added.strip() == f"{obama}: Barack Obama, 2 photos"
    assert nonet("add", "Joe Biden", faces / "biden.jpg") == 0
    biden = capsys.readouterr().out.partition(":")[0]

    nonet("list")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines == [
        [obama, "Barack", "Obama", "Male", "2", "https://example.org/44", "https://example.org/barack"],
        [biden, "Joe", "Biden", "-", "1"],
    ]
    assert nonet("rm", obama, biden) == 0
    assert capsys.readouterr().out.splitlines() == [f"{obama}: Barack Obama removed", f"{biden}: Joe Biden removed"]
    nonet("list")
    assert len(capsys.readouterr().out.splitlines()) == 1
    with pytest.raises(errors.NotFound):
        nonet("rm", obama)


def test_a_photo_that_will_not_do_is_named_and_nobody_is_added(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for bad, says in (("two_people.jpg", "2 faces"), ("nowhere.jpg", "cannot be read")):
        with pytest.raises(errors.InvalidArgument, match=says) as caught:
            nonet("add", "Two", faces / "obama.jpg", faces / bad)
        assert bad in caught.value.message
    nonet("list")
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["add", "Ada"], ["add", "Ada", "a.jpg", "--gender", "female"], ["rm"]])
def test_wrong_arguments_are_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        nonet(*arguments)
    assert left.value.code == 2
    assert "nonet vision celebrities" in capsys.readouterr().err
