"""Who may import whom, how long a file may be, and what a new service touches."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.registry import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "gateway", "services", "sdk", "tools", "tests", "bench", "models")
#: Importer (path prefix) -> first parts of modules that it must not import.
FORBIDDEN = {
    "shared/": ("gateway", "services", "tools", "tests"),
    "gateway/aws/": ("services", "tools", "tests"),
    "services/": ("gateway", "tools", "tests"),
}
TRANSPORTS = ("grpc", "starlette", "uvicorn")
#: The only modules of a service that know of the contract's messages or of a transport.
MESSAGE_MODULES = ("service.py",)


def python_files(*prefixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=ROOT, capture_output=True, text=True
    )
    paths = [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).exists()]
    return [path for path in paths if not prefixes or path.as_posix().startswith(prefixes)]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("prefix", FORBIDDEN)
def test_layers(prefix: str) -> None:
    files = python_files(prefix)
    assert files
    wrong = [
        f"{path} imports {name}" for path in files for name in imported(path) if name.split(".")[0] in FORBIDDEN[prefix]
    ]
    assert not wrong


def test_services_do_not_import_each_other() -> None:
    wrong = [
        f"{path} imports {name}"
        for path in python_files("services/")
        if len(path.parts) > 2
        for name in imported(path)
        if name.startswith("services.") and name.split(".")[1] not in (path.parts[1], "registry")
    ]
    assert not wrong


def test_domain_modules_and_engines_know_no_transport() -> None:
    wrong = [
        f"{path} imports {name}"
        for path in python_files("services/")
        for name in imported(path)
        if name.split(".")[0] in TRANSPORTS
    ]
    assert not wrong


def test_no_file_is_too_long() -> None:
    long = {str(path): count for path in python_files() if (count := len((ROOT / path).read_text().splitlines())) > 600}
    assert not long


def test_no_module_is_called_utils() -> None:
    names = {"utils", "util", "helpers", "misc", "common"}
    assert not [path for path in python_files(*PACKAGES) if path.stem in names]


@pytest.mark.parametrize("full_name", REGISTRY)
def test_a_service_touches_three_places(full_name: str) -> None:
    """Its folder, its proto (with the overlay it is made from), and one registry line: nothing else names its folder."""
    module_name = REGISTRY[full_name].partition(":")[0]
    folder = module_name.split(".")[1]
    places = [
        str(path)
        for path in python_files("shared/", "gateway/", "services/")
        if f"services.{folder}" in (ROOT / path).read_text() and not path.as_posix().startswith(f"services/{folder}/")
    ]
    assert places == ["services/registry.py"]
