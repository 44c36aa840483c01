"""``nonet ready``: status 0 when the server of this machine takes calls, else 1: the health check of containers."""

from __future__ import annotations

import argparse
import http.client
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
    reason = reason_not_ready(chosen.http_port)
    if reason:
        print(f"nonet: not ready: {reason}", file=sys.stderr)
    return 1 if reason else 0


def reason_not_ready(http_port: int) -> str:
    """Why nobody takes calls at a port of this machine; "" where a Nonet does."""
    scheme = "http" if settings().tls_certificate is None else "https"
    # The certificate is for the name that others call; whether it is the right one is for them to judge.
    context = ssl._create_unverified_context() if scheme == "https" else None
    url = f"{scheme}://127.0.0.1:{http_port}/_nonet/ready"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=context):
            return ""
    except (urllib.error.URLError, OSError, http.client.HTTPException) as failure:
        return str(getattr(failure, "reason", failure)) or type(failure).__name__
