"""Voice: an utterance heard by the transcription service, an answer spoken by the speech service."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from services.conversation.content_types import Sound, Spoken
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Priority

_SPEAK = re.compile(r"^\s*<speak[^>]*>(.*)</speak>\s*$", re.DOTALL)
_PCM_RATE = "16000"


class Voice:
    """Hears and speaks in the name of an account; both services are reached through ``platform.operations``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def hear(self, body: bytes, sound: Sound, locale_id: str, account: str, region: str) -> str:
        """What was said, "" for silence; ``body``: little-endian samples.

        Raises:
            FailedPrecondition: the transcription service cannot (DependencyFailedException).
        """
        second = 2 * sound.rate

        async def seconds() -> AsyncIterator[bytes]:
            for begin in range(0, len(body), second):
                yield body[begin : begin + second]

        said = [text async for text, final in self.listen(seconds(), sound, locale_id, account, region) if final]
        return " ".join(said)

    async def listen(
        self, chunks: AsyncIterator[bytes], sound: Sound, locale_id: str, account: str, region: str
    ) -> AsyncIterator[tuple[str, bool]]:
        """What is heard while it is said, and whether that is final; ``chunks``: a second at most each.

        Raises:
            FailedPrecondition: the transcription service cannot (DependencyFailedException).
        """
        operations = self._platform.operations

        async def requests() -> AsyncIterator[Mapping[str, Any]]:
            yield {
                "LanguageCode": locale_id.replace("_", "-"),
                "MediaSampleRateHertz": sound.rate,
                "MediaEncoding": "pcm",
            }
            async for chunk in chunks:
                yield {"AudioStream": {"AudioEvent": {"AudioChunk": base64.b64encode(chunk).decode()}}}
            yield {"AudioStream": {"AudioEvent": {"AudioChunk": ""}}}

        try:
            operation = operations.find("transcribe-streaming", "StartStreamTranscription")
            async for answer in operations.stream(
                operation, requests(), account=account, region=region, caller="conversation"
            ):
                event = answer.get("TranscriptResultStream", {}).get("TranscriptEvent", {})
                for result in event.get("Transcript", {}).get("Results", ()):
                    text = result["Alternatives"][0].get("Transcript", "") if result.get("Alternatives") else ""
                    if text.strip():
                        yield text.strip(), not result.get("IsPartial")
        except errors.NonetError as error:
            raise _dependency("Hearing", error) from error

    async def speak(
        self,
        messages: Sequence[Mapping[str, Any]],
        spoken: Spoken,
        voice: tuple[str, str],
        locale_id: str,
        account: str,
        region: str,
    ) -> bytes:
        """The messages that are words, one after the other; b"" where there is none, or where text alone was asked for.

        Raises:
            FailedPrecondition: the speech service cannot (DependencyFailedException).
        """
        words = [one for one in messages if one["contentType"] in ("PlainText", "SSML")]
        if not words or not spoken.format:
            return b""
        language = locale_id.replace("_", "-")
        parameters: dict[str, Any] = {"OutputFormat": spoken.format, "LanguageCode": language, **_script(words)}
        if spoken.format == "pcm":
            parameters["SampleRate"] = _PCM_RATE
        try:
            parameters["VoiceId"] = voice[0] or await self._voice(language, account, region)
            if voice[1]:
                parameters["Engine"] = voice[1]
            answer = await self._call("SynthesizeSpeech", parameters, account, region)
        except errors.NonetError as error:
            raise _dependency("Speaking", error) from error
        return base64.b64decode(answer.get("AudioStream", ""))

    async def _voice(self, language: str, account: str, region: str) -> str:
        """Some voice of the language, for a locale without voice settings."""
        answer = await self._call("DescribeVoices", {"LanguageCode": language}, account, region)
        if not answer["Voices"]:
            raise errors.FailedPrecondition("no voice speaks the language. See: nonet engines list")
        return str(answer["Voices"][0]["Id"])

    async def _call(
        self, name: str, parameters: Mapping[str, Any], account: str, region: str
    ) -> dict[str, Any]:
        operations = self._platform.operations
        return await operations.call(
            operations.find("polly", name),
            parameters,
            account=account,
            region=region,
            caller="conversation",
            priority=Priority.INTERACTIVE,
        )


def _script(words: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Polly's Text and TextType: one SSML document as soon as one message is SSML."""
    if all(one["contentType"] == "PlainText" for one in words):
        return {"Text": "\n".join(one["content"] for one in words), "TextType": "text"}
    parts = []
    for one in words:
        inner = _SPEAK.match(one["content"]) if one["contentType"] == "SSML" else None
        parts.append(inner[1] if inner is not None else escape(one["content"]))
    return {"Text": f"<speak>{' '.join(parts)}</speak>", "TextType": "ssml"}


def _dependency(doing: str, error: errors.NonetError) -> errors.FailedPrecondition:
    return errors.FailedPrecondition(f"{doing}: {error.message}", aws_code="DependencyFailedException")
