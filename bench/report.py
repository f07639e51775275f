"""The numbers as tables, and beside the goals they are held to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from bench import goals
from bench.books import Tally
from bench.goals import Check, Goal
from bench.lasting import Growth, Turn
from bench.measures import Case, Memory, Sample, Samples, middle, raw
from bench.subjects import Subject
from bench.tables import Rows

HELD = ("chat", "responses")
"""The APIs that are held to goals; turns and WebSockets are told beside them."""
CPU = {"json": goals.CPU_JSON, "stream": goals.CPU_STREAM}

Paced: TypeAlias = dict[tuple[int, str], tuple[Sample, Memory]]
"""The paced streams, by how many and the subject's name."""


def answers_table(samples: Samples) -> Rows:
    """CPU, ratio to the relay, and latency added to the mock's own, case by case."""
    named = ["api", "answer", "asked", "conns", "server", "answers"]
    rows = [[*named, "CPU ms", "× relay", "rounds", "p50 ms", "+p50", "p99 ms", "+p99"]]
    for (case, name), sample in samples.items():
        direct, relay = samples[raw(case), "direct"], samples[raw(case), "relay"]
        rows.append(
            [
                *(case.api, case.kind, case.load, str(case.connections), name, str(sample.answers)),
                f"{sample.cpu_per_answer:.3f}",
                f"{times(sample, relay):.2f}",
                spread(sample, relay),
                f"{sample.quantile_ms(0.5):.2f}",
                f"{sample.added_ms(direct, 0.5):+.2f}",
                f"{sample.quantile_ms(0.99):.2f}",
                f"{sample.added_ms(direct, 0.99):+.2f}",
            ]
        )
    return rows


def times(sample: Sample, relay: Sample) -> float:
    """How much more CPU an answer takes than through the relay: the median of the rounds."""
    return middle(sample.ratios(relay))


def spread(sample: Sample, relay: Sample) -> str:
    """The least and the most of the rounds' ratios: how far they can be believed."""
    ratios = sample.ratios(relay)
    return f"{min(ratios):.1f} to {max(ratios):.1f}"


def streams_table(paced: Paced, *, deltas: int) -> Rows:
    """Delay of each delta of the paced streams, and what the streams cost."""
    delays = ["p50 ms", "p99 ms", "+p99"]
    rows = [["server", "streams", "deltas", *delays, "CPU µs/delta", "× relay", "MB at start", "kB/stream"]]
    for (streams, name), (sample, memory) in paced.items():
        rows.append(
            [
                *(name, str(sample.answers), str(sum(len(each.times) for each in sample.rounds))),
                f"{sample.quantile_ms(0.5):.2f}",
                f"{sample.quantile_ms(0.99):.2f}",
                f"{sample.added_ms(paced[streams, 'direct'][0], 0.99):+.2f}",
                f"{sample.cpu_per_answer * 1000 / deltas:.1f}",
                f"{times(sample, paced[streams, 'relay'][0]):.2f}",
                f"{memory.at_start / 1000:.0f}",
                f"{memory.per_stream_kb:.0f}",
            ]
        )
    return rows


def turns_table(turns: Iterable[Turn]) -> Rows:
    """What a turn of a stored conversation takes as it grows."""
    rows = [["turn of a conversation", "answers", "CPU ms", "the relay's", "beyond it", "p50 ms"]]
    for turn in turns:
        rows.append(
            [
                *(f"{turn.number}.", str(turn.stored.answers)),
                f"{turn.stored.cpu_per_answer:.3f}",
                f"{turn.relayed.cpu_per_answer:.3f}",
                f"{turn.beyond:.3f}",
                f"{turn.stored.quantile_ms(0.5):.2f}",
            ]
        )
    return rows


def answer_checks(samples: Samples, *, name: str) -> list[Check]:
    """CPU of answers, and the latency added on one connection."""
    found = []
    for (case, subject), sample in samples.items():
        if subject != name or case.api not in HELD:
            continue
        ratio = times(sample, samples[raw(case), "relay"])
        found.append(Check(f"CPU, {label(case)}", ratio, goal_of(case)))
        if case.connections == 1 and case.kind == "json":
            added = sample.added_ms(samples[raw(case), "direct"], 0.5)
            found.append(Check(f"added p50, {label(case)}", added, goals.ADDED_P50))
    return found


def goal_of(case: Case) -> Goal:
    """What the CPU of a case is held to."""
    return CPU[case.kind] if case.load == "short" else goals.CPU_HEAVY


def label(case: Case) -> str:
    """A case in words."""
    asked = "" if case.load == "short" else f", {case.load}"
    return f"{case.api} {case.kind}{asked}, connections: {case.connections}"


def stream_checks(paced: Paced, *, name: str) -> list[Check]:
    """The goals of the paced streams; memory counts where the first of them are opened."""
    found = []
    for (streams, subject), (sample, memory) in paced.items():
        if subject != name:
            continue
        first = not found
        added = sample.added_ms(paced[streams, "direct"][0], 0.99)
        delay = goals.DELAY_P99 if first else goals.DELAY_P99_OF_MORE
        found.append(Check(f"added p99 per delta, {streams} streams", added, delay))
        if first:
            ratio = times(sample, paced[streams, "relay"][0])
            found += [
                Check(f"CPU, {streams} paced streams", ratio, goals.CPU_PACED_STREAM),
                Check("memory at start", memory.at_start / 1000, goals.MEMORY_AT_START),
                Check("memory per open stream", memory.per_stream_kb, goals.MEMORY_PER_STREAM),
            ]
    return found


def lasting_checks(turns: tuple[Turn, Turn] | None, growth: Growth | None) -> list[Check]:
    """The goals of long use."""
    found = []
    if turns is not None:
        early, late = turns
        what = f"turn {late.number} of a stored conversation against turn {early.number}"
        found.append(Check(what, late.beyond / early.beyond, goals.LATE_TURN))
    if growth is not None:
        what = f"memory, growth over {growth.requests:,} requests"
        found.append(Check(what, growth.megabytes, goals.MEMORY_GROWTH))
    return found


def books_checks(tallies: Iterable[Tally]) -> list[Check]:
    """The goal of the accounting by itself, which is one of SQLite."""
    return [
        Check(
            f"accounting by itself, {tally.in_flight} in flight", tally.cpu_ms / tally.runs, goals.ACCOUNTING
        )
        for tally in tallies
    ]


def start_check(subject: Subject) -> Check:
    """How soon it was ready."""
    return Check("start to ready", subject.ready_after, goals.READY)
