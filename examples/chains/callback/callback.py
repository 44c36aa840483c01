"""A function over HTTP that takes its time: python callback.py --port 9000.

The server has to know the function: NONET_FUNCTIONS='{"translate-by-hand": "http://127.0.0.1:9000/"}'.
"""

import argparse
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=9000)
port = parser.parse_args().port
sfn = boto3.client("stepfunctions")
DICTIONARY = {"Ich liebe dieses wunderbare Haus.": "I love this wonderful house."}


class Function(BaseHTTPRequestHandler):
    """Takes work and says "accepted"; what comes of it is sent with the task token, much later."""

    def do_POST(self) -> None:
        work = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'"accepted"')
        threading.Thread(target=translate, args=(work,)).start()

    def log_message(self, *_: object) -> None:
        """Print nothing: the program's own lines are enough."""


def translate(work: dict[str, str]) -> None:
    """A slow translator, who lives: a heartbeat tells the state machine so."""
    print(f"the function got a text in {work['Language']}")
    for _ in range(3):
        time.sleep(0.2)
        sfn.send_task_heartbeat(taskToken=work["TaskToken"])
    if work["Text"] in DICTIONARY:
        output = json.dumps({"Text": DICTIONARY[work["Text"]]})
        sfn.send_task_success(taskToken=work["TaskToken"], output=output)
    else:
        sfn.send_task_failure(taskToken=work["TaskToken"], error="TooHard", cause="This is not in my dictionary")


server = HTTPServer(("127.0.0.1", port), Function)
threading.Thread(target=server.serve_forever, daemon=True).start()
machine = sfn.create_state_machine(
    name=f"callback-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
for text in ("Ich liebe dieses wunderbare Haus.", "Das ist ein ganz schwieriger Satz."):
    execution = sfn.start_execution(stateMachineArn=machine, input=json.dumps({"Text": text}))["executionArn"]
    while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.2)
    print(answer["status"], answer.get("output") or f"{answer.get('error')}: {answer.get('cause')}")
sfn.delete_state_machine(stateMachineArn=machine)
server.shutdown()
