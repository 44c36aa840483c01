"""``nonet ready``: status 0 when the server of this machine takes calls, else 1: the health check of containers."""

from __future__ import annotations

import argparse
import ssl
import sys
import urllib.error
import urllib.request

from shared.settings import settings

TIMEOUT_SECONDS = 3


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nonet ready", description=__doc__)
    parser.add_argument("--http-port", type=int, default=settings().http_port, help="default: NONET_HTTP_PORT")
    chosen = parser.parse_args(arguments[1:])
    scheme = "http" if settings().tls_certificate is None else "https"
    # The certificate is for the name that others call; whether it is the right one is for them to judge.
    context = ssl._create_unverified_context() if scheme == "https" else None
    url = f"{scheme}://127.0.0.1:{chosen.http_port}/_nonet/ready"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=context):
            return 0
    except (urllib.error.URLError, TimeoutError) as failure:
        print(f"nonet: not ready: {getattr(failure, 'reason', failure)}", file=sys.stderr)
        return 1
