"""Live results as messages: filtered, and with personal information marked or taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nonet.transcription_streaming.v1 import transcription_streaming_pb2 as pb
from services.transcription.live import Result
from services.transcription.recognition import Alternative, Item, Segment
from services.transcription.redaction import PiiSpan, Redactor, redacted
from services.transcription.vocabulary_filters import VocabularyFilter

#: What stands for personal information in a stream: its type.
LABEL = "[{type}]"
CATEGORY = "PII"
#: What is left of an utterance of which nothing was left.
_NOTHING = Alternative.of(())


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Makes messages of the results of one stream. ``filters``: by language; ``redactor``: None where not asked for."""

    filters: Mapping[str, VocabularyFilter]
    redactor: Redactor | None
    redacts: bool

    async def event(
        self, results: Sequence[Result], channel: str | None
    ) -> pb.StartStreamTranscriptionResponse | None:
        """One message for what is new in a channel; None when nothing of it is to be told."""
        told = [message for result in results if (message := await self._result(result, channel)) is not None]
        if not told:
            return None
        event = pb.TranscriptEvent(transcript=pb.Transcript(results=told))
        return pb.StartStreamTranscriptionResponse(
            transcript_result_stream=pb.TranscriptResultStream(transcript_event=event)
        )

    async def _result(self, result: Result, channel: str | None) -> pb.Result | None:
        if self.redactor is not None and result.partial and self.redacts:
            return None  # whether a name is one is known once the utterance has ended
        readings = result.alternatives or (_NOTHING,)
        segment = Segment(result.start, result.end, result.language, readings)
        entities: list[pb.Entity] = []
        if self.redactor is not None and not result.partial:
            segment, entities = await self._without_information(segment)
        chosen = self.filters.get(result.language)
        filtered = chosen.apply(segment) if chosen is not None else segment
        readings = filtered.alternatives if filtered is not None else (_NOTHING,)
        message = pb.Result(
            result_id=result.id,
            start_time=result.start,
            end_time=result.end,
            is_partial=result.partial,
            channel_id=channel,
            language_code=result.language,
            alternatives=[_alternative(reading, chosen) for reading in readings],
        )
        message.alternatives[0].entities.extend(entities)
        return message

    async def _without_information(self, segment: Segment) -> tuple[Segment, list[pb.Entity]]:
        """The best reading with its entities; they are taken out of it where that was asked for."""
        assert self.redactor is not None
        best = segment.alternatives[0]
        spans = await self.redactor.spans(best.items)
        shown = Alternative.of(redacted(best.items, spans, LABEL), best.confidence) if self.redacts else best
        entities = [_entity(best.items, span, self.redacts) for span in spans]
        return replace(segment, alternatives=(shown,)), entities


def _entity(items: Sequence[Item], span: PiiSpan, hidden: bool) -> pb.Entity:
    covered = items[span.first : span.last + 1]
    words = [item for item in covered if item.start is not None]
    content = LABEL.replace("{type}", span.type) if hidden else Alternative.of(tuple(covered)).transcript
    return pb.Entity(
        start_time=words[0].start if words else None,
        end_time=words[-1].end if words else None,
        category=CATEGORY,
        type=span.type,
        content=content,
        confidence=span.score,
    )


def _alternative(reading: Alternative, chosen: VocabularyFilter | None) -> pb.Alternative:
    return pb.Alternative(transcript=reading.transcript, items=[_item(item, chosen) for item in reading.items])


def _item(item: Item, chosen: VocabularyFilter | None) -> pb.Item:
    message = pb.Item(
        start_time=item.start, end_time=item.end, type=item.kind, content=item.content, stable=item.stable
    )
    if item.kind == "pronunciation":
        message.confidence = item.confidence
    if chosen is not None and chosen.method == "tag":
        message.vocabulary_filter_match = chosen.matches(item)
    return message
