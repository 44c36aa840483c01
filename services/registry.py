"""Which class answers which gRPC service: the one line that a new service adds outside its folder and proto."""

from __future__ import annotations

from collections.abc import Mapping

REGISTRY: Mapping[str, str] = {
    "nonet.documents.v1.Documents": "services.documents.service:DocumentsService",
    "nonet.language.v1.Language": "services.language.service:LanguageService",
    "nonet.orchestration.v1.Orchestration": "services.orchestration.service:OrchestrationService",
    "nonet.speech.v1.Speech": "services.speech.service:SpeechService",
    "nonet.transcription.v1.Transcription": "services.transcription.service:TranscriptionService",
    "nonet.transcription_streaming.v1.TranscriptionStreaming": (
        "services.transcription.streaming_service:TranscriptionStreamingService"
    ),
    "nonet.translation.v1.Translation": "services.translation.service:TranslationService",
    "nonet.vision.v1.Vision": "services.vision.service:VisionService",
}
