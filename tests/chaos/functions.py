"""A function server that remembers every call: when it came, and under which idempotency key."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY_HEADER = "X-Nonet-Idempotency-Key"


@dataclass
class Functions:
    """What was called. ``calls``: moments of each idempotency key's calls; ``tokens``: task tokens handed over."""

    url: str = ""
    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    tokens: list[tuple[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_tokens(self) -> list[tuple[str, Any]]:
        with self.lock:
            taken, self.tokens = self.tokens, []
            return taken


@contextmanager
def functions() -> Iterator[Functions]:
    """Serve ``<url>/work``, ``/flaky`` (fails every other attempt) and ``/ask`` (takes a task token)."""
    served = Functions()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers[KEY_HEADER]
            with served.lock:
                served.calls[key].append(time.time())
                if self.path == "/ask":
                    served.tokens.append((payload["token"], payload["value"]))
            time.sleep(0.01)
            if self.path == "/flaky" and int(key[:2], 16) % 2:
                self.answer(500, {"errorType": "Flaky", "errorMessage": "once more"})
            else:
                self.answer(200, {"key": key, "value": payload["value"]})

        def answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status >= 400:
                self.send_header("X-Amz-Function-Error", "Unhandled")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
