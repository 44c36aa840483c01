"""Pulling: mirror and URL, resume, checks, and two pullers at once."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from shared import errors
from shared.models import packages
from shared.models.catalog import CatalogEntry, ModelFile, Tier
from shared.models.store import ModelStore

WEIGHTS = bytes(range(256)) * 20_000


class RangeServer(http.server.BaseHTTPRequestHandler):
    """Serves WEIGHTS, from an offset when asked; breaks off in the middle while ``breaks`` is above 0."""

    breaks = 0
    offsets: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        type(self).offsets.append(start)
        body = WEIGHTS[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).breaks:
            type(self).breaks -= 1
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    RangeServer.breaks, RangeServer.offsets = 0, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RangeServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/weights.bin"
    server.shutdown()
    server.server_close()


def entry(url: str, content: bytes = WEIGHTS) -> CatalogEntry:
    file = ModelFile(path="weights.bin", url=url, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    return CatalogEntry(
        id="m", task="t", engine="x:y", tier=Tier.CATALOG, licence="MIT", description="", memory_bytes=1, files=(file,)
    )


def test_a_pull_shows_progress_and_installs(tmp_path: Path, url: str) -> None:
    store, seen = ModelStore(tmp_path), []
    assert not store.installed(entry(url))
    directory = store.pull(entry(url), lambda file, done, total: seen.append((done, total)))
    assert (directory / "weights.bin").read_bytes() == WEIGHTS
    assert seen[-1] == (len(WEIGHTS), len(WEIGHTS)) and len(seen) > 2
    assert store.installed(entry(url))
    assert store.remove(entry(url)) >= len(WEIGHTS)
    assert not store.installed(entry(url))


def test_an_interrupted_pull_goes_on_where_it_stopped(tmp_path: Path, url: str) -> None:
    RangeServer.breaks = 1
    store = ModelStore(tmp_path)
    with pytest.raises(errors.FailedPrecondition):
        store.pull(entry(url))
    assert not store.installed(entry(url))
    store.pull(entry(url))
    assert RangeServer.offsets[0] == 0 and RangeServer.offsets[1] > 0
    assert (store.directory(entry(url)) / "weights.bin").read_bytes() == WEIGHTS


def test_a_wrong_file_is_thrown_away(tmp_path: Path, url: str) -> None:
    wanted = entry(url, WEIGHTS[:-1] + b"x")
    store = ModelStore(tmp_path)
    with pytest.raises(errors.FailedPrecondition, match="sha256"):
        store.pull(wanted)
    assert [path.name for path in (tmp_path / "models" / "m").iterdir()] == [".lock"]


def test_the_mirror_goes_first(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror" / "m"
    mirror.mkdir(parents=True)
    (mirror / "weights.bin").write_bytes(WEIGHTS)
    store = ModelStore(tmp_path / "data", tmp_path / "mirror")
    store.pull(entry("http://127.0.0.1:9/nobody-listens"))
    assert store.installed(entry("http://127.0.0.1:9/nobody-listens"))


def test_no_network_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(errors.FailedPrecondition, match="NONET_MODEL_MIRROR"):
        ModelStore(tmp_path).pull(entry("http://127.0.0.1:9/nobody-listens"))


def test_two_pullers_do_not_disturb_each_other(tmp_path: Path, url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for directory in pool.map(lambda _: ModelStore(tmp_path).pull(entry(url)), range(4)):
            assert (directory / "weights.bin").read_bytes() == WEIGHTS
    assert len(RangeServer.offsets) == 1


def test_a_package_stands_in_for_a_url_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def extract(package: str, path: str, target: Path) -> None:
        asked.append((package, path))
        target.write_bytes(WEIGHTS)

    monkeypatch.setattr(packages, "extract", extract)
    lonely = entry("http://127.0.0.1:9/nobody-listens")
    file = lonely.files[0].model_copy(update={"package": "weights@1.0.0", "package_path": "model/weights.bin"})
    ModelStore(tmp_path).pull(lonely.model_copy(update={"files": (file,)}))
    assert asked == [("weights@1.0.0", "model/weights.bin")]
    assert (tmp_path / "models" / "m" / "weights.bin").read_bytes() == WEIGHTS
