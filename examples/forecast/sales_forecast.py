"""Daily sales in, a forecast with quantiles out: dataset, import, predictor, accuracy, forecast, query."""

import math
import random
import time
import uuid
from datetime import datetime, timedelta

import boto3

ROLE = "arn:aws:iam::123456789012:role/ForecastRole"
SCHEMA = {
    "Attributes": [
        {"AttributeName": "item_id", "AttributeType": "string"},
        {"AttributeName": "timestamp", "AttributeType": "timestamp"},
        {"AttributeName": "demand", "AttributeType": "float"},
    ]
}


def finished(describe, **arn):
    """Wait until a resource is made."""
    while (answer := describe(**arn))["Status"] not in ("ACTIVE", "CREATE_FAILED"):
        time.sleep(1)
    print(answer["Status"], answer.get("Message", ""))
    return answer


name = f"shop_{uuid.uuid4().hex[:8]}"
noise = random.Random(1)
rows = ["item_id,timestamp,demand"]
for item, level in (("bread", 120), ("milk", 80)):
    for day in range(140):
        demand = level + 25 * math.sin(2 * math.pi * day / 7) + noise.gauss(0, 4)
        rows.append(f"{item},{datetime(2024, 1, 1) + timedelta(days=day):%Y-%m-%d},{demand:.1f}")

s3 = boto3.client("s3")
bucket = name.replace("_", "-")
s3.create_bucket(Bucket=bucket)
s3.put_object(Bucket=bucket, Key="sales.csv", Body="\n".join(rows).encode())

forecast = boto3.client("forecast")
dataset = forecast.create_dataset(
    DatasetName=name, Domain="RETAIL", DatasetType="TARGET_TIME_SERIES", DataFrequency="D", Schema=SCHEMA
)["DatasetArn"]
group = forecast.create_dataset_group(DatasetGroupName=name, Domain="RETAIL")["DatasetGroupArn"]
forecast.update_dataset_group(DatasetGroupArn=group, DatasetArns=[dataset])
print(forecast.describe_dataset_group(DatasetGroupArn=group)["Status"])
print(forecast.describe_dataset(DatasetArn=dataset)["DataFrequency"])
job = forecast.create_dataset_import_job(
    DatasetImportJobName=name,
    DatasetArn=dataset,
    TimestampFormat="yyyy-MM-dd",
    DataSource={"S3Config": {"Path": f"s3://{bucket}/sales.csv", "RoleArn": ROLE}},
)["DatasetImportJobArn"]
imported = finished(forecast.describe_dataset_import_job, DatasetImportJobArn=job)
print(imported["FieldStatistics"]["demand"]["Count"], "rows")

predictor = forecast.create_auto_predictor(
    PredictorName=name, ForecastHorizon=14, ForecastFrequency="D", DataConfig={"DatasetGroupArn": group}
)["PredictorArn"]
finished(forecast.describe_auto_predictor, PredictorArn=predictor)
window = forecast.get_accuracy_metrics(PredictorArn=predictor)["PredictorEvaluationResults"][0]["TestWindows"][-1]
print("WAPE below 0.1:", window["Metrics"]["ErrorMetrics"][0]["WAPE"] < 0.1)

made = forecast.create_forecast(ForecastName=name, PredictorArn=predictor)["ForecastArn"]
finished(forecast.describe_forecast, ForecastArn=made)
answer = boto3.client("forecastquery").query_forecast(ForecastArn=made, Filters={"item_id": "bread"})
predictions = answer["Forecast"]["Predictions"]
for low, middle, high in zip(*(predictions[label] for label in ("p10", "p50", "p90")), strict=True):
    print(f"{middle['Timestamp'][:10]}  {low['Value']:6.1f} {middle['Value']:6.1f} {high['Value']:6.1f}")

forecast.delete_resource_tree(ResourceArn=group)
forecast.delete_resource_tree(ResourceArn=dataset)
s3.delete_object(Bucket=bucket, Key="sales.csv")
s3.delete_bucket(Bucket=bucket)
