"""The events of an execution, in the form that GetExecutionHistory gives and recovery counts on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: AWS's limit for one STANDARD execution.
MOST_EVENTS = 25_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``details`` are the members of its details structure, under their names on the AWS wire."""

    id: int
    previous_id: int
    type: str
    #: Unix seconds.
    timestamp: float
    details: Mapping[str, Any]

    def dump(self) -> list[Any]:
        """The event as it is kept."""
        return [self.id, self.previous_id, self.type, self.timestamp, self.details]

    @property
    def details_member(self) -> str:
        """The member of HistoryEvent that holds the details of this type ("taskFailedEventDetails")."""
        for ending in ("StateEntered", "StateExited"):
            if self.type.endswith(ending):
                return f"s{ending[1:]}EventDetails"
        return f"{self.type[0].lower()}{self.type[1:]}EventDetails"
