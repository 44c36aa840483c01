"""Single files out of npm packages, fetched by npm itself, so that its configuration (mirrors, proxies) counts.

Nothing of a package is run: ``npm pack`` only downloads the archive.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

TIMEOUT_SECONDS = 300
#: Archives put everything below this folder.
ROOT = "package"


def extract(package: str, path: str, target: Path) -> None:
    """Write the file ``path`` of ``package`` ("name@version") to ``target``.

    Raises ``OSError`` where npm is not there, does not get the package, or the package has no such file.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise OSError(f"its URL does not answer, and there is no npm to take it from the package {package}")
    with tempfile.TemporaryDirectory(prefix="nonet-package-") as folder:
        command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, package]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise OSError(f"npm did not bring the package {package} within {TIMEOUT_SECONDS} s") from None
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            raise OSError(f"npm could not bring the package {package}")
        with tarfile.open(archives[0]) as archive:
            try:
                source = archive.extractfile(f"{ROOT}/{path}")
            except KeyError:
                source = None
            if source is None:
                raise OSError(f"the package {package} has no {path}")
            with source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
