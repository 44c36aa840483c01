"""Points in time as the States Language writes them: RFC 3339 with a capital T and a zone ("2016-03-14T01:59:00Z")."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_FORM: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d(?::\d\d)?)", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1)


def parse(value: object) -> int | None:
    """Nanoseconds since 1970; None where ``value`` is no timestamp (a zone is required)."""
    form = _FORM.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = form.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
    except ValueError:
        return None
    elapsed = moment - _EPOCH
    seconds = elapsed.days * 86_400 + elapsed.seconds - _offset(zone)
    return seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def _offset(zone: str) -> int:
    """Seconds that a zone is ahead of UTC."""
    if zone == "Z":
        return 0
    hours, minutes, *seconds = map(int, zone[1:].split(":"))
    ahead = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0).total_seconds()
    return int(ahead if zone[0] == "+" else -ahead)
