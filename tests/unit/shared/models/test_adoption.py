"""A folder of weights becomes a model of this machine, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared import errors
from shared.models.adoption import Own, adopt
from shared.models.catalog import Catalog, Environment, Template
from shared.models.store import ModelStore
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime

MODEL = {"task": "double", "engine": "tests.unit.shared.runtime.engines:load", "options": {"cost_ms": "0", "kind": "a"}}
CONVERTERS = "tests.unit.shared.models.converters"


def template(**changes: object) -> Template:
    return Template.model_validate(
        {"name": "doubler", "description": "doubles", "needs": ["*.bin"], "model": MODEL, **changes}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    (folder / "part").mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"w" * 1000)
    (folder / "part" / "words.txt").write_text("one two")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "data")


async def test_a_folder_becomes_a_model_that_answers(folder: Path, store: ModelStore) -> None:
    own = Own("mine", languages=("en-US", "de-DE"), licence="ours", options={"kind": "b"})
    entry = adopt(template(), own, folder, Catalog([]), store)
    assert (entry.memory_bytes, entry.languages, entry.licence) == (round(1007 * 1.3), ("en-US", "de-DE"), "ours")
    assert entry.options == {"cost_ms": "0", "kind": "b"}
    assert (store.directory(entry) / "part" / "words.txt").read_text() == "one two"

    catalog = Catalog(store.added())
    assert catalog.get("mine") == entry
    runtime = Runtime(catalog, store, [Device("cpu", 10_000)])
    async with await runtime.lease("double", "de-DE") as lease:
        assert await lease.run([21]) == [42]
    await runtime.close()
    assert store.remove(entry) > 1000
    assert store.added() == []


def test_weights_are_converted_where_the_engine_wants_another_form(folder: Path, store: ModelStore) -> None:
    entry = adopt(template(converter=f"{CONVERTERS}:reverse"), Own("mine"), folder, Catalog([]), store)
    assert sorted(path.name for path in store.directory(entry).iterdir()) == [".model.json", "reversed.bin"]


def test_a_conversion_that_fails_leaves_nothing(folder: Path, store: ModelStore) -> None:
    with pytest.raises(errors.FailedPrecondition, match="of the kind doubler"):
        adopt(template(converter=f"{CONVERTERS}:fail"), Own("mine"), folder, Catalog([]), store)
    assert list(store.place("mine").parent.iterdir()) == []


def test_a_converter_that_is_not_installed_names_its_command(folder: Path, store: ModelStore) -> None:
    converting = template(converter=f"{CONVERTERS}:reverse", converter_environment="torch-things")
    with pytest.raises(errors.EngineNotInstalled, match="nonet engines install torch-things"):
        adopt(converting, Own("mine"), folder, Catalog([]), store)


@pytest.mark.parametrize("model_id", ["../out", "Mine", "a/b", ""])
def test_an_id_is_no_path(folder: Path, store: ModelStore, model_id: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        adopt(template(), Own(model_id), folder, Catalog([]), store)


def test_what_is_missing_or_there_already_is_told(folder: Path, store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"no config\.json and no \*\.txtt"):
        adopt(template(needs=["config.json", "*.txtt"]), Own("mine"), folder, Catalog([]), store)
    with pytest.raises(errors.InvalidArgument, match="is no folder"):
        adopt(template(), Own("mine"), tmp_path / "nowhere", Catalog([]), store)
    adopt(template(), Own("mine"), folder, Catalog([]), store)
    with pytest.raises(errors.InvalidArgument, match="nonet models rm mine"):
        adopt(template(), Own("mine"), folder, Catalog(store.added()), store)


def test_every_template_makes_a_valid_model(folder: Path, tmp_path: Path) -> None:
    catalog = Catalog.load()
    for number, kind in enumerate(catalog.templates.values()):
        plain = kind.model_copy(update={"needs": ("*",), "converter": None})
        environment = kind.model.get("environment")
        assert environment is None or isinstance(catalog.environments[environment], Environment)
        assert kind.converter_environment in (None, *catalog.environments)
        adopt(plain, Own(f"own-{number}"), folder, catalog, ModelStore(tmp_path / "all"))
