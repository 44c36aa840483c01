"""Who called what, when, from where and with what outcome: one JSON object a line, under the names of CloudTrail.

    audit = Audit.open(Path("/var/log/nonet/audit.jsonl"))
    with audit.watch(call):           # written when the block is left, with the error that leaves it
        ...
    audit.refused(...)                # a caller who was not let in

Contents of requests and answers, and keys, are never written. The file is only added to, a line in one piece, so
several processes may share one; when it was moved away (logrotate) a new one is begun within a second.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import time
from collections.abc import Iterator
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

    @contextlib.contextmanager
    def watch(self, call: Call) -> Iterator[None]:
        """Note the call when the block is left."""
        if self._path is None:
            yield
            return
        failure = "Internal"
        started = time.perf_counter()
        try:
            yield
            failure = ""
        except errors.NonetError as error:
            failure = error.aws_code_for(call.operation.documented_errors)
            raise
        finally:
            operation = call.operation
            self.note(
                source=operation.api.signing_name,
                event=operation.name,
                principal=call.principal,
                region=call.region,
                request_id=call.request_id,
                address=call.address,
                user_agent=call.metadata.get("user-agent", ""),
                read_only=operation.no_side_effects,
                failure=failure,
                seconds=time.perf_counter() - started,
            )

    def refused(
        self, error: errors.NonetError, *, source: str, event: str, request_id: str, address: str, user_agent: str
    ) -> None:
        """Note somebody who was not let in: nobody knows who it was."""
        self.note(
            source=source, event=event, principal=None, region="", request_id=request_id, address=address,
            user_agent=user_agent, read_only=None, failure=error.aws_code_for(()), seconds=0.0,
        )  # fmt: skip

    def note(
        self,
        *,
        source: str,
        event: str,
        principal: Principal | None,
        region: str,
        request_id: str,
        address: str,
        user_agent: str,
        read_only: bool | None,
        failure: str,
        seconds: float,
    ) -> None:
        """Write one line. ``failure``: AWS's code of the error, "" where all went well."""
        if self._path is None:
            return
        document: dict[str, Any] = {
            "eventVersion": _EVENT_VERSION,
            "eventTime": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "eventSource": f"{source}.amazonaws.com",
            "eventName": event,
            "awsRegion": region,
            "sourceIPAddress": address,
            "userAgent": user_agent[:_LONGEST_USER_AGENT],
            "requestID": request_id,
            "userIdentity": {"type": "Unknown"}
            if principal is None
            else {
                "type": "IAMUser",
                "userName": principal.name,
                "arn": principal.arn,
                "accountId": principal.account,
            },
            "additionalEventData": {"seconds": round(seconds, 6)},
        }
        if principal is not None:
            document["recipientAccountId"] = principal.account
        if read_only is not None:
            document["readOnly"] = read_only
        if failure:
            document["errorCode"] = failure
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
