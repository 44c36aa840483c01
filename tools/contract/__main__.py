"""Writes every proto file: ``python -m tools.contract [--check]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.contract.model import ServiceModel
from tools.contract.numbers import compile_descriptors, read_numbers
from tools.contract.overlay import read_overlays
from tools.contract.writer import proto_text

PROTO_ROOT = Path(__file__).resolve().parents[2] / "proto"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.contract", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file would change")
    arguments = parser.parse_args()
    changed: list[str] = []
    written: list[str] = []
    for overlay in read_overlays():
        file = f"nonet/{overlay.package}/v1/{overlay.package}.proto"
        path = PROTO_ROOT / file
        text = proto_text(ServiceModel(overlay), read_numbers(PROTO_ROOT, file))
        if not path.exists() or path.read_text() != text:
            changed.append(file)
            if not arguments.check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        written.append(file)
    if arguments.check:
        print("\n".join(f"out of date: {file}" for file in changed) or "proto/ agrees with botocore")
        return 1 if changed else 0
    compile_descriptors(PROTO_ROOT, written)
    print(f"{len(changed)} of {len(written)} proto files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
