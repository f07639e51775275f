"""`python -m bench`: service, relay and mock in alternate rounds, then the tables."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import subjects
from bench.goals import checks_table
from bench.loads import APIS, HEAVY
from bench.peers import FOLDER, PEERS
from bench.plan import Found, Servers, books, measure_all
from bench.report import answers_table, streams_table, turns_table
from bench.subjects import Subject
from bench.tables import render

ALL = ",".join(api for api in APIS if api != "conversation")


def options_of(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--apis", default=ALL, help=f"which APIs, and turns of them (default: {ALL})")
    add("--kinds", default="json,stream", help="which answers (default: both)")
    add("--connections", default="1,32", help="how many connections (default: 1,32)")
    add("--heavy", default=",".join(HEAVY), help="heavy requests, on the most connections (default: all)")
    add("--rounds", type=int, default=5, help="rounds of each measure (default: 5)")
    add("--seconds", type=float, default=0.8, help="length of a round (default: 0.8)")
    add("--deltas", type=int, default=100, help="deltas of a stream (default: 100)")
    add("--streams", default="500,1000", help="paced streams at once; 0: none (default: 500,1000)")
    add("--paced-deltas", type=int, default=100, help="deltas of each (default: 100)")
    add("--turns", type=int, default=1000, help="turns of a stored conversation; 0: none (default: 1000)")
    add("--growth", type=int, default=0, help="requests over which memory may grow (default: none)")
    add("--no-books", dest="books", action="store_false", help="leave out the accounting by itself")
    add(
        "--peers",
        type=Path,
        nargs="?",
        const=os.environ.get(FOLDER, "peers"),
        help=f"also the gateways in this folder (see bench/peers.py; default: {FOLDER}, else peers)",
    )
    add("--relay-only", action="store_true", help="a second relay in the service's place")
    add("--check", action="store_true", help="exit 1 when a first goal is missed")
    add("--folder", type=Path, help="where the database goes (default: a temporary folder)")
    return parser.parse_args(arguments)


@contextmanager
def running(options: argparse.Namespace, folder: Path) -> Iterator[Servers]:
    """Start what is measured, and end it."""
    with ExitStack() as stack:
        mock = subjects.mock(deltas=options.deltas, paced_deltas=options.paced_deltas)
        upstream = stack.enter_context(mock)
        relay = stack.enter_context(subjects.relay(upstream))
        second = subjects.relay(upstream, name="relay 2")
        subject = second if options.relay_only else subjects.service(upstream, folder=folder)
        peers = [
            peer.start(options.peers, upstream, folder) for peer in PEERS if is_there(options, peer.file)
        ]
        yield Servers(stack.enter_context(subject), [*map(stack.enter_context, peers)], relay, upstream)


def is_there(options: argparse.Namespace, file: Path) -> bool:
    """Whether a peer is to be measured and installed; one that is not is told of."""
    if options.peers is None:
        return False
    if not (options.peers / file).exists():
        print(f"not installed: {options.peers / file}", file=sys.stderr)
        return False
    return True


def tell(options: argparse.Namespace, found: Found, subject: Subject) -> int:
    """Print the tables; gives the exit code."""
    print(f"{subject.name}: ready after {subject.ready_after:.2f} s")
    goals = found.checks(subject)
    for rows in (
        answers_table(found.samples),
        streams_table(found.paced, deltas=options.paced_deltas),
        turns_table(found.turns or ()),
        checks_table(goals),
    ):
        if len(rows) > 1:
            print("\n" + render(rows))
    for error in found.errors[:5]:
        print(f"wrong answer: {error}", file=sys.stderr)
    if found.errors:
        print(f"{len(found.errors)} wrong answers: the numbers mean nothing", file=sys.stderr)
        return 2
    return 1 if options.check and not all(goal.met for goal in goals) else 0


def run(options: argparse.Namespace, folder: Path) -> int:
    """Measure and print; gives the exit code."""
    with running(options, folder) as servers:
        found = measure_all(options, servers)
    if options.books and not options.relay_only:
        found.books = books()
    return tell(options, found, servers.subject)


def main() -> int:
    """Run in a folder that is gone afterwards, unless one is named."""
    options = options_of(sys.argv[1:])
    if options.folder is not None:
        return run(options, options.folder)
    with tempfile.TemporaryDirectory(prefix="dragoman-bench-") as folder:
        return run(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
