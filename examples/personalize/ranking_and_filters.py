"""A list in the order that a user may like, and recommendations through a filter."""

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


# A menu of soups and cakes; sixty guests like one or the other.
drawn = random.Random(2)
dishes = [(f"{kind}-{number}", kind, number) for kind in ("soup", "cake") for number in range(1, 31)]
orders = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
for guest in range(60):
    liked = [name for name, kind, _ in dishes if kind == ("soup", "cake")[guest % 2]]
    for step, name in enumerate(drawn.sample(liked, 20)):
        orders.append(f"guest-{guest},{name},{drawn.choice(['look', 'order'])},{1700000000 + 60 * step}")
menu = ["ITEM_ID,KIND,PRICE", *(f"{name},{kind},{number}" for name, kind, number in dishes)]
restaurant = f"restaurant-{int(time.time())}"
s3.create_bucket(Bucket=restaurant)

group = personalize.create_dataset_group(name=restaurant)["datasetGroupArn"]
for kind, lines, fields in (
    (
        "Interactions",
        orders,
        [("USER_ID", "string"), ("ITEM_ID", "string"), ("EVENT_TYPE", "string"), ("TIMESTAMP", "long")],
    ),
    ("Items", menu, [("ITEM_ID", "string"), ("KIND", "string"), ("PRICE", "float")]),
):
    columns = [
        {"name": name, "type": what, **({"categorical": True} if name == "KIND" else {})} for name, what in fields
    ]
    schema = json.dumps({"type": "record", "name": kind, "fields": columns})
    dataset = personalize.create_dataset(
        name=f"{restaurant}-{kind}",
        schemaArn=personalize.create_schema(name=f"{restaurant}-{kind}", schema=schema)["schemaArn"],
        datasetGroupArn=group,
        datasetType=kind,
    )["datasetArn"]
    s3.put_object(Bucket=restaurant, Key=f"{kind}.csv", Body="\n".join(lines) + "\n")
    job = personalize.create_dataset_import_job(
        jobName=f"{restaurant}-{kind}",
        datasetArn=dataset,
        dataSource={"dataLocation": f"s3://{restaurant}/{kind}.csv"},
        roleArn=ROLE,
    )["datasetImportJobArn"]
    ended(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)


def campaign(recipe):
    solution = personalize.create_solution(
        name=f"{restaurant}-{recipe}", datasetGroupArn=group, recipeArn=f"arn:aws:personalize:::recipe/{recipe}"
    )["solutionArn"]
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    ended(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    arn = personalize.create_campaign(name=f"{restaurant}-{recipe}", solutionVersionArn=version)["campaignArn"]
    ended(personalize.describe_campaign, "campaign", campaignArn=arn)
    return arn


ranked = runtime.get_personalized_ranking(
    campaignArn=campaign("aws-personalized-ranking-v2"), userId="guest-0", inputList=["cake-1", "soup-1", "cake-2"]
)["personalizedRanking"]
print("first for a guest who likes soup:", ranked[0]["itemId"])

cheap = personalize.create_filter(
    name=f"{restaurant}-cheap-and-new-to-me",
    datasetGroupArn=group,
    filterExpression=(
        "INCLUDE ItemID WHERE Items.KIND IN ($KIND) AND Items.PRICE <= 10 "
        '| EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("order")'
    ),
)["filterArn"]
items = runtime.get_recommendations(
    campaignArn=campaign("aws-user-personalization"),
    userId="guest-0",
    filterArn=cheap,
    filterValues={"KIND": '"soup"'},
)["itemList"]
prices = [int(item["itemId"].split("-")[1]) for item in items]
print("soups only:", all(item["itemId"].startswith("soup") for item in items), "- dearest:", max(prices) <= 10)

# Everything is deleted again, what was made last first.
for solution in personalize.list_solutions(datasetGroupArn=group)["solutions"]:
    arn = solution["solutionArn"]
    for made in personalize.list_campaigns(solutionArn=arn)["campaigns"]:
        personalize.delete_campaign(campaignArn=made["campaignArn"])
        gone(personalize.describe_campaign, campaignArn=made["campaignArn"])
    personalize.delete_solution(solutionArn=arn)
    gone(personalize.describe_solution, solutionArn=arn)
personalize.delete_filter(filterArn=cheap)
for made in personalize.list_datasets(datasetGroupArn=group)["datasets"]:
    arn = made["datasetArn"]
    schema = personalize.describe_dataset(datasetArn=arn)["dataset"]["schemaArn"]
    personalize.delete_dataset(datasetArn=arn)
    gone(personalize.describe_dataset, datasetArn=arn)
    personalize.delete_schema(schemaArn=schema)
personalize.delete_dataset_group(datasetGroupArn=group)
for kind in ("Interactions", "Items"):
    s3.delete_object(Bucket=restaurant, Key=f"{kind}.csv")
s3.delete_bucket(Bucket=restaurant)
