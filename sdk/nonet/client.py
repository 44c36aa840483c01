"""The clients: one attribute a service, imported when it is first used."""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message

from nonet.transport import AsyncTransport, Connection, Transport
from shared import errors

if TYPE_CHECKING:
    from nonet.conversation.v1.conversation_client import AsyncConversationClient, ConversationClient
    from nonet.conversation_models.v1.conversation_models_client import (
        AsyncConversationModelsClient,
        ConversationModelsClient,
    )
    from nonet.documents.v1.documents_client import AsyncDocumentsClient, DocumentsClient
    from nonet.forecast_query.v1.forecast_query_client import AsyncForecastQueryClient, ForecastQueryClient
    from nonet.forecasting.v1.forecasting_client import AsyncForecastingClient, ForecastingClient
    from nonet.language.v1.language_client import AsyncLanguageClient, LanguageClient
    from nonet.language_medical.v1.language_medical_client import AsyncLanguageMedicalClient, LanguageMedicalClient
    from nonet.orchestration.v1.orchestration_client import AsyncOrchestrationClient, OrchestrationClient
    from nonet.personalization.v1.personalization_client import AsyncPersonalizationClient, PersonalizationClient
    from nonet.personalization_events.v1.personalization_events_client import (
        AsyncPersonalizationEventsClient,
        PersonalizationEventsClient,
    )
    from nonet.personalization_runtime.v1.personalization_runtime_client import (
        AsyncPersonalizationRuntimeClient,
        PersonalizationRuntimeClient,
    )
    from nonet.speech.v1.speech_client import AsyncSpeechClient, SpeechClient
    from nonet.transcription.v1.transcription_client import AsyncTranscriptionClient, TranscriptionClient
    from nonet.translation.v1.translation_client import AsyncTranslationClient, TranslationClient
    from nonet.vision.v1.vision_client import AsyncVisionClient, VisionClient

Answer = TypeVar("Answer", bound=Message)

#: Last words of a job, over all services, in upper case.
ENDED = frozenset(
    {"SUCCEEDED", "COMPLETED", "COMPLETE", "ACTIVE", "PARTIAL_SUCCESS", "FAILED", "STOPPED", "ABORTED", "TIMED_OUT"}
)
PAGE_LIMIT = 100_000


class Nonet:
    """Blocking clients of every service.

    Args:
        address: host and port of the gRPC server.
        bearer_key: key of a principal; not needed on loopback without principals.
        tls: speak TLS, with the machine's certificates.
        timeout: seconds that a call may take unless it says otherwise.
    """

    def __init__(
        self, address: str = "127.0.0.1:4568", *, bearer_key: str = "", tls: bool = False, timeout: float = 300.0
    ) -> None:
        self._transport = Transport(Connection(address, bearer_key, tls, timeout))

    conversation: ConversationClient
    conversation_models: ConversationModelsClient
    documents: DocumentsClient
    forecast_query: ForecastQueryClient
    forecasting: ForecastingClient
    language: LanguageClient
    language_medical: LanguageMedicalClient
    orchestration: OrchestrationClient
    personalization: PersonalizationClient
    personalization_events: PersonalizationEventsClient
    personalization_runtime: PersonalizationRuntimeClient
    speech: SpeechClient
    transcription: TranscriptionClient
    translation: TranslationClient
    vision: VisionClient

    def __getattr__(self, name: str) -> Any:
        client = _client_class(name, "")(self._transport)
        setattr(self, name, client)
        return client

    def pages(self, operation: Callable[..., Answer], **arguments: Any) -> Iterator[Answer]:
        """Every page of an operation that gives ``next_token``: ``client.pages(client.documents.get_x, job_id=j)``."""
        for _ in range(PAGE_LIMIT):
            page = operation(**arguments)
            yield page
            token = getattr(page, "next_token", "")
            if not token:
                return
            arguments["next_token"] = token

    def wait(
        self,
        operation: Callable[..., Answer],
        *,
        poll_seconds: float = 1.0,
        patience_seconds: float = 3600.0,
        **arguments: Any,
    ) -> Answer:
        """Ask a Get or Describe operation until its job has ended, and give its last answer.

        Raises:
            DeadlineExceeded: it had not ended after ``patience_seconds``.
        """
        deadline = time.monotonic() + patience_seconds
        while True:
            answer = operation(**arguments)
            if job_status(answer) in ENDED:
                return answer
            if time.monotonic() + poll_seconds > deadline:
                raise errors.DeadlineExceeded(f"The job is {job_status(answer)} after {patience_seconds:.0f} seconds.")
            time.sleep(poll_seconds)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Nonet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncNonet:
    """The same clients on an event loop; arguments as for ``Nonet``."""

    def __init__(
        self, address: str = "127.0.0.1:4568", *, bearer_key: str = "", tls: bool = False, timeout: float = 300.0
    ) -> None:
        self._transport = AsyncTransport(Connection(address, bearer_key, tls, timeout))

    conversation: AsyncConversationClient
    conversation_models: AsyncConversationModelsClient
    documents: AsyncDocumentsClient
    forecast_query: AsyncForecastQueryClient
    forecasting: AsyncForecastingClient
    language: AsyncLanguageClient
    language_medical: AsyncLanguageMedicalClient
    orchestration: AsyncOrchestrationClient
    personalization: AsyncPersonalizationClient
    personalization_events: AsyncPersonalizationEventsClient
    personalization_runtime: AsyncPersonalizationRuntimeClient
    speech: AsyncSpeechClient
    transcription: AsyncTranscriptionClient
    translation: AsyncTranslationClient
    vision: AsyncVisionClient

    def __getattr__(self, name: str) -> Any:
        client = _client_class(name, "Async")(self._transport)
        setattr(self, name, client)
        return client

    async def pages(self, operation: Callable[..., Awaitable[Answer]], **arguments: Any) -> AsyncIterator[Answer]:
        """As ``Nonet.pages``."""
        for _ in range(PAGE_LIMIT):
            page = await operation(**arguments)
            yield page
            token = getattr(page, "next_token", "")
            if not token:
                return
            arguments["next_token"] = token

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> AsyncNonet:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def document(path: str | Path) -> dict[str, bytes]:
    """A file as the ``document`` or ``image`` member of a request."""
    return {"bytes": Path(path).read_bytes()}


def job_status(answer: Message) -> str:
    """The status word of a Get or Describe answer, at its top or one level below ("" when it has none)."""
    for field, value in answer.ListFields():
        if field.name.endswith("status") and isinstance(value, str):
            return value.upper()
    for field, value in answer.ListFields():
        if field.message_type is not None and not field.is_repeated:
            for inner, status in value.ListFields():
                if inner.name.endswith("status") and isinstance(status, str):
                    return status.upper()
    return ""


@functools.cache
def _client_class(package: str, prefix: str) -> Any:
    import importlib

    try:
        module = importlib.import_module(f"nonet.{package}.v1.{package}_client")
    except ModuleNotFoundError:
        raise AttributeError(f"Nonet has no service {package!r}") from None
    name = "".join(part.capitalize() for part in package.split("_"))
    return getattr(module, f"{prefix}{name}Client")
