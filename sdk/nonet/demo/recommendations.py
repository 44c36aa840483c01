"""Personalize: books for readers, and what one event changes. Trained behind the other scenes."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from nonet.demo.stage import Stage, settled, timed

ROLE = "arn:aws:iam::000000000000:role/demo"
SHELVES = ("crime", "travel", "cooking")
FIELDS = (("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"))
NEW_READER = "somebody-new"


@dataclass(frozen=True, slots=True)
class Library:
    """A campaign that answers, where its events go, and how long the making took."""

    campaign: str
    dataset_group: str
    loans: int
    seconds: float


def loans() -> list[str]:
    """Rows of a CSV file: 90 readers, each of whom keeps to one shelf and takes 12 to 24 of its 40 books."""
    drawn = random.Random(1)
    rows = []
    for reader in range(90):
        books = drawn.sample(range(40), drawn.randint(12, 24))
        shelf = SHELVES[reader % len(SHELVES)]
        rows += [f"reader-{reader},{shelf}-{book},{1_770_000_000 + 3600 * step}" for step, book in enumerate(books)]
    return rows


def train(stage: Stage) -> Library:
    """Import the loans, train on them, and make a campaign of the model."""
    personalize, s3 = stage.client("personalize"), stage.client("s3")
    started = time.monotonic()
    rows = loans()
    s3.create_bucket(Bucket="library")
    s3.put_object(Bucket="library", Key="loans.csv", Body="\n".join([",".join(name for name, _ in FIELDS), *rows]))
    avro = {"type": "record", "name": "Interactions", "fields": [{"name": n, "type": t} for n, t in FIELDS]}
    schema = personalize.create_schema(name="loans", schema=json.dumps(avro))["schemaArn"]
    group = personalize.create_dataset_group(name="library")["datasetGroupArn"]
    settled("CreateDatasetGroup", lambda: _status(personalize.describe_dataset_group(datasetGroupArn=group)))
    dataset = personalize.create_dataset(
        name="loans", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
    )["datasetArn"]
    settled("CreateDataset", lambda: _status(personalize.describe_dataset(datasetArn=dataset)))
    job = personalize.create_dataset_import_job(
        jobName="loans", datasetArn=dataset, dataSource={"dataLocation": "s3://library/loans.csv"}, roleArn=ROLE
    )["datasetImportJobArn"]
    settled("CreateDatasetImportJob", lambda: _status(personalize.describe_dataset_import_job(datasetImportJobArn=job)))
    recipe = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
    solution = personalize.create_solution(name="books", datasetGroupArn=group, recipeArn=recipe)["solutionArn"]
    settled("CreateSolution", lambda: _status(personalize.describe_solution(solutionArn=solution)))
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    settled("CreateSolutionVersion", lambda: _status(personalize.describe_solution_version(solutionVersionArn=version)))
    campaign = personalize.create_campaign(name="books", solutionVersionArn=version)["campaignArn"]
    settled("CreateCampaign", lambda: _status(personalize.describe_campaign(campaignArn=campaign)))
    return Library(campaign, group, len(rows), time.monotonic() - started)


def _status(answer: dict[str, Any]) -> str:
    """The status of the one resource that a Describe operation answers."""
    return next(str(member["status"]) for member in answer.values() if isinstance(member, dict) and "status" in member)


def show(stage: Stage, library: Library) -> None:
    personalize, runtime = stage.client("personalize"), stage.client("personalize-runtime")
    stage.report.title("Personalize: books for readers, and what one event changes")
    told = f"{library.loans} loans of 90 invented readers, each of whom keeps to one shelf"
    stage.report.row("CreateSolutionVersion", told, library.seconds, {})

    def ask(reader: str, label: str) -> None:
        answer, seconds = timed(
            lambda: runtime.get_recommendations(campaignArn=library.campaign, userId=reader, numResults=10)
        )
        items = [item["itemId"] for item in answer["itemList"]]
        shelves = Counter(item.split("-")[0] for item in items)
        counted = ", ".join(f"{count} {shelf}" for shelf, count in shelves.most_common())
        stage.report.row("GetRecommendations", f"{label}: {counted}; first {', '.join(items[:3])}", seconds, answer)

    ask("reader-0", "a reader of crime")
    ask(NEW_READER, "somebody new")
    tracker = personalize.create_event_tracker(name="library", datasetGroupArn=library.dataset_group)
    settled(
        "CreateEventTracker",
        lambda: _status(personalize.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])),
    )
    event = {"eventType": "loan", "itemId": "travel-1", "sentAt": time.time()}
    answer, seconds = timed(
        lambda: stage.client("personalize-events").put_events(
            trackingId=tracker["trackingId"], userId=NEW_READER, sessionId="visit-1", eventList=[event]
        )
    )
    stage.report.row("PutEvents", "somebody new borrows travel-1", seconds, answer)
    ask(NEW_READER, "the same reader, right after")
