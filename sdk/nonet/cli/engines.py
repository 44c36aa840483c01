"""``nonet engines list|install|rm``: environments of engines that the core install does not carry."""

from __future__ import annotations

import argparse

from shared import errors
from shared.models.catalog import Catalog, Environment
from shared.models.store import ModelStore
from shared.settings import settings


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nonet engines", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every engine environment")
    for name, text in (("install", "make an environment and install the engine's packages"), ("rm", "delete one")):
        action = actions.add_parser(name, help=text)
        action.add_argument("engine", help="a name as `nonet engines list` shows it")
    chosen = parser.parse_args(arguments[1:])
    store = ModelStore(settings().data_directory, settings().model_mirror)
    catalog = Catalog.load(added=store.added())
    if chosen.action == "list":
        print_environments(catalog, store)
        return 0
    environment = catalog.environments.get(chosen.engine)
    if environment is None:
        raise errors.NotFound(f"The catalog has no engine {chosen.engine}. See: nonet engines list")
    if chosen.action == "install":
        install(environment, store)
    else:
        print(f"{environment.name}: {'removed' if store.remove_environment(environment) else 'was not installed'}")
    return 0


def print_environments(catalog: Catalog, store: ModelStore) -> None:
    if not catalog.environments:
        print("no engine needs an environment of its own")
    for environment in catalog.environments.values():
        state = "installed" if store.environment_installed(environment) else "not installed"
        models = ", ".join(entry.id for entry in catalog if entry.environment == environment.name)
        print(f"{environment.name:<20} {state:<14} {environment.disk_bytes / 1e9:4.1f} GB  {environment.licence}")
        print(f"{'':<20} {environment.description} Models: {models}")


def install(environment: Environment, store: ModelStore) -> None:
    print(f"{environment.name}: {environment.description}")
    print(f"Licence: {environment.licence}. About {environment.disk_bytes / 1e9:.1f} GB.")
    directory = store.install_environment(environment)
    print(f"{environment.name}: installed in {directory}")
