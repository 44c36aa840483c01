"""Activities: names under which workers outside ask for tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.orchestration.resource_names import ACTIVITIES, ACTIVITY, check_name, invalid_arn, own_arn, parse_arn
from shared import errors
from shared.storage.resources import Resource, ResourceFilter, ResourceStore

MOST_ACTIVITIES = 10_000


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity. ``created_at`` in Unix seconds."""

    arn: str
    name: str
    created_at: float

    @classmethod
    def of(cls, resource: Resource) -> Activity:
        """From its row in the resource store."""
        return cls(resource.arn, resource.name, resource.created_at)


class Activities:
    """The activities of all accounts."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources

    async def create(self, account: str, region: str, name: str, tags: Mapping[str, str]) -> Activity:
        """Create one, or find the one of that name.

        Raises:
            InvalidArgument: InvalidName.
            LimitExceeded: ActivityLimitExceeded, TooManyTags.
        """
        check_name(name)
        arn = own_arn(account, region, ACTIVITY, name)
        try:
            made = await self._resources.create(
                account, ACTIVITIES, name, b"", arn=arn, parent=region, tags=tags, most=MOST_ACTIVITIES
            )
        except errors.AlreadyExists:
            made = await self._resources.get(account, ACTIVITIES, arn)
        except errors.LimitExceeded as error:
            code = "ActivityLimitExceeded" if error.explicit_aws_code is None else "TooManyTags"
            raise errors.LimitExceeded(error.message, aws_code=code) from None
        return Activity.of(made)

    async def get(self, account: str, arn: str) -> Activity:
        """Raises ``InvalidArgument`` (InvalidArn), ``NotFound`` (ActivityDoesNotExist)."""
        check_activity_arn(arn)
        try:
            return Activity.of(await self._resources.get(account, ACTIVITIES, arn))
        except errors.NotFound:
            raise errors.NotFound(f"Activity Does Not Exist: '{arn}'", aws_code="ActivityDoesNotExist") from None

    async def list(
        self, account: str, region: str, max_results: int, next_token: str | None
    ) -> tuple[list[Activity], str | None]:
        """A page of the region's activities. Raises ``InvalidPaginationToken``."""
        page = await self._resources.list(
            account, ACTIVITIES, ResourceFilter(parent=region), max_results=max_results, next_token=next_token
        )
        return [Activity.of(resource) for resource in page.resources], page.next_token

    async def delete(self, account: str, arn: str) -> None:
        """Delete an activity; one that is not there is fine. Raises ``InvalidArgument`` (InvalidArn)."""
        check_activity_arn(arn)
        try:
            await self._resources.delete(account, ACTIVITIES, arn)
        except errors.NotFound:
            return


def check_activity_arn(arn: str) -> None:
    """Raises ``InvalidArgument`` (InvalidArn) unless ``arn`` is spelt as an activity's."""
    name = parse_arn(arn, ACTIVITY).resource.partition(":")[2]
    if ":" in name or "/" in name:
        raise invalid_arn(f"Invalid ARN: {arn}")
