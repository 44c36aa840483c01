"""A request for speech, planned and spoken: for an answer at once, and for tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

from services.speech import lexicons, requests
from services.speech.encoders import open_encoder
from services.speech.lexicon_store import LexiconStore
from services.speech.phrases import SYNTHESIZE_SPEECH, Samples
from services.speech.recording import Recording
from services.speech.requests import Output, TextLimits, Wish
from services.speech.script import Rest, Script
from services.speech.steps import Say, Step, steps_of
from services.speech.voices import LANGUAGES, VOICES, Speaker, speakers
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Priority
from shared.runtime.runtime import Lease

#: Phrases that go to an engine at once: the first alone, so that sound comes early, then more, up to so many.
_PHRASES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """Who says what, and in which form it is asked for."""

    speaker: Speaker
    steps: tuple[Step, ...]
    output: Output
    text: str
    billed_characters: int


class Synthesis:
    """Plans and speaks with the engines of one process."""

    def __init__(self, platform: Platform, stored_lexicons: LexiconStore) -> None:
        self._platform = platform
        self._lexicons = stored_lexicons

    async def plan(self, account: str, wish: Wish, limits: TextLimits) -> Plan:
        """What a request comes to, before anything is spoken.

        Raises:
            NonetError: with the codes that Polly documents, for what is malformed or too long, and what no installed
                engine can do.
        """
        able = await self._speakers(wish.voice_id, wish.engine)
        output = requests.output(wish, able[0].kind)
        language = requests.language(wish.language_code, able[0])
        script = await asyncio.to_thread(requests.script, wish, language, limits)
        own = await self._lexicons.read(account, wish.lexicon_names)
        script = lexicons.apply(script, [lexicon for lexicon in own if lexicon.speaks(language)], language)
        speaker, steps = _first_able(script, able)
        return Plan(speaker, tuple(steps), output, wish.text, script.billed_characters)

    async def body(self, plan: Plan, priority: Priority, max_seconds: int | None = None) -> AsyncGenerator[bytes]:
        """What was asked for, as it is made: encoded sound, or the speech marks at its end; cut at ``max_seconds``."""
        recording = Recording(plan.text.encode(), plan.speaker.sample_rate, max_seconds)
        async with await self._platform.runtime.lease_model(plan.speaker.model.id) as lease:
            pieces = _pieces(lease, plan.steps, recording, priority)
            if plan.output.mark_types:
                async for _ in pieces:
                    pass
                yield recording.marks(plan.output.mark_types).encode()
                return
            encoder = await asyncio.to_thread(
                open_encoder, plan.output.format, recording.sample_rate, plan.output.sample_rate
            )
            async for piece in pieces:
                yield await asyncio.to_thread(encoder.encode, piece)
            yield await asyncio.to_thread(encoder.finish)

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
