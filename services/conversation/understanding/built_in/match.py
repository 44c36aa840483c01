"""What the recognizers of built-in types give."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of the text (code points) and its resolved values, the best first."""

    begin: int
    end: int
    resolved: tuple[str, ...]


#: The matches of a text, in order, not overlapping; ``now`` is where relative dates start.
Finder = Callable[[str, datetime.datetime], Sequence[Match]]
