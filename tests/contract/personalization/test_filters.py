"""Filters through unmodified boto3: what an expression lets through, and what it is refused for."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder


def made(personalize: Recorder, group: str, expression: str) -> str:
    name = f"filter-{uuid.uuid4().hex[:12]}"
    return str(
        personalize.ask("create_filter", name=name, datasetGroupArn=group, filterExpression=expression)["filterArn"]
    )


def through(
    personalize: Recorder, runtime: Recorder, shop: str, campaign: str, expression: str, **parameters: Any
) -> list[str]:
    """What is recommended through a filter."""
    answer = runtime.ask(
        "get_recommendations",
        campaignArn=campaign,
        numResults=100,
        filterArn=made(personalize, shop, expression),
        **{"userId": "tea-lover-5", **parameters},
    )
    return [item["itemId"] for item in answer["itemList"]]


def test_includes_what_has_one_of_the_values(
    personalize: Recorder, runtime: Recorder, shop: str, campaign: str
) -> None:
    found = through(personalize, runtime, shop, campaign, 'INCLUDE ItemID WHERE Items.KIND IN ("toys", "nothing")')
    assert found and all(item.startswith("toys") for item in found)
    # "toys|everything" has both values.
    found = through(personalize, runtime, shop, campaign, 'INCLUDE ItemID WHERE Items.KIND IN ("everything")')
    assert {item.split("-")[0] for item in found} == {"tea", "tools", "toys"}


def test_numbers_and_placeholders(personalize: Recorder, runtime: Recorder, shop: str, campaign: str) -> None:
    expression = "INCLUDE ItemID WHERE Items.PRICE >= $LOW AND Items.PRICE < 6 AND Items.KIND IN ($KINDS)"
    found = through(
        personalize,
        runtime,
        shop,
        campaign,
        expression,
        filterValues={"LOW": "4", "KINDS": '"tea","toys"'},
    )
    assert sorted(found) == ["tea-4", "tea-5", "toys-4", "toys-5"]


def test_what_the_user_did(
    personalize: Recorder, runtime: Recorder, events: Any, shop: str, campaign: str, tracking_id: str
) -> None:
    user = "buyer"
    events.put_events(
        trackingId=tracking_id,
        userId=user,
        sessionId="s",
        eventList=[
            {"eventType": "buy", "itemId": "tea-0", "sentAt": time.time()},
            {"eventType": "view", "itemId": "tea-1", "sentAt": time.time()},
        ],
    )

    def left(expression: str) -> set[str]:
        return set(through(personalize, runtime, shop, campaign, expression, userId=user))

    every = left('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("nothing")')
    assert {"tea-0", "tea-1"} <= every
    assert every - left('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")') == {"tea-0"}
    assert every - left('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")') == {"tea-0", "tea-1"}
    assert left('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")') == {"tea-0"}
    both = 'INCLUDE ItemID WHERE Items.KIND IN ("tea") | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'
    assert left(both) == {item for item in every if item.startswith("tea")} - {"tea-0", "tea-1"}


def test_if_the_user_is_so(personalize: Recorder, runtime: Recorder, shop: str, campaign: str) -> None:
    expression = 'INCLUDE ItemID WHERE Items.KIND IN ("tools") IF CurrentUser.AGE < 30'
    # Ages of the shop's customers: 20 and the customer's number.
    young = through(personalize, runtime, shop, campaign, expression, userId="tea-lover-5")
    old = through(personalize, runtime, shop, campaign, expression, userId="tea-lover-20")
    assert all(item.startswith("tools") for item in young)
    assert not all(item.startswith("tools") for item in old)


def test_items_and_users_that_are_put_are_seen(
    personalize: Recorder, runtime: Recorder, events: Any, shop: str, campaign: str
) -> None:
    datasets = {
        one["datasetType"]: one["datasetArn"]
        for one in personalize.ask("list_datasets", datasetGroupArn=shop)["datasets"]
    }
    properties = json.dumps({"kind": "garden", "price": 3.5, "creationTimestamp": 1_700_000_000})
    events.put_items(datasetArn=datasets["ITEMS"], items=[{"itemId": "tea-7", "properties": properties}])
    events.put_users(datasetArn=datasets["USERS"], users=[{"userId": "put", "properties": '{"AGE": 77}'}])
    expression = 'INCLUDE ItemID WHERE Items.KIND IN ("garden") IF CurrentUser.AGE = 77'
    found: list[str] = []
    for _ in range(50):
        found = through(personalize, runtime, shop, campaign, expression, userId="put")
        if found == ["tea-7"]:
            break
        time.sleep(0.2)
    assert found == ["tea-7"]
    for wrong in ('{"kind": "garden"}', '{"kind": 5, "creationTimestamp": 1}', '{"colour": "red"}'):
        with pytest.raises(ClientError) as refused:
            events.put_items(datasetArn=datasets["ITEMS"], items=[{"itemId": "x", "properties": wrong}])
        assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    # As it was, for the other tests of this session.
    as_it_was = json.dumps({"kind": "tea|everything", "price": 7, "creationTimestamp": 1_700_000_000})
    events.put_items(datasetArn=datasets["ITEMS"], items=[{"itemId": "tea-7", "properties": as_it_was}])


@pytest.mark.parametrize(
    "expression",
    [
        "ItemID",
        "INCLUDE ItemID",
        'INCLUDE ItemID WHERE Items.KIND IN ("tea"',
        'INCLUDE ItemID WHERE Items.COLOUR IN ("red")',
        'INCLUDE ItemID WHERE Items.KIND IN ("tea") AND Interactions.EVENT_TYPE IN ("*")',
        "INCLUDE ItemID WHERE CurrentUser.AGE = 3",
        'INCLUDE ItemID WHERE Items.KIND IN ("tea") IF Items.PRICE = 3',
        'INCLUDE ItemID WHERE Items.KIND IN ("tea") extra',
    ],
)
def test_expressions_that_are_none(personalize: Recorder, shop: str, expression: str) -> None:
    with pytest.raises(ClientError) as refused:
        made(personalize, shop, expression)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"


def test_values_that_do_not_fit(personalize: Recorder, runtime: Recorder, shop: str, campaign: str) -> None:
    expression = "INCLUDE ItemID WHERE Items.PRICE < $LOW"
    for values in ({}, {"LOW": '"cheap"'}, {"LOW": "1", "HIGH": "2"}, {"LOW": '"1'}):
        with pytest.raises(ClientError) as refused:
            through(personalize, runtime, shop, campaign, expression, filterValues=values)
        assert refused.value.response["Error"]["Code"] == "InvalidInputException"


def test_a_filters_life(personalize: Recorder, shop: str) -> None:
    expression = 'EXCLUDE ItemID WHERE Items.KIND IN ("tea")'
    arn = personalize.ask("create_filter", name="life", datasetGroupArn=shop, filterExpression=expression)["filterArn"]
    described = personalize.ask("describe_filter", filterArn=arn)["filter"]
    assert (described["filterExpression"], described["status"]) == (expression, "ACTIVE")
    assert arn in [one["filterArn"] for one in personalize.ask("list_filters", datasetGroupArn=shop)["Filters"]]
    personalize.client.delete_filter(filterArn=arn)
    with pytest.raises(ClientError) as refused:
        personalize.ask("describe_filter", filterArn=arn)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
