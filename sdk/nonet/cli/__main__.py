"""``nonet COMMAND``: finds the command's module, imported only when it is called."""

from __future__ import annotations

import importlib
import os
import sys

from pydantic import ValidationError

from shared.errors import NonetError
from shared.settings import Settings

#: Command -> module with ``main(arguments) -> exit status``, and what it does.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("nonet.cli.demo", "start the suite on free ports and show real answers"),
    "up": ("nonet.cli.up", "start every service behind one gateway"),
    "serve": ("nonet.cli.up", "start one service alone: nonet serve language"),
    "test": ("nonet.cli.checks", "run everything that CI checks"),
    "models": ("nonet.cli.models", "list, pull or remove models"),
    "engines": ("nonet.cli.engines", "list or install engine environments"),
    "keys": ("nonet.cli.keys", "make and list access keys"),
    "vision celebrities": ("nonet.cli.celebrities", "the gallery of people that RecognizeCelebrities knows"),
    "forecast plot": ("nonet.cli.forecast_plot", "draw a forecast with its history and quantile bands"),
    "sfn": ("nonet.cli.sfn", "draw state machines, follow executions, run a definition from a file"),
    "talk": ("nonet.cli.talk", "talk with a bot in the terminal"),
    "ready": ("nonet.cli.ready", "whether the server of this machine takes calls, as an exit status"),
    "doctor": ("nonet.cli.doctor", "look for what could keep Nonet from working here"),
}


def usage() -> str:
    width = max(len(name) for name in COMMANDS) + 2
    lines = ["usage: nonet COMMAND [options]", ""]
    lines += [f"  {name:<{width}}{text}" for name, (_, text) in COMMANDS.items()]
    lines += [
        "",
        "Any operation of any service but streams, over gRPC, named as in boto3:",
        '  nonet comprehend detect-sentiment --text "I like it" --language-code en',
        "  nonet textract detect-document-text --document @scan.png",
        "",
        "  nonet COMMAND --help tells more.",
    ]
    return "\n".join(lines)


def _variable(place: tuple[int | str, ...]) -> str:
    """The environment variable of a setting; the settings together have none."""
    return f"NONET_{place[0]}".upper() if place else "Settings"


#: gRPC tells of every process that is started beside it; what is wrong, our own log says.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    # A command of two words goes before the service of the first word's name.
    module_name, _ = COMMANDS.get(" ".join(arguments[:2])) or COMMANDS.get(arguments[0], ("nonet.cli.call", ""))
    try:
        module = importlib.import_module(module_name)
        status: int = module.main(arguments)
    except NonetError as error:
        print(f"nonet: {type(error).__name__}: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output (head, less) left
        return 141
    except OSError as error:  # a file that was named on the command line
        print(f"nonet: {error}", file=sys.stderr)
        return 1
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        for problem in error.errors():
            print(f"nonet: {_variable(problem['loc'])}: {problem['msg']}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
