"""Pages that programs write: coverage, settings, errors and limits. ``python -m tools.pages [--check]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from services.registry import REGISTRY
from shared.contract.apis import Api, all_apis
from shared.rpc.host import implemented
from shared.settings import Settings
from tools.reference import errors_page, limits_page

DOCS = Path(__file__).resolve().parents[1] / "docs"
PRIORITIES = ("P0", "P1", "P2")


def coverage_page() -> str:
    """Operations that answer, counted by asking the servicer classes for their methods."""
    rows: list[str] = []
    lists: list[str] = []
    totals = {priority: [0, 0] for priority in PRIORITIES}
    for api in sorted(all_apis().values(), key=lambda api: api.client):
        built = implemented(REGISTRY, api)
        cells = []
        for priority in PRIORITIES:
            names = {name for name, operation in api.operations.items() if operation.priority == priority}
            totals[priority][0] += len(names & built)
            totals[priority][1] += len(names)
            cells.append(f"{len(names & built)}/{len(names)}")
        rows.append(f"| {api.client} | {api.full_name} | {' | '.join(cells)} | {len(built)}/{len(api.operations)} |")
        if built:
            lists.append(_operations(api, built))
    sums = [f"{done}/{count}" for done, count in totals.values()]
    done, count = (sum(pair[index] for pair in totals.values()) for index in (0, 1))
    rows.append(f"| **all** | | {' | '.join(sums)} | {done}/{count} |")
    return "\n".join(
        [
            "# Coverage",
            "",
            "Written by `python -m tools.pages`, which asks the servicers. An operation that is not built answers",
            "UNIMPLEMENTED (HTTP 501). P0 is what tutorials and most applications call, P1 the common rest.",
            "",
            "| boto3 client | gRPC service | P0 | P1 | P2 | all |",
            "|---|---|--:|--:|--:|--:|",
            *rows,
            "",
            *lists,
        ]
    )


def _operations(api: Api, built: frozenset[str]) -> str:
    return f"**{api.client}**: {', '.join(sorted(built))}\n"


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Written by `python -m tools.pages` from shared/settings.py. Each is an environment variable; lists and maps",
        "are JSON.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "`~/.nonet`" if name == "data_directory" else _shown(field.get_default(call_default_factory=True))
        lines.append(f"| `NONET_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    return "-" if value in ("", None, {}) else f"`{value}`"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page would change")
    check = parser.parse_args().check
    status = 0
    pages = {
        "coverage.md": coverage_page(),
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "limits.md": limits_page(),
    }
    for name, text in pages.items():
        path = DOCS / name
        if path.exists() and path.read_text() == text:
            continue
        if check:
            print(f"docs/{name} is out of date: run python -m tools.pages")
            status = 1
        else:
            path.write_text(text)
            print(f"wrote docs/{name}")
    return status


if __name__ == "__main__":
    sys.exit(main())
