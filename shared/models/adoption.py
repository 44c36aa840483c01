"""Models of one's own: a folder of weights becomes a model of this machine.

    adopt(template, Own("whisper-legal", languages=("en-US",)), Path("downloads/whisper"), catalog, store)

The weights are copied, or converted into what the engine loads, below ``<data>/models/<id>``, together with the catalog
entry that describes them. A model is there whole or not at all.
"""

from __future__ import annotations

import fnmatch
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from shared import errors
from shared.models.catalog import REPOSITORY_ROOT, Catalog, CatalogEntry, Template, Tier
from shared.models.store import ADDED, ModelStore

#: A converter gets the folder with the weights and an empty one for what the engine loads.
Converter = Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True)
class Own:
    """What only its owner can say of a model."""

    id: str
    #: Empty: those of the template.
    languages: tuple[str, ...] = ()
    licence: str = "not stated"
    preference: int = 10
    #: Options of the engine; they win over the template's.
    options: dict[str, str] = field(default_factory=dict)


def adopt(template: Template, own: Own, folder: Path, catalog: Catalog, store: ModelStore) -> CatalogEntry:
    """Make a model of the weights in ``folder``.

    Raises:
        InvalidArgument: the id is taken or none, or the folder has not the files that the engine needs.
        FailedPrecondition: the weights cannot be converted; says what to do.
    """
    if catalog.get(own.id) is not None:
        raise errors.InvalidArgument(
            f"There is a model {own.id} already. Choose another id, or: nonet models rm {own.id}"
        )
    missing = _missing(template, folder)
    if missing:
        raise errors.InvalidArgument(f"{folder} has no {' and no '.join(missing)}, which {template.name} needs.")
    # Validated before anything is written, with a size to be replaced once it is known.
    _entry(template, own, memory_bytes=1)
    target = store.place(own.id)
    part = target.with_name(f".{own.id}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        if template.converter is None:
            shutil.copytree(folder, part, dirs_exist_ok=True)
        else:
            _convert(template, folder, part, store)
        size = sum(path.stat().st_size for path in part.rglob("*") if path.is_file())
        entry = _entry(template, own, max(1, round(size * template.memory_ratio)))
        (part / ADDED).write_text(entry.model_dump_json(indent=2))
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return entry


def _missing(template: Template, folder: Path) -> list[str]:
    if not folder.is_dir():
        raise errors.InvalidArgument(f"{folder} is no folder.")
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return [pattern for pattern in template.needs if not fnmatch.filter(names, pattern)]


def _entry(template: Template, own: Own, memory_bytes: int) -> CatalogEntry:
    fields = {
        **template.model,
        "id": own.id,
        "tier": Tier.HEAVY,
        "memory_bytes": memory_bytes,
        "licence": own.licence,
        "preference": own.preference,
        "options": {**template.model.get("options", {}), **own.options},
    }
    if own.languages:
        fields["languages"] = own.languages
    fields.setdefault("description", f"Added on this machine as {template.name}.")
    try:
        return CatalogEntry.model_validate(fields)
    except ValidationError as invalid:
        raise errors.InvalidArgument(f"That is no model: {invalid.errors()[0]['msg']}") from invalid


def _convert(template: Template, source: Path, target: Path, store: ModelStore) -> None:
    assert template.converter is not None
    python = sys.executable
    if template.converter_environment is not None:
        python = store.environment_python(template.converter_environment)
    question = json.dumps([template.converter, str(source.resolve()), str(target.resolve())])
    done = subprocess.run([python, "-m", "shared.models.adoption", question], cwd=REPOSITORY_ROOT)
    if done.returncode != 0:
        raise errors.FailedPrecondition(
            f"The weights in {source} could not be converted; the messages above say why. Are they of the kind "
            f"{template.name}?"
        )


def main(question: str) -> None:
    """In the converter's own process: load the converter and let it work."""
    name, source, target = json.loads(question)
    module, _, function = name.partition(":")
    converter: Converter = getattr(importlib.import_module(module), function)
    converter(Path(source), Path(target))


if __name__ == "__main__":
    main(sys.argv[1])
