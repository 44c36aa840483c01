"""The S3 face on a loopback port, and boto3 clients that know nothing of us but the endpoint."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
import uvicorn
from botocore.config import Config
from starlette.types import ASGIApp

from gateway.aws.authentication import Authenticator
from gateway.aws.s3.app import s3_app
from gateway.aws.s3.callers import S3Caller, signed_callers
from shared.auth.principals import Principal, PrincipalTable
from shared.settings import Settings
from shared.storage.blobs import FolderBlobs
from shared.storage.database import Database
from shared.storage.objects import ObjectStore

MAX_OBJECT_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class Server:
    """A running S3 face. ``folder`` holds its blobs."""

    url: str
    folder: Path
    store: ObjectStore
    loop: asyncio.AbstractEventLoop

    def files(self) -> list[Path]:
        """Every file of the blob store, half-written ones included."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def collect_garbage(self) -> int:
        """As if the time of grace of deleted objects were over, but not that of running uploads."""
        work = self.store.collect_garbage(ahead_s=2 * 3600)
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


def serve(app: ASGIApp) -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """Run an app in a thread until the generator is closed; yields its URL."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", loop
    server.should_exit = True
    thread.join(20)
    loop.close()


#: Two accounts; the second has two keys, one of them not the one it signs with.
PRINCIPALS = [
    Principal(name="one", account="111111111111", access_key_id="AKIAONE", secret_access_key="secret-one"),
    Principal(name="two", account="222222222222", access_key_id="AKIATWO", secret_access_key="secret-two"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    database = Database.open(f"sqlite:///{tmp_path}/nonet.db")
    folder = tmp_path / "blobs"
    store = ObjectStore(database, FolderBlobs(folder))
    principals = PrincipalTable(PRINCIPALS, "000000000000")
    authenticator = Authenticator(principals, Settings(data_directory=tmp_path))
    app = s3_app(store, signed_callers(authenticator, principals), max_object_bytes=MAX_OBJECT_BYTES)
    for url, loop in serve(app):
        yield Server(url, folder, store, loop)
    database.close()


ClientMaker = Callable[..., object]


@pytest.fixture
def make_client(server: Server):  # type: ignore[no-untyped-def]
    def make(principal: Principal = PRINCIPALS[0], secret: str = "", **config: object):  # type: ignore[no-untyped-def]
        return boto3.client(
            "s3",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=principal.access_key_id,
            aws_secret_access_key=secret or principal.secret_access_key,
            config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, **config),  # type: ignore[arg-type]
        )

    return make


@pytest.fixture
def s3(make_client):  # type: ignore[no-untyped-def]
    """A client of account one with a bucket called "scans"."""
    client = make_client()
    client.create_bucket(Bucket="scans")
    return client


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[Server]:
    """A server that takes everybody for one account, with a bucket and an object."""
    database = Database.open(f"sqlite:///{tmp_path}/open.db")
    store = ObjectStore(database, FolderBlobs(tmp_path / "open"))
    for url, loop in serve(s3_app(store, lambda request: S3Caller("000000000000"), max_object_bytes=MAX_OBJECT_BYTES)):
        prepare = store.create_bucket("000000000000", "scans")
        asyncio.run_coroutine_threadsafe(prepare, loop).result(30)
        fill = store.put("000000000000", "scans", "k", b"0123456789")
        asyncio.run_coroutine_threadsafe(fill, loop).result(30)
        yield Server(url, tmp_path / "open", store, loop)
    database.close()
