"""The pages docs/errors.md and docs/limits.md, from the classes and constants that they tell of."""

from __future__ import annotations

import importlib

from shared import errors
from shared.settings import Settings

MEBIBYTE = 1024 * 1024
#: What is limited, where the figure stands, and its unit.
LIMITS: tuple[tuple[str, str, str], ...] = (
    ("S3: one PutObject or part", "shared.storage.objects:MAX_PUT_BYTES", "bytes"),
    ("gRPC: one message", "shared.rpc.status:MAX_MESSAGE_BYTES", "bytes"),
    ("Translate: text of one call", "services.translation.service:MAX_TEXT_BYTES", "bytes"),
    ("Translate: file of a terminology", "services.translation.terminologies:MAX_BYTES", "bytes"),
    ("Translate: terminologies of an account", "services.translation.terminology_store:MAX_TERMINOLOGIES", ""),
    ("Polly: sound of one call", "services.speech.service:MAX_SECONDS", "seconds"),
    ("Polly: characters of a lexicon", "services.speech.lexicons:MAX_CHARACTERS", ""),
    ("Polly: lexicons of an account", "services.speech.lexicons:MAX_LEXICONS", ""),
    ("Transcribe: file of a job", "services.transcription.media:MAX_BYTES", "bytes"),
    ("Transcribe: length of a recording", "services.transcription.media:MAX_SECONDS", "seconds"),
    ("Transcribe: length of a live stream", "services.transcription.streaming_service:MAX_STREAM_SECONDS", "seconds"),
    ("Transcribe: jobs of an account that wait or run", "services.transcription.job_store:MAX_OPEN_JOBS", ""),
    ("Transcribe: vocabularies of an account", "services.transcription.vocabulary_store:MAX_VOCABULARIES", ""),
    ("Rekognition: words that DetectText answers", "services.vision.text:MAX_WORDS", ""),
    ("Rekognition: people that RecognizeCelebrities answers", "services.vision.service:MAX_CELEBRITIES", ""),
    ("Textract: blocks on a page of answers", "services.documents.service:MAX_RESULTS", ""),
)

ERRORS = """\
# Errors

Written by `python -m tools.pages` from shared/errors.py, which draws the classes as a tree. A service raises a
class; each face tells it in its own words:

- **Amazon's wire**: the code that the operation documents, among those below. Where it documents none of them, it
  is a code of the class above that it documents, else the first one. The message says what to do next and never
  quotes what was sent.
- **gRPC**: the status, with the class in the trailer `nonet-error` and the code in `nonet-error-code`.
- **SDK**: the class itself, `shared.errors.NotFound` and so on.
- **Command line**: the message, and exit status 1.

boto3 raises `client.exceptions.<Code>`, or `ClientError` with the code in `response["Error"]["Code"]`. *Again*
says whether the same call may succeed later. boto3 tries throttled calls and those of status 500 and 503 again by
itself; the SDK tries what was refused for being too much, and, where the operation changes nothing, what was lost.

| class | gRPC status | HTTP | again | codes on Amazon's wire |
|---|---|--:|---|---|"""
AFTER_ERRORS = """\

Some services have codes of their own beside these (Step Functions' `ExecutionDoesNotExist`, Polly's
`InvalidSsmlException`): they come from the service that knows them, in a class above.

What is not built answers `Unimplemented` with the reason, and what is not installed `ModelNotInstalled` or
`EngineNotInstalled` with the command that gets it: `nonet models pull ...`, `nonet engines install ...`."""
LIMITS_PAGE = """\
# Limits

Written by `python -m tools.pages` from the settings and the constants. Every member of a request has the bounds
of Amazon's API besides: they stand in `proto/`, and what passes one is refused with the error that the
operation documents, before a service sees it.

## That you set

| setting | default | meaning |
|---|--:|---|"""
AFTER_LIMITS = """\

The pages of the [services](services/) tell the others: definitions and payloads of state machines, horizons
of forecasts, rows of imports.

## What happens beyond

A request beyond `NONET_MAX_CONCURRENT_REQUESTS`, or beyond an account's own limits, is refused at once with
`ThrottlingException` (gRPC `RESOURCE_EXHAUSTED`), as is one that a model's full queue cannot take: nothing
waits without end. A model that the budget has no room for pushes out idle ones; when none is idle, the call is
refused and may be made again. Jobs wait in the database, as many as the service allows."""


def errors_page() -> str:
    """docs/errors.md."""
    lines = [ERRORS]
    for error in errors.error_classes():
        if error is errors.NonetError:
            continue
        codes = ", ".join(dict.fromkeys((error.aws_code, *vars(error).get("aws_aliases", ()))))
        again = "yes" if error.retryable else ""
        lines.append(f"| {error.__name__} | {error.grpc_code} | {error.http_status} | {again} | {codes} |")
    lines.append(AFTER_ERRORS)
    return "\n".join(lines) + "\n"


def limits_page() -> str:
    """docs/limits.md."""
    lines = [LIMITS_PAGE]
    for name in (
        "max_request_bytes",
        "max_object_bytes",
        "max_concurrent_requests",
        "account_requests_per_second",
        "account_concurrent_requests",
        "request_timeout_seconds",
        "drain_seconds",
        "memory_budget_bytes",
        "gpu_budget_bytes",
        "engine_threads",
        "job_workers",
        "job_retention_days",
    ):
        field = Settings.model_fields[name]
        lines.append(f"| `NONET_{name.upper()}` | {_shown(field.default, _unit(name))} | {field.description} |")
    lines += ["", "## That are fixed", "", "| what | at most |", "|---|--:|"]
    lines += [f"| {what} | {_shown(_constant(place), unit)} |" for what, place, unit in LIMITS]
    lines.append(AFTER_LIMITS)
    return "\n".join(lines) + "\n"


def _constant(place: str) -> float:
    module, _, name = place.partition(":")
    return float(getattr(importlib.import_module(module), name))


def _unit(name: str) -> str:
    return name.rsplit("_", 1)[1] if name.endswith(("_bytes", "_seconds")) else ""


def _shown(value: float, unit: str) -> str:
    """A figure with its unit, large ones as GiB, MiB and hours."""
    if unit == "bytes" and value:
        for size, name in ((1024 * MEBIBYTE, "GiB"), (MEBIBYTE, "MiB"), (1024, "KiB")):
            if value % size == 0:
                return f"{value / size:g} {name}"
    if unit == "seconds" and value and value % 3600 == 0:
        return f"{value / 3600:g} hours"
    return f"{value:,g} {unit if value else ''}".strip()
