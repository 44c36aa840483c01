"""``nonet up`` and ``nonet serve SERVICE``: run until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from shared.observability.logs import configure_logging
from shared.settings import Settings

if TYPE_CHECKING:
    from gateway.process import Addresses

SNIPPET = """
Nonet is up. AWS endpoint {http}   gRPC {grpc}
{http}/_nonet/ is the console. Ctrl-C stops.

  import boto3
  comprehend = boto3.client("comprehend", endpoint_url="{http}", region_name="us-east-1",
                            aws_access_key_id="any", aws_secret_access_key="any")
  print(comprehend.detect_sentiment(Text="I like it here.", LanguageCode="en")["Sentiment"])

  or, with no change at all:  export AWS_ENDPOINT_URL={http}
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"nonet {arguments[0]}", description=__doc__)
    if arguments[0] == "serve":
        parser.add_argument("service", nargs="+", help="service folders: language, documents, ...")
    parser.add_argument("--host", help="address to bind (NONET_HOST)")
    parser.add_argument("--http-port", type=int, help="0 = a free one (NONET_HTTP_PORT)")
    parser.add_argument("--grpc-port", type=int, help="0 = a free one (NONET_GRPC_PORT)")
    chosen = parser.parse_args(arguments[1:])
    given = {name: getattr(chosen, name) for name in ("host", "http_port", "grpc_port")}
    given = {name: value for name, value in given.items() if value is not None}
    if arguments[0] == "serve":
        given["services"] = ",".join(chosen.service)
    from gateway.process import run  # slow to import: not for --help

    settings = Settings(**given)
    try:
        configure_logging(settings.log_level, settings.log_format)
        run(settings, announce)
    except (OSError, ValueError) as error:
        print(f"nonet: {error}", file=sys.stderr)
        return 1
    return 0


def announce(addresses: Addresses) -> None:
    print(SNIPPET.format(http=addresses.http, grpc=addresses.grpc), flush=True)
