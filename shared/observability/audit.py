"""Who called what, when, from where and with what outcome: one JSON object a line, under the names of CloudTrail.

    audit = Audit.open(Path("/var/log/nonet/audit.jsonl"))
    with audit.watch(call):           # written when the block is left, with the error that leaves it
        ...
    audit.refused(event, error)       # a caller who was not let in

Contents of requests and answers, and keys, are never written. The file is only added to, a line in one piece, so
several processes may share one; when it was moved away (logrotate) a new one is begun within a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from shared import errors

if TYPE_CHECKING:
    from shared.auth.principals import Principal
    from shared.rpc.call import Call

logger = logging.getLogger("nonet.audit")

_LOOK_SECONDS = 1.0
#: For readers of AWS's own trails, which ask for it.
_EVENT_VERSION = "1.11"
_LONGEST_USER_AGENT = 512


@dataclass(frozen=True, slots=True)
class Event:
    """A call as the trail tells of it."""

    #: Service of AWS ("comprehend") and operation ("DetectSentiment"); "" = unknown.
    source: str
    name: str
    request_id: str
    address: str
    user_agent: str
    region: str = ""
    #: None = nobody knows who it was.
    principal: Principal | None = None
    read_only: bool | None = None


class Audit:
    """A trail of calls; without a path it takes note of nothing."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: int | None = None
        self._looked = 0.0

    @classmethod
    def open(cls, path: Path | None) -> Audit:
        """Begin or go on with the file.

        Raises:
            ValueError: it cannot be written.
        """
        audit = cls(path)
        if path is not None:
            try:
                audit._reopen(path)
            except OSError as error:
                raise ValueError(f"NONET_AUDIT_LOG={path} cannot be written: {error.strerror}") from error
        return audit

    def watch(self, call: Call) -> AbstractContextManager[None]:
        """Note an operation of the contract when the block is left."""
        if self._path is None:
            return contextlib.nullcontext()
        operation = call.operation
        event = Event(
            operation.api.signing_name,
            operation.name,
            call.request_id,
            call.address,
            call.metadata.get("user-agent", ""),
            call.region,
            call.principal,
            operation.no_side_effects,
        )
        return self.watch_event(event, lambda error: error.aws_code_for(operation.documented_errors))

    @contextlib.contextmanager
    def watch_event(self, event: Event, code_of: Callable[[errors.NonetError], str]) -> Iterator[None]:
        """Note ``event`` when the block is left; ``code_of`` an error that leaves it."""
        code = errors.Internal.aws_code
        started = time.perf_counter()
        try:
            yield
            code = ""
        except errors.NonetError as error:
            code = code_of(error)
            raise
        except (asyncio.CancelledError, GeneratorExit):  # the caller has left
            code = errors.Cancelled.aws_code
            raise
        finally:
            self._note(event, code, time.perf_counter() - started)

    def refused(self, event: Event, error: errors.NonetError) -> None:
        """Note somebody who was not let in."""
        self._note(event, error.aws_code_for(()), 0.0)

    def _note(self, event: Event, code: str, seconds: float) -> None:
        if self._path is None:
            return
        document: dict[str, Any] = {
            "eventVersion": _EVENT_VERSION,
            "eventTime": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "eventSource": f"{event.source}.amazonaws.com",
            "eventName": event.name,
            "awsRegion": event.region,
            "sourceIPAddress": event.address,
            "userAgent": event.user_agent[:_LONGEST_USER_AGENT],
            "requestID": event.request_id,
            "userIdentity": {"type": "Unknown"},
            "additionalEventData": {"seconds": round(seconds, 6)},
        }
        if (who := event.principal) is not None:
            document["recipientAccountId"] = who.account
            document["userIdentity"] = {
                "type": "IAMUser", "userName": who.name, "arn": who.arn, "accountId": who.account,
            }  # fmt: skip
        if event.read_only is not None:
            document["readOnly"] = event.read_only
        if code:
            document["errorCode"] = code
        self._write(self._path, orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, path: Path, line: bytes) -> None:
        try:
            if self._file is None or time.monotonic() - self._looked > _LOOK_SECONDS:
                self._reopen(path)
            assert self._file is not None
            os.write(self._file, line)
        except OSError as error:
            # The call was made; refusing its answer would not undo it.
            logger.error("a call could not be noted in %s: %s", path, error.strerror)

    def _reopen(self, path: Path) -> None:
        """Open the file that has the name now, unless it is the one that is open."""
        self._looked = time.monotonic()
        if self._file is not None:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._file), path.stat()):
                    return
            self.close()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


NO_AUDIT = Audit()
