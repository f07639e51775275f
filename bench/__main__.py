"""`python -m bench`: service, relay and mock in alternate rounds, then the tables."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import subjects
from bench.measures import Case, Samples, open_streams, rounds, warm_up
from bench.processes import rss_kb
from bench.report import Paced, answers_table, checks, checks_table, render, streams_table
from bench.subjects import APIS, Subject

ALL = ",".join(APIS)


def options_of(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--apis", default=ALL, help=f"which APIs, and turns of them (default: {ALL})")
    parser.add_argument("--kinds", default="json,stream", help="which answers (default: both)")
    parser.add_argument("--connections", default="1,32", help="how many connections (default: 1,32)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each measure (default: 2)")
    parser.add_argument("--seconds", type=float, default=1.2, help="length of a round (default: 1.2)")
    parser.add_argument("--deltas", type=int, default=100, help="deltas of a stream (default: 100)")
    parser.add_argument("--streams", type=int, default=500, help="paced streams; 0: none (default: 500)")
    parser.add_argument("--paced-deltas", type=int, default=100, help="deltas of each (default: 100)")
    parser.add_argument("--relay-only", action="store_true", help="a second relay in the service's place")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument("--folder", type=Path, help="where the database goes (default: a temporary folder)")
    return parser.parse_args(arguments)


def cases_of(options: argparse.Namespace) -> list[Case]:
    """The measures asked for."""
    return [
        Case(api, kind, int(connections))
        for api in options.apis.split(",")
        for kind in options.kinds.split(",")
        for connections in options.connections.split(",")
        if (api, kind) != ("websocket", "json")  # it always streams
    ]


@contextmanager
def measured(options: argparse.Namespace, mock: Subject, folder: Path) -> Iterator[Subject]:
    """What is compared with the relay."""
    if options.relay_only:
        with subjects.relay(mock, name="relay 2") as subject:
            yield subject
    else:
        with subjects.service(mock, folder=folder) as subject:
            yield subject


def run(options: argparse.Namespace, folder: Path) -> int:
    """Measure and print; gives the exit code."""
    cases = cases_of(options)
    with (
        subjects.mock(deltas=options.deltas, paced_deltas=options.paced_deltas) as mock,
        subjects.relay(mock) as relay,
        measured(options, mock, folder) as subject,
    ):
        servers = [subject, relay, mock]
        at_start = {server.name: rss_kb(server.pid) for server in servers}
        errors = [error for server in servers for error in warm_up(server, cases, deltas=options.deltas)]
        paced = paced_streams(options, servers, at_start) if options.streams and not errors else {}
        samples = (
            rounds(cases, servers, times=options.rounds, seconds=options.seconds, deltas=options.deltas)
            if not errors
            else {}
        )
    errors += [error for sample in samples.values() for error in sample.errors]
    errors += [error for sample, _ in paced.values() for error in sample.errors]
    return report(options, samples, paced, errors=errors, subject=subject)


def paced_streams(options: argparse.Namespace, servers: list[Subject], at_start: dict[str, int]) -> Paced:
    """The paced streams through each server, one server after the other."""
    return {
        server.name: open_streams(
            server, streams=options.streams, deltas=options.paced_deltas, at_start=at_start[server.name]
        )
        for server in servers
    }


def report(
    options: argparse.Namespace,
    samples: Samples,
    paced: Paced,
    *,
    errors: list[str],
    subject: Subject,
) -> int:
    """Print the tables; gives the exit code."""
    goals = checks(samples, paced, name=subject.name)
    print(f"{subject.name}: ready after {subject.ready_after:.2f} s")
    streams = streams_table(paced, deltas=options.paced_deltas)
    for rows in (answers_table(samples), streams, checks_table(goals)):
        if len(rows) > 1:
            print("\n" + render(rows))
    for error in errors[:5]:
        print(f"wrong answer: {error}", file=sys.stderr)
    if errors:
        print(f"{len(errors)} wrong answers: the numbers mean nothing", file=sys.stderr)
        return 2
    return 1 if options.check and not all(goal.met for goal in goals) else 0


def main() -> int:
    """Run in a folder that is gone afterwards, unless one is named."""
    options = options_of(sys.argv[1:])
    if options.folder is not None:
        return run(options, options.folder)
    with tempfile.TemporaryDirectory(prefix="dragoman-bench-") as folder:
        return run(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
