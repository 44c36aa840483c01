"""The Speech service: what Polly's P0 operations do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from nonet.speech.v1 import speech_pb2 as pb
from services.speech import lexicons, requests
from services.speech.encoders import open_encoder
from services.speech.lexicon_store import LexiconStore, StoredLexicon
from services.speech.phrases import SYNTHESIZE_SPEECH, Samples
from services.speech.recording import Recording
from services.speech.requests import Output
from services.speech.script import Rest, Script
from services.speech.steps import Say, Step, steps_of
from services.speech.voices import LANGUAGES, VOICES, Speaker, speakers
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call, Priority
from shared.runtime.runtime import Lease

#: Texts that are being spoken at once; a client that listens slowly keeps its place until it has heard all.
MAX_SPEAKING = 128
#: Phrases that go to an engine at once: the first alone, so that sound comes early, then more, up to so many.
_PHRASES_AT_ONCE = 8


class SpeechService:
    """nonet.speech.v1.Speech. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lexicons = LexiconStore(platform.resources)
        self._speaking = 0

    # -- speaking

    async def synthesize_speech(self, request: pb.SynthesizeSpeechInput, call: Call) -> pb.SynthesizeSpeechOutput:
        """Text or SSML as sound, or as speech marks."""
        able = await self._speakers(request.voice_id, request.engine or None)
        is_ssml = request.text_type == "ssml"
        output = requests.output(
            request.output_format, request.sample_rate, request.speech_mark_types, able[0].kind, is_ssml
        )
        language = requests.language(request.language_code or None, able[0])
        script = await asyncio.to_thread(requests.script, request.text, is_ssml, language)
        own = await self._lexicons.read(call.account, request.lexicon_names)
        script = lexicons.apply(script, [lexicon for lexicon in own if lexicon.speaks(language)], language)
        speaker, steps = _first_able(script, able)
        call.answered_by(speaker.model.id)
        recording = Recording(request.text.encode(), speaker.sample_rate)
        return pb.SynthesizeSpeechOutput(
            audio_stream=await call.payload(self._body(speaker, steps, recording, output, call.priority)),
            content_type=output.content_type,
            request_characters=script.billed_characters,
        )

    async def _body(
        self, speaker: Speaker, steps: Sequence[Step], recording: Recording, output: Output, priority: Priority
    ) -> AsyncGenerator[bytes]:
        """The answer's bytes as they are made: encoded sound, or the speech marks at its end."""
        if self._speaking == MAX_SPEAKING:
            raise errors.ResourceExhausted(f"{MAX_SPEAKING} texts are being spoken already: try again later.")
        self._speaking += 1
        try:
            async with await self._platform.runtime.lease_model(speaker.model.id) as lease:
                if output.mark_types:
                    async for _ in _pieces(lease, steps, recording, priority):
                        pass
                    yield recording.marks(output.mark_types).encode()
                    return
                encoder = await asyncio.to_thread(
                    open_encoder, output.format, recording.sample_rate, output.sample_rate
                )
                async for piece in _pieces(lease, steps, recording, priority):
                    yield await asyncio.to_thread(encoder.encode, piece)
                yield await asyncio.to_thread(encoder.finish)
        finally:
            self._speaking -= 1

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

    async def _speakers(self, voice_id: str, kind: str | None) -> list[Speaker]:
        """Who can speak for a voice: installed models of its language and of that kind of engine, the best first.

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
        return fitting or [speaker for speaker in mine if speaker.kind == mine[0].kind]


async def _pieces(
    lease: Lease, steps: Sequence[Step], recording: Recording, priority: Priority
) -> AsyncIterator[Samples]:
    """The sound of the steps as it is made."""
    begin, count = 0, 1
    while begin < len(steps):
        group = steps[begin : begin + count]
        begin, count = begin + count, min(2 * count, _PHRASES_AT_ONCE)
        spoken = iter(await lease.run([step.phrase for step in group if isinstance(step, Say)], priority))
        for step in group:
            yield recording.rest(step) if isinstance(step, Rest) else recording.speech(step, next(spoken))
        if recording.full:
            return


def _first_able(script: Script, able: Sequence[Speaker]) -> tuple[Speaker, list[Step]]:
    """The best of the speakers that can do all that the script asks for.

    Raises:
        InvalidArgument: InvalidSsmlException; what the best of them cannot do, where none can do all.
    """
    failure: errors.InvalidArgument | None = None
    for speaker in able:
        try:
            return speaker, steps_of(script, speaker)
        except errors.InvalidArgument as refused:
            failure = failure or refused
    assert failure is not None
    raise failure


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
