"""``nonet models list|pull|add|rm``: what models there are, which are here, and how one gets here."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from shared import errors
from shared.models.adoption import Own, adopt
from shared.models.catalog import Catalog, CatalogEntry, ModelFile, Tier
from shared.models.store import ModelStore
from shared.settings import settings


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nonet models", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every model of the catalog")
    for name, text in (("pull", "download models and check them"), ("rm", "delete downloaded models")):
        action = actions.add_parser(name, help=text)
        action.add_argument("model", nargs="+", help="ids as `nonet models list` shows them, or a service: vision")
    add_parser(actions.add_parser("add", help="make a model of weights that you have: your own, or downloaded ones"))
    chosen = parser.parse_args(arguments[1:])
    store = ModelStore(settings().data_directory, settings().model_mirror)
    catalog = Catalog.load(added=store.added())
    if chosen.action == "list":
        print_models(catalog, store)
        return 0
    if chosen.action == "add":
        add(chosen, catalog, store)
        return 0
    for name in chosen.model:
        for entry in named(name, catalog):
            if chosen.action == "pull":
                pull(entry, store)
            else:
                freed = store.remove(entry)
                print(f"{entry.id}: {freed / 1e6:.1f} MB freed" if freed else f"{entry.id}: nothing to remove")
    return 0


def named(name: str, catalog: Catalog) -> tuple[CatalogEntry, ...]:
    """The model of that id, or all that can be pulled for the service of that name.

    Raises:
        NotFound: neither is called so.
    """
    entry = catalog.get(name)
    found = (entry,) if entry is not None else catalog.of_service(name)
    if not found:
        raise errors.NotFound(
            f"The catalog has no model {name}, and no service of that name has any to pull. See: nonet models list"
        )
    return found


def print_models(catalog: Catalog, store: ModelStore) -> None:
    rows = [("MODEL", "TASK", "LANGUAGES", "TIER", "LICENCE", "STATE")]
    for entry in catalog:
        languages = ",".join(entry.languages) if len(entry.languages) <= 4 else f"{len(entry.languages)} languages"
        state = "installed" if store.installed(entry) else entry.remedy
        rows.append((entry.id, entry.task, languages or "-", entry.tier.value, entry.licence, state))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def add_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="the id that it gets")
    parser.add_argument("folder", type=Path, help="folder with the weights")
    parser.add_argument("--as", dest="template", required=True, help="what they are: a template, see below")
    parser.add_argument("--languages", default="", help="codes of the languages it knows, comma separated")
    parser.add_argument("--licence", default="not stated", help="licence of the weights")
    parser.add_argument(
        "--preference", type=int, default=10, help="higher is preferred; models of the suite have 0 to 5"
    )
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="option of the engine")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    lines = [
        f"  {template.name:<20} {template.description}\n{'':<22} files: {', '.join(template.needs)}"
        for template in Catalog.load().templates.values()
    ]
    parser.epilog = "\n".join(["templates:", *lines])


def add(chosen: argparse.Namespace, catalog: Catalog, store: ModelStore) -> None:
    template = catalog.templates.get(chosen.template)
    if template is None:
        raise errors.NotFound(f"There is no template {chosen.template}: {', '.join(catalog.templates) or 'none'}.")
    own = Own(
        id=chosen.model,
        languages=tuple(filter(None, chosen.languages.split(","))),
        licence=chosen.licence,
        preference=chosen.preference,
        options=dict(option.partition("=")[::2] for option in chosen.option),
    )
    print(f"{chosen.model}: {'converting' if template.converter else 'copying'} ...")
    entry = adopt(template, own, chosen.folder, catalog, store)
    print(f"{entry.id}: added. A server that is running sees it when it starts again.")
    if entry.environment is not None and not store.installed(entry):
        print(f"Its engine is not installed yet. Run: {entry.remedy}")


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
