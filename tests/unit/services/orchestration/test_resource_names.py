"""Names and ARNs of Step Functions: what is taken apart, and what is refused with which code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.resource_names import (
    ACTIVITY,
    StateMachineArn,
    check_name,
    check_role,
    parse_any_arn,
    parse_arn,
)
from shared import errors

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"


def test_an_arn_is_taken_apart() -> None:
    arn = StateMachineArn.parse(MACHINE)
    assert (arn.unqualified, arn.region, arn.account, arn.name) == (MACHINE, "eu-west-1", "123456789012", "orders")
    assert not arn.is_qualified
    assert StateMachineArn.parse(f"{MACHINE}:12").version == 12
    assert StateMachineArn.parse(f"{MACHINE}:PROD").alias == "PROD"
    assert StateMachineArn.parse(f"{MACHINE}:1.0").alias == "1.0"
    assert StateMachineArn.parse(f"{MACHINE}/each").label == "each"
    for qualified in (":12", ":PROD", "/each"):
        assert StateMachineArn.parse(MACHINE + qualified).unqualified == MACHINE
        assert StateMachineArn.parse(MACHINE + qualified).is_qualified


def test_other_partitions_keep_theirs() -> None:
    arn = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:orders"
    assert StateMachineArn.parse(f"{arn}:1").unqualified == arn


@pytest.mark.parametrize(
    "text",
    [
        "orders",
        "arn:aws:states:us-east-1:123456789012:stateMachine:",
        "arn:aws:states:us-east-1:123456789012:stateMachine",
        "arn:aws:states:us-east-1:123456789012:activity:orders",
        "arn:aws:states:us-east-1:123456789012:execution:orders:1",
        "arn:aws:lambda:us-east-1:123456789012:function:orders",
        "arn:aws:states::123456789012:stateMachine:orders",
        "arn:aws:states:us-east-1::stateMachine:orders",
        f"{MACHINE}:0",
        f"{MACHINE}:01",
        f"{MACHINE}:",
        f"{MACHINE}/",
        f"{MACHINE}/a:1",
        f"{MACHINE}:1:2",
        f"{MACHINE}:a b",
    ],
)
def test_what_is_no_state_machine_is_refused(text: str) -> None:
    with pytest.raises(errors.InvalidArgument) as refused:
        StateMachineArn.parse(text)
    assert refused.value.explicit_aws_code == "InvalidArn"
    assert refused.value.message.startswith("Invalid Arn: '")


@given(st.text(max_size=80))
def test_any_text_is_an_arn_or_refused(text: str) -> None:
    for candidate in (text, MACHINE + text):
        try:
            arn = StateMachineArn.parse(candidate)
        except errors.InvalidArgument:
            continue
        assert candidate.startswith(arn.unqualified)


def test_operations_on_the_machine_itself_take_no_qualifier() -> None:
    assert StateMachineArn.parse_unqualified(MACHINE).name == "orders"
    with pytest.raises(errors.InvalidArgument) as refused:
        StateMachineArn.parse_unqualified(f"{MACHINE}:3")
    assert refused.value.explicit_aws_code == "ValidationException"


@pytest.mark.parametrize("name", ["orders", "Größe", "a.b-c_d", "(x)", "a=b+c@d!'"])
def test_names_that_are_allowed(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("character", [*list(' \t\n<>{}[]?*"#%\\^|~`$&,;:/\x00\x1f\x7f\x85\x9f\ufffe\uffff'), "\u2003"])
def test_characters_that_a_name_must_not_have(character: str) -> None:
    with pytest.raises(errors.InvalidArgument) as refused:
        check_name(f"a{character}b")
    assert refused.value.explicit_aws_code == "InvalidName"


def test_roles_and_activities() -> None:
    check_role("arn:aws:iam::123456789012:role/service-role/states")
    for role in ("states", "arn:aws:iam::1:role/states", "arn:aws:iam::123456789012:user/states"):
        with pytest.raises(errors.InvalidArgument) as refused:
            check_role(role)
        assert refused.value.explicit_aws_code == "InvalidArn"
    assert parse_arn("arn:aws:states:us-east-1:123456789012:activity:approve", ACTIVITY).region == "us-east-1"
    with pytest.raises(errors.InvalidArgument, match="Resource type not valid in this context: stateMachine"):
        parse_arn(MACHINE, ACTIVITY)
    with pytest.raises(errors.InvalidArgument, match="Invalid ARN prefix"):
        parse_any_arn("arn:aws:s3:::bucket")
