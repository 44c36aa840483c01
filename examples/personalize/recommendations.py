"""From a file of interactions to recommendations that heed the last click."""

import json
import random
import time

import boto3

ROLE = "arn:aws:iam::000000000000:role/personalize"
personalize = boto3.client("personalize")
runtime = boto3.client("personalize-runtime")
s3 = boto3.client("s3")


def ended(describe, member, **arguments):
    """Wait until it is there."""
    while (found := describe(**arguments)[member])["status"] not in ("ACTIVE", "CREATE FAILED"):
        time.sleep(0.5)
    return found


def gone(describe, **arn):
    """Wait until it is deleted."""
    try:
        while describe(**arn):
            time.sleep(0.5)
    except personalize.exceptions.ResourceNotFoundException:
        return


name = f"library-{int(time.time())}"
# Sixty readers: half of them read crime, half of them travel books.
drawn = random.Random(1)
rows = ["USER_ID,ITEM_ID,TIMESTAMP"]
for reader in range(60):
    shelf = ("crime", "travel")[reader % 2]
    books = drawn.sample(range(40), 20)
    rows += [f"reader-{reader},{shelf}-{book},{1700000000 + 60 * step}" for step, book in enumerate(books)]
s3.create_bucket(Bucket=name)
s3.put_object(Bucket=name, Key="loans.csv", Body="\n".join(rows) + "\n")

fields = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
]
schema = personalize.create_schema(
    name=name, schema=json.dumps({"type": "record", "name": "Interactions", "fields": fields})
)["schemaArn"]
print(len(json.loads(personalize.describe_schema(schemaArn=schema)["schema"]["schema"])["fields"]), "columns")
group = personalize.create_dataset_group(name=name)["datasetGroupArn"]
ended(personalize.describe_dataset_group, "datasetGroup", datasetGroupArn=group)
dataset = personalize.create_dataset(name=name, schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")[
    "datasetArn"
]
ended(personalize.describe_dataset, "dataset", datasetArn=dataset)
job = personalize.create_dataset_import_job(
    jobName=name, datasetArn=dataset, dataSource={"dataLocation": f"s3://{name}/loans.csv"}, roleArn=ROLE
)["datasetImportJobArn"]
print("import", ended(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)["status"])

print([recipe["name"] for recipe in personalize.list_recipes()["recipes"]])
recipe = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
print(personalize.describe_recipe(recipeArn=recipe)["recipe"]["recipeType"])
solution = personalize.create_solution(name=name, datasetGroupArn=group, recipeArn=recipe)["solutionArn"]
ended(personalize.describe_solution, "solution", solutionArn=solution)
version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
print("training", ended(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)["status"])
for metric, value in sorted(personalize.get_solution_metrics(solutionVersionArn=version)["metrics"].items()):
    print(f"  {metric} {value:.3f}")
campaign = personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
ended(personalize.describe_campaign, "campaign", campaignArn=campaign)


def shelves(user):
    items = runtime.get_recommendations(campaignArn=campaign, userId=user, numResults=10)["itemList"]
    return [item["itemId"].split("-")[0] for item in items]


print("a crime reader gets", shelves("reader-0").count("crime"), "crime books of 10")

tracker = personalize.create_event_tracker(name=name, datasetGroupArn=group)
ended(personalize.describe_event_tracker, "eventTracker", eventTrackerArn=tracker["eventTrackerArn"])
boto3.client("personalize-events").put_events(
    trackingId=tracker["trackingId"],
    userId="somebody-new",
    sessionId="visit-1",
    eventList=[{"eventType": "loan", "itemId": f"travel-{book}", "sentAt": time.time()} for book in (1, 2)],
)
print("somebody who has just borrowed two travel books gets", shelves("somebody-new").count("travel"), "of 10")

# Everything is deleted again, what was made last first.
personalize.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])
personalize.delete_campaign(campaignArn=campaign)
gone(personalize.describe_campaign, campaignArn=campaign)
personalize.delete_solution(solutionArn=solution)
gone(personalize.describe_solution, solutionArn=solution)
personalize.delete_dataset(datasetArn=dataset)
gone(personalize.describe_dataset, datasetArn=dataset)
personalize.delete_dataset_group(datasetGroupArn=group)
personalize.delete_schema(schemaArn=schema)
s3.delete_object(Bucket=name, Key="loans.csv")
s3.delete_bucket(Bucket=name)
