"""What is told to an execution through the database: from other executions, from callers, from workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.orchestration.engine import nested
from services.orchestration.interpreter.machine import Machine
from services.orchestration.interpreter.outcomes import Completed, Failed, Heartbeat, Outcome, Started

Content = Mapping[str, Any]

STOP = "stop"
REDRIVE = "redrive"


def stop(error: str | None, cause: str | None) -> Content:
    return {"kind": STOP, "error": error, "cause": cause}


def redrive() -> Content:
    return {"kind": REDRIVE}


def completed(frame: int, attempt: int, output: Any) -> Content:
    return {"kind": "completed", "frame": frame, "attempt": attempt, "output": output}


def failed(frame: int, attempt: int, error: str | None, cause: str | None) -> Content:
    return {"kind": "failed", "frame": frame, "attempt": attempt, "error": error, "cause": cause}


def started(frame: int, attempt: int, worker: str | None) -> Content:
    return {"kind": "started", "frame": frame, "attempt": attempt, "worker": worker}


def heartbeat(frame: int, attempt: int) -> Content:
    return {"kind": "heartbeat", "frame": frame, "attempt": attempt}


def deliver(machine: Machine, content: Content) -> None:
    """Tell ``machine`` what the message says."""
    match content["kind"]:
        case "stop":
            machine.stop(content["error"], content["cause"])
        case "redrive":
            machine.redrive()
        case "nested":
            frame = machine.frames.get(content["frame"])
            if frame is not None:
                resource = machine.state_of(frame).fields.get("Resource", "")
                machine.deliver(frame.id, content["attempt"], nested.outcome(content["execution"], resource))
        case _:
            machine.deliver(content["frame"], content["attempt"], _outcome(content))


def _outcome(content: Content) -> Outcome:
    match content["kind"]:
        case "completed":
            return Completed(content["output"])
        case "failed":
            return Failed(content["error"], content["cause"])
        case "started":
            return Started(content["worker"])
        case "heartbeat":
            return Heartbeat()
        case other:
            raise ValueError(f"a message of the unknown kind {other!r}")
