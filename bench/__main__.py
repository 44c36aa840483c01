"""``./nonet bench [PART ...] [--write]``: measure side by side; ``--write`` fills docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
PARTS = {
    "requests": "Requests a second, beside moto",
    "gateway": "Cost of the gateway",
    "batches": "Batches",
    "executions": "State machines, beside moto",
    "translation": "Translation, beside bare CTranslate2",
    "vision": "DetectLabels, beside the bare engines",
    "face_search": "Faces of a large collection",
    "recommendations": "Recommendations from a large catalogue",
    "conversations": "Two hundred conversations at once",
    "startup": "Start and memory",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="nonet bench", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help=f"of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--write", action="store_true", help="replace these parts of docs/benchmarks.md")
    chosen = parser.parse_args()
    for part in chosen.part or PARTS:
        print(f"== {PARTS[part]}", flush=True)
        lines = importlib.import_module(f"bench.{part}").report()
        print("\n".join(lines), flush=True)
        if chosen.write:
            write(part, lines)
    return 0


def write(part: str, lines: list[str]) -> None:
    """Put one part between its marks; the rest of the page is written by hand."""
    begin, end = f"<!-- begin {part} -->", f"<!-- end {part} -->"
    where = f"Measured {time.strftime('%Y-%m-%d')} on {os.cpu_count()} cores, Python {platform.python_version()}."
    block = "\n".join([begin, *lines, "", where, end])
    text = PAGE.read_text()
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    PAGE.write_text(f"{head}{block}{tail}")


if __name__ == "__main__":
    sys.exit(main())
