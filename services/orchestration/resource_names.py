"""Names, ARNs and kinds of state machines, their versions and aliases, and activities.

arn:aws:states:us-east-1:000000000000:stateMachine:orders          a state machine
arn:aws:states:us-east-1:000000000000:stateMachine:orders:3        its version 3
arn:aws:states:us-east-1:000000000000:stateMachine:orders:PROD     its alias PROD
arn:aws:states:us-east-1:000000000000:activity:approve             an activity
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared import errors
from shared.storage.arns import Arn
from shared.storage.resources import ResourceKind

#: A state machine's and an activity's parent is its region; a version's and an alias's its state machine's ARN.
STATE_MACHINES = ResourceKind("states.state-machine", service="states", resource="stateMachine:{name}")
VERSIONS = ResourceKind("states.version", service="states", resource="{parent}:{name}")
ALIASES = ResourceKind("states.alias", service="states", resource="{parent}:{name}")
ACTIVITIES = ResourceKind("states.activity", service="states", resource="activity:{name}")

STATE_MACHINE = "stateMachine"
ACTIVITY = "activity"

MOST_NAME_CHARACTERS = 80
#: What a name must not contain: white space, brackets, wildcards, special and control characters, non-characters.
_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U0010ffff]")
_VERSION = re.compile(r"[1-9][0-9]*")
_ALIAS = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]+")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+")


def check_name(name: str) -> None:
    """Raises ``InvalidArgument`` (InvalidName) for what a state machine, an execution or activity cannot be called."""
    if not 1 <= len(name) <= MOST_NAME_CHARACTERS or _FORBIDDEN.search(name):
        raise errors.InvalidArgument(f"Invalid Name: '{name}'", aws_code="InvalidName")


def check_role(arn: str) -> None:
    """Raises ``InvalidArgument`` (InvalidArn) unless ``arn`` names an IAM role. Whether it exists is not asked."""
    if not _ROLE.fullmatch(arn):
        raise errors.InvalidArgument(f"Invalid Role Arn: '{arn}'", aws_code="InvalidArn")


def invalid_arn(reason: str) -> errors.InvalidArgument:
    """The error for what is not the ARN that an operation wants."""
    return errors.InvalidArgument(f"Invalid Arn: '{reason}'", aws_code="InvalidArn")


@dataclass(frozen=True, slots=True)
class StateMachineArn:
    """An ARN of a state machine, perhaps with a qualifier. ``unqualified`` is the state machine's own."""

    unqualified: str
    region: str
    account: str
    name: str
    version: int | None = None
    alias: str | None = None
    #: Of a Distributed Map state: "orders/label".
    label: str | None = None

    @property
    def is_qualified(self) -> bool:
        return self.version is not None or self.alias is not None or self.label is not None

    @classmethod
    def parse(cls, text: str) -> StateMachineArn:
        """Raises ``InvalidArgument`` (InvalidArn)."""
        arn = parse_arn(text, STATE_MACHINE)
        name, separator, qualifier = arn.resource.partition(":")[2].partition(":")
        name, slash, label = name.partition("/")
        if not name or _FORBIDDEN.search(name) or (separator and slash) or (slash and not label):
            raise invalid_arn(f"Invalid ARN: {text}")
        common = (own_arn(arn.account, arn.region, STATE_MACHINE, name, arn.partition), arn.region, arn.account, name)
        if slash:
            return cls(*common, label=label)
        if not separator:
            return cls(*common)
        if _VERSION.fullmatch(qualifier):
            return cls(*common, version=int(qualifier))
        if _ALIAS.fullmatch(qualifier):
            return cls(*common, alias=qualifier)
        raise invalid_arn(f"Invalid ARN: {text}")

    @classmethod
    def parse_unqualified(cls, text: str) -> StateMachineArn:
        """Like ``parse``, but without a qualifier. Raises ``InvalidArgument`` (InvalidArn, ValidationException)."""
        arn = cls.parse(text)
        if arn.is_qualified:
            raise invalid("The ARN must be a state machine's own, without a version, alias or label.")
        return arn


def own_arn(account: str, region: str, resource_type: str, name: str, partition: str = "aws") -> str:
    """The ARN of a state machine or activity."""
    return str(Arn("states", account, f"{resource_type}:{name}", region, partition))


def parse_any_arn(text: str) -> Arn:
    """The ARN of some resource of Step Functions. Raises ``InvalidArgument`` (InvalidArn) for anything else."""
    try:
        arn = Arn.parse(text)
    except errors.InvalidArgument:
        raise invalid_arn(f"Invalid ARN prefix: {text}") from None
    if arn.service != "states":
        raise invalid_arn(f"Invalid ARN prefix: {text}")
    return arn


def parse_arn(text: str, resource_type: str) -> Arn:
    """The ARN of a resource of that type. Raises ``InvalidArgument`` (InvalidArn) for anything else."""
    arn = parse_any_arn(text)
    actual, _, rest = arn.resource.partition(":")
    if actual != resource_type:
        raise invalid_arn(f"Resource type not valid in this context: {actual}")
    if not rest or not arn.region or not arn.account:
        raise invalid_arn(f"Invalid ARN: {text}")
    return arn


def does_not_exist(arn: str) -> errors.NotFound:
    """The error for a state machine, version or alias that nobody made."""
    return errors.NotFound(f"State Machine Does Not Exist: '{arn}'", aws_code="StateMachineDoesNotExist")


def is_deleting(arn: str) -> errors.ResourceInUse:
    """The error for a state machine whose deletion has begun."""
    return errors.ResourceInUse(f"State Machine is being deleted: '{arn}'", aws_code="StateMachineDeleting")


def invalid(message: str) -> errors.InvalidArgument:
    """The error for members that are fine one by one, but not together."""
    return errors.InvalidArgument(message, aws_code="ValidationException")
