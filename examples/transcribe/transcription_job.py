"""A recording as text: who said what, with subtitles: python transcription_job.py [FILE [PEOPLE]]."""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3

call = Path(__file__).parents[1] / "chains" / "call" / "call.ogg"
path, people = sys.argv[1] if len(sys.argv) > 1 else str(call), int(sys.argv[2]) if len(sys.argv) > 2 else 1
name = f"talk-{uuid.uuid4().hex[:12]}"
s3, transcribe = boto3.client("s3"), boto3.client("transcribe")
s3.create_bucket(Bucket=name)
s3.upload_file(path, name, "recording")
settings = {"ShowSpeakerLabels": True, "MaxSpeakerLabels": people} if people > 1 else {}
transcribe.start_transcription_job(
    TranscriptionJobName=name,
    LanguageCode="en-US",
    Media={"MediaFileUri": f"s3://{name}/recording"},
    OutputBucketName=name,
    Settings=settings,
    Subtitles={"Formats": ["srt"], "OutputStartIndex": 1},
)
while True:
    job = transcribe.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"]
    if job["TranscriptionJobStatus"] in ("COMPLETED", "FAILED"):
        break
    time.sleep(1)
print(job["TranscriptionJobStatus"], job.get("FailureReason", ""))
if job["TranscriptionJobStatus"] == "COMPLETED":
    results = json.load(s3.get_object(Bucket=name, Key=f"{name}.json")["Body"])["results"]
    for segment in results["audio_segments"]:
        print(segment["start_time"], segment.get("speaker_label", ""), segment["transcript"])
    print(s3.get_object(Bucket=name, Key=f"{name}.srt")["Body"].read().decode())
newest = transcribe.list_transcription_jobs(JobNameContains="talk-", MaxResults=1)["TranscriptionJobSummaries"][0]
print("the newest job is", newest["TranscriptionJobStatus"])
transcribe.delete_transcription_job(TranscriptionJobName=name)
for entry in s3.list_objects_v2(Bucket=name).get("Contents", []):
    s3.delete_object(Bucket=name, Key=entry["Key"])
s3.delete_bucket(Bucket=name)
