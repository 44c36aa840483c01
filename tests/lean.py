"""``python -m tests.lean SERVICE``: serve it with the packages of its container image and nothing else of this machine.

What the image lacks cannot be imported here either: a finder before all others says that it is not there.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.metadata
import re
import sys
from collections.abc import Sequence
from types import ModuleType

from packaging.utils import canonicalize_name

from tests.conftest import ROOT


def image_packages(service: str) -> set[str]:
    """Canonical names of what the service's image has installed."""
    lines = (ROOT / "requirements" / "services" / f"{service}.lock").read_text().splitlines()
    return {canonicalize_name(re.split(r"[=;]", line)[0]) for line in lines if not line.startswith("#")}


class Absent(importlib.abc.MetaPathFinder):
    """Refuses the top-level modules of every package that is not ``allowed``."""

    def __init__(self, allowed: set[str]) -> None:
        owners = importlib.metadata.packages_distributions()
        self._absent = {
            module for module, packages in owners.items() if not {canonicalize_name(name) for name in packages} & allowed
        }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in self._absent:
            raise ModuleNotFoundError(f"No module named {fullname!r} in this service's image", name=fullname)
        return None


if __name__ == "__main__":
    name = sys.argv[1]
    sys.meta_path.insert(0, Absent(image_packages(name)))
    from nonet.cli.__main__ import main

    sys.exit(main(["serve", name]))
