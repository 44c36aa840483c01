"""What the world tells a machine about an attempt that it asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answered:
    """The call was answered; with the patterns .sync and .waitForTaskToken its end is still to come."""

    output: Any


@dataclass(frozen=True, slots=True)
class Completed:
    """The attempt ended well."""

    output: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ended badly."""

    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Started:
    """A worker took the activity's task."""

    worker: str | None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Whoever works on the attempt is alive."""


Outcome = Answered | Completed | Failed | Started | Heartbeat
