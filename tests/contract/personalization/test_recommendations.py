"""From CSV files to recommendations that heed the last click, through unmodified boto3."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.personalization.conftest import ITEMS, deployed, ended, trained


def names(answer: dict[str, Any]) -> list[str]:
    return [item["itemId"] for item in answer["itemList"]]


def share(items: Sequence[str], kind: str) -> float:
    """How many of the items are of a kind."""
    return sum(item.startswith(kind) for item in items) / len(items)


def click(events: Any, tracking_id: str, user: str, item: str, kind: str = "view") -> None:
    events.put_events(
        trackingId=tracking_id,
        userId=user,
        sessionId=f"session-{user}",
        eventList=[{"eventType": kind, "itemId": item, "sentAt": time.time(), "eventValue": 3.0}],
    )


def test_users_get_what_they_love(runtime: Recorder, campaign: str) -> None:
    for kind in ("tea", "tools", "toys"):
        answer = runtime.ask("get_recommendations", campaignArn=campaign, userId=f"{kind}-lover-3", numResults=10)
        assert share(names(answer), kind) >= 0.7
        scores = [item["score"] for item in answer["itemList"]]
        assert scores == sorted(scores, reverse=True)
        assert answer["recommendationId"]


def test_scores_of_all_items_add_up_to_one(runtime: Recorder, campaign: str) -> None:
    answer = runtime.ask("get_recommendations", campaignArn=campaign, userId="tea-lover-1", numResults=500)
    known = [item for item in names(answer) if item in ITEMS]
    assert len(known) == len(set(known))
    assert sum(item["score"] for item in answer["itemList"]) == pytest.approx(1.0)


def test_twenty_five_are_the_default(runtime: Recorder, campaign: str) -> None:
    assert len(names(runtime.ask("get_recommendations", campaignArn=campaign, userId="tea-lover-1"))) == 25


def test_an_unknown_user_gets_what_is_popular(
    personalize: Recorder, runtime: Recorder, shop: str, campaign: str
) -> None:
    version = trained(personalize, shop, "aws-popularity-count")
    popular = deployed(personalize, version, "popular")
    counted = runtime.ask("get_recommendations", campaignArn=popular, numResults=10)
    assert all("score" not in item for item in counted["itemList"])
    answer = runtime.ask("get_recommendations", campaignArn=campaign, userId="nobody-yet", numResults=10)
    assert names(answer) == names(counted)


def test_a_click_changes_the_next_answer(runtime: Recorder, events: Any, campaign: str, tracking_id: str) -> None:
    user = "somebody-new"
    before = names(runtime.ask("get_recommendations", campaignArn=campaign, userId=user, numResults=10))
    for item in ("toys-0", "toys-1"):
        click(events, tracking_id, user, item)
    after = names(runtime.ask("get_recommendations", campaignArn=campaign, userId=user, numResults=10))
    assert after != before
    assert share(after, "toys") > share(before, "toys")
    assert share(after, "toys") >= 0.7


def test_a_session_becomes_its_users(runtime: Recorder, events: Any, campaign: str, tracking_id: str) -> None:
    for item in ("tools-0", "tools-2"):
        events.put_events(
            trackingId=tracking_id,
            sessionId="before-login",
            eventList=[{"eventType": "view", "itemId": item, "sentAt": time.time()}],
        )
    anonymous = names(runtime.ask("get_recommendations", campaignArn=campaign, userId="before-login", numResults=10))
    assert share(anonymous, "tools") >= 0.7
    events.put_events(
        trackingId=tracking_id,
        sessionId="before-login",
        userId="logged-in",
        eventList=[{"eventType": "login", "sentAt": time.time()}],
    )
    assert (
        names(runtime.ask("get_recommendations", campaignArn=campaign, userId="logged-in", numResults=10)) == anonymous
    )


def test_metadata_come_along(runtime: Recorder, campaign: str) -> None:
    answer = runtime.ask(
        "get_recommendations",
        campaignArn=campaign,
        userId="tea-lover-1",
        numResults=3,
        metadataColumns={"ITEMS": ["KIND", "PRICE"]},
    )
    for item in answer["itemList"]:
        kind, number = item["itemId"].split("-")
        assert item["metadata"] == {"KIND": f"{kind}|everything", "PRICE": number}


def test_new_items_are_explored_and_said_to_be(
    personalize: Recorder, runtime: Recorder, user_version: dict[str, Any]
) -> None:
    # Old enough for any: other tests of this session told of events of today.
    config = {"explorationWeight": "1", "explorationItemAgeCutOff": "36500"}
    always = deployed(personalize, user_version, "explorer", itemExplorationConfig=config)
    answer = runtime.ask("get_recommendations", campaignArn=always, userId="tea-lover-1", numResults=10)
    explored = [item for item in answer["itemList"] if item.get("reason") == ["Exploration"]]
    assert explored
    assert all(item["itemId"].startswith("new-") and "score" not in item for item in explored)
    assert not answer["itemList"][0].get("reason")
    assert all(item["itemId"] in ITEMS for item in answer["itemList"] if item not in explored)


def test_a_promotion_gets_its_share(personalize: Recorder, runtime: Recorder, shop: str, campaign: str) -> None:
    toys = personalize.ask(
        "create_filter",
        name="only-toys",
        datasetGroupArn=shop,
        filterExpression='INCLUDE ItemID WHERE Items.KIND IN ("toys")',
    )["filterArn"]
    answer = runtime.ask(
        "get_recommendations",
        campaignArn=campaign,
        userId="tea-lover-1",
        numResults=10,
        promotions=[{"name": "toy-week", "percentPromotedItems": 30, "filterArn": toys}],
    )
    promoted = [item for item in answer["itemList"] if item.get("promotionName") == "toy-week"]
    assert len(promoted) == 3
    assert all(item["itemId"].startswith("toys") and item["reason"] == ["Promoted item"] for item in promoted)
    assert len(answer["itemList"]) == len(set(names(answer))) == 10


def test_similar_items(personalize: Recorder, runtime: Recorder, shop: str) -> None:
    similar = deployed(personalize, trained(personalize, shop, "aws-similar-items"), "similar")
    answer = runtime.ask("get_recommendations", campaignArn=similar, itemId="tea-0", numResults=8)
    assert "tea-0" not in names(answer)
    assert share(names(answer), "tea") >= 0.7
    assert all("score" not in item for item in answer["itemList"])
    with pytest.raises(ClientError, match="itemId"):
        runtime.ask("get_recommendations", campaignArn=similar, userId="tea-lover-1")


def test_ranking(personalize: Recorder, runtime: Recorder, shop: str) -> None:
    ranker = deployed(personalize, trained(personalize, shop, "aws-personalized-ranking"), "ranker")
    given = ["tools-1", "toys-1", "tea-1", "nothing-known", "new-1"]
    answer = runtime.ask("get_personalized_ranking", campaignArn=ranker, userId="toys-lover-2", inputList=given)
    ranked = answer["personalizedRanking"]
    assert ranked[0]["itemId"] == "toys-1"
    assert sorted(item["itemId"] for item in ranked) == sorted(given)
    assert sum(item.get("score", 0.0) for item in ranked) == pytest.approx(1.0)
    assert {item["itemId"] for item in ranked if "score" not in item} == {"nothing-known", "new-1"}
    with pytest.raises(ClientError, match="GetPersonalizedRanking"):
        runtime.ask("get_recommendations", campaignArn=ranker, userId="toys-lover-2")


def test_trends(personalize: Recorder, runtime: Recorder, events: Any, shop: str, tracking_id: str) -> None:
    version = trained(
        personalize,
        shop,
        "aws-trending-now",
        solutionConfig={"featureTransformationParameters": {"trend_discovery_frequency": "30 minutes"}},
    )
    trending = deployed(personalize, version, "trending")
    for number in range(12):
        click(events, tracking_id, f"crowd-{number}", "tools-19")
    for _ in range(100):
        first = names(runtime.ask("get_recommendations", campaignArn=trending, numResults=3))[0]
        if first == "tools-19":
            break
        time.sleep(0.1)
    assert first == "tools-19"


def test_metrics_are_of_hidden_interactions(personalize: Recorder, user_version: dict[str, Any], shop: str) -> None:
    def metrics(version: dict[str, Any]) -> dict[str, float]:
        answer = personalize.ask("get_solution_metrics", solutionVersionArn=version["solutionVersionArn"])
        return dict(answer["metrics"])

    mine = metrics(user_version)
    assert set(mine) == {
        "coverage",
        "mean_reciprocal_rank_at_25",
        *(f"normalized_discounted_cumulative_gain_at_{depth}" for depth in (5, 10, 25)),
        *(f"precision_at_{depth}" for depth in (5, 10, 25)),
    }
    assert all(0 <= value <= 1 for value in mine.values())
    popular = metrics(trained(personalize, shop, "aws-popularity-count", name="popular-again"))
    assert mine["normalized_discounted_cumulative_gain_at_25"] > popular["normalized_discounted_cumulative_gain_at_25"]
    assert mine["coverage"] > popular["coverage"]


def test_an_updated_campaign_answers_all_the_while(
    personalize: Recorder, runtime: Recorder, user_version: dict[str, Any], shop: str
) -> None:
    arn = deployed(personalize, user_version, "updated", itemExplorationConfig={"explorationWeight": "0"})
    solution = user_version["solutionArn"]
    second = personalize.ask("create_solution_version", solutionArn=solution, name="second")["solutionVersionArn"]
    assert ended(personalize, "describe_solution_version", solutionVersionArn=second)["status"] == "ACTIVE"
    personalize.ask("update_campaign", campaignArn=arn, solutionVersionArn=second, minProvisionedTPS=2)
    update: dict[str, Any] = {}
    for _ in range(300):
        assert names(runtime.ask("get_recommendations", campaignArn=arn, userId="tea-lover-1", numResults=5))
        found = personalize.ask("describe_campaign", campaignArn=arn)["campaign"]
        assert found["status"] == "ACTIVE"
        update = found["latestCampaignUpdate"]
        if update["status"] == "ACTIVE":
            break
        time.sleep(0.05)
    assert update["status"] == "ACTIVE"
    assert found["solutionVersionArn"] == second
    assert found["minProvisionedTPS"] == 2
    assert found["campaignConfig"]["itemExplorationConfig"] == {"explorationWeight": "0"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"numResults": 501}, "500"),
        ({"userId": ""}, "userId"),
        ({"metadataColumns": {"USERS": ["AGE"]}}, "ITEMS"),
        ({"metadataColumns": {"ITEMS": ["COLOUR"]}}, "COLOUR"),
        ({"filterValues": {"A": "1"}}, "filterArn"),
    ],
)
def test_refusals(runtime: Recorder, campaign: str, parameters: dict[str, Any], message: str) -> None:
    given = {"campaignArn": campaign, "userId": "tea-lover-1", **parameters}
    with pytest.raises(ClientError, match=message) as refused:
        runtime.ask("get_recommendations", **given)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"


def test_what_is_not_built_says_so(runtime: Recorder, campaign: str) -> None:
    with pytest.raises(ClientError) as refused:
        runtime.ask("get_recommendations", campaignArn=campaign, userId="tea-lover-1", context={"DEVICE": "phone"})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_campaign_that_is_not_there(runtime: Recorder) -> None:
    with pytest.raises(ClientError) as refused:
        runtime.ask(
            "get_recommendations",
            campaignArn="arn:aws:personalize:us-east-1:000000000000:campaign/none",
            userId="tea-lover-1",
        )
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_sequential_model_needs_its_environment(personalize: Recorder, shop: str) -> None:
    parameters = {"algorithmHyperParameters": {"nonet_models": "sequential"}}
    version = trained(personalize, shop, "aws-user-personalization-v2", "sequential", solutionConfig=parameters)
    assert version["status"] == "CREATE FAILED"
    assert "nonet engines install sequence-recommenders" in version["failureReason"]
    with pytest.raises(ClientError, match=r"InvalidInputException.*auto, linear, sequential"):
        trained(
            personalize, shop, "aws-user-personalization-v2", "magic",
            solutionConfig={"algorithmHyperParameters": {"nonet_models": "magic"}},
        )  # fmt: skip
