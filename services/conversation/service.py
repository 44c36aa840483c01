"""The ConversationModels service: bots, their locales, intents and slots, of Amazon Lex V2."""

from __future__ import annotations

from services.conversation.intent_operations import IntentOperations


class ConversationModelsService(IntentOperations):
    """nonet.conversation_models.v1.ConversationModels. Requests have been checked against the contract."""
