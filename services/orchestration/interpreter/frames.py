"""Where an execution stands: one frame a line of control, as a tree.

The root walks the state machine; a Parallel or inline Map state's frame has a child for each branch or iteration.
Frames are what recovery reads, so they hold everything: nothing about an execution lives elsewhere.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from services.orchestration.language import json_text
from services.orchestration.language.definition import Level


class Phase(enum.StrEnum):
    """What a frame is doing with its state."""

    ENTER = "enter"  # the state is next
    BEGIN = "begin"  # the state has been entered and does its work (again)
    WAIT = "wait"  # until wake_at
    RETRY = "retry"  # until wake_at, then BEGIN
    TASK = "task"  # an attempt is under way
    SUBMITTED = "submitted"  # the attempt's call was answered; its end is awaited
    CHILDREN = "children"  # branches or iterations run
    MAP_RUN = "map-run"  # a distributed map runs
    DONE = "done"
    FAILED = "failed"
    ABORTED = "aborted"


#: Phases in which something outside the machine must be going on.
CALLING = frozenset({Phase.TASK, Phase.SUBMITTED, Phase.MAP_RUN})
ENDED = frozenset({Phase.DONE, Phase.FAILED, Phase.ABORTED})


@dataclass(slots=True)
class Frame:
    """One line of control. Times are Unix seconds, event ids those of the history."""

    id: int
    parent: int | None
    #: Number of the branch or item.
    index: int
    level: Level
    state: str
    input: Any
    phase: Phase = Phase.ENTER
    #: The event that the next one follows.
    last_event: int = 0
    entered_event: int = 0
    entered_at: float = 0.0
    #: Variables of this scope; those of the scopes around it are its ancestors'.
    variables: dict[str, Any] = field(default_factory=dict)
    #: Retries so far, by the number of the retrier.
    retries: dict[int, int] = field(default_factory=dict)
    #: Counts the attempts of all tasks, so that a late answer to an old one is known as such.
    attempt: int = 0
    wake_at: float | None = None
    timeout_at: float | None = None
    heartbeat_at: float | None = None
    #: What the state's type remembers.
    work: dict[str, Any] = field(default_factory=dict)
    output: Any = None
    #: A Map state's items; kept apart from the rest, because they are large and do not change.
    items: list[Any] | None = None
    items_changed: bool = False

    @property
    def deadline(self) -> float | None:
        """When something is due; None if nothing is."""
        due = [moment for moment in (self.wake_at, self.timeout_at, self.heartbeat_at) if moment is not None]
        return min(due) if due else None

    def clear_deadlines(self) -> None:
        self.wake_at = self.timeout_at = self.heartbeat_at = None

    def dump(self) -> str:
        """Everything but the items."""
        return json_text.dumps({name: getattr(self, name) for name in _DUMPED})

    @classmethod
    def load(cls, text: str, items: str | None) -> Frame:
        values = json_text.loads_trusted(text)
        values["level"] = tuple(values["level"])
        values["phase"] = Phase(values["phase"])
        values["retries"] = {int(number): count for number, count in values["retries"].items()}
        return cls(**values, items=None if items is None else json_text.loads_trusted(items))


_DUMPED = tuple(name for name in Frame.__dataclass_fields__ if name not in ("items", "items_changed"))
