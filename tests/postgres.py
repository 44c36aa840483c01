"""A PostgreSQL server for tests: Debian's binaries, an unprivileged user, a folder of its own, gone afterwards.

from tests.postgres import database, database_url  # in a conftest.py: runs every test on both products
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from shared.storage.database import Database

_UNPRIVILEGED_USER = "postgres"


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, or None where PostgreSQL is not installed."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if candidates:
        return candidates[-1]
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@functools.cache
def server() -> str | None:
    """URL of a running server without a database name, started at the first call; None when it is not installed.

    Loopback only, on a port that the system picked; stopped and deleted when the test process ends.
    """
    folder = binaries()
    if folder is None:
        return None
    home = Path(tempfile.mkdtemp(prefix="nonet-postgres-"))
    prefix: list[str] = []
    if os.geteuid() == 0:  # initdb refuses root
        shutil.chown(home, _UNPRIVILEGED_USER, _UNPRIVILEGED_USER)
        prefix = ["setpriv", f"--reuid={_UNPRIVILEGED_USER}", f"--regid={_UNPRIVILEGED_USER}", "--clear-groups"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = home / "data"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home}"

    def call(*command: str | Path) -> None:
        subprocess.run([*prefix, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd=home)

    call(folder / "initdb", "-D", data, "-U", "nonet", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
    call(folder / "pg_ctl", "-D", data, "-l", home / "log", "-o", options, "-w", "start")

    def stop() -> None:
        subprocess.run(
            [*prefix, str(folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"],
            check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    return f"postgresql://nonet@127.0.0.1:{port}"


def create_database() -> str:
    """URL of a new, empty database. Skips the test where PostgreSQL is not installed."""
    address = server()
    if address is None:
        pytest.skip("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin)")
    name = f"nonet_{uuid.uuid4().hex}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{address}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once on each product."""
    return f"sqlite:///{tmp_path}/nonet.db" if request.param == "sqlite" else create_database()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, migrated, empty database, once on each product."""
    opened = Database.open(database_url)
    yield opened
    opened.close()
