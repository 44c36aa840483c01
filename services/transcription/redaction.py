"""Personal information taken out of transcripts: found by Comprehend's DetectPiiEntities, asked through the suite.

Which items an entity covers is told by their places in the text that was asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.transcription.recognition import Alternative, Item, Segment, transcript
from shared import errors
from shared.platform import Platform

CONTENT = "[PII]"
CALLER = "transcribe"
#: What Transcribe takes out where no types are named.
ALL_TYPES = frozenset(
    {"BANK_ACCOUNT_NUMBER", "BANK_ROUTING", "CREDIT_DEBIT_NUMBER", "CREDIT_DEBIT_CVV", "CREDIT_DEBIT_EXPIRY", "PIN",
     "EMAIL", "ADDRESS", "NAME", "PHONE", "SSN"}
)  # fmt: skip

#: Characters asked about at once; DetectPiiEntities takes 100,000 bytes.
_WINDOW_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class RedactedItem(Item):
    """Stands for the items of one entity; ``confidence`` is that it is personal information."""


@dataclass(frozen=True, slots=True)
class PiiSpan:
    """Items ``first`` to ``last`` (inclusive) of a list, and the entity that they are. ``score`` 0..1."""

    first: int
    last: int
    type: str
    score: float


class Redactor:
    """Takes personal information of some types out of segments in one language."""

    def __init__(
        self, platform: Platform, account: str, region: str, language: str, types: Collection[str] = ()
    ) -> None:
        """``language``: as Transcribe spells it ("en-US"). ``types``: of PiiEntityTypes; none or ALL: every one."""
        self._operations = platform.operations
        self._account = account
        self._region = region
        self._language = language.partition("-")[0]
        self.types = ALL_TYPES if not types or "ALL" in types else frozenset(types)

    async def check(self) -> None:
        """Refuse, before a job is accepted, what cannot be done. Raises ``InvalidArgument`` with the reason."""
        try:
            await self._ask("a")
        except errors.NonetError as error:
            raise errors.InvalidArgument(
                f"ContentRedaction is not available for this language: {error.message}", aws_code="BadRequestException"
            ) from error

    async def spans(self, items: Sequence[Item]) -> list[PiiSpan]:
        """Entities among the items, in order, none overlapping another."""
        text, places = _text(items)
        found: list[PiiSpan] = []
        for entity in await self._ask(text) if text.strip() else ():
            if entity["Type"] not in self.types:
                continue
            begin, end = int(entity["BeginOffset"]), int(entity["EndOffset"])
            covered = [n for n, (start, stop) in enumerate(places) if start < end and stop > begin]
            while covered and items[covered[-1]].kind == "punctuation":
                covered.pop()  # what ends the sentence stays
            if covered and (not found or covered[0] > found[-1].last):
                found.append(PiiSpan(covered[0], covered[-1], str(entity["Type"]), float(entity["Score"])))
        return found

    async def redact(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments with each entity as one item. Readings beside the best are redacted by themselves, and wherever
        the best one is at the same time."""
        changed: list[Segment] = []
        for window in _windows(segments):
            items = [item for segment in window for item in segment.items]
            spans = await self.spans(items)
            offset = 0
            for segment in window:
                mine = _within(spans, offset, offset + len(segment.items))
                offset += len(segment.items)
                changed.append(await self._redact_one(segment, mine))
        return changed

    async def _redact_one(self, segment: Segment, spans: Sequence[PiiSpan]) -> Segment:
        best = redacted(segment.items, spans)
        readings = [Alternative.of(best, segment.alternatives[0].confidence)]
        times = [(item.start, item.end) for item in best if isinstance(item, RedactedItem)]
        for reading in segment.alternatives[1:]:
            own = await self.spans(reading.items)
            also = [PiiSpan(n, n, "", 0.0) for n, item in enumerate(reading.items) if _overlaps(item, times)]
            readings.append(Alternative.of(redacted(reading.items, _joined([*own, *also])), reading.confidence))
        return replace(segment, alternatives=tuple(readings))

    async def _ask(self, text: str) -> list[Mapping[str, Any]]:
        operation = self._operations.find("comprehend", "DetectPiiEntities")
        answer = await self._operations.call(
            operation,
            {"Text": text, "LanguageCode": self._language},
            account=self._account,
            region=self._region,
            caller=CALLER,
        )
        return sorted(answer.get("Entities", []), key=lambda entity: int(entity["BeginOffset"]))


def redacted(items: Sequence[Item], spans: Sequence[PiiSpan], label: str = CONTENT) -> tuple[Item, ...]:
    """The items with each span as one ``RedactedItem``, whose content is ``label`` ("{type}": the entity's type)."""
    written: list[Item] = []
    following = iter(spans)
    span = next(following, None)
    for number, item in enumerate(items):
        if span is None or number < span.first:
            written.append(item)
        elif number == span.last:
            written.append(_redacted_item(items[span.first : span.last + 1], span, label))
            span = next(following, None)
    return tuple(written)


def _redacted_item(items: Sequence[Item], span: PiiSpan, label: str) -> RedactedItem:
    words = [item for item in items if item.start is not None]
    return RedactedItem(
        "pronunciation",
        label.replace("{type}", span.type),
        words[0].start if words else None,
        words[-1].end if words else None,
        span.score,
        items[0].speaker,
        all(item.stable for item in items),
    )


def _text(items: Sequence[Item]) -> tuple[str, list[tuple[int, int]]]:
    """The items as text, and where in it each stands: first character, and the one after its last."""
    places: list[tuple[int, int]] = []
    position = 0
    for number, item in enumerate(items):
        position += 1 if number and item.kind == "pronunciation" else 0
        places.append((position, position + len(item.content)))
        position += len(item.content)
    return transcript(list(items)), places


def _windows(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments in groups whose text is short enough to ask about at once."""
    windows: list[list[Segment]] = []
    size = 0
    for segment in segments:
        length = len(segment.alternatives[0].transcript) + 1
        if not windows or size + length > _WINDOW_CHARACTERS:
            windows.append([])
            size = 0
        windows[-1].append(segment)
        size += length
    return windows


def _within(spans: Sequence[PiiSpan], begin: int, end: int) -> list[PiiSpan]:
    """Parts of the spans among items ``begin`` to ``end`` (exclusive), counted from ``begin``."""
    return [
        replace(span, first=max(span.first, begin) - begin, last=min(span.last, end - 1) - begin)
        for span in spans
        if span.first < end and span.last >= begin
    ]


def _joined(spans: Sequence[PiiSpan]) -> list[PiiSpan]:
    """Spans in order, those that touch or overlap as one, with the best score of them."""
    joined: list[PiiSpan] = []
    for span in sorted(spans, key=lambda one: (one.first, one.last)):
        if joined and span.first <= joined[-1].last + 1:
            last = joined[-1]
            joined[-1] = PiiSpan(
                last.first, max(last.last, span.last), last.type or span.type, max(last.score, span.score)
            )
        else:
            joined.append(span)
    return joined


def _overlaps(item: Item, times: Sequence[tuple[float | None, float | None]]) -> bool:
    if item.start is None or item.end is None:
        return False
    return any(
        start is not None and end is not None and item.start < end and item.end > start for start, end in times
    )
