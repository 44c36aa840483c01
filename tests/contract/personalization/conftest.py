"""A Nonet that recommends, and a small shop in it whose customers have tastes.

The shop: 60 items of three kinds, 90 customers who mostly buy one kind. Everything is drawn from a seed, and what a
test expects of a recommendation follows from how the shop was drawn.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.running import client, nonet

KINDS = ("tea", "tools", "toys")
ITEMS = [f"{kind}-{number}" for kind in KINDS for number in range(20)]
USERS = [f"{kind}-lover-{number}" for kind in KINDS for number in range(30)]
ROLE = "arn:aws:iam::000000000000:role/nonet"
INTERACTIONS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["null", "float"]},
    {"name": "TIMESTAMP", "type": "long"},
]
ITEM_FIELDS = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "KIND", "type": "string", "categorical": True},
    {"name": "PRICE", "type": ["null", "float"]},
    {"name": "CREATION_TIMESTAMP", "type": "long"},
]
USER_FIELDS = [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}]
SECONDS = 120
START = 1_700_000_000


def schema(name: str, fields: list[dict[str, Any]]) -> str:
    """An Avro schema as Personalize takes it."""
    namespace = "com.amazonaws.personalize.schema"
    return json.dumps({"type": "record", "name": name, "namespace": namespace, "fields": fields, "version": "1.0"})


def interactions_csv(seed: int = 1) -> str:
    """Rows of the shop's purchases: four of five are of the kind that the customer loves."""
    drawn = random.Random(seed)
    rows = ["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP"]
    for user in USERS:
        loved = user.split("-")[0]
        for step in range(16):
            kind = loved if drawn.random() < 0.8 else drawn.choice(KINDS)
            item = f"{kind}-{int(20 * drawn.random() ** 2)}"
            rows.append(f"{user},{item},{drawn.choice(['view', 'buy'])},{drawn.randint(1, 5)},{START + 1000 * step}")
    return "\n".join(rows) + "\n"


def items_csv() -> str:
    """The shop's items; those called new-... nobody ever bought."""
    rows = ["ITEM_ID,KIND,PRICE,CREATION_TIMESTAMP"]
    for number, item in enumerate(ITEMS):
        kind = item.split("-")[0]
        rows.append(f"{item},{kind}|everything,{number % 20},{START}")
    rows += [f"new-{number},tea,,{START + 15_000}" for number in range(3)]
    return "\n".join(rows) + "\n"


def ended(personalize: Recorder, operation: str, **parameters: Any) -> dict[str, Any]:
    """Ask until what a job makes is there, or is not."""
    for _ in range(SECONDS * 5):
        if "import" in operation:
            # botocore's model wants an ARN of Personalize where Amazon gives the IAM role back, as we do.
            given = getattr(personalize.client, operation)(**parameters)
            given.pop("ResponseMetadata")
        else:
            given = personalize.ask(operation, **parameters)
        (answer,) = given.values()
        if answer["status"] in ("ACTIVE", "CREATE FAILED", "CREATE STOPPED"):
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{operation} did not end within {SECONDS} seconds")


def fill(personalize: Recorder, s3: Any, group: str, kind: str, schema_arn: str, text: str) -> dict[str, Any]:
    """Make a dataset of a group and import a CSV file; the import job, ended."""
    name = f"{group.rpartition('/')[2]}-{kind.lower()}"
    dataset = personalize.ask(
        "create_dataset", name=name, schemaArn=schema_arn, datasetGroupArn=group, datasetType=kind
    )["datasetArn"]
    return load(personalize, s3, dataset, name, text)


def load(
    personalize: Recorder, s3: Any, dataset: str, name: str, text: str | bytes, mode: str = "FULL"
) -> dict[str, Any]:
    """Import a CSV file into a dataset; the import job, ended."""
    s3.put_object(Bucket="shop", Key=f"{name}.csv", Body=text if isinstance(text, bytes) else text.encode())
    job = personalize.ask(
        "create_dataset_import_job",
        jobName=name,
        datasetArn=dataset,
        dataSource={"dataLocation": f"s3://shop/{name}.csv"},
        roleArn=ROLE,
        importMode=mode,
    )["datasetImportJobArn"]
    return ended(personalize, "describe_dataset_import_job", datasetImportJobArn=job)


def trained(personalize: Recorder, group: str, recipe: str, name: str = "", **settings: Any) -> dict[str, Any]:
    """Make a solution and a version of it; the version, ended."""
    solution = personalize.ask(
        "create_solution",
        name=name or f"shop-{recipe}",
        datasetGroupArn=group,
        recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
        **settings,
    )["solutionArn"]
    version = personalize.ask("create_solution_version", solutionArn=solution)["solutionVersionArn"]
    return ended(personalize, "describe_solution_version", solutionVersionArn=version)


def deployed(personalize: Recorder, version: dict[str, Any], name: str, **config: Any) -> str:
    """Make a campaign and wait for it; its ARN."""
    assert version["status"] == "ACTIVE", version
    campaign = personalize.ask(
        "create_campaign", name=name, solutionVersionArn=version["solutionVersionArn"], campaignConfig=config
    )["campaignArn"]
    assert ended(personalize, "describe_campaign", campaignArn=campaign)["status"] == "ACTIVE"
    return str(campaign)


@pytest.fixture(scope="session")
def recommending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    services = "personalization,personalization_runtime,personalization_events"
    with nonet(tmp_path_factory.mktemp("personalization"), services=services) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def personalize(recommending: Addresses) -> Recorder:
    return Recorder(client("personalize", recommending))


@pytest.fixture(scope="session")
def runtime(recommending: Addresses) -> Recorder:
    return Recorder(client("personalize-runtime", recommending))


@pytest.fixture(scope="session")
def events(recommending: Addresses) -> Any:
    return client("personalize-events", recommending)


@pytest.fixture(scope="session")
def s3(recommending: Addresses) -> Any:
    made = client("s3", recommending, config={"s3": {"addressing_style": "path"}})
    made.create_bucket(Bucket="shop")
    return made


@pytest.fixture(scope="session")
def schemas(personalize: Recorder) -> dict[str, str]:
    """ARNs of the shop's schemas by dataset type."""
    named = {"Interactions": INTERACTIONS, "Items": ITEM_FIELDS, "Users": USER_FIELDS}
    return {
        name: personalize.ask("create_schema", name=f"shop-{name.lower()}", schema=schema(name, fields))["schemaArn"]
        for name, fields in named.items()
    }


@pytest.fixture(scope="session")
def shop(personalize: Recorder, s3: Any, schemas: dict[str, str]) -> str:
    """A dataset group with all three datasets imported."""
    group = str(
        personalize.ask("create_dataset_group", name="shop", tags=[{"tagKey": "a", "tagValue": "b"}])["datasetGroupArn"]
    )
    people = "USER_ID,AGE\n" + "".join(f"{user},{20 + number % 50}\n" for number, user in enumerate(USERS))
    for kind, text in (("Interactions", interactions_csv()), ("Items", items_csv()), ("Users", people)):
        job = fill(personalize, s3, group, kind, schemas[kind], text)
        assert job["status"] == "ACTIVE", job
    return group


@pytest.fixture(scope="session")
def tracking_id(personalize: Recorder, shop: str) -> str:
    return str(personalize.ask("create_event_tracker", name="shop", datasetGroupArn=shop)["trackingId"])


@pytest.fixture(scope="session")
def user_version(personalize: Recorder, shop: str) -> dict[str, Any]:
    return trained(personalize, shop, "aws-user-personalization")


@pytest.fixture(scope="session")
def campaign(personalize: Recorder, user_version: dict[str, Any]) -> str:
    """Recommends to users, without exploration."""
    return deployed(
        personalize,
        user_version,
        "for-users",
        itemExplorationConfig={"explorationWeight": "0"},
        enableMetadataWithRecommendations=True,
    )
