"""The Speech service: what Polly's operations do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from nonet.speech.v1 import speech_pb2 as pb
from services.speech.lexicon_store import LexiconStore, StoredLexicon
from services.speech.phrases import SYNTHESIZE_SPEECH
from services.speech.requests import SPEECH_LIMITS, Wish
from services.speech.synthesis import Plan, Synthesis
from services.speech.synthesis_tasks import MAX_TASKS_ON_A_PAGE, STATUSES, StoredTask, SynthesisTasks
from services.speech.voices import LANGUAGES, Speaker, speakers
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call, Priority
from shared.storage import links

#: Texts that are being spoken at once; a client that listens slowly keeps its place until it has heard all.
MAX_UNDER_WAY = 128
#: Polly's: a longer answer is cut off here.
MAX_SECONDS = 600
#: Members that a task has from its request.
_SAME_IN_TASK = frozenset(
    {"engine", "lexicon_names", "output_format", "sample_rate", "speech_mark_types", "text_type", "voice_id",
     "language_code"}
)  # fmt: skip


class SpeechService:
    """nonet.speech.v1.Speech. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lexicons = LexiconStore(platform.resources)
        self._synthesis = Synthesis(platform, self._lexicons)
        self._tasks = SynthesisTasks(platform, self._synthesis)
        self._under_way = 0

    # -- speaking

    async def synthesize_speech(self, request: pb.SynthesizeSpeechInput, call: Call) -> pb.SynthesizeSpeechOutput:
        """Text or SSML as sound, or as speech marks."""
        plan = await self._synthesis.plan(call.account, Wish.of(request), SPEECH_LIMITS)
        call.answered_by(plan.speaker.model.id)
        return pb.SynthesizeSpeechOutput(
            audio_stream=await call.payload(self._speaking(plan, call.priority)),
            content_type=plan.output.content_type,
            request_characters=plan.billed_characters,
        )

    async def _speaking(self, plan: Plan, priority: Priority) -> AsyncGenerator[bytes]:
        """The bytes of an answer, within the number of those that may be under way."""
        if self._under_way == MAX_UNDER_WAY:
            raise errors.ResourceExhausted(f"{MAX_UNDER_WAY} texts are being spoken already: try again later.")
        self._under_way += 1
        try:
            async with aclosing(self._synthesis.body(plan, priority, MAX_SECONDS)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._under_way -= 1

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

    # -- tasks

    async def start_speech_synthesis_task(
        self, request: pb.StartSpeechSynthesisTaskInput, call: Call
    ) -> pb.StartSpeechSynthesisTaskOutput:
        """Speak a long text in the background, into an object in S3."""
        stored = await self._tasks.start(call.account, request)
        return pb.StartSpeechSynthesisTaskOutput(synthesis_task=self._task(stored, call))

    async def get_speech_synthesis_task(
        self, request: pb.GetSpeechSynthesisTaskInput, call: Call
    ) -> pb.GetSpeechSynthesisTaskOutput:
        """How far a task is, and where its sound is."""
        stored = await self._tasks.get(call.account, request.task_id)
        return pb.GetSpeechSynthesisTaskOutput(synthesis_task=self._task(stored, call))

    async def list_speech_synthesis_tasks(
        self, request: pb.ListSpeechSynthesisTasksInput, call: Call
    ) -> pb.ListSpeechSynthesisTasksOutput:
        """The account's tasks, the newest first."""
        page, next_token = await self._tasks.list(
            call.account, request.status or None, request.max_results or MAX_TASKS_ON_A_PAGE, request.next_token or None
        )
        return pb.ListSpeechSynthesisTasksOutput(
            synthesis_tasks=[self._task(stored, call) for stored in page], next_token=next_token
        )

    def _task(self, stored: StoredTask, call: Call) -> pb.SynthesisTask:
        """A task as callers see it."""
        request = stored.request
        asked = {field.name: value for field, value in request.ListFields() if field.name in _SAME_IN_TASK}
        same = {"text_type": "text", **asked}
        task = pb.SynthesisTask(
            task_id=stored.job.id,
            task_status=STATUSES[stored.job.status],
            task_status_reason=stored.job.message or None,
            output_uri=links.address(self._platform.settings, call, stored.place),
            request_characters=stored.billed_characters,
            **same,
        )
        task.creation_time.FromMilliseconds(round(stored.job.created_at * 1000))
        return task

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
