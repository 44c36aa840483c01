"""The Speech service: what Polly's P0 operations do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from nonet.speech.v1 import speech_pb2 as pb
from services.speech import lexicons, requests
from services.speech.encoders import open_encoder
from services.speech.lexicon_store import LexiconStore, StoredLexicon
from services.speech.phrases import SYNTHESIZE_SPEECH, Samples
from services.speech.recording import Recording
from services.speech.script import Rest
from services.speech.steps import Say, Step, steps_of
from services.speech.voices import LANGUAGES, VOICES, Speaker, speakers
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call, Priority
from shared.runtime.runtime import Lease

#: Phrases that go to an engine at once: few, so that sound comes early and no text takes the queue for itself.
_PHRASES_AT_ONCE = 8


class SpeechService:
    """nonet.speech.v1.Speech. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lexicons = LexiconStore(platform.resources)

    # -- speaking

    async def synthesize_speech(self, request: pb.SynthesizeSpeechInput, call: Call) -> pb.SynthesizeSpeechOutput:
        """Text or SSML as sound, or as speech marks."""
        speaker = await self._speaker(request.voice_id, request.engine or None)
        is_ssml = request.text_type == "ssml"
        output = requests.output(
            request.output_format, request.sample_rate, request.speech_mark_types, speaker.kind, is_ssml
        )
        language = requests.language(request.language_code or None, speaker)
        script = await asyncio.to_thread(requests.script, request.text, is_ssml, language)
        own = await self._lexicons.read(call.account, request.lexicon_names)
        script = lexicons.apply(script, [lexicon for lexicon in own if lexicon.speaks(language)], language)
        steps = steps_of(script, speaker)

        recording = Recording(request.text.encode(), speaker.sample_rate)
        lease = await self._platform.runtime.lease_model(speaker.model.id)
        async with lease:
            pieces = _pieces(lease, steps, recording, call.priority)
            if output.mark_types:
                async for _ in pieces:
                    pass
                body = recording.marks(output.mark_types).encode()
            else:
                encoder = await asyncio.to_thread(
                    open_encoder, output.format, recording.sample_rate, output.sample_rate
                )
                encoded = [await asyncio.to_thread(encoder.encode, piece) async for piece in pieces]
                body = b"".join((*encoded, await asyncio.to_thread(encoder.finish)))
        call.answered_by(speaker.model.id)
        return pb.SynthesizeSpeechOutput(
            audio_stream=body, content_type=output.content_type, request_characters=script.billed_characters
        )

    async def describe_voices(self, request: pb.DescribeVoicesInput, call: Call) -> pb.DescribeVoicesOutput:
        """The voices that an installed engine can speak for; all of them in one page."""
        if request.next_token:
            raise errors.InvalidPaginationToken("Voices come in one page: leave NextToken out.")
        wanted = request.language_code
        by_id: dict[str, list[Speaker]] = {}
        for speaker in speakers(self._platform.runtime.candidates(SYNTHESIZE_SPEECH)):
            voice = speaker.voice
            languages = [voice.language]
            if request.include_additional_language_codes:
                languages += voice.additional_languages
            if request.engine in ("", speaker.kind) and (not wanted or wanted in languages):
                by_id.setdefault(voice.id, []).append(speaker)
        return pb.DescribeVoicesOutput(voices=[_voice(found) for found in by_id.values()])

    # -- lexicons

    async def put_lexicon(self, request: pb.PutLexiconInput, call: Call) -> pb.PutLexiconOutput:
        """Store a pronunciation lexicon, in place of one of that name."""
        await self._lexicons.put(call.account, request.name, request.content)
        return pb.PutLexiconOutput()

    async def get_lexicon(self, request: pb.GetLexiconInput, call: Call) -> pb.GetLexiconOutput:
        """A lexicon's content and what is known of it."""
        stored = await self._lexicons.get(call.account, request.name)
        return pb.GetLexiconOutput(
            lexicon=pb.Lexicon(name=stored.name, content=stored.content), lexicon_attributes=_attributes(stored)
        )

    async def list_lexicons(self, request: pb.ListLexiconsInput, call: Call) -> pb.ListLexiconsOutput:
        """The account's lexicons, without their content."""
        page, next_token = await self._lexicons.list(call.account, request.next_token or None)
        found = [pb.LexiconDescription(name=stored.name, attributes=_attributes(stored)) for stored in page]
        return pb.ListLexiconsOutput(lexicons=found, next_token=next_token)

    async def delete_lexicon(self, request: pb.DeleteLexiconInput, call: Call) -> pb.DeleteLexiconOutput:
        """Delete a lexicon."""
        await self._lexicons.delete(call.account, request.name)
        return pb.DeleteLexiconOutput()

    async def _speaker(self, voice_id: str, kind: str | None) -> Speaker:
        """Who speaks for a voice: the best installed model of its language and of that kind of engine.

        Raises:
            EngineNotSupportedException: models speak the language, but none is of that kind.
            ModelNotInstalled: the catalog's models of the language are not on this machine.
        """
        models = self._platform.runtime.candidates(SYNTHESIZE_SPEECH)
        mine = [speaker for speaker in speakers(models) if speaker.voice.id == voice_id]
        if not mine:
            language = VOICES[voice_id].language
            if not self._platform.catalog.for_task(SYNTHESIZE_SPEECH, language):
                raise errors.UnsupportedLanguage(
                    f"No engine here speaks {LANGUAGES[language]}.", aws_code="LanguageNotSupportedException"
                )
            # Raises ModelNotInstalled, which names the command that installs one.
            (await self._platform.runtime.lease(SYNTHESIZE_SPEECH, language)).release()
        fitting = [speaker for speaker in mine if speaker.kind == (kind or "standard")]
        if not fitting and kind is not None:
            raise errors.InvalidArgument(
                f"No installed engine of the kind {kind} speaks for {voice_id}; DescribeVoices tells which do.",
                aws_code="EngineNotSupportedException",
            )
        return (fitting or mine)[0]


async def _pieces(
    lease: Lease, steps: Sequence[Step], recording: Recording, priority: Priority
) -> AsyncIterator[Samples]:
    """The sound of the steps as it is made."""
    for begin in range(0, len(steps), _PHRASES_AT_ONCE):
        group = steps[begin : begin + _PHRASES_AT_ONCE]
        spoken = iter(await lease.run([step.phrase for step in group if isinstance(step, Say)], priority))
        for step in group:
            yield recording.rest(step) if isinstance(step, Rest) else recording.speech(step, next(spoken))
        if recording.full:
            return


def _voice(found: Sequence[Speaker]) -> pb.Voice:
    """One of Polly's ids with those who speak for it, the best first."""
    voice = found[0].voice
    return pb.Voice(
        id=voice.id,
        name=found[0].name,
        gender=voice.gender,
        language_code=voice.language,
        language_name=LANGUAGES[voice.language],
        additional_language_codes=voice.additional_languages,
        supported_engines=dict.fromkeys(speaker.kind for speaker in found),
    )


def _attributes(stored: StoredLexicon) -> pb.LexiconAttributes:
    attributes = pb.LexiconAttributes(
        alphabet=stored.lexicon.alphabet,
        language_code=stored.lexicon.language if stored.lexicon.language in LANGUAGES else None,
        lexicon_arn=stored.arn,
        lexemes_count=len(stored.lexicon.lexemes),
        size=len(stored.content.encode()),
    )
    attributes.last_modified.FromMilliseconds(round(stored.modified * 1000))
    return attributes
