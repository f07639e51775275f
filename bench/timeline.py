"""When what happens to one request on an idle service: `python -m bench.timeline`.

Whole answers, asked for over one connection, one after the other. What two commits take on a disk is in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from msgspec import Struct

from bench import subjects
from bench.marked import BEGINNING
from bench.measures import carry_out
from bench.processes import Child, free_port, python
from bench.subjects import Subject
from bench.tables import Rows, render

WARM = 100
"""Requests that do not count."""


class Moment(Struct, frozen=True):
    """One stage, in microseconds after the request's first byte."""

    stage: str
    quick: float
    """In one request of ten it was passed by then."""
    usual: float
    """In one of two."""


def moments(marks: Iterable[tuple[str, float]], *, skip: int = WARM) -> list[Moment]:
    """What the marks of many requests come to, in the order of the stages.

    A stage that is passed more than once, as where an answer arrives in pieces, counts where it was first.
    """
    requests: list[dict[str, float]] = []
    for stage, at in marks:
        if stage == BEGINNING:
            requests.append({})
        if requests:
            requests[-1].setdefault(stage, at)
    passed: dict[str, list[float]] = defaultdict(list)
    for request in requests[skip:]:
        for stage, at in request.items():
            passed[stage].append((at - request[BEGINNING]) * 1e6)
    found = [Moment(stage, sorted(at)[len(at) // 10], median(at)) for stage, at in passed.items()]
    return sorted(found, key=lambda moment: moment.usual)


def marked(upstream: Subject, api: str, *, requests: int) -> list[Moment]:
    """Serve one kind of request with marks."""
    with tempfile.TemporaryDirectory(prefix="dragoman-timeline-") as name:
        folder = Path(name)
        config, marks, port = folder / "bench.toml", folder / "marks", free_port()
        config.write_text(subjects.CONFIG.format(port=port, upstream=upstream.port))
        command = python("bench.marked", str(marks), "serve", "--config", str(config))
        with Child(command, port=port, ready="/health/ready", environment={"DRAGOMAN_QUIET": "1"}) as child:
            headers = {"authorization": f"Bearer {subjects.create_key(config)}"}
            subject = Subject("service", port, child.pid, headers=headers)
            most = WARM + requests
            carry_out(subject.order(api=api, kind="json", connections=1, seconds=60, deltas=100, most=most))
        return moments(json.loads(marks.read_text()))


def table(found: Iterable[Moment]) -> Rows:
    """Each stage with the time since the one before."""
    rows, before = [["stage", "quick, µs", "", "usual, µs", ""]], (0.0, 0.0)
    for moment in found:
        quick, usual = moment.quick, moment.usual
        steps = f"{quick - before[0]:+.0f}", f"{usual - before[1]:+.0f}"
        rows.append([moment.stage, f"{quick:.0f}", steps[0], f"{usual:.0f}", steps[1]])
        before = quick, usual
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.timeline", description=__doc__)
    parser.add_argument("--apis", default="chat,responses", help="which (default: chat,responses)")
    parser.add_argument("--requests", type=int, default=1000, help="how many (default: 1000)")
    options = parser.parse_args()
    with subjects.mock(deltas=100, paced_deltas=1) as upstream:
        for api in options.apis.split(","):
            print(f"{api}:\n{render(table(marked(upstream, api, requests=options.requests)))}\n")


if __name__ == "__main__":
    sys.exit(main())
