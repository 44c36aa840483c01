"""Schemas, dataset groups, datasets, imports and event trackers through unmodified boto3."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.personalization.conftest import (
    INTERACTIONS,
    ITEM_FIELDS,
    ROLE,
    fill,
    interactions_csv,
    load,
    schema,
    trained,
)

HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP\n"


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def empty(personalize: Recorder, schemas: dict[str, str]) -> tuple[str, str]:
    """A dataset group with an Interactions dataset without data; both ARNs."""
    group = str(personalize.ask("create_dataset_group", name="empty")["datasetGroupArn"])
    dataset = personalize.ask(
        "create_dataset",
        name="empty",
        schemaArn=schemas["Interactions"],
        datasetGroupArn=group,
        datasetType="INTERACTIONS",
    )
    return group, str(dataset["datasetArn"])


def test_a_schema_comes_back_as_it_was(personalize: Recorder) -> None:
    text = schema("Interactions", INTERACTIONS)
    arn = personalize.ask("create_schema", name="life", schema=text)["schemaArn"]
    assert arn.endswith(":schema/life")
    described = personalize.ask("describe_schema", schemaArn=arn)["schema"]
    assert json.loads(described["schema"]) == json.loads(text)
    assert "life" in [one["name"] for one in personalize.ask("list_schemas")["schemas"]]
    with pytest.raises(ClientError) as refused:
        personalize.ask("create_schema", name="life", schema=text)
    assert code_of(refused) == "ResourceAlreadyExistsException"
    personalize.client.delete_schema(schemaArn=arn)
    with pytest.raises(ClientError) as refused:
        personalize.ask("describe_schema", schemaArn=arn)
    assert code_of(refused) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "JSON"),
        ('{"type": "enum"}', "Avro record"),
        (schema("Interactions", INTERACTIONS[:2]), "TIMESTAMP"),
        (schema("Interactions", [*INTERACTIONS[:4], {"name": "TIMESTAMP", "type": "string"}]), "long"),
        (schema("Items", ITEM_FIELDS[:1]), "metadata"),
        (schema("Items", [ITEM_FIELDS[0], {"name": "A", "type": "string"}]), "categorical"),
        (schema("Users", [{"name": "USER_ID", "type": ["null", "string"]}, {"name": "A", "type": "int"}]), "null"),
        (schema("Shops", INTERACTIONS), "Interactions, Items or Users"),
    ],
)
def test_schemas_that_are_none(personalize: Recorder, text: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        personalize.ask("create_schema", name="wrong", schema=text)
    assert code_of(refused) == "InvalidInputException"


def test_a_dataset_has_a_schema_of_its_type(
    personalize: Recorder, schemas: dict[str, str], empty: tuple[str, str]
) -> None:
    with pytest.raises(ClientError, match="Interactions") as refused:
        personalize.ask(
            "create_dataset",
            name="odd",
            schemaArn=schemas["Interactions"],
            datasetGroupArn=empty[0],
            datasetType="Items",
        )
    assert code_of(refused) == "InvalidInputException"
    with pytest.raises(ClientError) as refused:
        personalize.ask(
            "create_dataset",
            name="second",
            schemaArn=schemas["Interactions"],
            datasetGroupArn=empty[0],
            datasetType="Interactions",
        )
    assert code_of(refused) == "ResourceAlreadyExistsException"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("short-row", HEADER + "a,b,view,1,1700000000\na,b\n", "line 3: has 2 cells"),
        ("bad-time", HEADER + "a,b,view,1,yesterday\n", "TIMESTAMP is not a whole number"),
        ("milliseconds", HEADER + "a,b,view,1,1700000000000\n", "seconds"),
        ("no-user", HEADER + ",b,view,1,1700000000\n", "USER_ID is empty"),
        ("bad-value", HEADER + "a,b,view,much,1700000000\n", "EVENT_VALUE is not a number"),
        ("no-column", "USER_ID,ITEM_ID,TIMESTAMP\na,b,1700000000\n", "EVENT_TYPE"),
        ("extra-column", "COLOUR," + HEADER + "red,a,b,view,1,1700000000\n", "COLOUR"),
        ("header-alone", HEADER, "no rows"),
        ("nothing", "", "empty"),
        ("latin", HEADER.encode() + b"caf\xe9,b,view,1,1700000000\n", "UTF-8"),
        ("open-quote", HEADER + 'a,"b,view,1,1700000000\n', "CSV"),
    ],
)
def test_a_bad_file_is_refused_as_a_whole(
    personalize: Recorder, s3: Any, empty: tuple[str, str], name: str, text: str | bytes, message: str
) -> None:
    job = load(personalize, s3, empty[1], name, text)
    assert job["status"] == "CREATE FAILED"
    assert message in job["failureReason"]
    listed = personalize.ask("list_dataset_import_jobs", datasetArn=empty[1])["datasetImportJobs"]
    assert next(one for one in listed if one["jobName"] == name)["status"] == "CREATE FAILED"


def test_a_file_that_is_not_there(personalize: Recorder, empty: tuple[str, str]) -> None:
    job = personalize.ask(
        "create_dataset_import_job",
        jobName="absent",
        datasetArn=empty[1],
        dataSource={"dataLocation": "s3://shop/absent.csv"},
        roleArn=ROLE,
    )["datasetImportJobArn"]
    found: dict[str, Any] = {"status": ""}
    for _ in range(300):
        found = personalize.client.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"]
        if found["status"] == "CREATE FAILED":
            break
        time.sleep(0.1)
    assert found["status"] == "CREATE FAILED"
    assert "cannot be read" in found["failureReason"]
    with pytest.raises(ClientError, match="s3://"):
        personalize.ask(
            "create_dataset_import_job",
            jobName="elsewhere",
            datasetArn=empty[1],
            dataSource={"dataLocation": "https://example.org/a.csv"},
            roleArn=ROLE,
        )


def test_a_byte_order_mark_quotes_and_another_order_are_fine(
    personalize: Recorder, s3: Any, schemas: dict[str, str]
) -> None:
    group = personalize.ask("create_dataset_group", name="odd-files")["datasetGroupArn"]
    rows = '\ufeffTIMESTAMP,"ITEM_ID",USER_ID,EVENT_VALUE,EVENT_TYPE\r\n1700000000,"a, ""b""",u,,view\r\n'
    job = fill(personalize, s3, group, "Interactions", schemas["Interactions"], rows)
    assert job["status"] == "ACTIVE", job


def test_too_little_data_fails_with_the_minimum(
    personalize: Recorder, s3: Any, schemas: dict[str, str], empty: tuple[str, str]
) -> None:
    few = interactions_csv().splitlines()[:900]
    assert load(personalize, s3, empty[1], "few", "\n".join(few) + "\n")["status"] == "ACTIVE"
    version = trained(personalize, empty[0], "aws-user-personalization", name="hungry")
    assert version["status"] == "CREATE FAILED"
    assert "1000 interactions" in version["failureReason"] and "25 users" in version["failureReason"]
    with pytest.raises(ClientError) as refused:
        personalize.ask("create_campaign", name="hungry", solutionVersionArn=version["solutionVersionArn"])
    assert code_of(refused) == "ResourceInUseException"
    # The rest, in addition: now there is enough.
    rest = interactions_csv().splitlines()
    text = "\n".join([rest[0], *rest[900:]]) + "\n"
    assert load(personalize, s3, empty[1], "more", text, mode="INCREMENTAL")["status"] == "ACTIVE"
    solution = version["solutionArn"]
    again = personalize.ask("create_solution_version", solutionArn=solution)["solutionVersionArn"]
    for _ in range(300):
        status = personalize.ask("describe_solution_version", solutionVersionArn=again)["solutionVersion"]["status"]
        if status in ("ACTIVE", "CREATE FAILED"):
            break
        time.sleep(0.2)
    assert status == "ACTIVE"


def test_only_events_of_the_wanted_kind_count(personalize: Recorder, shop: str) -> None:
    version = trained(personalize, shop, "aws-user-personalization", name="wishes", eventType="wish")
    assert version["status"] == "CREATE FAILED"
    assert "There are 0 interactions" in version["failureReason"]
    version = trained(
        personalize, shop, "aws-user-personalization", name="worth", solutionConfig={"eventValueThreshold": "2"}
    )
    assert version["status"] == "ACTIVE"


@pytest.mark.parametrize(
    "settings",
    [
        {"performHPO": True},
        {"performAutoTraining": True},
        {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "64"}}},
        {"solutionConfig": {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"}}},
        {"recipeArn": "arn:aws:personalize:::recipe/aws-next-best-action"},
    ],
)
def test_settings_that_are_not_built_are_refused(personalize: Recorder, shop: str, settings: dict[str, Any]) -> None:
    given = {"recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization", **settings}
    with pytest.raises(ClientError) as refused:
        personalize.ask("create_solution", name="unbuilt", datasetGroupArn=shop, **given)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_recipes(personalize: Recorder) -> None:
    listed = personalize.ask("list_recipes", recipeProvider="SERVICE")["recipes"]
    assert {"aws-user-personalization", "aws-sims", "aws-trending-now"} <= {one["name"] for one in listed}
    for one in listed:
        recipe = personalize.ask("describe_recipe", recipeArn=one["recipeArn"])["recipe"]
        assert recipe["name"] == one["name"] and recipe["recipeType"] and recipe["algorithmArn"]
    first = personalize.ask("list_recipes", maxResults=3)
    second = personalize.ask("list_recipes", maxResults=100, nextToken=first["nextToken"])
    assert [one["name"] for one in first["recipes"] + second["recipes"]] == [one["name"] for one in listed]


def test_a_group_has_one_tracker(personalize: Recorder, events: Any, schemas: dict[str, str]) -> None:
    group = personalize.ask("create_dataset_group", name="tracked")["datasetGroupArn"]
    made = personalize.ask("create_event_tracker", name="one", datasetGroupArn=group)
    tracker = personalize.ask("describe_event_tracker", eventTrackerArn=made["eventTrackerArn"])["eventTracker"]
    assert tracker["trackingId"] == made["trackingId"]
    with pytest.raises(ClientError) as refused:
        personalize.ask("create_event_tracker", name="two", datasetGroupArn=group)
    assert code_of(refused) == "ResourceAlreadyExistsException"
    event = {"eventType": "view", "itemId": "a", "sentAt": time.time()}
    with pytest.raises(ClientError, match="Interactions dataset"):
        events.put_events(trackingId=made["trackingId"], sessionId="s", eventList=[event])
    with pytest.raises(ClientError) as refused:
        personalize.client.delete_dataset_group(datasetGroupArn=group)
    assert code_of(refused) == "ResourceInUseException"
    personalize.client.delete_event_tracker(eventTrackerArn=made["eventTrackerArn"])
    with pytest.raises(ClientError, match="tracking id"):
        events.put_events(trackingId=made["trackingId"], sessionId="s", eventList=[event])
    personalize.client.delete_dataset_group(datasetGroupArn=group)


def test_events_fit_the_schema(events: Any, tracking_id: str) -> None:
    def put(**members: Any) -> None:
        event = {"eventType": "view", "itemId": "tea-1", "sentAt": time.time(), **members}
        events.put_events(trackingId=tracking_id, userId="careful", sessionId="s", eventList=[event])

    put(properties='{"eventValue": 4}')
    for properties in ('{"colour": "red"}', "[1]", "{", '{"eventValue": "much"}'):
        with pytest.raises(ClientError) as refused:
            put(properties=properties)
        assert code_of(refused) == "InvalidInputException"


def test_what_is_in_use_stays_and_what_is_not_goes(
    personalize: Recorder, runtime: Recorder, s3: Any, schemas: dict[str, str]
) -> None:
    group = personalize.ask("create_dataset_group", name="short-lived")["datasetGroupArn"]
    text = interactions_csv()
    job = fill(personalize, s3, group, "Interactions", schemas["Interactions"], text)
    version = trained(personalize, group, "aws-popularity-count", name="short-lived")
    campaign = personalize.ask("create_campaign", name="short-lived", solutionVersionArn=version["solutionVersionArn"])[
        "campaignArn"
    ]
    for _ in range(100):
        if personalize.ask("describe_campaign", campaignArn=campaign)["campaign"]["status"] == "ACTIVE":
            break
        time.sleep(0.1)
    solution, dataset = version["solutionArn"], job["datasetArn"]
    assert [one["campaignArn"] for one in personalize.ask("list_campaigns", solutionArn=solution)["campaigns"]] == [
        campaign
    ]
    assert len(personalize.ask("list_solution_versions", solutionArn=solution)["solutionVersions"]) == 1
    assert [one["datasetArn"] for one in personalize.ask("list_datasets", datasetGroupArn=group)["datasets"]] == [
        dataset
    ]
    for operation, member, arn in (
        ("delete_schema", "schemaArn", schemas["Interactions"]),
        ("delete_dataset_group", "datasetGroupArn", group),
        ("delete_solution", "solutionArn", solution),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(personalize.client, operation)(**{member: arn})
        assert code_of(refused) == "ResourceInUseException"
    personalize.client.delete_campaign(campaignArn=campaign)
    with pytest.raises(ClientError) as refused:
        runtime.ask("get_recommendations", campaignArn=campaign)
    assert code_of(refused) == "ResourceNotFoundException"
    personalize.client.delete_solution(solutionArn=solution)
    personalize.client.delete_dataset(datasetArn=dataset)
    personalize.client.delete_dataset_group(datasetGroupArn=group)
    assert group not in [one["datasetGroupArn"] for one in personalize.ask("list_dataset_groups")["datasetGroups"]]


def test_tags(personalize: Recorder, shop: str) -> None:
    def tags() -> dict[str, str]:
        answer = personalize.ask("list_tags_for_resource", resourceArn=shop)
        return {tag["tagKey"]: tag["tagValue"] for tag in answer["tags"]}

    assert tags() == {"a": "b"}
    personalize.ask("tag_resource", resourceArn=shop, tags=[{"tagKey": "c", "tagValue": "d"}])
    assert tags() == {"a": "b", "c": "d"}
    personalize.ask("untag_resource", resourceArn=shop, tagKeys=["c"])
    assert tags() == {"a": "b"}


def test_a_training_can_be_stopped(personalize: Recorder, shop: str) -> None:
    solution = personalize.ask(
        "create_solution",
        name="stopped",
        datasetGroupArn=shop,
        recipeArn="arn:aws:personalize:::recipe/aws-user-personalization",
    )["solutionArn"]
    versions = [
        personalize.ask("create_solution_version", solutionArn=solution)["solutionVersionArn"] for _ in range(3)
    ]
    # One training at a time: the last one waits, so it can still be stopped.
    personalize.client.stop_solution_version_creation(solutionVersionArn=versions[-1])
    status = ""
    for _ in range(300):
        found = personalize.ask("describe_solution_version", solutionVersionArn=versions[-1])["solutionVersion"]
        status = found["status"]
        if status == "CREATE STOPPED":
            break
        time.sleep(0.1)
    assert status == "CREATE STOPPED"
