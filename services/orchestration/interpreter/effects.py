"""What a machine wants done once its frames and events are on disk. Each can be asked for again after a crash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RunTask:
    """Run an attempt: call the resource, and where ``submitted`` says that this is done, wait for its end."""

    frame: int
    attempt: int
    resource: str
    parameters: Any
    state: str
    #: The event of the state's entry: it tells this pass through the state from others.
    entered: int
    #: What the call answered, as [answer]; None while it has not.
    submitted: list[Any] | None = None
    #: The task token that the call hands on.
    token: str | None = None


@dataclass(frozen=True, slots=True)
class OfferToken:
    """Let whoever has ``token`` end the attempt; with an activity, let its workers fetch it."""

    frame: int
    attempt: int
    token: str
    activity: str | None = None
    input: str = ""


@dataclass(frozen=True, slots=True)
class RunMap:
    """Run the items of a distributed map as executions of their own."""

    frame: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Forget:
    """The attempt counts no more: take its token back and, unless it ended by itself, stop what runs for it."""

    frame: int
    attempt: int
    has_token: bool
    ended: bool = False


Effect = RunTask | OfferToken | RunMap | Forget


@dataclass(frozen=True, slots=True)
class Ending:
    """How an execution ended. ``status`` as DescribeExecution says it."""

    status: str
    output: Any = None
    error: str | None = None
    cause: str | None = None
