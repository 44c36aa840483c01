"""The job table: every transaction that the queue and its workers make.

A job is held by *attempt*: claiming it raises the attempt number, and every later write of the runner names the number
that it holds. A runner that was presumed dead (its lease ran out, another worker claimed the job) therefore cannot
write anything any more, and a job has exactly one result (fencing tokens: Kleppmann, "How to do distributed locking",
2016).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Row, Select, and_, case, delete, func, insert, literal, or_, select, update

from shared import errors
from shared.jobs.job import OPEN_STATUSES, Job, JobStatus
from shared.storage.database import Database, metadata
from shared.storage.pages import PageTokens

jobs = sqlalchemy.Table(
    "jobs",
    metadata,
    sqlalchemy.Column("sequence", sqlalchemy.BigInteger, primary_key=True),
    sqlalchemy.Column("id", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("account", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("kind", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("name", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("client_token", sqlalchemy.Text),
    sqlalchemy.Column("request", sqlalchemy.LargeBinary, nullable=False),
    sqlalchemy.Column("status", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("message", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("error_code", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("progress", sqlalchemy.Double, nullable=False),
    sqlalchemy.Column("checkpoint", sqlalchemy.LargeBinary),
    sqlalchemy.Column("attempt", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("failures", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("lease_owner", sqlalchemy.Text),
    sqlalchemy.Column("lease_expires_at", sqlalchemy.Double),
    sqlalchemy.Column("not_before", sqlalchemy.Double, nullable=False),
    sqlalchemy.Column("created_at", sqlalchemy.Double, nullable=False),
    sqlalchemy.Column("started_at", sqlalchemy.Double),
    sqlalchemy.Column("heartbeat_at", sqlalchemy.Double),
    sqlalchemy.Column("ended_at", sqlalchemy.Double),
    sqlalchemy.Column("result", sqlalchemy.LargeBinary),
    sqlalchemy.Column("result_location", sqlalchemy.Text),
    sqlalchemy.Column("result_bytes", sqlalchemy.BigInteger, nullable=False),
)

#: Channel on which submissions and stop requests are told to other processes.
CHANNEL = "nonet_jobs"

_JOB_COLUMNS = [jobs.c[field.name] for field in fields(Job)]
_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None}
_QUEUED = jobs.c.status == JobStatus.QUEUED
_STOPPING = jobs.c.status == JobStatus.STOPPING


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker holds, and what earlier attempts saved."""

    job: Job
    checkpoint: bytes | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, ready to be written."""

    status: JobStatus
    message: str = ""
    error_code: str = ""
    result: bytes | None = None
    result_location: str | None = None
    result_bytes: int = 0


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a listing gives. Empty collections and None mean "any"; the time range excludes both ends."""

    kinds: Collection[str] = ()
    statuses: Collection[JobStatus] = ()
    name: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, and the token that gives the ones after them (None = these were the last)."""

    jobs: list[Job]
    next_token: str | None


class JobStore:
    """The transactions, one method each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tokens: PageTokens | None = None

    async def submit(
        self, account: str, kind: str, request: bytes, client_token: str | None, name: str, delay_s: float
    ) -> Job:
        """Commit a new row; or the row that the same client token made before, if its request is the same."""

        def transaction(connection: Connection) -> Job:
            now = self._database.dialect.now()
            try:
                with connection.begin_nested():
                    row = connection.execute(
                        insert(jobs)
                        .values(
                            id=uuid.uuid4().hex,
                            account=account,
                            kind=kind,
                            name=name,
                            client_token=client_token,
                            request=request,
                            status=JobStatus.QUEUED,
                            message="",
                            error_code="",
                            progress=0.0,
                            attempt=0,
                            failures=0,
                            not_before=now + delay_s,
                            created_at=now,
                            result_bytes=0,
                        )
                        .returning(*_JOB_COLUMNS)
                    ).one()
            except sqlalchemy.exc.IntegrityError:
                mine = and_(jobs.c.account == account, jobs.c.kind == kind, jobs.c.client_token == client_token)
                earlier = _job(connection.execute(select(*_JOB_COLUMNS).where(mine)).one())
                if earlier.request != request:
                    raise errors.IdempotentParameterMismatch(
                        "the client token was used before with other parameters"
                    ) from None
                return earlier
            self._database.notify(connection, CHANNEL, f"submit {kind}")
            return _job(row)

        return await self._database.run(transaction)

    async def find(self, account: str, job_id: str) -> Job | None:
        """The job, or None where the account has none of that id."""

        def transaction(connection: Connection) -> Job | None:
            row = connection.execute(
                select(*_JOB_COLUMNS).where(jobs.c.id == job_id, jobs.c.account == account)
            ).one_or_none()
            return None if row is None else _job(row)

        return await self._database.read(transaction)

    async def list(self, account: str, wanted: JobFilter, max_results: int, next_token: str | None) -> JobPage:
        """A page of the account's jobs, by creation. Raises ``InvalidPaginationToken``."""
        if self._tokens is None:
            self._tokens = await PageTokens.of(self._database)
        listing = [
            "jobs", account, sorted(wanted.kinds), sorted(wanted.statuses), wanted.name,
            wanted.created_after, wanted.created_before, wanted.newest_first,
        ]  # fmt: skip
        position = self._tokens.open_row(listing, next_token)

        def transaction(connection: Connection) -> list[Job]:
            query = _matching(account, wanted).limit(max_results + 1)
            if wanted.newest_first:
                query = query.order_by(jobs.c.sequence.desc())
                if position is not None:
                    query = query.where(jobs.c.sequence < position)
            else:
                query = query.order_by(jobs.c.sequence)
                if position is not None:
                    query = query.where(jobs.c.sequence > position)
            return [_job(row) for row in connection.execute(query)]

        found = await self._database.read(transaction)
        page = found[:max_results]
        more = len(found) > max_results
        return JobPage(page, self._tokens.seal(listing, page[-1].sequence) if more else None)

    async def stop(self, account: str, job_id: str) -> Job | None:
        """Ask a job to stop: a queued one is STOPPED at once, a running one STOPPING; an ended one stays as it is."""

        def transaction(connection: Connection) -> Job | None:
            now = self._database.dialect.now()
            row = connection.execute(
                update(jobs)
                .where(
                    jobs.c.id == job_id,
                    jobs.c.account == account,
                    jobs.c.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]),
                )
                .values(
                    status=case((_QUEUED, _word(JobStatus.STOPPED)), else_=_word(JobStatus.STOPPING)),
                    ended_at=case((_QUEUED, now), else_=sqlalchemy.null()),
                )
                .returning(*_JOB_COLUMNS)
            ).one_or_none()
            if row is not None:
                self._database.notify(connection, CHANNEL, f"stop {job_id}")
                return _job(row)
            row = connection.execute(
                select(*_JOB_COLUMNS).where(jobs.c.id == job_id, jobs.c.account == account)
            ).one_or_none()
            return None if row is None else _job(row)

        return await self._database.run(transaction)

    async def claim(self, kinds: Collection[str], owner: str, lease_s: float) -> Claim | None:
        """Take the oldest job of ``kinds`` that is due or whose lease ran out; None if there is none."""

        def transaction(connection: Connection) -> Claim | None:
            now = self._database.dialect.now()
            due = and_(_QUEUED, jobs.c.not_before <= now)
            abandoned = and_(
                jobs.c.status.in_([JobStatus.RUNNING, JobStatus.STOPPING]), jobs.c.lease_expires_at < now
            )
            oldest = (
                select(jobs.c.sequence)
                .where(
                    jobs.c.kind.in_(kinds),
                    # said again in the index's own words, so that the partial index is used
                    jobs.c.status.in_([status.value for status in sorted(OPEN_STATUSES)]),
                    or_(due, abandoned),
                )
                .order_by(jobs.c.sequence)
                .limit(1)
                .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
                .scalar_subquery()
            )
            row = connection.execute(
                update(jobs)
                .where(jobs.c.sequence == oldest)
                .values(
                    status=case((_QUEUED, _word(JobStatus.RUNNING)), else_=jobs.c.status),
                    # An abandoned job's last attempt died without a verdict.
                    failures=jobs.c.failures + case((_QUEUED, 0), else_=1),
                    attempt=jobs.c.attempt + 1,
                    lease_owner=owner,
                    lease_expires_at=now + lease_s,
                    heartbeat_at=now,
                    started_at=func.coalesce(jobs.c.started_at, now),
                )
                .returning(*_JOB_COLUMNS, jobs.c.checkpoint)
            ).one_or_none()
            if row is None:
                return None
            checkpoint = row.checkpoint
            return Claim(_job(row), None if checkpoint is None else bytes(checkpoint))

        # A look without the write lock first: idle workers must not disturb writers.
        if not await self._database.read(self._any_claimable, kinds):
            return None
        return await self._database.run(transaction)

    def _any_claimable(self, connection: Connection, kinds: Collection[str]) -> bool:
        now = self._database.dialect.now()
        claimable = or_(
            and_(_QUEUED, jobs.c.not_before <= now),
            and_(jobs.c.status.in_([JobStatus.RUNNING, JobStatus.STOPPING]), jobs.c.lease_expires_at < now),
        )
        return connection.execute(select(1).where(jobs.c.kind.in_(kinds), claimable).limit(1)).first() is not None

    async def seconds_to_next(self, kinds: Collection[str]) -> float | None:
        """How long until a queued job of ``kinds`` falls due or a lease runs out; None when nothing is open."""

        def transaction(connection: Connection) -> float | None:
            at = case((_QUEUED, jobs.c.not_before), else_=jobs.c.lease_expires_at)
            wait = connection.execute(
                select(func.min(at) - self._database.dialect.now()).where(
                    jobs.c.kind.in_(kinds), jobs.c.status.in_([status.value for status in sorted(OPEN_STATUSES)])
                )
            ).scalar()
            return None if wait is None else max(0.0, float(wait))

        return await self._database.read(transaction)

    async def heartbeat(self, job_id: str, attempt: int, progress: float, lease_s: float) -> JobStatus | None:
        """Renew the lease and write the progress. The status as it now is, or None when the lease is lost."""

        def transaction(connection: Connection) -> JobStatus | None:
            now = self._database.dialect.now()
            status = connection.execute(
                update(jobs)
                .where(_held(job_id, attempt))
                .values(lease_expires_at=now + lease_s, heartbeat_at=now, progress=progress)
                .returning(jobs.c.status)
            ).scalar()
            return None if status is None else JobStatus(status)

        return await self._database.run(transaction)

    async def save_progress(self, job_id: str, attempt: int, progress: float, checkpoint: bytes | None) -> None:
        """Store a checkpoint. An attempt that gets further is no failure, so the count starts again."""

        def transaction(connection: Connection) -> int:
            return connection.execute(
                update(jobs)
                .where(_held(job_id, attempt))
                .values(checkpoint=checkpoint, progress=progress, failures=0)
            ).rowcount

        if await self._database.run(transaction) == 0:
            raise errors.Aborted("another worker has taken the job over")

    async def finish(self, job_id: str, attempt: int, outcome: Outcome) -> bool:
        """Write how the job ended, once. False when ``attempt`` no longer holds the job."""

        def transaction(connection: Connection) -> int:
            values: dict[str, Any] = {
                "status": outcome.status,
                "message": outcome.message,
                "error_code": outcome.error_code,
                "result": outcome.result,
                "result_location": outcome.result_location,
                "result_bytes": outcome.result_bytes,
                "ended_at": self._database.dialect.now(),
                "checkpoint": None,
            }
            if outcome.status in (JobStatus.SUCCEEDED, JobStatus.PARTIAL_SUCCESS):
                values["progress"] = 1.0
            return connection.execute(
                update(jobs).where(_held(job_id, attempt)).values(**values, **_NO_LEASE)
            ).rowcount

        return await self._database.run(transaction) == 1

    async def retry(
        self, job_id: str, attempt: int, message: str, error_code: str, delay_s: float, max_attempts: int
    ) -> bool:
        """Put a failed attempt back into the queue, due in ``delay_s``; or, after ``max_attempts``, fail the job.

        False when ``attempt`` no longer holds the job.
        """
        worn_out = jobs.c.failures + 1 >= max_attempts

        def transaction(connection: Connection) -> int:
            now = self._database.dialect.now()
            return connection.execute(
                update(jobs)
                .where(_held(job_id, attempt))
                .values(
                    # A job that should stop anyway is not tried again.
                    status=case(
                        (_STOPPING, _word(JobStatus.STOPPED)),
                        (worn_out, _word(JobStatus.FAILED)),
                        else_=_word(JobStatus.QUEUED),
                    ),
                    ended_at=case((or_(_STOPPING, worn_out), now), else_=sqlalchemy.null()),
                    error_code=case((worn_out, literal(error_code)), else_=literal("")),
                    message=message,
                    failures=jobs.c.failures + 1,
                    not_before=now + delay_s,
                    **_NO_LEASE,
                )
            ).rowcount

        return await self._database.run(transaction) == 1

    async def release(self, job_id: str, attempt: int) -> bool:
        """Give a job back unharmed, due at once: this process is shutting down."""

        def transaction(connection: Connection) -> int:
            now = self._database.dialect.now()
            count = connection.execute(
                update(jobs)
                .where(_held(job_id, attempt))
                .values(
                    status=case((_STOPPING, _word(JobStatus.STOPPED)), else_=_word(JobStatus.QUEUED)),
                    ended_at=case((_STOPPING, now), else_=sqlalchemy.null()),
                    **_NO_LEASE,
                )
            ).rowcount
            self._database.notify(connection, CHANNEL, "submit")
            return count

        return await self._database.run(transaction) == 1

    async def inline_result(self, account: str, job_id: str) -> bytes:
        """The result kept in the row; b"" when there is none."""

        def transaction(connection: Connection) -> bytes:
            found = connection.execute(
                select(jobs.c.result).where(jobs.c.id == job_id, jobs.c.account == account)
            ).scalar()
            return b"" if found is None else bytes(found)

        return await self._database.read(transaction)

    async def delete_ended_before(self, age_s: float, at_most: int) -> Sequence[str]:
        """Delete up to ``at_most`` jobs that ended more than ``age_s`` seconds ago; their ids."""

        def transaction(connection: Connection) -> Sequence[str]:
            old = (
                select(jobs.c.sequence)
                .where(jobs.c.ended_at < self._database.dialect.now() - age_s)
                .order_by(jobs.c.ended_at)
                .limit(at_most)
            )
            return connection.execute(
                delete(jobs).where(jobs.c.sequence.in_(old)).returning(jobs.c.id)
            ).scalars().all()

        return await self._database.run(transaction)


def _word(status: JobStatus) -> sqlalchemy.ColumnElement[str]:
    return literal(status.value)


def _held(job_id: str, attempt: int) -> sqlalchemy.ColumnElement[bool]:
    return and_(
        jobs.c.id == job_id,
        jobs.c.attempt == attempt,
        jobs.c.status.in_([JobStatus.RUNNING, JobStatus.STOPPING]),
    )


def _matching(account: str, wanted: JobFilter) -> Select[Any]:
    query = select(*_JOB_COLUMNS).where(jobs.c.account == account)
    if wanted.kinds:
        query = query.where(jobs.c.kind.in_(wanted.kinds))
    if wanted.statuses:
        query = query.where(jobs.c.status.in_(wanted.statuses))
    if wanted.name is not None:
        query = query.where(jobs.c.name == wanted.name)
    if wanted.created_after is not None:
        query = query.where(jobs.c.created_at > wanted.created_after)
    if wanted.created_before is not None:
        query = query.where(jobs.c.created_at < wanted.created_before)
    return query


def _job(row: Row[Any]) -> Job:
    values = {field.name: getattr(row, field.name) for field in fields(Job)}
    values["request"] = bytes(values["request"])
    values["status"] = JobStatus(values["status"])
    return Job(**values)
