"""Jobs and how their end is seen, for every API of the contract."""

from __future__ import annotations

import pytest

from services.orchestration.tasks.sdk_names import SERVICES
from services.orchestration.tasks.sync_jobs import Progress, find_job, progress


@pytest.mark.parametrize(
    ("service", "action", "watch", "keys", "status_path"),
    [
        ("transcribe", "startTranscriptionJob", "GetTranscriptionJob", ["TranscriptionJobName"], ["TranscriptionJob", "TranscriptionJobStatus"]),
        ("comprehend", "startTopicsDetectionJob", "DescribeTopicsDetectionJob", ["JobId"], ["TopicsDetectionJobProperties", "JobStatus"]),
        ("comprehend", "createEndpoint", "DescribeEndpoint", ["EndpointArn"], ["EndpointProperties", "Status"]),
        ("textract", "startDocumentAnalysis", "GetDocumentAnalysis", ["JobId"], ["JobStatus"]),
        ("translate", "startTextTranslationJob", "DescribeTextTranslationJob", ["JobId"], ["TextTranslationJobProperties", "JobStatus"]),
        ("translate", "createParallelData", "GetParallelData", ["Name"], ["ParallelDataProperties", "Status"]),
        ("personalize", "createSolutionVersion", "DescribeSolutionVersion", ["SolutionVersionArn"], ["SolutionVersion", "Status"]),
        ("forecast", "createAutoPredictor", "DescribeAutoPredictor", ["PredictorArn"], ["Status"]),
        ("polly", "startSpeechSynthesisTask", "GetSpeechSynthesisTask", ["TaskId"], ["SynthesisTask", "TaskStatus"]),
        ("rekognition", "startLabelDetection", "GetLabelDetection", ["JobId"], ["JobStatus"]),
        ("lexmodelsv2", "buildBotLocale", "DescribeBotLocale", ["BotId", "BotVersion", "LocaleId"], ["BotLocaleStatus"]),
        ("lexmodelsv2", "startImport", "DescribeImport", ["ImportId"], ["ImportStatus"]),
        ("comprehendmedical", "startPHIDetectionJob", "DescribePHIDetectionJob", ["JobId"], ["ComprehendMedicalAsyncJobProperties", "JobStatus"]),
    ],
)  # fmt: skip
def test_pairs(service: str, action: str, watch: str, keys: list[str], status_path: list[str]) -> None:
    job = find_job(service, action)
    assert job is not None
    assert (job.watch.name, list(job.keys), list(job.status_path)) == (watch, keys, status_path)


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("comprehend", "detectSentiment"),
        ("sfn", "startExecution"),
        ("rekognition", "createCollection"),
        ("rekognition", "startStreamProcessor"),
        ("nobody", "startJob"),
    ],
)
def test_what_is_no_job(service: str, action: str) -> None:
    assert find_job(service, action) is None


def test_every_start_operation_with_a_job_id_is_a_job() -> None:
    started = [
        (service.name, operation.name)
        for service in SERVICES.values()
        for operation in service.api.operations.values()
        if "JobId" in operation.response_class.DESCRIPTOR.fields_by_name
        or "job_id" in operation.response_class.DESCRIPTOR.fields_by_name
        if operation.name.startswith("Start")
    ]
    assert len(started) > 25
    missing = [(service, name) for service, name in started if find_job(service, name[0].lower() + name[1:]) is None]
    assert not missing


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("COMPLETED", Progress.ENDED_WELL), ("COMPLETED_WITH_ERROR", Progress.ENDED_WELL),
        ("PARTIAL_SUCCESS", Progress.ENDED_WELL), ("TRAINED_WITH_WARNING", Progress.ENDED_WELL),
        ("IN_SERVICE", Progress.ENDED_WELL), ("ReadyExpressTesting", Progress.ENDED_WELL),
        ("CREATE_COMPLETE", Progress.ENDED_WELL), ("ACTIVE", Progress.ENDED_WELL), ("completed", Progress.ENDED_WELL),
        ("NotBuilt", Progress.ENDED_WELL), ("READY", Progress.ENDED_WELL),
        ("CREATE FAILED", Progress.ENDED_BADLY), ("IN_ERROR", Progress.ENDED_BADLY), ("STOPPED", Progress.ENDED_BADLY),
        ("CREATION_ERROR", Progress.ENDED_BADLY), ("Failed", Progress.ENDED_BADLY), ("DELETING", Progress.ENDED_BADLY),
        ("CREATE_STOPPED", Progress.ENDED_BADLY),
        ("IN_PROGRESS", Progress.GOING_ON), ("inProgress", Progress.GOING_ON), ("CREATE PENDING", Progress.GOING_ON),
        ("STOP_REQUESTED", Progress.GOING_ON), ("Building", Progress.GOING_ON), ("scheduled", Progress.GOING_ON),
        ("", Progress.GOING_ON), ("INACTIVE", Progress.GOING_ON),
    ],
)  # fmt: skip
def test_status_words(status: str, expected: Progress) -> None:
    assert progress(status) is expected


def test_where_the_watching_request_gets_its_members() -> None:
    named = find_job("transcribe", "startTranscriptionJob")
    assert named is not None
    submitted = {"TranscriptionJob": {"TranscriptionJobName": "talk", "TranscriptionJobStatus": "QUEUED"}}
    assert named.watch_parameters({}, submitted) == {"TranscriptionJobName": "talk"}
    assert named.watch_parameters({"TranscriptionJobName": "talk"}, {}) == {"TranscriptionJobName": "talk"}
    assert named.status(submitted) == "QUEUED"
    assert named.status({}) == ""
