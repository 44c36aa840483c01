"""A service's own bucket: one an account, found again, and nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared import errors
from shared.platform import Platform
from shared.settings import Settings
from shared.storage.service_buckets import ServiceBucket
from tests.running import forget_metrics

ME, ANOTHER = "000000000000", "111111111111"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    forget_metrics()
    opened = Platform.open(Settings(data_directory=tmp_path))
    yield opened
    await opened.close()


async def test_objects_come_and_go(platform: Platform) -> None:
    bucket = ServiceBucket(platform.objects, "transcribe")
    await bucket.delete(ME, ["a/b"])  # before there is a bucket
    for body in (b"one", b"two"):
        place = await bucket.put(ME, "a/b", body, "text/plain")
        assert place == await bucket.place(ME, "a/b")
        assert await platform.objects.read(ME, *place, max_bytes=10) == body
    assert (await platform.objects.head(ME, *place)).attributes.headers["content-type"] == "text/plain"
    await bucket.delete(ME, ["a/b", "never/there"])
    with pytest.raises(errors.NotFound):
        await platform.objects.head(ME, *place)


async def test_accounts_and_services_have_their_own(platform: Platform) -> None:
    names = {
        await ServiceBucket(platform.objects, service).name(account)
        for service in ("transcribe", "polly")
        for account in (ME, ANOTHER)
    }
    assert len(names) == 4
    bucket = ServiceBucket(platform.objects, "transcribe")
    assert await bucket.name(ME) == await ServiceBucket(platform.objects, "transcribe").name(ME)
    place = await bucket.put(ME, "a", b"mine", "text/plain")
    with pytest.raises(errors.PermissionDenied):
        await platform.objects.head(ANOTHER, *place)
