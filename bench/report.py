"""The numbers as tables, beside the goals they are held to."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from bench.measures import Memory, Sample, Samples, raw

RATIO_GOALS = {"json": 4.0, "stream": 3.0}
HELD = ("chat", "responses")
"""The APIs that are held to goals; turns and WebSockets are told beside them."""
ADDED_P50_GOAL_MS = 1.5
ADDED_DELAY_P99_GOAL_MS = 40.0
START_GOAL_MB = 110.0
PER_STREAM_GOAL_KB = 80.0

Paced: TypeAlias = dict[str, tuple[Sample, Memory]]
"""The paced streams by the subject's name."""
Rows: TypeAlias = list[list[str]]


class Check(Struct, frozen=True):
    """One number and its goal."""

    what: str
    value: float
    goal: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the number is within its goal."""
        return self.value <= self.goal


def answers_table(samples: Samples) -> Rows:
    """CPU, ratio to the relay, and latency added to the mock's own, case by case."""
    named = ["api", "answer", "conns", "server", "answers"]
    rows = [[*named, "CPU ms", "× relay", "p50 ms", "+p50", "p99 ms", "+p99"]]
    for (case, name), sample in samples.items():
        direct, relay = samples[raw(case), "direct"], samples[raw(case), "relay"]
        rows.append(
            [
                *(case.api, case.kind, str(case.connections), name, str(sample.answers)),
                f"{sample.cpu_per_answer:.3f}",
                f"{times(sample, relay):.2f}",
                f"{sample.quantile_ms(0.5):.2f}",
                f"{added_ms(sample, direct, 0.5):+.2f}",
                f"{sample.quantile_ms(0.99):.2f}",
                f"{added_ms(sample, direct, 0.99):+.2f}",
            ]
        )
    return rows


def times(sample: Sample, relay: Sample) -> float:
    """How much more CPU an answer takes than through the relay; no number where the relay's is too small."""
    return sample.cpu_per_answer / relay.cpu_per_answer if relay.cpu_ms else float("nan")


def added_ms(sample: Sample, direct: Sample, share: float) -> float:
    """What a server adds to the mock's own time, at a quantile."""
    return sample.quantile_ms(share) - direct.quantile_ms(share)


def streams_table(paced: Paced, *, deltas: int) -> Rows:
    """Delay of each delta of the paced streams, and what the streams cost."""
    delays = ["p50 ms", "p99 ms", "+p99"]
    rows = [["server", "streams", "deltas", *delays, "CPU µs/delta", "MB at start", "kB/stream"]]
    for name, (sample, memory) in paced.items():
        rows.append(
            [
                *(name, str(sample.answers), str(len(sample.times))),
                f"{sample.quantile_ms(0.5):.2f}",
                f"{sample.quantile_ms(0.99):.2f}",
                f"{added_ms(sample, paced['direct'][0], 0.99):+.2f}",
                f"{sample.cpu_per_answer * 1000 / deltas:.1f}",
                f"{memory.at_start / 1000:.0f}",
                f"{memory.per_stream_kb:.0f}",
            ]
        )
    return rows


def checks(samples: Samples, paced: Paced, *, name: str) -> list[Check]:
    """Every goal that was measured for the subject of that name."""
    found = []
    for (case, subject), sample in samples.items():
        if subject != name or case.api not in HELD:
            continue
        label = f"{case.api} {case.kind}, connections: {case.connections}"
        ratio = times(sample, samples[raw(case), "relay"])
        found.append(Check(f"CPU, {label}", ratio, RATIO_GOALS[case.kind], "× relay"))
        if case.connections == 1:
            added = added_ms(sample, samples[raw(case), "direct"], 0.5)
            found.append(Check(f"added p50, {label}", added, ADDED_P50_GOAL_MS, "ms"))
    return found + (stream_checks(paced, name=name) if name in paced else [])


def stream_checks(paced: Paced, *, name: str) -> list[Check]:
    """The goals of the paced streams."""
    sample, memory = paced[name]
    added = added_ms(sample, paced["direct"][0], 0.99)
    return [
        Check(f"added p99 per delta, {memory.streams} streams", added, ADDED_DELAY_P99_GOAL_MS, "ms"),
        Check("memory at start", memory.at_start / 1000, START_GOAL_MB, "MB"),
        Check("memory per open stream", memory.per_stream_kb, PER_STREAM_GOAL_KB, "kB"),
    ]


def checks_table(found: list[Check]) -> Rows:
    """The goals, each with what was measured."""
    rows = [["goal", "measured", "at most", "unit", ""]]
    for check in found:
        verdict = "met" if check.met else "MISSED"
        rows.append([check.what, f"{check.value:.2f}", f"{check.goal:g}", check.unit, verdict])
    return rows


def render(rows: Rows) -> str:
    """Rows as aligned text: words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (map(_fit, row, widths) for row in rows)
    return "\n".join("  ".join(cells).rstrip() for cells in lines)


def _fit(cell: str, width: int) -> str:
    return cell.rjust(width) if cell[:1].isdigit() or cell[:1] in "+-" else cell.ljust(width)
