"""How toxic what was said is: Comprehend's DetectToxicContent, asked about each utterance's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.transcription.recognition import transcript
from services.transcription.transcript import Json, Utterance
from shared import errors
from shared.platform import Platform

CALLER = "transcribe"
#: Names in a transcript file of DetectToxicContent's labels.
CATEGORIES = {
    "PROFANITY": "profanity",
    "HATE_SPEECH": "hate_speech",
    "SEXUAL": "sexual",
    "INSULT": "insult",
    "VIOLENCE_OR_THREAT": "violence_or_threat",
    "GRAPHIC": "graphic",
    "HARASSMENT_OR_ABUSE": "harassment_or_abuse",
}

#: DetectToxicContent takes ten texts of 1 KB each.
_TEXTS, _TEXT_BYTES = 10, 1_000


class ToxicityDetector:
    """Rates utterances in one language."""

    def __init__(self, platform: Platform, account: str, region: str, language: str) -> None:
        self._operations = platform.operations
        self._account = account
        self._region = region
        self._language = language.partition("-")[0]

    async def check(self) -> None:
        """Refuse, before a job is accepted, what cannot be done. Raises ``InvalidArgument`` with the reason."""
        try:
            await self._ask(["a"])
        except errors.NonetError as error:
            raise errors.InvalidArgument(
                f"ToxicityDetection is not available: {error.message}", aws_code="BadRequestException"
            ) from error

    async def rate(self, said: Sequence[Utterance]) -> list[Json]:
        """An entry for each utterance, with scores 0..1 by category and times in seconds."""
        rated: list[Json] = []
        for begin in range(0, len(said), _TEXTS):
            group = said[begin : begin + _TEXTS]
            texts = [transcript(list(one.items)) for one in group]
            answers = await self._ask([_shortened(text) for text in texts])
            for utterance, text, answer in zip(group, texts, answers, strict=True):
                scores = {label["Name"]: float(label["Score"]) for label in answer["Labels"]}
                rated.append(
                    {
                        "text": text,
                        "toxicity": round(float(answer["Toxicity"]), 4),
                        "categories": {name: round(scores[label], 4) for label, name in CATEGORIES.items()},
                        "start_time": round(utterance.start, 3),
                        "end_time": round(utterance.end, 3),
                    }
                )
        return rated

    async def _ask(self, texts: Sequence[str]) -> list[Mapping[str, Any]]:
        operation = self._operations.find("comprehend", "DetectToxicContent")
        answer = await self._operations.call(
            operation,
            {"TextSegments": [{"Text": text} for text in texts], "LanguageCode": self._language},
            account=self._account,
            region=self._region,
            caller=CALLER,
        )
        return list(answer["ResultList"])


def _shortened(text: str) -> str:
    return text.encode()[:_TEXT_BYTES].decode(errors="ignore")
