"""SDK calls of real services, through the host's whole chain."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.orchestration.tasks import sdk_calls as module
from services.orchestration.tasks.registry import TaskRegistry
from services.orchestration.tasks.sdk_calls import SdkCalls
from services.orchestration.tasks.task import Task, TaskFailed
from shared import errors
from shared.platform import Platform
from tests.conftest import ROOT
from tests.unit.services.orchestration.tasks.conftest import ACCOUNT, make_task

CAUSE = re.compile(r".+ \(Service: Comprehend, Status Code: (\d+), Request ID: [0-9a-f-]{36}\)")


async def failure(calls: SdkCalls, task: Task) -> TaskFailed:
    with pytest.raises(TaskFailed) as caught:
        await calls.invoke(task)
    return caught.value


async def test_an_answer(platform: Platform) -> None:
    task = make_task("aws-sdk:comprehend:detectSentiment", {"Text": "I love it!", "LanguageCode": "en"})
    answer = await SdkCalls(platform).invoke(task)
    assert answer["Sentiment"] == "POSITIVE"
    assert set(answer["SentimentScore"]) == {"Positive", "Negative", "Neutral", "Mixed"}


@pytest.mark.parametrize(
    ("action", "parameters", "error", "status"),
    [
        ("detectSentiment", {"Text": "x" * 5001, "LanguageCode": "en"}, "Comprehend.TextSizeLimitExceededException", "400"),
        ("detectSentiment", {"Text": "x", "LanguageCode": "xx"}, "Comprehend.UnsupportedLanguageException", "400"),
        ("detectSentiment", {"Text": 7, "LanguageCode": "en"}, "Comprehend.ComprehendException", "400"),
        ("listTagsForResource", {"ResourceArn": "arn:aws:comprehend:us-east-1:000000000000:flywheel/f"}, "Comprehend.ComprehendException", "501"),
    ],
)  # fmt: skip
async def test_errors_of_the_service(platform: Platform, action: str, parameters: Any, error: str, status: str) -> None:
    failed = await failure(SdkCalls(platform), make_task(f"aws-sdk:comprehend:{action}", parameters))
    assert failed.error == error
    match = CAUSE.fullmatch(failed.cause)
    assert match is not None
    assert match[1] == status


async def test_a_service_that_is_not_there(platform: Platform) -> None:
    """Every API of the contract can be named; one that nobody built fails in a way that Catch can see."""
    failed = await failure(SdkCalls(platform), make_task("aws-sdk:comprehendmedical:listPHIDetectionJobs", {}))
    assert failed.error == "ComprehendMedical.ComprehendMedicalException"
    assert "Status Code: 501" in failed.cause


@pytest.mark.parametrize("parameters", [{}, {"text": "x", "LanguageCode": "en"}, [], "x", None])
async def test_parameters_that_are_none(platform: Platform, parameters: Any) -> None:
    task = make_task("aws-sdk:comprehend:detectSentiment", parameters)
    failed = await failure(SdkCalls(platform), task)
    assert failed.error == "States.Runtime"
    assert "could not be used to start the Task" in failed.cause


class _Recorded:
    """Stands where ``platform.operations`` does and answers from a list."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def call(self, operation: Any, parameters: Any, **_: Any) -> Any:
        self.asked.append((operation.name, dict(parameters)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


START = {
    "InputDataConfig": {"S3Uri": "s3://b/i"},
    "OutputDataConfig": {"S3Uri": "s3://b/o"},
    "DataAccessRoleArn": "r",
    "LanguageCode": "en",
}


def status(word: str) -> dict[str, Any]:
    return {"SentimentDetectionJobProperties": {"JobId": "j", "JobStatus": word, "EndTime": 1700000000}}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_POLL_SECONDS", 0.001)


async def test_a_client_token_is_filled_in_and_stays_the_same(platform: Platform) -> None:
    recorded = _Recorded(*[{"JobId": "j"}] * 4)
    platform.operations = recorded  # type: ignore[assignment]
    calls = SdkCalls(platform)
    for key, more in (("one", {}), ("one", {}), ("two", {}), ("one", {"ClientRequestToken": "mine"})):
        await calls.invoke(make_task("comprehend:startSentimentDetectionJob", {**START, **more}, "sync", key))
    tokens = [parameters["ClientRequestToken"] for _, parameters in recorded.asked]
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[3] == "mine"
    assert all(re.fullmatch(r"[a-zA-Z0-9-]{1,64}", token) for token in tokens)


async def test_sync_waits_for_the_end(platform: Platform) -> None:
    recorded = _Recorded(
        {"JobId": "j"},
        status("SUBMITTED"),
        errors.ResourceExhausted("slower"),
        status("IN_PROGRESS"),
        status("COMPLETED"),
    )
    platform.operations = recorded  # type: ignore[assignment]
    calls = SdkCalls(platform)
    task = make_task("comprehend:startSentimentDetectionJob", START, "sync")
    submitted = await calls.invoke(task)
    # As after a restart: nothing but what was submitted is known.
    answer = await SdkCalls(platform).completion(task, submitted)
    assert answer["SentimentDetectionJobProperties"]["EndTime"] == "2023-11-14T22:13:20Z"
    assert [name for name, _ in recorded.asked[1:]] == ["DescribeSentimentDetectionJob"] * 4
    assert recorded.asked[-1][1] == {"JobId": "j"}


@pytest.mark.parametrize("word", ["FAILED", "STOPPED"])
async def test_a_job_that_ends_badly(platform: Platform, word: str) -> None:
    platform.operations = _Recorded(status(word))  # type: ignore[assignment]
    task = make_task("comprehend:startSentimentDetectionJob", START, "sync")
    with pytest.raises(TaskFailed) as caught:
        await SdkCalls(platform).completion(task, {"JobId": "j"})
    assert caught.value.error == "States.TaskFailed"
    assert word in caught.value.cause


async def test_a_job_that_is_forgotten(platform: Platform) -> None:
    platform.operations = _Recorded(errors.NotFound("no such job", aws_code="JobNotFoundException"))  # type: ignore[assignment]
    with pytest.raises(TaskFailed) as caught:
        await SdkCalls(platform).completion(
            make_task("comprehend:startSentimentDetectionJob", START, "sync"), {"JobId": "j"}
        )
    assert caught.value.error == "Comprehend.JobNotFoundException"


async def test_results_that_no_state_can_hold_are_asked_for_in_smaller_pages(platform: Platform) -> None:
    def page(count: int) -> dict[str, Any]:
        return {
            "JobStatus": "SUCCEEDED",
            "Blocks": [{"Id": str(n), "Text": "x" * 1000} for n in range(count)],
            "NextToken": "t",
        }

    recorded = _Recorded(page(1000), page(500), page(250))
    platform.operations = recorded  # type: ignore[assignment]
    answer = await SdkCalls(platform).completion(
        make_task("textract:startDocumentAnalysis", {}, "sync"), {"JobId": "j"}
    )
    assert len(answer["Blocks"]) == 250
    assert answer["NextToken"] == "t"
    assert [asked.get("MaxResults") for _, asked in recorded.asked] == [None, 500, 250]


async def test_a_real_job(platform: Platform) -> None:
    await platform.objects.create_bucket(ACCOUNT, "letters")
    await platform.objects.put(ACCOUNT, "letters", "letter.pdf", (ROOT / "examples/textract/letter.pdf").read_bytes())
    await platform.jobs.start()
    registry = TaskRegistry(platform)
    integration, name, pattern = registry.find("arn:aws:states:::textract:startDocumentTextDetection.sync")
    place = {"DocumentLocation": {"S3Object": {"Bucket": "letters", "Name": "letter.pdf"}}}
    task = make_task(name, place, pattern)
    submitted = await integration.invoke(task)
    assert await integration.invoke(task) == submitted
    answer = await integration.completion(task, submitted)
    assert answer["JobStatus"] == "SUCCEEDED"
    assert "Harbour Trust" in [block.get("Text") for block in answer["Blocks"]]
    await registry.close()
    await platform.jobs.drain(5)
