"""What recognition is worth here: word errors, times of words, speed, memory, latency of live speech, speakers.

    python -m bench.recognition --speech <shared>/data/speech [wer] [times] [live] [memory] [noise] [digits] [speakers]

Words are compared in small letters, without punctuation, hyphens as spaces, numbers as they are spoken: what would be
written in digits is taken before it is. Onsets are where the energy of the sound rises after a pause.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from services.transcription.live import LiveTranscript
from services.transcription.recognition import RECOGNIZE_SPEECH, SAMPLE_RATE, Options, Samples, Segment, Sound
from services.transcription.recognizer import Recognizer
from services.transcription.speakers import SpeakerLabels
from shared.media.audio import Audio
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime

KENNEDY = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country"


def normalised(text: str) -> list[str]:
    """Words without what nobody says."""
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("’", "'").replace("-", " ")).split()


def edits(reference: Sequence[str], found: Sequence[str]) -> int:
    """Levenshtein's distance in words."""
    row = list(range(len(found) + 1))
    for i, a in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(found, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def read(path: Path) -> Samples:
    with Audio(path) as audio:
        return audio.samples(SAMPLE_RATE)[0]


def sound(samples: Samples, times: int = 1) -> Sound:
    """The samples, ``times`` times over, block by block."""

    def opened() -> Iterator[Samples]:
        for _ in range(times):
            for begin in range(0, len(samples), SAMPLE_RATE):
                yield samples[begin : begin + SAMPLE_RATE]

    return opened


class Bench:
    """The benchmarks over one runtime."""

    def __init__(self, runtime: Runtime, speech: Path) -> None:
        self._runtime = runtime
        self._speech = speech
        self._spoken: list[tuple[str, Samples, list[str]]] = []

    def _references(self) -> list[tuple[str, Samples, list[str]]]:
        if not self._spoken:
            for line in (self._speech / "ljspeech/metadata.csv").read_text(encoding="utf-8").splitlines():
                name, _, text = line.split("|")
                self._spoken.append((name, read(self._speech / f"ljspeech/{name}.wav"), normalised(text)))
            self._spoken.append(("jfk", read(self._speech / "jfk.flac"), normalised(KENNEDY)))
        return self._spoken

    async def _segments(self, samples: Samples, times: int = 1) -> list[Segment]:
        found = Recognizer(self._runtime).segments(sound(samples, times), Options())
        return [segment async for segment in found]

    async def wer(self) -> None:
        """Word errors by file: each is a job of its own. The speed is that of one core and of whatever else runs."""
        recognizer = Recognizer(self._runtime)
        print(f"model {recognizer.model_id(Options())}")
        halves = {"ljspeech even": [0, 0], "ljspeech odd": [0, 0], "jfk": [0, 0]}
        # Numbers count as they were said, so the words are taken before they are written.
        lease = await self._runtime.lease_model(recognizer.model_id(Options()))
        confidences: list[tuple[float, bool]] = []
        seconds = wall = 0.0
        async with lease:
            for number, (name, samples, reference) in enumerate(self._references()):
                started = time.perf_counter()
                said: list[tuple[str, float]] = []
                async for segment in Recognizer(_Plain.of(self._runtime)).segments(sound(samples), Options()):
                    said += [(item.content, item.confidence) for item in segment.items if item.kind == "pronunciation"]
                wall += time.perf_counter() - started
                seconds += len(samples) / SAMPLE_RATE
                found = normalised(" ".join(word for word, _ in said))
                wrong = edits(reference, found)
                half = "jfk" if name == "jfk" else ("ljspeech even", "ljspeech odd")[number % 2]
                halves[half][0] += wrong
                halves[half][1] += len(reference)
                if len(found) == len(said):
                    right = _right(reference, found)
                    confidences += [(confidence, ok) for (_, confidence), ok in zip(said, right, strict=True)]
                print(f"  {name:12s} {100 * wrong / len(reference):5.1f} %  {' '.join(found)}", flush=True)
        for half, (wrong, total) in halves.items():
            print(f"WER {half}: {100 * wrong / total:.1f} % of {total} words")
        wrong, total = (sum(values) for values in zip(*halves.values(), strict=True))
        print(f"WER all: {100 * wrong / total:.1f} % of {total} words; real-time factor {wall / seconds:.2f}")
        for low, high in ((0.0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.01)):
            chosen = [(c, ok) for c, ok in confidences if low <= c < high]
            if chosen:
                mean = statistics.mean(c for c, _ in chosen)
                share = statistics.mean(ok for _, ok in chosen)
                print(f"confidence {low:.1f}-{high:.1f}: said {mean:.2f}, right {share:.2f}, {len(chosen)} words")

    async def times(self) -> None:
        """Words after a pause against the onsets of the energy."""
        differences: list[float] = []
        for _, samples, _ in self._references():
            onsets = _onsets(samples)
            starts = [
                item.start for one in await self._segments(samples) for item in one.items if item.start is not None
            ]
            for onset in onsets:
                if starts:
                    differences.append(min(abs(start - onset) for start in starts))
        print(
            f"onsets {len(differences)}: median {1000 * statistics.median(differences):.0f} ms, "
            f"90th percentile {1000 * float(np.quantile(differences, 0.9)):.0f} ms"
        )

    async def live(self) -> None:
        """Latency at speaking pace: silence, a sentence, silence; 100 ms a chunk."""
        firsts: list[float] = []
        finals: list[float] = []
        wrong = total = 0
        for name, samples, reference in self._references()[:6]:
            live = LiveTranscript(self._runtime, Options(), SAMPLE_RATE, "high")
            await live.open()
            padded = np.concatenate((np.zeros(8000, np.float32), samples, np.zeros(24_000, np.float32)))
            begins, ends = _extent(padded)
            started, first, last = time.perf_counter(), 0.0, 0.0
            said: list[str] = []
            for at in range(0, len(padded), 1600):
                await asyncio.sleep(max(0.0, started + (at + 1600) / SAMPLE_RATE - time.perf_counter()))
                for result in await live.accept(padded[at : at + 1600]):
                    first = first or time.perf_counter() - started
                    if not result.partial:
                        last = time.perf_counter() - started
                        said += normalised(result.alternatives[0].transcript) if result.alternatives else []
            for result in await live.finish():
                last = time.perf_counter() - started
                said += normalised(result.alternatives[0].transcript) if result.alternatives else []
            await live.close()
            firsts.append(first - begins)
            finals.append(last - ends)
            wrong, total = wrong + edits(reference, said), total + len(reference)
            print(
                f"  {name}: first partial {firsts[-1]:.2f} s after speech began, last final {finals[-1]:.2f} s after it"
            )
        print(
            f"first partial: median {statistics.median(firsts):.2f} s, worst {max(firsts):.2f} s; "
            f"final: median {statistics.median(finals):.2f} s, worst {max(finals):.2f} s; WER {100 * wrong / total:.1f}"
        )

    async def memory(self) -> None:
        """An hour: 8 s of speech and 172 s of quiet hum, over and over; this process, not its decoders'."""
        speech = np.concatenate([samples for _, samples, _ in self._references()])[: 8 * SAMPLE_RATE]
        hum = (np.random.default_rng(0).standard_normal(172 * SAMPLE_RATE) * 1e-4).astype(np.float32)
        loop = np.concatenate((speech, hum))
        await self._segments(loop)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        started = time.perf_counter()
        found = await self._segments(loop, 20)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        seconds = time.perf_counter() - started
        print(f"an hour: {len(found)} segments, peak {before} MB before, {after} MB after, {seconds:.0f} s")

    async def noise(self) -> None:
        """Words found where nobody speaks."""
        rng = np.random.default_rng(0)
        white = rng.standard_normal(60 * SAMPLE_RATE).astype(np.float32)
        brown = np.cumsum(white)
        brown -= np.convolve(brown, np.ones(800) / 800, mode="same")
        for name, samples in (
            ("digital silence", np.zeros(60 * SAMPLE_RATE, np.float32)),
            ("white noise -26 dB", white * 0.05),
            ("brown noise -26 dB", (brown / np.std(brown) * 0.05).astype(np.float32)),
        ):
            words = [
                item for one in await self._segments(samples) for item in one.items if item.kind == "pronunciation"
            ]
            print(f"{name}: {len(words)} words in a minute")

    async def digits(self) -> None:
        """Spoken digits at 8 kHz, ten a recording with short pauses, each speaker of fsdd."""
        names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        wrong = total = 0
        for speaker in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"):
            parts: list[Samples] = []
            for digit in range(10):
                parts += [read(self._speech / f"fsdd/{digit}_{speaker}_0.wav"), np.zeros(4800, np.float32)]
            said = [
                item.content
                async for one in Recognizer(_Plain.of(self._runtime)).segments(sound(np.concatenate(parts)), Options())
                for item in one.items
            ]
            wrong, total = wrong + edits(names, normalised(" ".join(said))), total + 10
            print(f"  {speaker}: {' '.join(said)}", flush=True)
        print(f"WER digits at 8 kHz: {100 * wrong / total:.0f} % of {total} words")

    async def speakers(self) -> None:
        """Labels against the truth of a telephone call, and how many voices are heard elsewhere."""
        call = read(self._speech / "pyannote/sample.wav")
        turns = [line.split() for line in (self._speech / "pyannote/sample.rttm").read_text().splitlines()]
        truth = [(float(turn[3]), float(turn[3]) + float(turn[4]), turn[7]) for turn in turns]
        labelled = await self._labelled(call)
        pairs: dict[tuple[str, str], int] = {}
        for item in (item for segment in labelled for item in segment.items if item.start is not None):
            middle = ((item.start or 0.0) + (item.end or 0.0)) / 2
            who = {name for start, end, name in truth if start <= middle < end}
            if len(who) == 1:
                key = (item.speaker or "", who.pop())
                pairs[key] = pairs.get(key, 0) + 1
        labels = sorted({label for label, _ in pairs})
        right = sum(max(count for (one, _), count in pairs.items() if one == label) for label in labels)
        print(f"pyannote sample: labels {labels}, {100 * right / sum(pairs.values()):.0f} % of the words right")
        for name in ("google/commercial_mono.wav", "google/multi.wav", "ljspeech/LJ001-0003.wav", "jfk.flac"):
            labelled = await self._labelled(read(self._speech / name))
            found = {item.speaker for segment in labelled for item in segment.items}
            print(f"{name}: {len(found)} speakers")

    async def _labelled(self, samples: Samples) -> list[Segment]:
        return await SpeakerLabels(self._runtime).label(sound(samples), await self._segments(samples), 10)


class _Plain(Runtime):
    """A runtime without models that punctuate: words stay as they are said."""

    @classmethod
    def of(cls, runtime: Runtime) -> Runtime:
        plain = cls.__new__(cls)
        plain.__dict__ = runtime.__dict__
        return plain

    def candidates(self, task: str, language: str | None = None):  # type: ignore[no-untyped-def]
        return [] if task == "punctuate-text" else super().candidates(task, language)


def _right(reference: Sequence[str], found: Sequence[str]) -> list[bool]:
    """Which found words an alignment of least edits leaves as they are."""
    table = np.zeros((len(reference) + 1, len(found) + 1), int)
    table[:, 0], table[0, :] = range(len(reference) + 1), range(len(found) + 1)
    for i, a in enumerate(reference, 1):
        for j, b in enumerate(found, 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
    right = [False] * len(found)
    i, j = len(reference), len(found)
    while i and j:
        same = reference[i - 1] == found[j - 1]
        if table[i, j] == table[i - 1, j - 1] + (not same):
            right[j - 1] = same
            i, j = i - 1, j - 1
        elif table[i, j] == table[i, j - 1] + 1:
            j -= 1
        else:
            i -= 1
    return right


def _levels(samples: Samples) -> np.ndarray:  # type: ignore[type-arg]
    """dB of each 10 ms."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    return 10 * np.log10(np.mean(frames**2, axis=1) + 1e-10)


def _onsets(samples: Samples) -> list[float]:
    """Seconds at which sound begins after at least 200 ms of quiet."""
    levels = _levels(samples)
    loud = levels > np.quantile(levels, 0.95) - 30
    found = []
    for at in range(len(loud)):
        if loud[at] and not loud[max(0, at - 20) : at].any() and loud[at : at + 5].all():
            found.append(at / 100)
    return found


def _extent(samples: Samples) -> tuple[float, float]:
    """Seconds at which the first sound begins and the last one ends."""
    levels = _levels(samples)
    loud = np.flatnonzero(levels > np.quantile(levels, 0.95) - 30)
    return float(loud[0]) / 100, float(loud[-1] + 1) / 100


async def run(names: Sequence[str], speech: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime(Catalog.load(), ModelStore(Path(folder)), [Device("cpu", 8 << 30)])
        bench = Bench(runtime, speech)
        for name in names:
            print(f"== {name} ({', '.join(m.id for m in runtime.candidates(RECOGNIZE_SPEECH))})", flush=True)
            await getattr(bench, name)()
        await runtime.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ("wer", "times", "live", "memory", "noise", "digits", "speakers")
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("names", nargs="*", help=f"of {known}; all of them")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.names or known, arguments.speech))


if __name__ == "__main__":
    main()
