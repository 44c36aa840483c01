"""Let a Lambda function answer over HTTP, as Nonet's code hooks ask: python serve.py appointments/hook.py 9000"""

import importlib.util
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def load(path):
    """The module of a Lambda function, from its file."""
    specification = importlib.util.spec_from_file_location(Path(path).parent.name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def server(handler, port):
    """An HTTP server on 127.0.0.1 that gives each POST to ``handler(event, context)``."""

    class Invocation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 200, handler(event, None)
            except Exception as error:  # as Lambda does: the caller is told, the next event is another matter
                status, answer = 500, {"errorType": type(error).__name__, "errorMessage": str(error)}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Invocation)


if __name__ == "__main__":
    answering = server(load(sys.argv[1]).lambda_handler, int(sys.argv[2]))
    print(f"http://127.0.0.1:{answering.server_port}/")
    answering.serve_forever()
