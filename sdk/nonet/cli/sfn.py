"""``nonet sfn render|logs|run``: draw a state machine, read an execution's history, run a definition from a file."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from nonet import Nonet
from nonet.cli import server, sfn_history
from nonet.cli.files import read_text
from services.orchestration.language import definition, validation
from services.orchestration.rendering.graph import graph_of
from services.orchestration.rendering.layout import lay_out
from services.orchestration.rendering.progress import StateProgress, progress_of
from services.orchestration.rendering.svg import draw
from shared import errors

ROLE = "arn:aws:iam::000000000000:role/nonet"


def main(arguments: list[str]) -> int:
    chosen = _parser().parse_args(arguments[1:])
    if chosen.action == "render":
        return render(chosen.file, chosen.output, chosen.execution, chosen.address)
    with server.client(chosen.address) as client:
        if chosen.action == "logs":
            return logs(client, chosen.execution, follow=chosen.follow)
        return run(client, chosen.file, chosen.input, chosen.name, quiet=chosen.quiet)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nonet sfn", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    action = actions.add_parser("render", help="draw a definition as SVG; with an execution, how far it got")
    action.add_argument("file", nargs="?", type=Path, help="the definition; needless with --execution")
    action.add_argument("-o", "--output", type=Path, help="the SVG file; else it is printed")
    action.add_argument("--execution", metavar="ARN", help="colour the states as this execution went through them")
    server.add_address(action)
    action = actions.add_parser("logs", help="print an execution's history")
    action.add_argument("execution", metavar="ARN")
    action.add_argument("-f", "--follow", action="store_true", help="go on until the execution ends")
    server.add_address(action)
    action = actions.add_parser("run", help="create or update a state machine from a file, run it, print its output")
    action.add_argument("file", type=Path, help="the definition")
    action.add_argument("--input", default="{}", help="JSON, or @FILE")
    action.add_argument("--name", help="the state machine's; else the file's")
    action.add_argument("-q", "--quiet", action="store_true", help="print the output alone, not the history")
    server.add_address(action)
    return parser


def render(file: Path | None, output: Path | None, execution: str | None, address: str | None) -> int:
    """Draw a definition, its own file's or that of an execution."""
    progress: Mapping[str, StateProgress] | None = None
    title = "" if file is None else file.name
    text = "" if file is None else read_text(file)
    if execution is not None:
        with server.client(address) as client:
            if file is None:
                described = client.orchestration.describe_state_machine_for_execution(execution_arn=execution)
                text, title = described.definition, described.name
            title += f" · {execution.rpartition(':')[2]}"
            events = sfn_history.events_of(client, execution, follow=False)
            progress = progress_of(sfn_history.drawn(event) for event in events)
    elif file is None:
        raise errors.InvalidArgument("Name a definition's file, an --execution, or both.")
    _check(text, title)
    picture = draw(lay_out(graph_of(definition.load(text))), title, progress)
    if output is None:
        print(picture, end="")
    else:
        output.write_text(picture, encoding="utf-8")
        print(f"{output}: {len(picture):,} bytes")
    return 0


def logs(client: Nonet, execution: str, *, follow: bool) -> int:
    """Print the history. The status tells how the execution ended, where it did."""
    began = client.orchestration.describe_execution(execution_arn=execution).start_date.ToNanoseconds() / 1e9
    for event in sfn_history.events_of(client, execution, follow=follow):
        print(sfn_history.line(event, began), flush=True)
    status = client.orchestration.describe_execution(execution_arn=execution).status
    return 0 if status in ("SUCCEEDED", "RUNNING", "PENDING_REDRIVE") else 1


def run(client: Nonet, file: Path, given: str, name: str | None, *, quiet: bool) -> int:
    """Run a definition and print what came of it."""
    text = read_text(file)
    _check(text, file.name)
    called = name or re.sub(r"[^0-9A-Za-z_-]+", "-", file.name.split(".")[0])[:80] or "definition"
    arn = _put(client, called, text)
    value = read_text(Path(given[1:])) if given.startswith("@") else given
    execution = client.orchestration.start_execution(state_machine_arn=arn, input=value).execution_arn
    print(execution, file=sys.stderr)
    if quiet:
        client.wait(client.orchestration.describe_execution, poll_seconds=0.2, execution_arn=execution)
    else:
        began = client.orchestration.describe_execution(execution_arn=execution).start_date.ToNanoseconds() / 1e9
        for event in sfn_history.events_of(client, execution, follow=True):
            print(sfn_history.line(event, began), file=sys.stderr, flush=True)
    ended = client.orchestration.describe_execution(execution_arn=execution)
    if ended.status == "SUCCEEDED":
        print(json.dumps(json.loads(ended.output), indent=2, ensure_ascii=False))
        return 0
    print(f"{ended.status}: {ended.error} {ended.cause}".rstrip(), file=sys.stderr)
    return 1


def _put(client: Nonet, name: str, text: str) -> str:
    """The ARN of the state machine ``name``, which has the definition ``text`` afterwards."""
    for page in client.pages(client.orchestration.list_state_machines, max_results=1000):
        for machine in page.state_machines:
            if machine.name == name:
                arn: str = machine.state_machine_arn
                client.orchestration.update_state_machine(state_machine_arn=arn, definition=text)
                return arn
    made = client.orchestration.create_state_machine(name=name, definition=text, role_arn=ROLE)
    return str(made.state_machine_arn)


def _check(text: str, title: str) -> None:
    """Raises ``InvalidArgument`` telling everything that is wrong with a definition."""
    wrong = [found for found in validation.diagnose(text) if found.severity == "ERROR"]
    if wrong:
        told = "".join(f"\n  {found.location or '/'}: {found.message}" for found in wrong)
        raise errors.InvalidArgument(f"{title or 'The definition'} is not valid:{told}")
