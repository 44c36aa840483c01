"""The running Nonet that a command calls: where it is, and what to do when it does not answer."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from nonet import Nonet
from nonet.transport import Connection
from shared import errors
from shared.settings import settings


def add_address(parser: argparse.ArgumentParser) -> None:
    """The option that says where it is."""
    parser.add_argument("--address", help="host:port of the gRPC server (NONET_ADDRESS)")


@contextmanager
def connection(address: str | None) -> Iterator[Connection]:
    """The way to the server at ``address``, or else where the environment and the settings say that it is.

    Raises:
        Unavailable: a call in the block found nobody there; the message says what to do.
    """
    address = address or os.environ.get("NONET_ADDRESS") or f"127.0.0.1:{settings().grpc_port}"
    try:
        yield Connection(address, os.environ.get("NONET_BEARER_KEY", ""))
    except errors.Unavailable as error:
        raise errors.Unavailable(
            f"{error.message}\nIs the gRPC server of Nonet at {address}? `nonet up` starts it and prints its address."
        ) from error


@contextmanager
def client(address: str | None) -> Iterator[Nonet]:
    """A client of the server. Raises as ``connection``."""
    with connection(address) as to, Nonet(to.address, bearer_key=to.bearer_key) as calling:
        yield calling
