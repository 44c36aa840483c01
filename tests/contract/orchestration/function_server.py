"""Functions for Task states to call, over HTTP on loopback: what they do is up to their name and payload."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAMES = ("echo", "fail", "mended", "gate")


class FunctionServer:
    """Serves ``echo`` (the payload), ``fail`` (an error), ``mended`` (an error until ``mend``), ``gate`` (waits)."""

    def __init__(self) -> None:
        self.url = ""
        self.lock = threading.Lock()
        self.calls: list[tuple[str, Any]] = []
        #: Calls of ``gate`` under way, and the most that there were at once.
        self.inside = self.most_inside = 0
        self.gate = threading.Event()
        self.is_mended = False

    @property
    def settings(self) -> dict[str, Any]:
        return {"functions": {name: f"{self.url}/{name}" for name in NAMES}, "http_allowed_hosts": ["127.0.0.1"]}

    def reset(self) -> None:
        with self.lock:
            self.calls, self.is_mended, self.most_inside = [], False, 0
        self.gate.clear()

    def payloads(self, name: str) -> list[Any]:
        with self.lock:
            return [payload for called, payload in self.calls if called == name]

    def answer(self, name: str, payload: Any) -> tuple[Any, bool]:
        """The document, and whether it tells of an error."""
        with self.lock:
            self.calls.append((name, payload))
        if name == "gate":
            with self.lock:
                self.inside += 1
                self.most_inside = max(self.inside, self.most_inside)
            self.gate.wait(30)
            with self.lock:
                self.inside -= 1
        if name == "fail" or (name == "mended" and not self.is_mended):
            return {"errorType": "Broken", "errorMessage": "as asked"}, True
        return payload, False


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever called is gone: an execution was stopped, which is what tests do."""


@contextmanager
def function_server() -> Iterator[FunctionServer]:
    served = FunctionServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            document, is_error = served.answer(self.path.strip("/"), payload)
            data = json.dumps(document).encode()
            self.send_response(200)
            if is_error:
                self.send_header("X-Amz-Function-Error", "Unhandled")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = _QuietServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield served
    finally:
        served.gate.set()
        server.shutdown()
        server.server_close()
