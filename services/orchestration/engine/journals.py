"""Where a run writes its steps.

STANDARD                 ExecutionStore itself: every step
EXPRESS                  its beginning and end; a crash runs it again from the start, as AWS does
EXPRESS, synchronous     nowhere: whoever waits for the answer has it
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from services.orchestration.engine.store import ExecutionStore, Message, NewExecution, Step


class Journal(Protocol):
    """What a run needs of the store."""

    async def begin(self, new: NewExecution, step: Step) -> int: ...

    async def write(self, step: Step) -> bool | None: ...

    async def unread(self, execution: int) -> Sequence[Message]: ...


class ExpressJournal:
    """Writes the end only."""

    def __init__(self, store: ExecutionStore) -> None:
        self._store = store

    async def begin(self, new: NewExecution, step: Step) -> int:
        return await self._store.begin(new, _without_contents(step))

    async def write(self, step: Step) -> bool | None:
        return True if step.ending is None else await self._store.write(_without_contents(step))

    async def unread(self, execution: int) -> Sequence[Message]:
        return await self._store.unread(execution)


def _without_contents(step: Step) -> Step:
    # As long as the row says that nothing was done yet, whoever takes it up begins at the start.
    first = 1 if step.ending is None else step.next_event
    return dataclasses.replace(step, next_event=first, events=(), frames=(), removed=(), tokens=(), closed=())


class NoJournal:
    """Writes nothing."""

    async def begin(self, new: NewExecution, step: Step) -> int:
        return 0

    async def write(self, step: Step) -> bool | None:
        return True

    async def unread(self, execution: int) -> Sequence[Message]:
        return ()
