"""``nonet keys create|list``: access keys for the AWS wire and bearer keys for gRPC, in one TOML file."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from shared import errors
from shared.auth.principals import Principal, new_principal, read_file
from shared.settings import settings


def main(arguments: list[str]) -> int:
    default = settings().principals_file or settings().data_directory / "principals.toml"
    parser = argparse.ArgumentParser(prog="nonet keys", description=__doc__)
    parser.add_argument("--file", type=Path, default=default, help=f"principals file (default {default})")
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make keys for somebody")
    create.add_argument("name", type=_name, help="letters, digits and +=,.@_-, 64 at most")
    create.add_argument(
        "--account",
        type=_account,
        default=settings().default_account,
        help="12 digits; accounts do not see each other",
    )
    create.add_argument("--gateway", action="store_true", help="may call in the name of others")
    actions.add_parser("list", help="who has keys")
    chosen = parser.parse_args(arguments[1:])
    if chosen.action == "list":
        for principal in read(chosen.file):
            print(f"{principal.name:<20} {principal.account}  {principal.access_key_id}")
        return 0
    if any(principal.name == chosen.name for principal in read(chosen.file)):
        raise errors.AlreadyExists(
            f"{chosen.name} has keys already; delete its entry in {chosen.file} to make new ones."
        )
    principal, bearer_key = new_principal(chosen.name, chosen.account)
    append(chosen.file, principal.model_copy(update={"gateway": chosen.gateway}))
    print(f"access key id      {principal.access_key_id}")
    print(f"secret access key  {principal.secret_access_key}")
    print(f"bearer key         {bearer_key}   (shown once)")
    print(f"\nwritten to {chosen.file}; start the server with NONET_PRINCIPALS_FILE={chosen.file}")
    return 0


def _name(text: str) -> str:
    """As IAM calls its users: the name stands in an ARN, and in the file between quotes."""
    if not re.fullmatch(r"[\w+=,.@-]{1,64}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not of letters, digits and +=,.@_-, 64 at most")
    return text


def _account(text: str) -> str:
    if not re.fullmatch("[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 12 digits")
    return text


def read(path: Path) -> list[Principal]:
    if not path.exists():
        return []
    try:
        return read_file(path)[0]
    except ValueError as error:
        raise errors.InvalidArgument(str(error)) from None


def append(path: Path, principal: Principal) -> None:
    """Add an entry; the file is readable for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    lines = ["", "[[principal]]"]
    for name, value in principal.model_dump().items():
        lines.append(f"{name} = {str(value).lower()}" if isinstance(value, bool) else f'{name} = "{value}"')
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
