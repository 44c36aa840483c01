"""What a request may name that is not built: refused with the reason instead of silently left out."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from shared import errors

_BEDROCK = "there are no generative models here"
#: Path of members -> why it is refused. A path that ends in "=value" refuses that value alone.
_NOT_BUILT: dict[str, str] = {
    "bot_type=BotNetwork": "networks of bots are not built",
    "bot_members": "networks of bots are not built",
    "unified_speech_settings": "speech foundation models are not built",
    "audio_filler_settings.enabled=True": "audio fillers are not built",
    "speech_recognition_settings.speech_model_preference=Deepgram": "Deepgram is a service elsewhere",
    "generative_ai_settings.runtime_settings.slot_resolution_improvement.enabled=True": _BEDROCK,
    "generative_ai_settings.runtime_settings.nlu_improvement.enabled=True": _BEDROCK,
    "generative_ai_settings.buildtime_settings.descriptive_bot_builder.enabled=True": _BEDROCK,
    "generative_ai_settings.buildtime_settings.sample_utterance_generation.enabled=True": _BEDROCK,
    "kendra_configuration": "there is no Kendra here",
    "qn_a_intent_configuration": _BEDROCK,
    "q_in_connect_intent_configuration": "there is no Amazon Q here",
    "sub_slot_setting": "composite slots are not built: make a slot of each part",
    "composite_slot_type_setting": "composite slot types are not built: make a slot of each part",
    "external_source_setting": "grammar slot types are not built: list the values, or give a regular expression",
    "multiple_values_setting.allow_multiple_values=True": "slots with several values are not built",
    "value_elicitation_setting.wait_and_continue_specification.active=True": "waiting on the caller is not built",
    "value_elicitation_setting.slot_resolution_setting.slot_resolution_strategy=EnhancedFallback": _BEDROCK,
    "value_selection_setting.resolution_strategy=Concatenation": "composite slot types are not built",
    "conversation_log_settings.text_log_settings": "logs of conversations are not built",
    "conversation_log_settings.audio_log_settings": "logs of conversations are not built",
}


def check_built(message: Message) -> None:
    """Raises ``Unimplemented`` with the reason where ``message`` asks for something that is not built."""
    for rule, reason in _NOT_BUILT.items():
        path, _, value = rule.partition("=")
        found = _value(message, path.split("."))
        if found is not None and (not value or str(found) == value):
            raise errors.Unimplemented(f"Not built: {_wire(path)}; {reason}.")


def _value(message: Any, path: list[str]) -> Any:
    for name in path:
        descriptor = message.DESCRIPTOR.fields_by_name.get(name)
        if descriptor is None:
            return None
        if descriptor.is_repeated:
            return getattr(message, name) or None
        if not message.HasField(name):
            return None
        message = getattr(message, name)
    return message


def _wire(path: str) -> str:
    def member(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    return ".".join(member(name) for name in path.split("."))
