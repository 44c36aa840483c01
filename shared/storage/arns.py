"""Amazon resource names: arn:partition:service:region:account:resource."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared import errors

DEFAULT_REGION = "us-east-1"

_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|):(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Arn:
    """The parts of an ARN. ``resource`` is everything after the account, as the service spells it ("kind/name")."""

    service: str
    account: str
    resource: str
    region: str = DEFAULT_REGION
    partition: str = "aws"

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Raises ``InvalidArgument`` for what is not an ARN."""
        match = _ARN.fullmatch(text)
        if match is None:
            raise errors.InvalidArgument("an ARN looks like arn:aws:service:region:account:resource")
        partition, service, region, account, resource = match.groups()
        return cls(service, account, resource, region, partition)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"
