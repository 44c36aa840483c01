"""The transactions of executions.

An execution is owned by *epoch*: claiming it raises the epoch, and every write of its owner names the epoch that it
holds. An owner that was presumed dead therefore cannot write any more (fencing tokens: Kleppmann, "How to do
distributed locking", 2016). Frames, events and what the events lead to are one write, so the history has no gaps and
what was finished is never done again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Double, Row, and_, bindparam, case, delete, func, insert, or_, select, text, update

from services.orchestration.engine import messages
from services.orchestration.engine.tables import (
    definitions,
    execution_frames,
    execution_messages,
    executions,
    map_runs,
)
from services.orchestration.interpreter.effects import Ending, Forget
from services.orchestration.interpreter.frames import Frame
from services.orchestration.interpreter.history import Event
from services.orchestration.language import json_text
from shared import errors
from shared.storage.database import Database

_NO_VALUES = dict.fromkeys(
    ("stopped_at", "redriven_at", "output", "error", "cause"),
)
#: Channel on which other processes hear of work.
CHANNEL = "nonet_executions"
OPEN_STATUSES = ("RUNNING", "PENDING_REDRIVE")
#: Statuses of an execution that a redrive can take up again.
REDRIVABLE_STATUSES = ("FAILED", "ABORTED", "TIMED_OUT")

# Statements are made once: building one costs more than running it.
_INSERT_DEFINITION = text(
    "INSERT INTO definitions (digest, definition) VALUES (:digest, :definition) ON CONFLICT (digest) DO NOTHING"
)
_COLUMNS = [column.name for column in executions.columns if column.name != "id"]
_INSERT_EXECUTION = text(
    f"INSERT INTO executions ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) "
    "ON CONFLICT DO NOTHING RETURNING id"
)
_UPSERT_FRAME = text(
    "INSERT INTO execution_frames (execution, frame, content, map_items) "
    "VALUES (:execution, :frame, :content, :map_items) "
    "ON CONFLICT (execution, frame) DO UPDATE SET content = excluded.content"
)
_UPSERT_FRAME_AND_ITEMS = text(f"{_UPSERT_FRAME.text}, map_items = excluded.map_items")
_INSERT_EVENTS = text(
    "INSERT INTO execution_events (execution, first_id, last_id, events) "
    "VALUES (:execution, :first_id, :last_id, :events)"
)
_DELETE_FRAME = text("DELETE FROM execution_frames WHERE execution = :execution AND frame = :frame")
_INSERT_TOKEN = text(
    "INSERT INTO task_tokens (token, sequence, execution, frame, attempt, activity, input, status) "
    "VALUES (:token, :sequence, :execution, :frame, :attempt, :activity, :input, :status) "
    "ON CONFLICT (token) DO NOTHING"
)
_CLOSE_TOKEN = text(
    "UPDATE task_tokens SET status = 'CLOSED' WHERE execution = :execution AND frame = :frame AND attempt = :attempt"
)
_LOCK = select(executions.c.id).where(executions.c.id == bindparam("execution")).with_for_update()
_STEP = (
    update(executions)
    .where(executions.c.id == bindparam("execution"))
    .where(executions.c.epoch == bindparam("held"))
    .where(executions.c.owner == bindparam("replica"))
    .values(next_event=bindparam("next_event"), next_frame=bindparam("next_frame"), crashes=0)
    .returning(
        executions.c.wake_at,
        executions.c.parent,
        executions.c.map_run_arn,
    )
)
_UNREAD = (
    select(execution_messages.c.id)
    .where(execution_messages.c.execution == bindparam("execution"))
    .where(execution_messages.c.id.not_in(bindparam("taken", expanding=True)))
)
_PARK = _STEP.values(owner=None, wake_at=case((_UNREAD.exists(), 0.0), else_=bindparam("park_until", type_=Double)))
_END = _STEP.values(
    owner=None,
    wake_at=None,
    status=bindparam("new_status"),
    output=bindparam("new_output"),
    error=bindparam("new_error"),
    cause=bindparam("new_cause"),
    stopped_at=bindparam("new_stopped_at"),
)


@dataclass(frozen=True, slots=True)
class NewExecution:
    """An execution that is about to be written down. ``values``: columns of the table."""

    values: Mapping[str, Any]
    definition: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """An execution as its owner takes it up."""

    row: Row[Any]
    definition: str
    frames: Sequence[Frame]


@dataclass(frozen=True, slots=True)
class Token:
    """A task token that someone may end an attempt with."""

    token: str
    frame: int
    attempt: int
    activity: str | None
    input: str


@dataclass(slots=True)
class Step:
    """What one step of an execution writes, all or nothing."""

    execution: int
    epoch: int
    next_event: int
    next_frame: int
    events: Sequence[Event] = ()
    frames: Sequence[Frame] = ()
    removed: Sequence[int] = ()
    tokens: Sequence[Token] = ()
    #: Attempts whose tokens count no more.
    closed: Sequence[Forget] = ()
    #: Frames whose attempts did not end by themselves.
    abandoned: Sequence[int] = ()
    taken_messages: Sequence[int] = ()
    ending: Ending | None = None
    #: Whether the owner lets go, until ``wake_at`` or a message.
    parks: bool = False
    wake_at: float | None = None
    #: Told to the execution that waits for this one's end.
    parent_message: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Who wants to know of an execution's end."""

    parent: int | None
    map_run_arn: str | None

    @classmethod
    def of(cls, values: Mapping[Any, Any]) -> _Waiting:
        return cls(values["parent"], values["map_run_arn"])


@dataclass(frozen=True, slots=True)
class Message:
    """Something that happened to an execution."""

    id: int
    content: Mapping[str, Any] = field(repr=False)


class ExecutionStore:
    """See the module.

    ``replica``: the owner that this process writes as. ``on_told``: called with each execution that got a message.
    """

    def __init__(self, database: Database, replica: str, on_told: Callable[[int], None]) -> None:
        self._database = database
        self._replica = replica
        self._on_told = on_told
        self._known_definitions: set[str] = set()
        self._offered = asyncio.Event()
        #: Whether other processes may write at the same time.
        self.shares_work = database.dialect.writers > 1

    # -- beginning

    async def insert(self, new: Sequence[NewExecution], *, owned: bool) -> list[int]:
        """Write executions down and give their ids.

        Raises:
            AlreadyExists: an ARN or origin is taken.
        """
        ids = await self._database.run(self.insert_in, new, owned=owned)
        self._known_definitions.update(execution.values["digest"] for execution in new)
        return ids

    async def begin(self, new: NewExecution, step: Step) -> int:
        """Write an execution of ours down together with its first step, and give its id. Raises as ``insert``."""
        told: list[int] = []

        def transaction(connection: Connection) -> int:
            told.clear()  # a transaction that lost a race runs again
            step.execution = self._insert(connection, new, self._place(step) | _outcome(step))
            self._write_contents(connection, step, _Waiting.of(new.values), told)
            return step.execution

        number = await self._database.run(transaction)
        self._known_definitions.add(new.values["digest"])
        self._after(step, told)
        return number

    def insert_in(self, connection: Connection, new: Sequence[NewExecution], *, owned: bool) -> list[int]:
        """``insert`` as part of a transaction."""
        place = {"owner": self._replica, "wake_at": None} if owned else {"owner": None, "wake_at": 0.0}
        ids = [self._insert(connection, execution, place) for execution in new]
        if not owned:
            self._database.notify(connection, CHANNEL, "work")
        return ids

    def _insert(self, connection: Connection, new: NewExecution, place: Mapping[str, Any]) -> int:
        digest = new.values["digest"]
        if digest not in self._known_definitions:
            connection.execute(_INSERT_DEFINITION, {"digest": digest, "definition": new.definition})
        number = connection.execute(_INSERT_EXECUTION, {**_NO_VALUES, **new.values, **place}).scalar()
        if number is None:
            raise errors.AlreadyExists("There is an execution of this name.")
        return int(number)

    def _place(self, step: Step) -> dict[str, Any]:
        """Who owns an execution that was just written down, and when it is due."""
        counters = {"next_event": step.next_event, "next_frame": step.next_frame}
        if step.ending or step.parks:
            return {**counters, "owner": None, "wake_at": None if step.ending else step.wake_at}
        return {**counters, "owner": self._replica, "wake_at": None}

    # -- going on

    async def write(self, step: Step) -> bool | None:
        """Write a step. False: the execution is not ours any more. None: written, but a message came while it parks."""
        told: list[int] = []
        written = await self._database.run(self._write, step, told)
        self._after(step, told)
        return written

    def _after(self, step: Step, told: Sequence[int]) -> None:
        for frame in step.frames:
            frame.items_changed = False
        for execution in told:
            self._on_told(execution)
        if any(token.activity for token in step.tokens):
            self._offered.set()
            self._offered.clear()

    def _write(self, connection: Connection, step: Step, told: list[int]) -> bool | None:
        told.clear()  # a transaction that lost a race runs again
        values: dict[str, Any] = {
            "execution": step.execution,
            "held": step.epoch,
            "replica": self._replica,
            "next_event": step.next_event,
            "next_frame": step.next_frame,
        }
        statement = _STEP
        if step.ending:
            statement = _END
            values |= {f"new_{name}": value for name, value in _outcome(step).items()}
        elif step.parks:
            statement = _PARK
            values |= {"taken": list(step.taken_messages), "park_until": step.wake_at}
        if self.shares_work and statement is not _STEP:
            # The lock comes in a statement of its own, so that the next one sees the messages of whoever held it.
            connection.execute(_LOCK, {"execution": step.execution})
        row = connection.execute(statement, values).one_or_none()
        if row is None:
            return False
        self._write_contents(connection, step, _Waiting.of(row._mapping), told)
        if step.parks and row.wake_at == 0.0:
            return None
        return True

    def _write_contents(self, connection: Connection, step: Step, waiting: _Waiting, told: list[int]) -> None:
        execution = step.execution
        if step.events:
            connection.execute(_INSERT_EVENTS, _events_values(execution, step.events))
        with_items = [frame for frame in step.frames if frame.items_changed]
        without = [frame for frame in step.frames if not frame.items_changed]
        if without:
            connection.execute(_UPSERT_FRAME, [_frame_values(execution, frame) for frame in without])
        if with_items:
            connection.execute(_UPSERT_FRAME_AND_ITEMS, [_frame_values(execution, frame) for frame in with_items])
        if step.removed:
            connection.execute(_DELETE_FRAME, [{"execution": execution, "frame": number} for number in step.removed])
        self._write_tokens(connection, step)
        for frame in step.abandoned:
            told.extend(self._stop_what_runs_for(connection, execution, frame))
        if step.ending:
            # All of them: a redrive is not to read what came too late for this end.
            connection.execute(delete(execution_messages).where(execution_messages.c.execution == execution))
            told.extend(self._tell_of_end(connection, step, waiting))
        elif step.taken_messages:
            connection.execute(delete(execution_messages).where(execution_messages.c.id.in_(step.taken_messages)))

    @staticmethod
    def _write_tokens(connection: Connection, step: Step) -> None:
        if step.closed:
            connection.execute(
                _CLOSE_TOKEN,
                [
                    {"execution": step.execution, "frame": effect.frame, "attempt": effect.attempt}
                    for effect in step.closed
                ],
            )
        if step.tokens and not step.ending:
            connection.execute(
                _INSERT_TOKEN,
                [
                    {
                        "token": token.token,
                        "sequence": time.time_ns(),
                        "execution": step.execution,
                        "frame": token.frame,
                        "attempt": token.attempt,
                        "activity": token.activity,
                        "input": token.input,
                        "status": "WAITING" if token.activity else "OPEN",
                    }
                    for token in step.tokens
                ],
            )

    def _tell_of_end(self, connection: Connection, step: Step, waiting: _Waiting) -> list[int]:
        if waiting.map_run_arn is not None:
            self._database.notify(connection, CHANNEL, waiting.map_run_arn)
        if waiting.parent is None or step.parent_message is None:
            return []
        self.tell(connection, waiting.parent, step.parent_message)
        return [waiting.parent]

    def _stop_what_runs_for(self, connection: Connection, execution: int, frame: int) -> list[int]:
        """Stop the executions that an attempt started and waits for: a nested one, or those of a map run."""
        started = and_(executions.c.parent == execution, executions.c.parent_frame == frame)
        runs = connection.execute(
            update(map_runs)
            .where(map_runs.c.execution == execution, map_runs.c.frame == frame, map_runs.c.status == "RUNNING")
            .values(status="ABORTED", stopped_at=self._database.dialect.now())
            .returning(map_runs.c.arn)
        ).scalars()
        started = or_(started, executions.c.map_run_arn.in_(list(runs)))
        running = connection.execute(
            select(executions.c.id).where(started, executions.c.status.in_(OPEN_STATUSES))
        ).scalars()
        stopped = list(running)
        for number in stopped:
            self.tell(connection, number, messages.stop(None, None))
        return stopped

    def tell(self, connection: Connection, execution: int, message: Mapping[str, Any]) -> None:
        """Leave a message for an execution and wake it, as part of a transaction."""
        # With the lock first, either its owner sees the message as it parks, or we see that it has parked.
        locked = select(executions.c.status).where(executions.c.id == execution).with_for_update()
        if connection.execute(locked).scalar() not in OPEN_STATUSES:
            return  # it has ended; a redrive is told by a message of its own
        connection.execute(
            insert(execution_messages).values(execution=execution, content=json_text.dumps(dict(message)))
        )
        connection.execute(
            update(executions).where(executions.c.id == execution, executions.c.owner.is_(None)).values(wake_at=0.0)
        )
        self._database.notify(connection, CHANNEL, str(execution))

    async def send(self, execution: int, message: Mapping[str, Any]) -> None:
        """``tell`` in a transaction of its own."""
        await self._database.run(self.tell, execution, message)
        self._on_told(execution)

    def told(self, execution: int) -> None:
        """A transaction that told ``execution`` something was committed."""
        self._on_told(execution)

    async def something_offered(self, seconds: float) -> None:
        """Wait until an activity has a new task, or ``seconds`` have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._offered.wait()

    async def unread(self, execution: int) -> list[Message]:
        """What nobody took in yet, oldest first."""
        return await self._database.read(_unread, execution)

    # -- taking up

    async def claim(self, most: int, only: Iterable[int] | None = None) -> list[Loaded]:
        """Become the owner of up to ``most`` executions that are due (of ``only``, if given)."""
        claimed = await self._database.run(self._claim, most, None if only is None else list(only))
        return [await self.load(number) for number in claimed]

    def _claim(self, connection: Connection, most: int, only: list[int] | None) -> list[int]:
        now = self._database.dialect.now()
        due = (
            select(executions.c.id)
            .where(executions.c.owner.is_(None), executions.c.wake_at.is_not(None), executions.c.wake_at <= now)
            .order_by(executions.c.wake_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        if only is not None:
            due = due.where(executions.c.id.in_(only))
        ids = list(connection.execute(due).scalars())
        if not ids:
            return []
        return list(
            connection.execute(
                update(executions)
                .where(executions.c.id.in_(ids), executions.c.owner.is_(None))
                .values(owner=self._replica, epoch=executions.c.epoch + 1, wake_at=None)
                .returning(executions.c.id)
            ).scalars()
        )

    async def load(self, execution: int) -> Loaded:
        """An execution with its frames."""
        return await self._database.read(_load, execution)

    async def next_wake(self) -> float | None:
        """Seconds until the next execution that nobody owns is due (0 or less: now); None if none ever is."""

        def query(connection: Connection) -> float | None:
            due = select(func.min(executions.c.wake_at) - self._database.dialect.now()).where(
                executions.c.owner.is_(None), executions.c.wake_at.is_not(None)
            )
            return connection.execute(due).scalar()

        return await self._database.read(query)

    async def release(self, executions_held: Sequence[tuple[int, int]]) -> None:
        """Let go of executions (id, epoch), so that another process can take them up at once."""

        def transaction(connection: Connection) -> None:
            for number, epoch in executions_held:
                connection.execute(
                    update(executions)
                    .where(executions.c.id == number, executions.c.epoch == epoch)
                    .where(executions.c.owner == self._replica)
                    .values(owner=None, wake_at=0.0)
                )
            if executions_held:
                self._database.notify(connection, CHANNEL, "work")

        await self._database.run(transaction)


def _outcome(step: Step) -> dict[str, Any]:
    """The columns that say how an execution ended; none while it has not."""
    ending = step.ending
    if ending is None:
        return {}
    return {
        "status": ending.status,
        "output": json_text.dumps(ending.output) if ending.status == "SUCCEEDED" else None,
        "error": _storable(ending.error),
        "cause": _storable(ending.cause),
        "stopped_at": time.time(),
    }


def _storable(text: str | None) -> str | None:
    """``text`` without the one character that PostgreSQL's text cannot hold."""
    return None if text is None else text.replace("\x00", "\\u0000")


def _events_values(execution: int, events: Sequence[Event]) -> dict[str, Any]:
    return {
        "execution": execution,
        "first_id": events[0].id,
        "last_id": events[-1].id,
        "events": json_text.dumps([event.dump() for event in events]),
    }


def _frame_values(execution: int, frame: Frame) -> dict[str, Any]:
    items = json_text.dumps(frame.items) if frame.items_changed and frame.items is not None else None
    return {"execution": execution, "frame": frame.id, "content": frame.dump(), "map_items": items}


def _unread(connection: Connection, execution: int) -> list[Message]:
    rows = connection.execute(
        select(execution_messages.c.id, execution_messages.c.content)
        .where(execution_messages.c.execution == execution)
        .order_by(execution_messages.c.id)
    )
    return [Message(row.id, json_text.loads_trusted(row.content)) for row in rows]


def _load(connection: Connection, execution: int) -> Loaded:
    row = connection.execute(select(executions).where(executions.c.id == execution)).one()
    definition = connection.execute(
        select(definitions.c.definition).where(definitions.c.digest == row.digest)
    ).scalar_one()
    frames = connection.execute(
        select(execution_frames.c.content, execution_frames.c.map_items)
        .where(execution_frames.c.execution == execution)
        .order_by(execution_frames.c.frame)
    )
    return Loaded(row, definition, [Frame.load(frame.content, frame.map_items) for frame in frames])
