"""A service process killed every five seconds under load: failed calls, wrong answers, lost jobs and executions.

    python -m bench.kills [--minutes 5] [--every 5] [--pause 0.05] [--seed 9]

Gateway and services are processes of their own (NONET_DATABASE_URL and NONET_OBJECT_STORE_URL as everywhere; SQLite and
a folder without them). One call begins every ``pause`` seconds, of the kinds in ``Calls``. Meanwhile a service is
picked, killed by SIGKILL and started again at once. Every answer is held against the one that the same call had before
the first kill, numbers to within a thousandth, and each turn of a conversation against what was said in it. Jobs and
executions that were acknowledged must all end with the same result. A call that failed is explained when the process
that answers it was killed while the call ran, or was not back yet when it began.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bench.kill_calls import CALLERS, TEXTS, Calls, Kind, same
from bench.processes import FOLDERS, Processes, gateway

MINUTES, EVERY, PAUSE, SEED = 5.0, 5.0, 0.05, 9
END_SECONDS = 300
DATABASE = "PostgreSQL" if os.environ.get("NONET_DATABASE_URL") else "SQLite"


@dataclass(slots=True)
class Kill:
    """SIGKILL went to a process at ``at``; it was gone at ``gone`` and served again at ``back`` (time.monotonic())."""

    service: str
    at: float
    gone: float = math.inf
    back: float = math.inf


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that raised; ``began`` and ``ended`` are seconds of time.monotonic()."""

    kind: Kind
    began: float
    ended: float
    error: str

    def explanation(self, kills: Iterable[Kill]) -> str:
        own = [kill for kill in kills if kill.service == self.kind.service]
        if any(self.began <= kill.gone and kill.at <= self.ended for kill in own):
            return "in flight on the killed process"
        if any(kill.gone < self.began < kill.back for kill in own):
            return "begun before the process was back"
        return "not explained"


@dataclass(slots=True)
class Tally:
    """What became of the calls."""

    made: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, kind: Kind) -> None:
        """Make one call and note what became of it."""
        began = time.monotonic()
        try:
            answer, expected = kind.make()
        except (ClientError, BotoCoreError) as error:
            with self.lock:
                self.made[kind.name] += 1
                self.failures.append(Failure(kind, began, time.monotonic(), str(error)))
        else:
            with self.lock:
                self.made[kind.name] += 1
                if not same(answer, expected):
                    self.wrong.append(f"{kind.name}: {answer} in place of {expected}")


def kill_at_random(processes: Processes, every: float, until: float, seed: int) -> list[Kill]:
    """Kill one every ``every`` seconds and start it again at once; none that is still coming back."""
    chance = random.Random(seed)
    kills: list[Kill] = []
    waiting: list[threading.Thread] = []

    def wait(kill: Kill) -> None:
        processes.wait(kill.service)
        kill.back = time.monotonic()

    due = time.monotonic() + every
    while due < until:
        time.sleep(max(0.0, due - time.monotonic()))
        down = {kill.service for kill in kills if kill.back == math.inf}
        kill = Kill(chance.choice([name for name in FOLDERS if name not in down]), time.monotonic())
        kills.append(kill)
        processes.kill(kill.service)
        kill.gone = time.monotonic()
        processes.start(kill.service)
        waiting.append(threading.Thread(target=wait, args=(kill,)))
        waiting[-1].start()
        due += every
    for thread in waiting:
        thread.join()
    return kills


def load(calls: Calls, tally: Tally, pause: float, until: float) -> None:
    """Begin a call every ``pause`` seconds, as long as a caller is free, and wait for the last answers."""
    kinds = [kind for kind in calls.kinds for _ in range(kind.share)]
    random.Random(SEED).shuffle(kinds)
    free = threading.Semaphore(CALLERS)

    def make(kind: Kind) -> None:
        with free:
            tally.make(kind)

    begun = []
    with ThreadPoolExecutor(CALLERS) as callers:
        due = time.monotonic()
        for kind in itertools.cycle(kinds):
            time.sleep(max(0.0, due - time.monotonic()))
            with free:  # somebody can take it
                pass
            if time.monotonic() >= until:
                break
            begun.append(callers.submit(make, kind))
            due = max(due + pause, time.monotonic() - 1)
    for future in begun:
        future.result()


def results(result_of: Callable[[str], Any], names: Iterable[str]) -> dict[str, Any]:
    """Results of all that end within ``END_SECONDS``; what is missing has not ended."""
    until = time.monotonic() + END_SECONDS
    waiting = list(names)
    found: dict[str, Any] = {}
    while waiting and time.monotonic() < until:
        found |= {name: result for name in waiting if (result := result_of(name)) is not None}
        waiting = [name for name in waiting if name not in found]
        time.sleep(0.2)
    return found


def is_away(result: Any) -> bool:
    """Whether an execution failed because a service that it called was not there."""
    told = ("Nothing answers at ", "The service ended with the call")
    return bool(result["status"] == "FAILED" and str(result["cause"]).startswith(told))


@dataclass(frozen=True, slots=True)
class Reference:
    """What one job, and an execution of each text, came to before the first kill."""

    job: Any
    executions: dict[str, Any]


def warm(calls: Calls) -> Reference:
    """Make every call until all answers are known; what jobs and executions come to undisturbed."""
    for _ in range(8 * len(TEXTS)):
        for kind in calls.kinds:
            if kind.name != "StartDocumentTextDetection" or not calls.jobs:
                kind.make()
    jobs = results(calls.result_of_job, calls.jobs)
    ended = results(calls.result_of_execution, calls.executions)
    reference = Reference(jobs.popitem()[1], {calls.executions[arn]: result for arn, result in ended.items()})
    assert reference.job["JobStatus"] == "SUCCEEDED" and set(reference.executions) == set(TEXTS)
    assert all(result["status"] == "SUCCEEDED" for result in reference.executions.values())
    calls.jobs.clear()
    calls.executions.clear()
    return reference


def report(minutes: float = MINUTES, every: float = EVERY, pause: float = PAUSE, seed: int = SEED) -> list[str]:
    """What happened, as lines for docs/benchmarks.md; what was wrong, lost or not explained comes in full."""
    with tempfile.TemporaryDirectory(prefix="nonet-bench-") as folder:
        settings = {"data_directory": folder, "log_level": "ERROR"}
        log = Path(folder) / "processes.log"
        with Processes(FOLDERS, settings, log=log) as processes, gateway(processes.upstreams, settings) as (port, _):
            calls, tally = Calls(port), Tally()
            reference = warm(calls)
            until = time.monotonic() + 60 * minutes
            loading = threading.Thread(target=load, args=(calls, tally, pause, until))
            loading.start()
            kills = kill_at_random(processes, every, until, seed)
            loading.join()
            jobs = results(calls.result_of_job, calls.jobs)
            executions = results(calls.result_of_execution, calls.executions)
            happened = sum(map(calls.happened, calls.failed_starts))
    away = [arn for arn, result in executions.items() if is_away(result)]
    wrong = [
        *tally.wrong,
        *(f"job {job}: {result}" for job, result in jobs.items() if not same(result, reference.job)),
        *(
            f"{arn}: {result}"
            for arn, result in executions.items()
            if arn not in away and not same(result, reference.executions[calls.executions[arn]])
        ),
    ]
    lost = {*calls.jobs, *calls.executions} - {*jobs, *executions}
    reasons = Counter(failure.explanation(kills) for failure in tally.failures)
    by_kind = Counter(failure.kind.name for failure in tally.failures)
    back = sorted(kill.back - kill.at for kill in kills)
    total, failed = tally.made.total(), len(tally.failures)
    return [
        f"{minutes:g} minutes, a kill every {every:g} s, a call every {1000 * pause:.0f} ms, {DATABASE}: {len(kills)} "
        f"kills of {len(FOLDERS)} services; a killed process served again after {statistics.median(back):.1f} s "
        f"(longest {back[-1]:.1f}).",
        "",
        "| call | made | failed |",
        "|---|--:|--:|",
        *(f"| {name} | {count} | {by_kind[name]} |" for name, count in tally.made.items()),
        f"| all | {total} | {failed} |",
        "",
        f"Wrong answers: **{len(wrong)}**. Jobs lost: **{len(calls.jobs) - len(jobs)}** of {len(calls.jobs)}. "
        f"Executions lost: **{len(calls.executions) - len(executions)}** of {len(calls.executions)}.",
        f"Failed calls: {failed} ({100 * failed / total:.2f} %)"
        + "".join(f"; {count} {reason}" for reason, count in reasons.items())
        + f". Of {len(calls.failed_starts)} StartExecution that failed, {happened} had happened. "
        f"{len(away)} executions ended FAILED since a service that they called, without a Retry, was away.",
        *(f"- wrong: {text}" for text in wrong),
        *(f"- lost: {name}" for name in lost),
        *(f"- {failure.kind.name} after {failure.ended - failure.began:.1f} s: {failure.error} ({why})"
          for failure in tally.failures if (why := failure.explanation(kills)) == "not explained"),
        *(f"- {count} x {error}" for error, count in Counter(failure.error for failure in tally.failures).items()),
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--every", type=float, default=EVERY)
    parser.add_argument("--pause", type=float, default=PAUSE)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    print("\n".join(report(chosen.minutes, chosen.every, chosen.pause, chosen.seed)))
