from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language import timestamps


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),
    st.integers(-18 * 60, 18 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_agrees_with_the_standard_library(moment: datetime, zone: timezone) -> None:
    local = moment.replace(tzinfo=zone)
    elapsed = local - datetime(1970, 1, 1, tzinfo=UTC)
    nanoseconds = (elapsed // timedelta(microseconds=1)) * 1000
    assert timestamps.parse(local.isoformat()) == nanoseconds


def test_nanoseconds() -> None:
    assert timestamps.parse("1970-01-01T00:00:01.000000002Z") == 1_000_000_002


@given(st.text(max_size=40))
def test_any_text_is_no_error(text: str) -> None:
    timestamps.parse(text)
    timestamps.parse(f"2016-03-14T01:59:00{text}")
