"""``nonet models list|pull|rm``: what models there are, which are here, and how one gets here."""

from __future__ import annotations

import argparse
import sys
import time

from shared import errors
from shared.models.catalog import Catalog, CatalogEntry, ModelFile, Tier
from shared.models.store import ModelStore
from shared.settings import settings


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nonet models", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every model of the catalog")
    for name, text in (("pull", "download models and check them"), ("rm", "delete downloaded models")):
        action = actions.add_parser(name, help=text)
        action.add_argument("model", nargs="+", help="ids as `nonet models list` shows them")
    chosen = parser.parse_args(arguments[1:])
    catalog, store = Catalog.load(), ModelStore(settings().data_directory, settings().model_mirror)
    if chosen.action == "list":
        print_models(catalog, store)
        return 0
    for name in chosen.model:
        entry = catalog.get(name)
        if entry is None:
            raise errors.NotFound(f"The catalog has no model {name}. See: nonet models list")
        if chosen.action == "pull":
            pull(entry, store)
        else:
            freed = store.remove(entry)
            print(f"{entry.id}: {freed / 1e6:.1f} MB freed" if freed else f"{entry.id}: nothing to remove")
    return 0


def print_models(catalog: Catalog, store: ModelStore) -> None:
    rows = [("MODEL", "TASK", "LANGUAGES", "TIER", "LICENCE", "STATE")]
    for entry in catalog:
        languages = ",".join(entry.languages) if len(entry.languages) <= 4 else f"{len(entry.languages)} languages"
        state = "installed" if store.installed(entry) else entry.remedy
        rows.append((entry.id, entry.task, languages or "-", entry.tier.value, entry.licence, state))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def pull(entry: CatalogEntry, store: ModelStore) -> None:
    if entry.tier is Tier.EMBEDDED or not entry.files:
        print(f"{entry.id}: comes with Nonet, nothing to pull")
        return
    bar = ProgressBar(sys.stderr.isatty())
    store.pull(entry, bar)
    bar.finish()
    print(f"{entry.id}: installed")


class ProgressBar:
    """One line that is drawn over itself; on a pipe, a line a file."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal
        self._drawn = 0.0
        self._file = ""

    def __call__(self, file: ModelFile, done: int, total: int) -> None:
        if not self._terminal:
            if file.path != self._file:
                print(f"  {file.path} ({total / 1e6:.1f} MB)", file=sys.stderr)
            self._file = file.path
            return
        now = time.monotonic()
        if now - self._drawn < 0.1 and done < total:
            return
        self._drawn = now
        filled = int(30 * done / total)
        bar = "#" * filled + "." * (30 - filled)
        print(
            f"\r  {file.path:<40} [{bar}] {done / 1e6:7.1f}/{total / 1e6:.1f} MB", end="", file=sys.stderr, flush=True
        )
        if done == total:
            print(file=sys.stderr)

    def finish(self) -> None:
        sys.stderr.flush()
