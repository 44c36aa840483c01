"""What big, broken-off and hostile requests cost: bounded memory, nothing left behind, an S3 error each."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.s3.conftest import MAX_OBJECT_BYTES
from tests.contract.s3.test_s3 import code_of

MEBIBYTE = 1024**2
ROOT = Path(__file__).resolve().parents[3]


class Zeros:
    """A file of zeros that takes no memory."""

    def __init__(self, size: int) -> None:
        self.size, self.at = size, 0

    def __len__(self) -> int:
        return self.size

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def read(self, size: int = -1) -> bytes:
        size = self.size - self.at if size < 0 else min(size, self.size - self.at)
        self.at += size
        return bytes(size)


SERVER = """
    import sys, asyncio, uvicorn
    from pathlib import Path
    from gateway.aws.s3.app import s3_app
    from gateway.aws.s3.callers import S3Caller
    from shared.storage.blobs import FolderBlobs
    from shared.storage.database import Database
    from shared.storage.objects import ObjectStore
    folder = Path(sys.argv[1])
    store = ObjectStore(Database.open(f"sqlite:///{folder}/nonet.db"), FolderBlobs(folder / "blobs"))
    app = s3_app(store, lambda request: S3Caller("000000000000"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    async def main():
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await task
    asyncio.run(main())
"""


def peak_mebibytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_200_mebibytes_up_and_down_in_bounded_memory(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()), timeout=120)
        for method, path, body in [("PUT", "/scans", None), ("PUT", "/scans/warm", b"x" * 2 * MEBIBYTE)]:
            connection.request(method, path, body)
            assert connection.getresponse().read() == b""
        before = peak_mebibytes(process.pid)
        size = 200 * MEBIBYTE
        connection.request("PUT", "/scans/big", Zeros(size), {"Content-Length": str(size)})
        assert connection.getresponse().read() == b""
        connection.request("GET", "/scans/big")
        answer, received = connection.getresponse(), 0
        while chunk := answer.read(MEBIBYTE):
            received += len(chunk)
        assert received == size
        assert peak_mebibytes(process.pid) - before < 50
    finally:
        process.terminate()
        process.wait(20)


def test_too_large_is_said_before_it_is_sent(s3, server) -> None:  # type: ignore[no-untyped-def]
    refused = code_of(s3.put_object, Bucket="scans", Key="k", Body=Zeros(MAX_OBJECT_BYTES + 1), ContentMD5="")
    assert refused == ("EntityTooLarge", 400)
    assert server.files() == []
    s3.put_object(Bucket="scans", Key="k", Body=b"the connection still works")


def test_a_client_that_goes_away_leaves_nothing(s3, server) -> None:  # type: ignore[no-untyped-def]
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": "scans", "Key": "k"}))
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 90000000\r\n\r\n"
        connection.sendall(head.encode() + os.urandom(5 * MEBIBYTE))
        deadline = time.monotonic() + 20
        while not server.files():
            assert time.monotonic() < deadline, "the upload never began"
            time.sleep(0.01)
    while server.files():
        assert time.monotonic() < deadline, "the half upload stayed"
        time.sleep(0.01)
    assert code_of(s3.head_object, Bucket="scans", Key="k") == ("404", 404)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
    path=st.lists(
        st.sampled_from(["/", "scans", "..", "%2e%2e", "%ff", "%00", "a", "%2F", "etc", "passwd", "%", "+", "%zz"]),
        max_size=6,
    ),
    query=st.dictionaries(
        st.sampled_from(["uploads", "uploadId", "partNumber", "list-type", "max-keys", "prefix", "delete", "location",
                         "continuation-token", "marker", "delimiter", "x-amz-acl", "acl", "%ff"]),
        st.sampled_from(["", "1", "2", "-1", "99999999999999999999", "%ff", "%00", "a/b", "\u00b2".encode().hex()]),
        max_size=4,
    ),
    headers=st.dictionaries(
        st.sampled_from(["range", "x-amz-copy-source", "if-match", "x-amz-content-sha256", "content-md5",
                         "x-amz-checksum-crc32", "x-amz-trailer", "if-modified-since", "x-amz-metadata-directive",
                         "x-amz-copy-source-range", "x-amz-decoded-content-length", "x-amz-meta-a"]),
        st.sampled_from(["", "*", "bytes=0-", "bytes=-1", "/scans/k", "%ff/%00", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                         "0", "99999999999999999999", "x" * 3000, "\u00b2", "AAAA", "x-amz-checksum-crc64nvme"]),
        max_size=4,
    ),
    body=st.sampled_from([b"", b"x", b"0\r\n\r\n", b"<Delete><Object><Key>k</Key></Object></Delete>",
                          b"<CompleteMultipartUpload/>", b"\xff\xfe", b"1;\r\nx\r\n0\r\n"]),
)  # fmt: skip
def test_no_request_brings_an_internal_error(open_server, method, path, query, headers, body) -> None:  # type: ignore[no-untyped-def]
    target = "/" + "/".join(path) + "?" + "&".join(f"{name}={value}" for name, value in query.items())
    connection = http.client.HTTPConnection(urlsplit(open_server.url).netloc, timeout=30)
    connection.request(method, target, body, {name: value.encode("latin-1") for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status < 500 or (answer.status == 501 and (method == "HEAD" or b"NotImplemented" in text)), text
    connection.close()
