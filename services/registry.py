"""Which class answers which gRPC service: the one line that a new service adds outside its folder and proto."""

from __future__ import annotations

from collections.abc import Mapping

REGISTRY: Mapping[str, str] = {
    "nonet.conversation.v1.Conversation": "services.conversation.runtime_service:ConversationService",
    "nonet.conversation_models.v1.ConversationModels": "services.conversation.service:ConversationModelsService",
    "nonet.documents.v1.Documents": "services.documents.service:DocumentsService",
    "nonet.forecast_query.v1.ForecastQuery": "services.forecasting.query_service:ForecastQueryService",
    "nonet.forecasting.v1.Forecasting": "services.forecasting.service:ForecastingService",
    "nonet.language.v1.Language": "services.language.service:LanguageService",
    "nonet.language_medical.v1.LanguageMedical": "services.language.medical.service:LanguageMedicalService",
    "nonet.orchestration.v1.Orchestration": "services.orchestration.service:OrchestrationService",
    "nonet.personalization.v1.Personalization": "services.personalization.service:PersonalizationService",
    "nonet.personalization_events.v1.PersonalizationEvents": (
        "services.personalization.events_service:PersonalizationEventsService"
    ),
    "nonet.personalization_runtime.v1.PersonalizationRuntime": (
        "services.personalization.runtime_service:PersonalizationRuntimeService"
    ),
    "nonet.speech.v1.Speech": "services.speech.service:SpeechService",
    "nonet.transcription.v1.Transcription": "services.transcription.service:TranscriptionService",
    "nonet.transcription_streaming.v1.TranscriptionStreaming": (
        "services.transcription.streaming_service:TranscriptionStreamingService"
    ),
    "nonet.translation.v1.Translation": "services.translation.service:TranslationService",
    "nonet.vision.v1.Vision": "services.vision.service:VisionService",
}
