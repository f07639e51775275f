"""The rounds: each subject in turn, so that a slow moment of the machine hits them all."""

from __future__ import annotations

import math
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from statistics import median
from typing import TypeAlias

import msgspec
from msgspec import Struct

from bench.load import Order, Result
from bench.processes import ROOT, cpu_ms, python, rss_kb
from bench.subjects import Subject


class Case(Struct, frozen=True):
    """One thing to measure."""

    api: str
    kind: str
    connections: int
    load: str = "short"


class Round(Struct, kw_only=True, frozen=True):
    """What one round of a case came to on one subject."""

    answers: int
    cpu_ms: float
    """Of the server's process tree."""
    times: list[float]

    @property
    def cpu_per_answer(self) -> float:
        """CPU milliseconds of one answer."""
        return self.cpu_ms / self.answers if self.answers else math.nan

    def quantile_ms(self, share: float) -> float:
        """The time that this share of the answers (or deltas) stays within."""
        if not self.times:
            return math.nan
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class Sample(Struct):
    """All rounds of one case on one subject.

    What is told of them is the median of the rounds: in their sum a slow round would count for little, as
    fewer answers come of it.
    """

    rounds: list[Round] = []
    errors: list[str] = []

    @property
    def answers(self) -> int:
        """Of all rounds."""
        return sum(each.answers for each in self.rounds)

    @property
    def cpu_per_answer(self) -> float:
        """CPU milliseconds of one answer."""
        return middle([each.cpu_per_answer for each in self.rounds])

    def quantile_ms(self, share: float) -> float:
        """The time that this share of the answers (or deltas) stays within."""
        return middle([each.quantile_ms(share) for each in self.rounds])

    def ratios(self, relay: Sample) -> list[float]:
        """How much more CPU an answer takes than through the relay, in each round of both.

        No number where the relay's is too small to be told.
        """
        pairs = zip(self.rounds, relay.rounds, strict=True)
        return [
            ours.cpu_per_answer / theirs.cpu_per_answer if theirs.cpu_ms else math.nan
            for ours, theirs in pairs
        ]

    def added_ms(self, direct: Sample, share: float) -> float:
        """What is added to the mock's own time, at a quantile."""
        pairs = zip(self.rounds, direct.rounds, strict=True)
        return middle([ours.quantile_ms(share) - theirs.quantile_ms(share) for ours, theirs in pairs])


def middle(numbers: list[float]) -> float:
    """The median; no number where one of them is none, or there are none."""
    return math.nan if not numbers or any(map(math.isnan, numbers)) else median(numbers)


Samples: TypeAlias = dict[tuple[Case, str], Sample]
"""By case and the subject's name."""


class Memory(Struct, kw_only=True):
    """Resident kB of a subject's process tree."""

    at_start: int
    before_streams: int
    most_with_streams: int
    streams: int

    @property
    def per_stream_kb(self) -> float:
        """What one open stream adds."""
        return (self.most_with_streams - self.before_streams) / self.streams


def carry_out(order: Order) -> Result:
    """Run one load generator to its end."""
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as told:
        asked.write(msgspec.json.encode(order))
        asked.seek(0)
        command, timeout = python("bench.load"), order.seconds + 60
        subprocess.run(command, cwd=ROOT, stdin=asked, stdout=told, timeout=timeout, check=True)
        told.seek(0)  # files, not pipes: in some sandboxes a pipe ends early when a megabyte is written to it
        return msgspec.json.decode(told.read(), type=Result)


def measure(subject: Subject, order: Order, sample: Sample) -> None:
    """One round, with the CPU it took."""
    before = cpu_ms(subject.pid)
    result = carry_out(order)
    taken = cpu_ms(subject.pid) - before
    sample.rounds.append(Round(answers=result.answers, cpu_ms=taken, times=result.times))
    sample.errors += result.errors


def rounds(
    cases: Iterable[Case], subjects: list[Subject], *, times: int, seconds: float, deltas: int
) -> Samples:
    """Every case on every subject, `times` times in alternation; raw subjects once for all APIs."""
    samples: Samples = {}
    for group in _alike(cases):
        turns = [(case, subject) for subject in subjects for case in cases_for(subject, group)]
        for number in range(times):
            for case, subject in turns if number % 2 == 0 else reversed(turns):
                sample = samples.setdefault((case, subject.name), Sample())
                measure(subject, order_for(subject, case, seconds=seconds, deltas=deltas), sample)
    return samples


def cases_for(subject: Subject, cases: Iterable[Case]) -> list[Case]:
    """The cases to measure on a subject: to one that only passes bytes on, all APIs are the same."""
    if not subject.raw:
        return [case for case in cases if case.api in subject.apis]
    return list(dict.fromkeys(raw(case) for case in cases))


def raw(case: Case) -> Case:
    """The same load on a subject that only passes bytes on."""
    return Case("any", case.kind, case.connections, case.load)


def _alike(cases: Iterable[Case]) -> list[list[Case]]:
    groups: dict[Case, list[Case]] = {}
    for case in cases:
        groups.setdefault(raw(case), []).append(case)
    return list(groups.values())


def order_for(subject: Subject, case: Case, *, seconds: float, deltas: int) -> Order:
    """The load of a case for one subject."""
    return subject.order(
        api=case.api,
        kind=case.kind,
        connections=case.connections,
        seconds=seconds,
        deltas=deltas,
        load=case.load,
    )


def warm_up(subject: Subject, cases: Iterable[Case], *, deltas: int) -> list[str]:
    """Ask a little of everything before anything is measured; gives what went wrong."""
    errors: list[str] = []
    for case in cases_for(subject, cases):
        errors += carry_out(order_for(subject, case, seconds=0.2, deltas=deltas)).errors
    return errors


def open_streams(subject: Subject, *, streams: int, deltas: int, at_start: int) -> tuple[Sample, Memory]:
    """Many paced streams at once: delays of their deltas, CPU, and memory while they are open."""
    case, sample = Case("chat", "paced", streams), Sample()
    before = rss_kb(subject.pid)
    with PeakMemory(subject.pid) as peak:
        measure(subject, order_for(subject, case, seconds=60 + deltas, deltas=deltas), sample)
    memory = Memory(at_start=at_start, before_streams=before, most_with_streams=peak.most, streams=streams)
    return sample, memory


class PeakMemory:
    """Watches a process tree's memory from a thread of its own."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.most = max(self.most, rss_kb(self._pid))
            time.sleep(0.25)
