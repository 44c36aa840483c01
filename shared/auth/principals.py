"""The one table of principals: access keys for the AWS wire, bearer keys for gRPC.

It is a TOML file, so that a laptop keeps it in a folder and a cluster mounts it as a Secret:

    [[principal]]
    name = "reporting"
    account = "000000000001"
    access_key_id = "AKIA..."
    secret_access_key = "..."
    bearer_key_sha256 = "..."        # of the key; the key itself is shown once, when it is made

    [[account]]                      # only where an account's limits are not those of the settings
    id = "000000000001"
    requests_per_second = 50         # 0 = any number
    concurrent_requests = 20
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared import errors

logger = logging.getLogger("nonet.principals")

#: How often the file is looked at.
FOLLOW_SECONDS = 2.0


class Principal(BaseModel):
    """Somebody who may call, and the account whose resources they see."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    account: str = Field(pattern=r"^\d{12}$")
    access_key_id: str = ""
    secret_access_key: str = Field(default="", repr=False)
    bearer_key_sha256: str = Field(default="", repr=False)
    #: A gateway may call in the name of others: it says for whom in its metadata.
    gateway: bool = False

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> Principal:
        if bool(self.access_key_id) != bool(self.secret_access_key):
            raise ValueError(f"{self.name}: access_key_id and secret_access_key belong together")
        return self

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:user/{self.name}"


class AccountLimit(BaseModel):
    """What one account may ask of one process; 0 = any number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests_per_second: float = Field(default=0, ge=0)
    concurrent_requests: int = Field(default=0, ge=0)


class _Account(AccountLimit):
    id: str = Field(pattern=r"^\d{12}$")


class PrincipalTable:
    """Looks principals up by key. An empty table is open: it takes any credentials (loopback only, see Settings).

    A table that was read from a file follows it: keys that are added or taken away there count within
    ``FOLLOW_SECONDS``. A file that is not what it should be changes nothing, and the log says so.
    """

    def __init__(
        self,
        principals: Iterable[Principal],
        default_account: str,
        account_limits: Mapping[str, AccountLimit] | None = None,
    ) -> None:
        self._anonymous = Principal(name="anonymous", account=default_account)
        self._path: Path | None = None
        self._stamp: tuple[int, int] | None = None
        self._looked = 0.0
        self._fill(principals, account_limits or {})

    def _fill(self, principals: Iterable[Principal], account_limits: Mapping[str, AccountLimit]) -> None:
        people = list(principals)
        self._account_limits = account_limits
        self._by_access_key = {one.access_key_id: one for one in people if one.access_key_id}
        self._by_bearer = {one.bearer_key_sha256: one for one in people if one.bearer_key_sha256}
        self._by_name = {(one.name, one.account): one for one in people}

    @classmethod
    def read(cls, path: Path | None, default_account: str) -> PrincipalTable:
        """Read the file; None gives the open table.

        Raises:
            ValueError: the file is not what this module's docstring shows, or holds nobody.
        """
        table = cls((), default_account)
        if path is not None:
            table._path = path
            table._stamp = _stamp(path)
            table._looked = time.monotonic()
            table._fill(*_contents(path))
        return table

    def _follow(self) -> None:
        """Take the file as it now is, if it has changed."""
        if self._path is None or time.monotonic() - self._looked < FOLLOW_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return
            self._fill(*_contents(self._path))
            self._stamp = stamp
        except (OSError, ValueError) as error:
            # In the middle of being written, or wrong: those who were let in so far still are, and nobody else.
            logger.error("%s cannot be read again (%s); its former contents count", self._path, type(error).__name__)
        else:
            logger.info("%s has changed: %d keys", self._path, len(self._by_access_key) + len(self._by_bearer))

    def limit_of(self, account: str) -> AccountLimit | None:
        """The limit that the file gives an account; None where it gives none."""
        self._follow()
        return self._account_limits.get(account)

    @property
    def open(self) -> bool:
        return not self._by_access_key and not self._by_bearer

    @property
    def anonymous(self) -> Principal:
        return self._anonymous

    def by_access_key(self, access_key_id: str) -> Principal:
        """The principal of an access key.

        Raises:
            Unauthenticated: nobody has it.
        """
        self._follow()
        principal = self._by_access_key.get(access_key_id)
        if principal is None:
            raise errors.Unauthenticated(
                "The security token included in the request is invalid: unknown access key id."
            )
        return principal

    def by_authorization(self, metadata: Mapping[str, str]) -> Principal:
        """The principal whose bearer key is in gRPC metadata.

        Raises:
            Unauthenticated: there is none, or nobody has it.
        """
        scheme, _, key = metadata.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise errors.Unauthenticated("Send `authorization: Bearer <key>` metadata.")
        return self.by_bearer_key(key)

    def named(self, name: str, account: str) -> Principal:
        """Somebody whom a gateway has let in: with their keys, where the file has them, which links are signed by."""
        self._follow()
        return self._by_name.get((name, account)) or Principal(name=name, account=account)

    def admit_gateway(self, metadata: Mapping[str, str]) -> None:
        """Return when the caller is another process of the suite, or the table is open.

        Raises:
            Unauthenticated, PermissionDenied: it is somebody else.
        """
        if not self.open and not self.by_authorization(metadata).gateway:
            raise errors.PermissionDenied("Only principals with gateway = true may use the runtime of another process.")

    def by_bearer_key(self, key: str) -> Principal:
        """The principal of a bearer key.

        Raises:
            Unauthenticated: nobody has it.
        """
        self._follow()
        digest = hash_bearer_key(key)
        for known, principal in self._by_bearer.items():
            if hmac.compare_digest(known, digest):
                return principal
        raise errors.Unauthenticated(
            "Unknown bearer key: send `authorization: Bearer <key>` with a key of the principals file."
        )


def _stamp(path: Path) -> tuple[int, int]:
    """Another value once the file has been written or replaced."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ino


def _contents(path: Path) -> tuple[list[Principal], dict[str, AccountLimit]]:
    """As ``read_file``. Raises ``ValueError`` for a file that holds nobody, too."""
    principals, limits = read_file(path)
    if not principals:
        raise ValueError(f"{path} has no [[principal]]: add one with `nonet keys create NAME`")
    return principals, limits


def read_file(path: Path) -> tuple[list[Principal], dict[str, AccountLimit]]:
    """Principals, and limits by account.

    Raises:
        ValueError: the file is not what this module's docstring shows; the message has the path, and nothing secret.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        principals = [Principal.model_validate(row) for row in document.get("principal", [])]
        accounts = [_Account.model_validate(row) for row in document.get("account", [])]
    except ValidationError as error:
        # Without what stands there: it may be a secret.
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        table = error.title.strip("_").lower()
        raise ValueError(f"{path} is not a file of keys: a [[{table}]] cannot be used: {wrong}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not a file of keys: {error}") from None
    return principals, {account.id: account for account in accounts}


def hash_bearer_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def new_principal(name: str, account: str) -> tuple[Principal, str]:
    """A principal with fresh keys, and its bearer key, which is stored nowhere."""
    bearer_key = f"nonet_{secrets.token_urlsafe(32)}"
    principal = Principal(
        name=name,
        account=account,
        access_key_id="NONET" + secrets.token_hex(8).upper()[:15],
        secret_access_key=secrets.token_hex(20),
        bearer_key_sha256=hash_bearer_key(bearer_key),
    )
    return principal, bearer_key
