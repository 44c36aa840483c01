"""Apertium's pipelines: with a program of the test's own where what matters is how they end, with Apertium where it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.translation.engines import apertium
from services.translation.engines.apertium import ApertiumEngine, load
from services.translation.tasks import Sentence, text_of
from shared import errors
from shared.models.catalog import Catalog

CATALOG = Path(__file__).resolve().parents[5] / "services" / "translation" / "catalog.toml"


def engine(monkeypatch: pytest.MonkeyPatch, command: str) -> ApertiumEngine:
    monkeypatch.setattr(apertium, "_command", lambda mode: command)
    return ApertiumEngine({"en-es": Path("any.mode")})


def test_a_pipeline_is_fed_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    echo = engine(monkeypatch, "cat")
    sentences = [
        Sentence(
            (
                "one ",
                0,
                " [two] ^x$ \\ {3}",
            ),
            "en",
            "es",
        ),
        Sentence(("a\nb",), "en", "es"),
    ]
    first, second = echo.run(sentences)
    assert first.parts == ("one ", 0, " [two] ^x$ \\ {3}")
    assert first.complete
    assert second.parts == ("a b",)
    echo.close()


@pytest.mark.parametrize("command", ["sleep 60", "true", "cat | sleep 60"])
def test_a_silent_pipeline_is_ended(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(apertium, "SECONDS", 0.3)
    silent = engine(monkeypatch, command)
    (result,) = silent.run([Sentence(("one ", 0), "en", "es")])
    assert (result.parts, result.complete) == (("one ", 0), False)
    assert silent._pipelines["en-es"]._process is None
    silent.close()


def test_a_pipeline_that_never_ends_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    babbling = engine(monkeypatch, "yes")
    (result,) = babbling.run([Sentence(("one",), "en", "es")])
    assert not result.complete
    babbling.close()


def test_nothing_installed(tmp_path: Path) -> None:
    entry = Catalog.load([CATALOG]).get("apertium")
    assert entry is not None
    gone = entry.model_copy(update={"options": {"pair_files": [f"en-es {tmp_path}/gone.mode"]}})
    with pytest.raises(errors.EngineNotInstalled, match="apt-get install"):
        load(gone, tmp_path, "cpu")


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[ApertiumEngine]:
    mode = Path("/usr/share/apertium/modes/eng-spa.mode")
    if shutil.which("apertium-wblank-mode") is None or not mode.is_file():
        pytest.skip("apertium and apertium-eng-spa are not on this system")
    entry = Catalog.load([CATALOG]).get("apertium")
    assert entry is not None
    engine = load(entry, tmp_path, "cpu")
    yield engine
    engine.close()


def test_apertium_itself(installed: ApertiumEngine) -> None:
    results = installed.run([
        Sentence(("The house is big.",), "en", "es"),
        Sentence(("I see ", 0, " and a cat.",), "en", "es"),
    ])  # fmt: skip
    assert text_of(results[0].parts) == "La casa es grande."
    assert results[1].complete
    assert 0 in results[1].parts
