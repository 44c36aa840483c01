"""One store for every resource that a service lets its callers create, describe, list, update, delete and tag.

    lexicons = ResourceKind("polly.lexicon", service="polly", resource="lexicon/{name}")
    made = await resources.create(account, lexicons, "abbreviations", document.SerializeToString(), status="ACTIVE")
    page = await resources.list(account, lexicons, ResourceFilter(statuses={"ACTIVE"}), max_results=50)

The store keeps the document as bytes and does not look into it. Each update names the version that it was made from
(compare-and-set), so two callers cannot silently overwrite one another, whichever replica they reach.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from shared import errors
from shared.storage.arns import DEFAULT_REGION, Arn
from shared.storage.database import Database, metadata
from shared.storage.lookups import Lookup
from shared.storage.pages import PageTokens

resources = sqlalchemy.Table(
    "resources",
    metadata,
    sqlalchemy.Column("id", sqlalchemy.BigInteger, primary_key=True),
    sqlalchemy.Column("account", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("kind", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("parent", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("name", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("arn", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("status", sqlalchemy.Text, nullable=False),
    sqlalchemy.Column("document", sqlalchemy.LargeBinary, nullable=False),
    sqlalchemy.Column("version", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("created_at", sqlalchemy.Double, nullable=False),
    sqlalchemy.Column("updated_at", sqlalchemy.Double, nullable=False),
)
resource_tags = sqlalchemy.Table(
    "resource_tags",
    metadata,
    sqlalchemy.Column("account", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("arn", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("tag_key", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("tag_value", sqlalchemy.Text, nullable=False),
)

_OF_KIND = select(resources).where(resources.c.account == bindparam("account"), resources.c.kind == bindparam("kind"))
BY_ARN = Lookup(_OF_KIND.where(resources.c.arn == bindparam("arn")))
_BY_NAME = Lookup(_OF_KIND.where(resources.c.name == bindparam("name"), resources.c.parent == bindparam("parent")))

#: AWS's limit for nearly every resource.
MOST_TAGS = 50
_MOST_TRIES = 20


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind of resource: its name in the table, and how its ARNs are spelt.

    ``resource`` is a format string of the ARN's last part; it may use {name} and {parent}.
    """

    name: str
    service: str
    resource: str
    region: str = DEFAULT_REGION

    def arn(self, account: str, name: str, parent: str = "") -> str:
        """The ARN of a resource of this kind."""
        return str(Arn(self.service, account, self.resource.format(name=name, parent=parent), self.region))


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as its row says. Times in Unix seconds; ``version`` starts at 1 and grows with every update."""

    id: int
    account: str
    kind: str
    parent: str
    name: str
    arn: str
    status: str
    document: bytes
    version: int
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class ResourceFilter:
    """Which resources a listing gives. Empty and None mean "any"; the time range excludes both ends."""

    statuses: Collection[str] = ()
    parent: str | None = None
    name_prefix: str = ""
    name_contains: str = ""
    created_after: float | None = None
    created_before: float | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """Some resources, and the token that gives the ones after them (None = these were the last)."""

    resources: Sequence[Resource]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """New values for a resource; None leaves one as it is."""

    document: bytes | None = None
    status: str | None = None
    values: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        given = {"document": self.document, "status": self.status}
        object.__setattr__(self, "values", {name: value for name, value in given.items() if value is not None})


class ResourceStore:
    """The resources of all accounts. A ``name`` is unique within account, kind and parent."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tokens: PageTokens | None = None

    async def create(
        self,
        account: str,
        kind: ResourceKind,
        name: str,
        document: bytes,
        *,
        status: str = "ACTIVE",
        parent: str = "",
        tags: Mapping[str, str] | None = None,
        arn: str | None = None,
        most: int | None = None,
    ) -> Resource:
        """Raises ``AlreadyExists``; ``LimitExceeded`` when the account has ``most`` of this kind already."""

        def transaction(connection: Connection) -> Resource:
            if most is not None and _count(connection, account, kind) >= most:
                raise errors.LimitExceeded(f"the account has {most} of these already, and no more are allowed")
            now = self._database.dialect.now()
            try:
                with connection.begin_nested():
                    row = connection.execute(
                        insert(resources)
                        .values(
                            account=account,
                            kind=kind.name,
                            parent=parent,
                            name=name,
                            arn=arn or kind.arn(account, name, parent),
                            status=status,
                            document=document,
                            version=1,
                            created_at=now,
                            updated_at=now,
                        )
                        .returning(resources)
                    ).one()
            except sqlalchemy.exc.IntegrityError:
                raise errors.AlreadyExists("there is a resource of that name already") from None
            _add_tags(connection, account, row.arn, tags or {})
            return _resource(row)

        return await self._database.run(transaction)

    async def get(self, account: str, kind: ResourceKind, name_or_arn: str, *, parent: str = "") -> Resource:
        """The resource of that name (within ``parent``) or ARN. Raises ``NotFound``."""

        def transaction(connection: Connection) -> Resource:
            return _find(connection, account, kind, name_or_arn, parent)

        return await self._database.glance(transaction)

    async def update(self, resource: Resource, change: Change) -> Resource:
        """Write a change made from ``resource``.

        Raises ``Aborted`` when it has been changed since, ``NotFound`` when it has been deleted.
        """

        def transaction(connection: Connection) -> Resource:
            row = connection.execute(
                update(resources)
                .where(resources.c.id == resource.id, resources.c.version == resource.version)
                .values(**change.values, version=resource.version + 1, updated_at=self._database.dialect.now())
                .returning(resources)
            ).one_or_none()
            if row is not None:
                return _resource(row)
            if connection.execute(select(1).where(resources.c.id == resource.id)).first() is None:
                raise _not_found()
            raise errors.Aborted("somebody else has changed the resource, read it again")

        return await self._database.run(transaction)

    async def modify(
        self,
        account: str,
        kind: ResourceKind,
        name_or_arn: str,
        change: Callable[[Resource], Change],
        *,
        parent: str = "",
    ) -> Resource:
        """Read, change and write until nobody came in between. ``change`` may be called more than once.

        Raises ``NotFound``, ``Aborted`` after many vain tries, and what ``change`` raises.
        """
        for _ in range(_MOST_TRIES - 1):
            current = await self.get(account, kind, name_or_arn, parent=parent)
            try:
                return await self.update(current, change(current))
            except errors.Aborted:
                continue
        current = await self.get(account, kind, name_or_arn, parent=parent)
        return await self.update(current, change(current))

    async def delete(self, account: str, kind: ResourceKind, name_or_arn: str, *, parent: str = "") -> Resource:
        """Delete a resource and its tags, and return what it was. Raises ``NotFound``.

        Resources that have it as parent stay: whether they may is the service's rule.
        """

        def transaction(connection: Connection) -> Resource:
            resource = _find(connection, account, kind, name_or_arn, parent)
            connection.execute(delete(resources).where(resources.c.id == resource.id))
            return resource

        return await self._database.run(transaction)

    async def list(
        self,
        account: str,
        kind: ResourceKind,
        wanted: ResourceFilter | None = None,
        *,
        max_results: int = 100,
        next_token: str | None = None,
    ) -> ResourcePage:
        """A page of resources by creation. Raises ``InvalidPaginationToken``."""
        if self._tokens is None:
            self._tokens = await PageTokens.of(self._database)
        wanted = wanted or ResourceFilter()
        listing = [
            account, kind.name, sorted(wanted.statuses), wanted.parent, wanted.name_prefix, wanted.name_contains,
            wanted.created_after, wanted.created_before, wanted.newest_first,
        ]  # fmt: skip
        position = self._tokens.open_row(listing, next_token)
        where = _conditions(account, kind, wanted)
        order: sqlalchemy.ColumnElement[Any] = resources.c.id
        if wanted.newest_first:
            order = resources.c.id.desc()
        if position is not None:
            where.append(resources.c.id < position if wanted.newest_first else resources.c.id > position)

        def transaction(connection: Connection) -> Sequence[Resource]:
            rows = connection.execute(select(resources).where(*where).order_by(order).limit(max_results + 1))
            return [_resource(row) for row in rows]

        found = await self._database.read(transaction)
        page = found[:max_results]
        return ResourcePage(page, self._tokens.seal(listing, page[-1].id) if len(found) > max_results else None)

    async def count(self, account: str, kind: ResourceKind) -> int:
        """How many resources of ``kind`` the account has."""
        return await self._database.read(_count, account, kind)

    # -- tags ------------------------------------------------------------------------------------------------------

    async def tag(self, account: str, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or give them new values. Raises ``NotFound``, ``LimitExceeded`` (TooManyTagsException)."""

        def transaction(connection: Connection) -> None:
            _find_arn(connection, account, arn)
            _remove_tags(connection, account, arn, list(tags))
            _add_tags(connection, account, arn, tags)

        await self._database.run(transaction)

    async def untag(self, account: str, arn: str, keys: Collection[str]) -> None:
        """Remove tags; keys that are not there are fine. Raises ``NotFound``."""

        def transaction(connection: Connection) -> None:
            _find_arn(connection, account, arn)
            _remove_tags(connection, account, arn, keys)

        await self._database.run(transaction)

    async def list_tags(self, account: str, arn: str) -> Mapping[str, str]:
        """The tags of a resource, by key. Raises ``NotFound``."""

        def transaction(connection: Connection) -> Mapping[str, str]:
            _find_arn(connection, account, arn)
            rows = connection.execute(
                select(resource_tags.c.tag_key, resource_tags.c.tag_value)
                .where(resource_tags.c.account == account, resource_tags.c.arn == arn)
                .order_by(resource_tags.c.tag_key)
            )
            return {row.tag_key: row.tag_value for row in rows}

        return await self._database.read(transaction)


def _not_found() -> errors.NotFound:
    return errors.NotFound("there is no resource of that name")


def _find(connection: Connection, account: str, kind: ResourceKind, name_or_arn: str, parent: str) -> Resource:
    if name_or_arn.startswith("arn:"):
        rows = BY_ARN.rows(connection, account=account, kind=kind.name, arn=name_or_arn)
    else:
        rows = _BY_NAME.rows(connection, account=account, kind=kind.name, name=name_or_arn, parent=parent)
    if not rows:
        raise _not_found()
    return _resource(rows[0])


def _find_arn(connection: Connection, account: str, arn: str) -> None:
    """The row is locked, so that two replicas cannot both add the last allowed tag."""
    mine = select(resources.c.id).where(resources.c.account == account, resources.c.arn == arn)
    if connection.execute(mine.with_for_update()).first() is None:
        raise _not_found()


def _count(connection: Connection, account: str, kind: ResourceKind) -> int:
    mine = select(func.count()).where(resources.c.account == account, resources.c.kind == kind.name)
    return int(connection.execute(mine).scalar_one())


def _conditions(account: str, kind: ResourceKind, wanted: ResourceFilter) -> list[sqlalchemy.ColumnElement[bool]]:
    name = resources.c.name
    conditions: list[sqlalchemy.ColumnElement[bool]] = [resources.c.account == account, resources.c.kind == kind.name]
    if wanted.statuses:
        conditions.append(resources.c.status.in_(wanted.statuses))
    if wanted.parent is not None:
        conditions.append(resources.c.parent == wanted.parent)
    # Not LIKE: it ignores case on SQLite and minds it on PostgreSQL.
    if wanted.name_prefix:
        conditions.append(func.substr(name, 1, len(wanted.name_prefix)) == wanted.name_prefix)
    if wanted.name_contains:
        conditions.append(func.replace(name, wanted.name_contains, "") != name)
    if wanted.created_after is not None:
        conditions.append(resources.c.created_at > wanted.created_after)
    if wanted.created_before is not None:
        conditions.append(resources.c.created_at < wanted.created_before)
    return conditions


def _add_tags(connection: Connection, account: str, arn: str, tags: Mapping[str, str]) -> None:
    if not tags:
        return
    mine = [resource_tags.c.account == account, resource_tags.c.arn == arn]
    present = connection.execute(select(func.count()).where(*mine)).scalar_one()
    if present + len(tags) > MOST_TAGS:
        raise errors.LimitExceeded(f"a resource has at most {MOST_TAGS} tags", aws_code="TooManyTagsException")
    rows = [{"account": account, "arn": arn, "tag_key": key, "tag_value": value} for key, value in tags.items()]
    connection.execute(insert(resource_tags), rows)


def _remove_tags(connection: Connection, account: str, arn: str, keys: Collection[str]) -> None:
    connection.execute(
        delete(resource_tags).where(
            resource_tags.c.account == account, resource_tags.c.arn == arn, resource_tags.c.tag_key.in_(keys)
        )
    )


def _resource(row: Row[Any]) -> Resource:
    return Resource(
        row.id, row.account, row.kind, row.parent, row.name, row.arn, row.status, bytes(row.document), row.version,
        row.created_at, row.updated_at,
    )  # fmt: skip
